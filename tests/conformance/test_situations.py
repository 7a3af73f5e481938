"""The verdicts that must hold, situation by situation.

What the caller sees, and what it costs everybody else.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest

from models import Endpoint, Host, Request
from models.outcome import Outcome
from models.resilience import (
    BreakerState,
    CircuitBreaker,
    ConstantBackoff,
    CountBased,
    Retry,
    Timeout,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Dependency, Instance, Work
from models.workload import Client
from simulator import Environment
from tests.in_one_test import in_one_test

from .bad_targets import BAD_TARGETS
from .invariants import check_always, check_drained
from .world import World

TARGETS = {target.name: target for target in BAD_TARGETS}
SILENT = ("silent", "lossy", "partitioned there", "partitioned back", "partitioned both")


def outcomes(client: Client) -> list[tuple[float, Outcome]]:
    """When each call ended, and how, in that order."""
    columns = client.table.columns()
    return [
        (pytest.approx(float(end), abs=1e-12), Outcome(outcome))
        for end, outcome in zip(columns["end"], columns["outcome"], strict=True)
    ]


def ask(world: World, target: Endpoint, *times: float, until: float = 30.0) -> list[tuple[float, Outcome]]:
    client = world.client(target)
    world.issue(client, *times)
    world.env.run(until=until)
    return outcomes(client)


def test_call_to_a_server_of_one_second_over_ten_milliseconds_takes_exactly_1_02_seconds() -> None:
    world = World()
    assert ask(world, world.link(), 0.0) == [(1.02, Outcome.OK)]
    check_drained(world)


@pytest.mark.parametrize(("propagates", "wasted"), [(False, 1), (True, 0)])
def test_timeout_ends_the_waiting_and_not_the_work_unless_cancellation_is_propagated(
    propagates: bool, wasted: int
) -> None:
    world = World()
    link = world.link(propagate_cancellation=propagates)
    assert ask(world, Timeout(world.env, link, 0.1), 0.0) == [(0.1, Outcome.TIMED_OUT)]
    assert world.arrivals == [0.01]
    assert world.served == [pytest.approx(1.01)] * wasted
    statistics = link.statistics()
    assert (statistics.wasted_count, statistics.late_count) == (wasted, wasted)
    assert statistics.wasted_time == pytest.approx(1.0 * wasted)
    check_drained(world)


@pytest.mark.parametrize("name", SILENT)
def test_without_a_timeout_silence_takes_the_caller_and_its_thread_for_ever(name: str) -> None:
    world = World()
    dependency = TARGETS[name].build(world)
    shop = Instance(world.env, world.proxy, Dependency(dependency), threads=2, queue_size_max=1, name="shop")
    world.endpoints.append(shop)
    assert ask(world, shop, 0.0, 0.0, 0.0, 0.0, until=1e6) == [(0.0, Outcome.REJECTED)]
    statistics = shop.statistics()
    assert (statistics.in_service_count, statistics.waiting_count) == (2, 1)
    assert world.clients[0].in_flight == 3
    check_always(world)
    check_drained(world)


def test_process_down_on_a_host_that_is_up_is_refused_after_one_round_trip() -> None:
    world = World()
    assert ask(world, TARGETS["refused"].build(world), 0.0) == [(0.02, Outcome.REFUSED)]
    assert world.arrivals == []


def test_open_breaker_fails_in_no_time_and_the_network_never_hears_of_it() -> None:
    world = World()
    link = world.link()
    breaker = CircuitBreaker(world.env, link)
    breaker.move_to(BreakerState.OPEN)
    client = world.client(breaker)
    world.issue(client, 1.0, 2.0)
    world.env.run()
    assert outcomes(client) == [(1.0, Outcome.BREAKER_OPEN), (2.0, Outcome.BREAKER_OPEN)]
    assert client.table.availability() == 0.0
    assert link.statistics().call_count == 0
    assert world.arrivals == []


def test_breaker_opens_at_the_minimum_number_of_calls_and_not_later() -> None:
    world = World()
    settings = resilience4j(window=CountBased(size=20), minimum_calls=20, failure_rate_threshold=0.5)
    target = Timeout(world.env, TARGETS["silent"].build(world), 0.5)
    breaker = CircuitBreaker(world.env, target, settings)
    client = world.client(breaker)
    world.issue(client, *range(25))
    for end in range(25):
        world.env.run(until=end + 0.75)
        assert (breaker.state is BreakerState.OPEN) == (end >= 19), end
    assert client.table.counts()["timed_out"] == 20
    assert client.table.counts()["breaker_open"] == 5


def _cancel(world: World) -> None:
    world.callers[-1].cancel()


def _kill(world: World) -> None:
    world.callers[-1].kill()


def _crash_the_server(world: World) -> None:
    world.server.crash()


def _crash_the_service(world: World) -> None:
    world.server.crash_process(world.service)


@in_one_test("trip", ["timeout", "rejection", "answer"])
@in_one_test("end", [None, _cancel, _kill, _crash_the_server, _crash_the_service])
@pytest.mark.parametrize(
    "settings",
    [
        resilience4j(minimum_calls=2, open_duration=1.0, trial_count=1),
        resilience4j(minimum_calls=2, open_duration=1.0, trial_count=3),
        hystrix(request_volume=2, sleep_window=1.0),
        polly(minimum_throughput=2, break_duration=1.0),
        consecutive_failures(2, open_duration=1.0),
    ],
    ids=["resilience4j", "resilience4j with 3 trials", "hystrix", "polly", "consecutive"],
)
def test_no_trial_slot_leaks_whatever_ends_the_trial(
    settings: Any, end: Callable[[World], None] | None, trip: str
) -> None:
    """However the trial ends, a healthy server closes the breaker afterwards."""
    world = World()
    full = TARGETS["full"].build(world)
    answers = {
        "timeout": world.link(world.serve(10.0)),
        "rejection": full,
        "answer": world.link(world.serve(0.3)),
    }
    stage: list[Endpoint] = [world.link(world.serve(10.0))]

    class Staged(Endpoint):
        def call(self, request: Request) -> Any:
            return stage[0].call(request)

    breaker = CircuitBreaker(world.env, Timeout(world.env, Staged(), 0.5), settings)
    world.endpoints.append(breaker)
    client = world.client(breaker)
    world.issue(client, 0.0, 0.0)
    world.at(1.0, lambda: stage.__setitem__(0, answers[trip]))
    world.issue(client, 3.0)
    if end is not None:
        world.at(3.015, lambda: end(world))
    world.env.run(until=5.5)
    assert breaker.statistics().opened_count >= 1
    check_always(world)
    if not world.server.is_up:
        world.server.restart()
    healthy = world.link(world.serve(0.1))
    stage[0] = healthy
    for start in range(10, 18):
        world.issue(client, float(start))
    world.env.run(until=30.0)
    assert breaker.state is BreakerState.CLOSED
    assert healthy.statistics().answered_count >= 4
    check_drained(world)


@pytest.mark.parametrize("end", [_cancel, _kill])
def test_trial_of_an_earlier_half_open_state_gives_no_permit_back_to_a_later_one(
    end: Callable[[World], None],
) -> None:
    world = World()
    settings = resilience4j(minimum_calls=2, open_duration=1.0, trial_count=2, trial_duration_max=1.0)
    breaker = CircuitBreaker(world.env, world.link(world.serve(10.0)), settings)
    world.endpoints.append(breaker)
    breaker.move_to(BreakerState.OPEN)
    client = world.client(breaker)
    world.issue(client, 1.5)  # a trial that never ends, until the breaker has had enough at 2.5
    world.at(3.6, lambda: end(world))
    world.env.run(until=3.55)
    assert breaker.state is BreakerState.OPEN
    others = world.client(breaker)
    world.at(3.58, lambda: others.issue(Request()))
    world.env.run(until=3.65)
    assert client.table.counts()["cancelled"] == 1
    assert (breaker.state, breaker.statistics().free_trial_count) == (BreakerState.HALF_OPEN, 1)
    for _ in range(2):
        others.issue(Request())
    world.env.run(until=3.7)
    assert others.table.counts()["breaker_open"] == 1


@pytest.mark.parametrize("end", ["answered", "timed out", "cancelled", "crashed"])
def test_one_of_ten_simultaneous_calls_fits_and_its_slot_is_free_again(end: str) -> None:
    world = World()
    room = Instance(
        world.env, world.proxy, Dependency(world.link()), threads=1, queue_size_max=0, name="room"
    )
    world.endpoints.append(room)
    client = world.client(Timeout(world.env, room, 0.5) if end == "timed out" else room)
    world.issue(client, *[0.0] * 10)
    world.at(0.3, lambda: world.callers[0].cancel() if end == "cancelled" else None)
    world.at(0.3, lambda: room.crash() if end == "crashed" else None)
    world.env.run(until=2.0)
    first = {
        "answered": (1.02, Outcome.OK),
        "timed out": (0.5, Outcome.TIMED_OUT),
        "cancelled": (0.3, Outcome.CANCELLED),
        "crashed": (0.3, Outcome.UNKNOWN),
    }[end]
    assert outcomes(client) == [(0.0, Outcome.REJECTED)] * 9 + [first]
    assert room.statistics().in_service_count == 0
    if end == "crashed":
        room.restart()
    client.target = room
    world.issue(client, 3.0)
    world.env.run(until=6.0)
    assert outcomes(client)[-1] == (4.02, Outcome.OK)
    check_drained(world)


def test_of_a_hundred_simultaneous_calls_never_more_than_ten_have_one_of_ten_threads() -> None:
    world = World()
    room = Instance(world.env, world.proxy, Dependency(world.link()), threads=10, queue_size_max=90)
    world.endpoints.append(room)
    client = world.client(room)
    world.issue(client, *[0.0] * 100)
    in_service: set[int] = set()
    while world.env.peek() < 20.0:
        world.env.step()
        in_service.add(room.statistics().in_service_count)
    assert max(in_service) == 10
    ends = [round(float(end), 9) for end in client.table.columns()["end"]]
    assert ends == [round(1.02 * batch, 9) for batch in range(1, 11) for _ in range(10)]
    check_drained(world)


@pytest.mark.parametrize("scheduling", ["first-come", "processor-sharing", "fair-share"])
def test_four_jobs_of_one_second_on_four_cores_all_end_after_one_second(scheduling: str) -> None:
    env = Environment()
    host = Host(env, "server", cores=4, scheduling=scheduling)
    server = Instance(env, host, Work(1.0))
    client = Client(env, server)
    for batch in range(50):
        for _ in range(4):
            env.call_later(1.2 * batch, client.issue, Request())
    env.run()
    assert client.table.latencies("ok") == pytest.approx([1.0] * 200)
    assert host.statistics().work_done == pytest.approx(200.0)
    assert host.statistics().utilisation == pytest.approx(200.0 / (4 * env.now))


def test_crashed_host_answers_none_of_the_queued_and_none_of_the_served_and_nothing_runs_on_it() -> None:
    world = World()
    steps: list[tuple[float, str]] = []

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, str]:
        yield 1.0
        steps.append((world.env.now, "served"))
        return "answer"

    def sleeper() -> Generator[Any, Any, None]:
        yield 5.0
        steps.append((world.env.now, "awake"))

    server = Instance(world.env, world.server, handle, threads=1, queue_size_max=10, name="server")
    world.endpoints.append(server)
    server.state["volatile"] = True
    world.server.start(sleeper())
    world.at(0.5, world.server.crash)
    world.at(2.0, world.server.restart)
    world.server.on_restart(lambda: world.server.start(sleeper()))
    assert ask(world, world.link(server), 0.0, 0.1, 0.2) == []
    assert world.clients[0].in_flight == 3
    assert steps == [(7.0, "awake")], "timers start anew, and nothing from before the crash goes on"
    assert server.state == {}
    assert server.statistics().aborted_count == 3
    check_drained(world)


def test_event_after_the_end_of_a_run_does_not_happen_and_the_clock_reads_the_end() -> None:
    env = Environment()
    happened: list[float] = []
    env.call_later(50.0, happened.append, 50.0)
    env.run(until=10)
    assert (env.now, happened) == (10, [])
    env.run()
    assert (env.now, happened) == (50.0, [50.0])


def test_retried_write_whose_reply_was_lost_is_applied_twice() -> None:
    world = World()
    rule = world.network.partition(world.server, world.web, one_way=True)
    world.at(1.2, lambda: world.network.heal(rule))
    link = world.link()
    write = Retry(world.env, Timeout(world.env, link, 1.5), 3, backoff=ConstantBackoff(delay=0.1))
    assert ask(world, write, 0.0) == [(1.5 + 0.1 + 1.02, Outcome.OK)]
    assert len(world.served) == 2
    assert (link.statistics().answered_count, link.statistics().late_count) == (1, 0)


class _Bug(Exception):
    """An error in the model's code, which is no outcome."""


@pytest.mark.parametrize("name", ["timeout", "retry", "breaker", "instance", "link", "gone caller"])
def test_bug_stops_the_run_where_it_is_and_is_nobodys_outcome(name: str) -> None:
    world = World()

    def handle(request: Request) -> Generator[Any, Any, None]:
        yield 1.0
        raise _Bug("in the model")

    world.service.function = handle
    inner = world.link()
    env = world.env
    target: Endpoint = {
        "timeout": lambda: Timeout(env, inner, 5.0),
        "retry": lambda: Retry(env, inner),
        "breaker": lambda: CircuitBreaker(env, inner),
        "instance": lambda: Instance(env, world.proxy, Dependency(inner, required=False)),
        "link": lambda: inner,
        "gone caller": lambda: Timeout(env, inner, 0.5),
    }[name]()
    client = world.client(target)
    world.issue(client, 0.0)
    with pytest.raises(_Bug, match="in the model"):
        env.run()
    assert env.now == pytest.approx(1.01)
    assert sum(client.table.counts().values()) == (1 if name == "gone caller" else 0)
