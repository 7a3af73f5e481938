"""The limiter in its place: on the caller's side, on the server's, and what a restart does to its memory."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest
import simpy

from models.endpoint import Endpoint
from models.failures import ConnectionLost, Rejected
from models.infrastructure import Host
from models.network import Network
from models.request import Request
from models.resilience import Retry
from models.resilience.backoff import ConstantBackoff
from models.resilience.rate_limits import LeakyBucket, RateLimit, RateLimiter, TokenBucket
from models.services import Dependency, Instance
from simulator import Environment
from tests.models.resilience.scripted import Scripted, Seen, call_at

WAY = 0.125
ONE_AN_HOUR = TokenBucket(rate=1 / 3600, burst=1)


class World:
    """A client's host, and an instance across the network that takes half a second."""

    def __init__(self) -> None:
        self.env = Environment()
        network = Network(self.env, latencies=WAY)
        self.web, self.server = Host(self.env, "web"), Host(self.env, "server")
        self.instance = Instance(self.env, self.server, self._work, name="instance")
        self.connect = lambda target: network.connect(self.web, target)

    @staticmethod
    def _work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 0.5

    def call(self, endpoint: Endpoint, *times: float) -> list[Any]:
        seen = call_at(self.env, endpoint, *times)
        self.env.run()
        return [(each.at, getattr(each.outcome, "__name__", "answer")) for each in seen]


def test_on_the_callers_side_a_rejected_call_sends_no_message() -> None:
    world = World()
    connection = world.connect(world.instance)
    limiter = RateLimiter(world.env, connection, ONE_AN_HOUR)
    assert world.call(limiter, 0.0, 0.0) == [(0.75, "answer"), (0.0, "Rejected")]
    assert connection.statistics().call_count == 1


def test_on_the_servers_side_a_rejection_crosses_the_network_and_the_instance_has_no_work() -> None:
    world = World()
    limiter = RateLimiter(world.env, world.instance, ONE_AN_HOUR)
    assert limiter.host is world.server
    assert world.call(world.connect(limiter), 0.0, 0.0) == [(0.75, "answer"), (0.25, "Rejected")]
    assert world.instance.statistics().call_count == 1


def test_a_retry_outside_is_charged_for_every_attempt_and_one_inside_only_once() -> None:
    env = Environment()
    target = Scripted(env, (0.0, Rejected("target")))
    backoff = ConstantBackoff(delay=1.0)
    outside = Retry(env, inner := RateLimiter(env, target, TokenBucket(0.1, 2)), 3, backoff=backoff)
    inside = RateLimiter(env, Retry(env, target, 3, backoff=backoff), TokenBucket(0.1, 2))
    call_at(env, outside, 0.0)
    call_at(env, inside, 0.0)
    env.run()
    assert (inner.statistics().passed_count, inner.statistics().rejected_count) == (2, 1)
    assert inside.statistics().passed_count == 1


@pytest.mark.parametrize("what", ["process", "host"])
def test_a_servers_limit_is_gone_with_its_process_and_a_shared_one_is_not(what: str) -> None:
    world = World()
    env = world.env
    own = world.connect(RateLimiter(env, world.instance, ONE_AN_HOUR))
    kept = RateLimiter(env, world.instance, ONE_AN_HOUR.start(env))
    shared = world.connect(kept)
    env.call_later(2.0, world.instance.crash if what == "process" else world.server.crash)
    env.call_later(3.0, world.instance.restart if what == "process" else world.server.restart)
    seen = call_at(env, own, 0.0, 1.0, 4.0, 5.0) + call_at(env, shared, 0.0, 1.0, 4.0, 5.0)
    env.run()
    assert [each.outcome is Rejected for each in seen] == [False, True, False, True, False, True, True, True]


def test_a_callers_limit_is_gone_with_its_host() -> None:
    world = World()
    limiter = RateLimiter(world.env, world.connect(world.instance), ONE_AN_HOUR)
    world.env.call_later(2.0, world.web.crash)
    world.env.call_later(3.0, world.web.restart)
    outcomes = [outcome for _, outcome in world.call(limiter, 0.0, 1.0, 2.5, 4.0, 5.0)]
    assert outcomes == ["answer", "Rejected", "Rejected", "answer", "Rejected"]


@pytest.mark.parametrize(
    ("limit", "wait_max"), [(TokenBucket(rate=1.0, burst=1), 10.0), (LeakyBucket(1.0, queue_size_max=9), 0.0)]
)
def test_a_servers_line_dies_with_its_process_and_the_next_ones_begin_a_new_one(
    limit: RateLimit, wait_max: float
) -> None:
    world = World()
    limiter = RateLimiter(world.env, world.instance, limit, wait_max=wait_max)
    world.env.call_later(0.7, world.instance.crash)
    world.env.call_later(0.8, world.instance.restart)
    calls: list[Seen] = call_at(world.env, world.connect(limiter), 0.0, 0.0, 0.0, 1.0, 1.0)
    world.env.run()
    assert [each.at for each in calls] == pytest.approx([0.75, 0.825, 0.825, 1.75, 2.75])
    assert [each.outcome for each in calls][1:3] == [ConnectionLost] * 2
    statistics = limiter.statistics()
    assert (statistics.passed_count, statistics.abandoned_count, statistics.waiting_count) == (3, 2, 0)


def test_an_instance_does_not_take_the_rejection_of_a_limiter_of_its_name_for_its_own() -> None:
    world = World()
    limiter = RateLimiter(world.env, Scripted(world.env), ONE_AN_HOUR, name="payment")
    instance = Instance(world.env, world.server, Dependency(limiter), name="payment")
    assert world.call(instance, 0.0, 0.0) == [(0.0, "answer"), (0.0, "DependencyFailed")]


def test_an_interrupted_caller_leaves_the_line() -> None:
    env = Environment()
    limiter = RateLimiter(env, Scripted(env), TokenBucket(rate=1.0, burst=1), wait_max=10.0)
    ended = []

    def caller(number: int) -> Generator[Any, Any, None]:
        try:
            yield from limiter.call(Request())
        except simpy.Interrupt:
            ended.append((number, "interrupted"))
        else:
            ended.append((number, env.now))

    processes = [env.process(caller(number)) for number in range(3)]
    env.call_later(0.5, processes[1].interrupt)
    env.run()
    assert ended == [(0, 0.0), (1, "interrupted"), (2, 1.0)]


def test_limiters_in_limiters_each_count_what_reaches_them() -> None:
    env = Environment()
    target = Scripted(env)
    inner = RateLimiter(env, target, TokenBucket(rate=1.0, burst=2), name="inner")
    outer = RateLimiter(env, inner, TokenBucket(rate=1.0, burst=3), name="outer")
    call_at(env, outer, *[0.0] * 5)
    env.run()
    assert target.call_count == 2
    assert (outer.statistics().rejected_count, inner.statistics().rejected_count) == (2, 1)
