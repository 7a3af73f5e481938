"""The environment as a source of randomness and as a log."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from simulator import Environment
from simulator.randomness import Exponential, Uniform


def test_a_stream_is_the_same_object_for_one_name_and_independent_of_others() -> None:
    env = Environment(seed=1)
    stream = env.stream("host/1")
    assert env.stream("host/1") is stream
    first = stream.random(5)
    other = Environment(seed=1)
    other.stream("someone else").random(100)
    np.testing.assert_array_equal(first, other.stream("host/1").random(5))


def test_streams_differ_by_name_and_by_seed() -> None:
    draws = {
        float(Environment(seed=seed).stream(name).random()) for seed in (1, 2) for name in ("a", "b", "a#2")
    }
    assert len(draws) == 6


@pytest.mark.parametrize(
    "ask", [lambda env: env.stream("a"), lambda env: env.sampler("a", Uniform(0.0, 1.0))]
)
def test_without_a_seed_there_is_no_randomness(ask: Callable[[Environment], Any]) -> None:
    with pytest.raises(ValueError, match="seed"):
        ask(Environment())


def test_the_second_sampler_of_a_name_has_a_stream_of_its_own() -> None:
    env, other = Environment(seed=1), Environment(seed=1)
    first, second, third = (env.sampler("work", Exponential(1.0)) for _ in range(3))
    expected = [other.sampler(name, Exponential(1.0)) for name in ("work", "work#2", "work#3")]
    for sampler, like in zip((first, second, third), expected, strict=True):
        assert [sampler() for _ in range(5)] == [like() for _ in range(5)]
    assert first() != second()


def test_the_log_has_time_kind_subject_and_detail() -> None:
    env = Environment(initial_time=2.5)
    env.log("host.down", "web-1", cause="chaos")
    env.call_later(1.0, env.log, "host.up", "web-1")
    env.run()
    assert [(entry.time, entry.kind, entry.subject, entry.detail) for entry in env.event_log] == [
        (2.5, "host.down", "web-1", {"cause": "chaos"}),
        (3.5, "host.up", "web-1", {}),
    ]


def test_a_process_may_be_named_after_something() -> None:
    class Host:
        name = "host 1"

    def run() -> Any:
        yield 1.0

    env = Environment()
    host = Host()
    process = env.process(run(), host)
    assert process.name == "host 1"
    host.name = "host 2"
    assert process.name == "host 2"
    host.name = ""
    assert process.name == env.process(run()).name == "run"
