"""The rules of Polly v8, one by one."""

import pytest

from models.failures import BreakerOpen, ServerError
from models.resilience import BreakerState, CircuitBreaker, ConstantBackoff, polly
from models.resilience.circuit_breaker import SampledFailureRatio
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, Seen, Step, call_at

FAILURE: Step = (0.0, ServerError)
OPEN, HALF_OPEN, CLOSED = BreakerState.OPEN, BreakerState.HALF_OPEN, BreakerState.CLOSED


class Lab:
    def __init__(self, *script: Step, **changes: object) -> None:
        self.env = Environment()
        self.target = Scripted(self.env, *script)
        self.breaker = CircuitBreaker(self.env, self.target, polly(**changes))  # type: ignore[arg-type]

    def calls(self, *times: float, until: float) -> list[Seen]:
        seen = call_at(self.env, self.breaker, *times)
        self.env.run(until=until)
        return seen


def test_its_defaults_are_those_of_the_library() -> None:
    settings = polly()
    assert settings.trip_rule == SampledFailureRatio(
        ratio=0.1, minimum_throughput=100, sampling_duration=30.0
    )
    assert (settings.open_duration, settings.trial_count) == (5.0, 1)


@pytest.mark.slow
@pytest.mark.parametrize(("failures", "state"), [(9, CLOSED), (10, OPEN)])
def test_a_failure_ratio_at_the_threshold_opens(failures: int, state: BreakerState) -> None:
    lab = Lab(*[OK] * (100 - failures), FAILURE)
    lab.calls(*[0.0] * 100, until=1.0)
    assert lab.breaker.state is state


def test_the_minimum_throughput_is_needed() -> None:
    lab = Lab(FAILURE)
    lab.calls(*[0.0] * 99, until=1.0)
    assert lab.breaker.state is CLOSED


def test_a_success_never_opens_not_even_the_hundredth_call() -> None:
    lab = Lab(*[FAILURE] * 99, OK, FAILURE)
    lab.calls(*[0.0] * 100, until=1.0)
    assert lab.breaker.state is CLOSED
    lab.calls(1.0, until=2.0)
    assert lab.breaker.state is OPEN


def test_samples_are_forgotten_after_thirty_seconds() -> None:
    for last, state in [(29.9, OPEN), (30.0, CLOSED)]:
        lab = Lab(FAILURE)
        lab.calls(*[0.0] * 99, last, until=31.0)
        assert lab.breaker.state is state


def test_a_short_sampling_is_a_single_window_that_starts_over() -> None:
    for last, state in [(0.149, OPEN), (0.15, CLOSED)]:
        lab = Lab(FAILURE, minimum_throughput=3, sampling_duration=0.15)
        lab.calls(0.0, 0.14, last, until=1.0)
        assert lab.breaker.state is state


def test_the_break_ends_exactly_at_its_duration() -> None:
    lab = Lab(FAILURE, FAILURE, OK, minimum_throughput=2)
    seen = lab.calls(1.0, 1.0, 5.9, 6.0, until=7.0)
    assert seen[-2:] == [(5.9, BreakerOpen), (6.0, "answer")]


def test_exactly_one_probe_is_made_however_long_it_takes() -> None:
    lab = Lab(FAILURE, FAILURE, (20.0, None), minimum_throughput=2)
    seen = lab.calls(0.0, 0.0, 5.0, 5.5, 11.0, until=30.0)
    assert [each.outcome for each in seen[2:]] == ["answer", BreakerOpen, BreakerOpen]


def test_success_closes_and_resets() -> None:
    lab = Lab(*[FAILURE] * 3, OK, *[FAILURE] * 2, minimum_throughput=3)
    lab.calls(0.0, 0.0, 0.0, 5.0, 5.5, 5.6, until=6.0)
    assert lab.breaker.state is CLOSED
    assert lab.breaker.statistics().total_count_now == 2


def test_failure_reopens_for_the_whole_break() -> None:
    lab = Lab(FAILURE, minimum_throughput=2)
    seen = lab.calls(0.0, 0.0, 5.0, 9.9, 10.0, until=11.0)
    assert [each.outcome for each in seen[2:]] == [ServerError, BreakerOpen, ServerError]


def test_failures_that_arrive_while_open_do_not_lengthen_the_break() -> None:
    lab = Lab((3.0, ServerError), FAILURE, FAILURE, OK, minimum_throughput=2)
    seen = lab.calls(0.0, 0.0, 0.0, 5.0, until=6.0)
    assert seen[-1] == (5.0, "answer")
    assert lab.breaker.statistics().opened_count == 1


def test_the_break_may_be_generated() -> None:
    lab = Lab(FAILURE, FAILURE, OK, minimum_throughput=2, break_duration=ConstantBackoff(delay=2.0))
    seen = lab.calls(0.0, 0.0, 1.9, 2.0, until=3.0)
    assert seen[2:] == [(1.9, BreakerOpen), (2.0, "answer")]
