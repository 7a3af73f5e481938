"""Sleeping: a process that yields a number goes on so many seconds later, and nothing else is a number."""

from collections.abc import Generator
from fractions import Fraction
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from simulator import Environment, Process


def sleeper(env: Environment, delay: Any, woken_at: list[float]) -> Generator[Any, Any, None]:
    got = yield delay
    assert got is None
    woken_at.append(env.now)


@pytest.mark.parametrize(
    ("delay", "expected"),
    [(0.25, 0.25), (3, 3.0), (0, 0.0), (0.0, 0.0), (-0.0, 0.0), (5e-324, 5e-324), (1e300, 1e300)],
)
def test_a_number_is_a_sleep_of_so_many_seconds(delay: float, expected: float) -> None:
    env = Environment()
    woken_at: list[float] = []
    env.process(sleeper(env, delay, woken_at))
    env.run()
    assert woken_at == [expected]
    assert env.now == expected


def test_a_numpy_float_is_a_float() -> None:
    env = Environment()
    woken_at: list[float] = []
    env.process(sleeper(env, np.float64(0.5), woken_at))
    env.run()
    assert woken_at == [0.5]


@pytest.mark.parametrize("delay", [-1, -0.1, -5e-324, nan, inf, -inf])
def test_a_number_that_is_no_duration_raises_at_the_yield_and_the_process_may_go_on(delay: float) -> None:
    env = Environment()

    def stubborn() -> Generator[Any, Any, str]:
        with pytest.raises(ValueError, match=f"a sleep must be finite and >= 0 s, got {delay!r}"):
            yield delay
        yield 0.5
        return "went on"

    assert env.run(until=env.process(stubborn())) == "went on"
    assert env.now == 0.5


@pytest.mark.parametrize("delay", [-1.0, nan, inf])
def test_a_bad_sleep_stops_the_run_with_its_value(delay: float) -> None:
    env = Environment()
    env.process(sleeper(env, delay, []))
    with pytest.raises(ValueError, match=f"got {delay!r}"):
        env.run()


@pytest.mark.parametrize(
    "value", [True, False, "1.0", None, 1j, Fraction(1, 2), (1.0,), np.int64(1)], ids=repr
)
def test_what_is_no_number_and_no_event_raises_at_the_yield(value: object) -> None:
    env = Environment()

    def confused() -> Generator[Any, Any, str]:
        with pytest.raises(RuntimeError, match="Invalid yield value"):
            yield value
        return "went on"

    assert env.run(until=env.process(confused())) == "went on"


def test_who_forgets_yield_from_is_told() -> None:
    env = Environment()

    def confused() -> Generator[Any, Any, None]:
        yield sleeper(env, 1.0, [])

    env.process(confused())
    with pytest.raises(RuntimeError, match=r"Invalid yield value .*; `yield from` goes through a generator"):
        env.run()


def test_a_sleep_that_would_end_at_infinity_raises_at_the_yield() -> None:
    env = Environment()

    def twice() -> Generator[Any, Any, None]:
        yield 1e308
        with pytest.raises(ValueError, match="finite"):
            yield 1.7e308

    env.run(until=env.process(twice()))
    assert env.now == 1e308


def test_a_sleep_too_short_for_the_clock_to_show_still_lets_the_others_go_first() -> None:
    env = Environment(initial_time=1e9)
    order: list[str] = []

    def process(name: str, delay: float) -> Generator[Any, Any, None]:
        for _ in range(3):
            yield delay
            order.append(name)

    env.process(process("a", 1e-12))
    env.process(process("b", 1e-12))
    env.run()
    assert order == ["a", "b"] * 3
    assert env.now == 1e9


def test_sleepers_that_wake_together_wake_in_the_order_in_which_they_fell_asleep() -> None:
    env = Environment()
    order: list[str] = []

    def process(name: str, *delays: float) -> Generator[Any, Any, None]:
        yield from delays
        order.append(name)

    env.process(process("early to bed", 2.0))
    env.process(process("late to bed", 1.0, 1.0))
    env.process(process("later to bed", 1.5, 0.5))
    env.run()
    assert order == ["early to bed", "late to bed", "later to bed"]


def test_sums_of_sleeps_are_those_of_floating_point_and_no_others() -> None:
    env = Environment()

    def process() -> Generator[Any, Any, None]:
        for _ in range(10):
            yield 0.1

    env.run(until=env.process(process()))
    expected = 0.0
    for _ in range(10):
        expected += 0.1  # `sum` has rounded better than that since Python 3.12
    assert env.now == expected


def test_a_sleeper_that_was_interrupted_is_not_woken_by_its_old_sleep() -> None:
    env = Environment()
    log: list[object] = []

    def sleeping() -> Generator[Any, Any, None]:
        try:
            yield 10.0
        except Exception as error:
            log.append((env.now, str(error)))
        yield 20.0
        log.append(env.now)

    def interrupting(process: Process) -> Generator[Any, Any, None]:
        yield 4.0
        process.interrupt("up!")

    env.process(interrupting(env.process(sleeping())))
    env.run()
    assert log == [(4.0, "Interrupt('up!')"), 24.0]
