"""Calls of functions, and processes that start later or that nobody can wait for."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from simulator import Call, Environment

Steps = Generator[Any, Any, Any]


def test_a_call_happens_at_its_time_with_its_arguments_and_outside_any_process() -> None:
    env = Environment()
    seen: list[Any] = []
    env.call_later(1.5, lambda *arguments: seen.append((env.now, arguments, env.active_process)), 1, "two")
    env.run()
    assert seen == [(1.5, (1, "two"), None)]


@pytest.mark.parametrize("delay", [-1.0, -5e-324, nan, inf])
def test_a_delay_that_is_none_is_refused(delay: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=f"finite and >= 0 s?, got {delay!r}|finite and >= 0 s, got"):
        env.call_later(delay, print)
    with pytest.raises(ValueError, match="finite and >= 0 s, got"):
        env.start_delayed((_ for _ in ()), delay)
    with pytest.raises(ValueError, match="finite and >= 0 s, got"):
        env.launch((_ for _ in ()), delay=delay)
    assert env.peek() == inf
    assert not env.processes


def test_a_cancelled_call_does_not_happen() -> None:
    env = Environment()
    call = env.call_later(1.0, pytest.fail, "was called")
    call.cancel()
    call.cancel()
    env.run()


def test_cancelling_a_call_that_was_made_does_nothing() -> None:
    env = Environment()
    seen: list[int] = []
    call = env.call_later(1.0, seen.append, 1)
    env.run()
    call.cancel()
    assert seen == [1]


def test_a_call_may_cancel_another_that_is_due_at_the_same_time() -> None:
    env = Environment()
    calls: list[Call] = []

    def cancel_the_other() -> None:
        calls[0].cancel()

    env.call_later(1.0, cancel_the_other)
    calls.append(env.call_later(1.0, pytest.fail, "was called"))
    env.run()


def test_a_call_may_cancel_itself_while_it_is_made() -> None:
    env = Environment()
    seen: list[int] = []

    def function() -> None:
        call.cancel()
        seen.append(1)

    call = env.call_later(1.0, function)
    env.run()
    assert seen == [1]


def test_calls_of_one_time_are_made_in_the_order_in_which_they_were_asked_for() -> None:
    env = Environment()
    order: list[int] = []
    for number in range(20):
        env.call_later(1.0, order.append, number)
    env.run()
    assert order == list(range(20))


def test_calls_for_now_come_after_what_is_due_and_before_the_clock_moves() -> None:
    env = Environment()
    order: list[str] = []

    def process() -> Steps:
        env.call_later(0.0, order.append, "call")
        yield 0.0
        order.append("process")
        yield 1e-9
        order.append("later")

    env.process(process())
    env.run()
    assert order == ["call", "process", "later"]


def test_an_error_in_a_call_stops_the_run_and_the_run_can_go_on() -> None:
    env = Environment(seed=7)
    seen: list[float] = []
    env.call_later(1.0, lambda: 1 / 0)
    env.call_later(2.0, lambda: seen.append(env.now))
    with pytest.raises(ZeroDivisionError) as caught:
        env.run()
    assert caught.value.__notes__ == ["The run stopped at simulated time 1.0 s, seed 7, in no process."]
    env.run()
    assert seen == [2.0]


def test_a_launched_process_runs_and_its_error_stops_the_run() -> None:
    env = Environment(seed=7)

    def process() -> Steps:
        yield 1.0
        raise KeyError("lost")

    env.launch(process(), "rocket")
    with pytest.raises(KeyError) as caught:
        env.run()
    assert "simulated time 1.0 s, seed 7, in process 'rocket'" in caught.value.__notes__[0]
    assert not env.processes


def test_a_process_starts_after_its_delay_and_not_before() -> None:
    env = Environment()
    starts: list[tuple[str, float]] = []

    def process(name: str) -> Steps:
        starts.append((name, env.now))
        return
        yield

    env.call_later(2.0, starts.append, ("call", 2.0))
    env.start_delayed(process("delayed"), 2.0)
    env.launch(process("launched"), delay=3)
    env.start_delayed(process("at once"), 0.0)
    env.run()
    assert starts == [("at once", 0.0), ("call", 2.0), ("delayed", 2.0), ("launched", 3)]


def test_processes_begin_before_anything_else_of_that_instant() -> None:
    env = Environment()
    order: list[str] = []

    def process(name: str) -> Steps:
        order.append(name)
        return
        yield

    env.call_later(0.0, order.append, "call")
    env.process(process("first"))
    env.process(process("second"))
    env.run()
    assert order == ["first", "second", "call"]


def test_what_is_no_generator_is_no_process() -> None:
    env = Environment()
    with pytest.raises(ValueError, match="is not a generator"):
        env.process(lambda: None)  # type: ignore[arg-type]
    assert not env.processes


def test_a_process_is_called_what_it_is_told_or_what_its_function_is_called() -> None:
    env = Environment()

    def wanderer() -> Steps:
        yield 1.0

    assert env.process(wanderer()).name == "wanderer"
    assert env.process(wanderer(), "odysseus").name == "odysseus"
