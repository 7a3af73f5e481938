"""Bulkheads are queues that are known: Erlang's loss system, M/M/c/K, and M/M/1 with limited patience."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from experiments.validation import Claim, judge
from experiments.validation.closed_forms import constant_patience_abandonment, erlang_b, many_servers
from experiments.validation.queueing.stations import Window
from models import Endpoint, FunctionEndpoint, Request
from models.resilience.bulkheads import Bulkhead, BulkheadPool, ThreadPoolBulkhead
from models.workload import OpenLoop
from simulator import Distribution, Environment
from simulator.randomness import Constant, Exponential, Hyperexponential

WINDOW = Window(warm_up=30.0, duration=600.0)
REPLICATIONS = 10
CLAIMS_COUNT = 20  # are judged in one run of these tests, about: the intervals are widened for that
EXPONENTIAL = Exponential(1.0)
LAWS = {
    "constant": Constant(1.0),
    "exponential": EXPONENTIAL,
    "hyperexponential": Hyperexponential.from_mean_and_scv(mean=1.0, scv=4.0),
}


def simulate(
    seed: int,
    *,
    kind: str,
    size: int,
    rate: float,
    room: float = 0,
    wait_max: float = inf,
    law: Distribution = EXPONENTIAL,
) -> tuple[float, float]:
    """Return the share of Poisson calls that are rejected, and the mean sojourn of the others."""
    env = Environment(seed=seed)
    draw = env.sampler("service", law)

    def serve(request: Request) -> Generator[Any, Any, None]:
        yield draw()

    # A dependency that bears any number of calls: what limits them is the bulkhead.
    dependency = FunctionEndpoint(serve)
    limit: Endpoint
    if kind == "threads":
        limit = ThreadPoolBulkhead(env, dependency, threads=size, queue_size_max=room)
    else:
        limit = Bulkhead(env, dependency, BulkheadPool(env, size, waiting_max=room, wait_max=wait_max))
    users = OpenLoop(env, limit, rate=rate)
    WINDOW.run(env)
    share = WINDOW.sample(users.table).shares()["rejected"]
    return share, float(WINDOW.sample(users.table, "ok").latency.mean())


def verdicts(expected: tuple[float, ...], **system: Any) -> list[str]:
    """Judge the share rejected and, if it is expected, the sojourn; replications with seeds of their own."""
    runs = [simulate(20_000 + number, **system) for number in range(REPLICATIONS)]
    claims = [Claim("rejected", expected[0], precision=0.2), Claim("sojourn", expected[-1], precision=0.2)]
    return [
        judge(claim, [run[index] for run in runs], claims_count=CLAIMS_COUNT).verdict
        for index, claim in enumerate(claims[: len(expected)])
    ]


@pytest.mark.slow
@pytest.mark.parametrize("law", LAWS)
def test_bulkhead_without_a_room_is_a_loss_system_whatever_the_service_law(law: str) -> None:
    expected = (erlang_b(5, 4.0), 1.0)
    assert expected[0] == pytest.approx(0.199067, abs=1e-6)
    assert verdicts(expected, kind="permits", size=5, rate=4.0, law=LAWS[law]) == ["holds"] * 2


@pytest.mark.slow
def test_thread_pool_without_a_queue_is_one_too() -> None:
    assert verdicts((erlang_b(5, 4.0), 1.0), kind="threads", size=5, rate=4.0) == ["holds"] * 2


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["permits", "threads"])
def test_bulkhead_with_a_room_is_a_queue_with_so_many_places(kind: str) -> None:
    theory = many_servers(3, 3 + 4, 3.5)
    expected = (theory.blocked_probability, theory.sojourn_mean)
    assert verdicts(expected, kind=kind, size=3, rate=3.5, room=4) == ["holds"] * 2


@pytest.mark.slow
def test_bulkhead_with_a_limited_wait_is_a_queue_with_impatient_customers() -> None:
    expected = constant_patience_abandonment(3.2, 0.25, 4.0)
    assert expected == pytest.approx(0.275196, abs=1e-6)
    system = {"size": 1, "rate": 3.2, "room": inf, "wait_max": 0.25, "law": Exponential(0.25)}
    assert verdicts((expected,), kind="permits", **system) == ["holds"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 6, "rate": 4.0},
        {"size": 5, "rate": 4.0, "room": 1},
        {"size": 5, "rate": 4.5},
        {"size": 5, "rate": 4.0, "law": Constant(1.2)},
    ],
    ids=["a permit more", "a place to wait", "more calls", "longer calls"],
)
def test_another_system_is_found_out(wrong: dict[str, Any]) -> None:
    assert verdicts((erlang_b(5, 4.0),), kind="permits", **wrong) == ["differs"]
