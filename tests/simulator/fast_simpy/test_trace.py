"""The trace digest: equal for equal runs, another for another order, and blind to observers."""

import subprocess
import sys
from collections.abc import Callable, Generator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from simulator import PARKED, Environment, Gauge
from simulator.fast_simpy.trace import item_name

Steps = Generator[Any, Any, Any]

CHECKOUT = Path(__file__).parents[3]


def story(
    env: Environment, *, names: str = "ab", delays: tuple[float, float] = (1.0, 1.0), watch: bool = False
) -> str:
    gauge = Gauge(env) if watch else None

    def process(delay: float) -> Steps:
        with env.move_on_after(3.0):
            yield delay
            if gauge is not None:
                gauge.add(1)
            env.log("watched", "process")
            yield env.timeout(0.5)
            yield PARKED

    for name, delay in zip(names, delays, strict=True):
        env.process(process(delay), name)
    env.call_later(1.0, env.log, "called", "env")
    env.run()
    return env.trace_digest()


def test_equal_runs_have_equal_digests() -> None:
    digest = story(Environment(trace=True))
    assert digest == story(Environment(trace=True))
    assert len(bytes.fromhex(digest)) == 16


@pytest.mark.parametrize("change", [{"names": "ba"}, {"delays": (1.0, 1.5)}, {"names": "aa"}])
def test_another_order_time_or_name_is_another_digest(change: dict[str, Any]) -> None:
    assert story(Environment(trace=True)) != story(Environment(trace=True), **change)


def test_observers_do_not_show() -> None:
    assert story(Environment(trace=True)) == story(Environment(trace=True), watch=True)


def test_pauses_of_a_run_do_not_show() -> None:
    def digest(*pauses: float) -> str:
        env = Environment(trace=True)
        env.process(delay for delay in (1.0, 1.0))
        for pause in pauses:
            env.run(until=pause)
        env.run()
        return env.trace_digest()

    assert digest(0.5, 1.0, 1.5) == digest()
    assert digest(0.5, 1.0, 1.5, 2.5) == digest()


def test_the_clocks_first_reading_shows() -> None:
    assert story(Environment(trace=True)) != story(Environment(1.0, trace=True))


def test_the_digest_so_far_changes_with_all_that_happens() -> None:
    env = Environment(trace=True)
    digests = [env.trace_digest()]
    env.process(_ for _ in (1.0, 1.0, 1.0))
    while env.peek() < 10.0:
        env.step()
        digests.append(env.trace_digest())
    assert len(set(digests)) == len(digests) == 6


@pytest.mark.slow
def test_the_same_digest_in_another_process_under_another_hash_seed() -> None:
    script = (
        "from simulator import Environment\n"
        "from tests.simulator.fast_simpy.test_trace import story\n"
        "print(story(Environment(trace=True)))"
    )
    result = subprocess.run(
        [sys.executable, "-c", script],
        cwd=CHECKOUT,
        env={"PYTHONHASHSEED": "4321"},
        capture_output=True,
        text=True,
        check=True,
    )
    assert result.stdout.strip() == story(Environment(trace=True))


def test_without_a_trace_there_is_no_digest() -> None:
    with pytest.raises(RuntimeError, match=r"Environment\(trace=True\)"):
        Environment().trace_digest()


class Functor:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("function", "name"),
    [(story, "story"), (partial(story, None), "partial"), (Functor(), "Functor"), ([].append, "list.append")],
)
def test_names_of_calls_hold_no_address(function: Callable[..., object], name: str) -> None:
    env = Environment()
    assert item_name(env.call_later(1.0, function)) == name


def test_names_of_other_items_are_those_of_processes_and_kinds_of_events() -> None:
    env = Environment()
    process = env.process((_ for _ in ()), "worker")
    assert item_name(process) == item_name((process, 1, None)) == "worker"
    assert item_name(env.timeout(1.0)) == "Timeout"
    assert item_name(env.any_of([])) == "AnyOf"
