"""AfterPercentile: the hedge's own percentile, exactly; when it begins, what bounds it, and how it drifts."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import numpy as np
import pytest

from models import Endpoint, FunctionEndpoint, Host, Request, ServerError
from models.balancing import Balancer, Random
from models.resilience import RetryBudget
from models.resilience.hedging import AfterPercentile, Hedge
from models.services import Instance
from models.workload import OpenLoop
from simulator import PARKED, Environment
from simulator.randomness import Exponential
from tests.models.resilience.scripted import Scripted, Step, call_at


class Nothing(RetryBudget):
    """No copies at all, so that latencies are what the script says."""

    def take_retry(self) -> bool:
        return False


def delays_after(rule: AfterPercentile, *latencies: float) -> list[float | None]:
    """The hedge's delay after each of so many calls, one after the other, that take these times."""
    env = Environment()
    target = Scripted(env, *((latency, None) for latency in latencies))
    hedge = Hedge(env, target, after=rule, budget=Nothing())
    seen = []

    def caller() -> Generator[Any, Any, None]:
        for latency in latencies:
            start = env.now
            yield from hedge.call(Request())
            assert env.now - start == latency
            seen.append(hedge.delay)

    env.process(caller())
    env.run()
    return seen


def test_there_is_no_hedging_before_enough_calls_were_answered() -> None:
    env = Environment()
    target = Scripted(env, (0.5, None), (0.5, None), (10.0, None))
    hedge = Hedge(env, target, after=AfterPercentile(50.0, calls_min=2))
    call_at(env, hedge, 0.0, 1.0, 2.0)
    env.run()
    assert target.call_times == [0.0, 1.0, 2.0, 2.5]
    assert hedge.statistics().copy_count == 1


@pytest.mark.parametrize("percentile", [1.0, 50.0, 90.0, 95.0, 99.9, 100.0])
def test_the_delay_is_the_nearest_rank_percentile_of_the_last_calls(percentile: float) -> None:
    latencies = [0.0625 * (7 * number % 16) for number in range(60)]
    delays = delays_after(AfterPercentile(percentile, window=20, calls_min=5), *latencies)
    assert delays[:4] == [None] * 4
    for number in range(5, 61):
        last = latencies[max(0, number - 20) : number]
        assert delays[number - 1] == np.percentile(last, percentile, method="inverted_cdf"), number


def test_the_rank_is_that_of_the_exact_product() -> None:
    delays = delays_after(AfterPercentile(64.4, window=250, calls_min=250), *range(1, 251))
    assert delays[-1] == 161.0


def test_the_delay_stays_within_its_bounds() -> None:
    low, high = (AfterPercentile(50.0, calls_min=1, at_least=0.25, at_most=2.0) for _ in range(2))
    assert delays_after(low, 0.125) == [0.25]
    assert delays_after(high, 4.0) == [2.0]
    assert delays_after(AfterPercentile(50.0, calls_min=1), 4.0) == [4.0]


def test_failures_do_not_count_and_hedged_calls_do_with_all_that_they_lasted() -> None:
    script: list[Step] = [(0.5, None), (4.0, ServerError), (10.0, None), (0.25, None)]
    env = Environment()
    hedge = Hedge(env, Scripted(env, *script), after=AfterPercentile(100.0, calls_min=1, window=2))
    call_at(env, hedge, 0.0)
    env.run()
    assert hedge.delay == 0.5
    hedge = Hedge(env, Scripted(env, (0.0, ServerError)), after=AfterPercentile(calls_min=1))
    call_at(env, hedge, env.now)
    env.run()
    assert hedge.delay is None
    # A call that is answered by its copy 0.25 s after a delay of 0.5 s.
    hedge = Hedge(
        env, Scripted(env, (0.5, None), (10.0, None), (0.25, None)), after=AfterPercentile(100.0, 2, 1)
    )
    call_at(env, hedge, env.now, env.now + 1.0)
    env.run()
    assert hedge.delay == 0.75


def test_what_it_knows_is_gone_when_its_host_restarts_or_its_process() -> None:
    def serve(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 0.5

    env = Environment()
    host = Host(env, "server")
    instance = Instance(env, host, serve)
    hedge = Hedge(env, instance, after=AfterPercentile(calls_min=1))
    fixed = Hedge(env, instance, after=0.25)
    for crash, restart in ((host.crash, host.restart), (instance.crash, instance.restart)):
        call_at(env, hedge, env.now)
        env.run()
        assert hedge.delay == 0.5
        crash()
        restart()
        env.run()
        assert (hedge.delay, fixed.delay) == (None, 0.25)


def _drifting(at_most: float) -> Hedge:
    """A hedge over three equal servers, one of which goes down for good at 200 s; as it is at 500 s."""
    env = Environment(seed=1)
    duration = env.sampler("server", Exponential(1.0))
    is_down = False

    def serve(request: Request) -> Generator[Any, Any, None]:
        yield duration()

    def serve_while_up(request: Request) -> Generator[Any, Any, None]:
        if is_down:
            yield PARKED
        yield duration()

    servers: list[Endpoint] = [
        FunctionEndpoint(serve),
        FunctionEndpoint(serve_while_up),
        FunctionEndpoint(serve),
    ]
    after = AfterPercentile(95.0, window=500, at_most=at_most)
    hedge = Hedge(env, Balancer(env, servers, policy=Random()), after=after, copies_max=3)
    OpenLoop(env, hedge, rate=10.0, until=500.0)
    env.run(until=200.0)
    assert hedge.delay is not None
    assert 2.0 < hedge.delay < 4.0
    is_down = True
    env.run(until=500.0)
    return hedge


@pytest.mark.slow
def test_with_a_server_down_it_drifts_away_unless_it_is_bounded() -> None:
    """CASSANDRA-14293: whoever waits for the delay makes the next one longer."""
    free = _drifting(inf)
    assert free.delay is not None
    assert free.delay > 20.0
    bounded = _drifting(4.0)
    assert bounded.delay == 4.0
    assert bounded.statistics().copy_won_count > 1.2 * free.statistics().copy_won_count


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"percentile": 0.0}, r"percentile must lie in \(0, 100\], got 0.0"),
        ({"percentile": 100.5}, r"percentile must lie in \(0, 100\], got 100.5"),
        ({"percentile": nan}, r"percentile must lie in \(0, 100\], got nan"),
        ({"window": 0}, "window must be a whole number >= 1, got 0"),
        ({"calls_min": 0}, "calls_min must be a whole number >= 1, got 0"),
        ({"calls_min": 11, "window": 10}, r"calls_min must be <= window \(10\), got 11"),
        ({"at_least": -1.0}, "at_least must be finite and >= 0 s, got -1.0"),
        ({"at_least": 2.0, "at_most": 1.0}, r"at_most must be >= at_least \(2.0 s\), got 1.0"),
        ({"at_most": nan}, "at_most must be >= at_least"),
    ],
)
def test_nonsense_is_told_by_its_name(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        AfterPercentile(**settings)


def test_a_percentile_must_be_a_number() -> None:
    with pytest.raises(TypeError, match="percentile must be a number, got '95'"):
        AfterPercentile("95")  # type: ignore[arg-type]
