"""Names: who asks whom and how often, how long an answer is believed, what a client does with several."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Endpoint, FunctionEndpoint, Host, Request
from models.failures import CallFailed, Refused, ServerError, TimedOut
from models.naming import Addresses, ByName, NameServer, Resolver
from models.resilience import Timeout
from tests.models.naming.building import WAY, World
from tests.models.services.building import Seen, call

CALL = 2 * WAY
"""A call to a server that takes no time."""


class Names(World):
    """The world, and a name server for "shop" on a host of its own."""

    def __init__(self, *, ttl: float = 10.0, count: int = 2, **settings: Any) -> None:
        super().__init__()
        self.provider = Host(self.env, "provider")
        self.names = NameServer(
            self.env, "shop", self.servers[:count], ttl=ttl, host=self.provider, **settings
        )

    def client_of(self, server: Endpoint | None = None, **settings: Any) -> ByName:
        server = server or self.network.connect(self.client, self.names)
        return ByName(self.env, self.network, self.client, server, "shop", **settings)

    def resolver(self, **settings: Any) -> Resolver:
        office = Host(self.env, "office")
        way = self.network.connect(office, self.names)
        return Resolver(self.env, way, "shop", host=office, **settings)

    def at(self, time: float, endpoint: Endpoint, timeout: float | None = 1.0) -> list[Seen]:
        seen: list[Seen] = []
        self.env.call_later(time, lambda: seen.append(call(self.env, endpoint, timeout=timeout)))
        return seen


def outcome(seen: list[Seen]) -> Any:
    end = seen[0].outcome
    return end.value if hasattr(end, "value") else type(end)


def resolve(world: World, endpoint: Endpoint) -> Seen:
    return call(world.env, endpoint, Request("resolve", key="shop"))


# -- the server


def test_the_server_answers_with_all_that_are_well_and_turns_their_order() -> None:
    world = Names(count=3)
    a, b, c = world.servers
    first, second = resolve(world, world.names), resolve(world, world.names)
    world.env.run(until=0.5)
    world.names.set_healthy(b, False)
    third = resolve(world, world.names)
    world.env.run(until=1.0)
    assert first.value == Addresses((a, b, c), 10.0)
    assert second.value == Addresses((b, c, a), 10.0)
    assert third.value.endpoints == (a, c)


def test_without_rotation_the_order_stays() -> None:
    world = Names(rotates=False)
    answers = [resolve(world, world.names) for _ in range(3)]
    world.env.run(until=1.0)
    assert {one.value.endpoints for one in answers} == {tuple(world.servers[:2])}


def test_where_none_is_well_the_answer_has_all_of_them() -> None:
    world = Names()
    for address in world.servers[:2]:
        world.names.set_healthy(address, False)
    assert world.names.available == tuple(world.servers[:2])


def test_what_is_registered_outlives_the_server_and_what_is_thought_of_it_does_not() -> None:
    world = Names()
    afresh: list[float] = []
    world.names.on_afresh(lambda: afresh.append(world.env.now))
    world.names.remove(world.servers[1])
    world.names.set_healthy(world.servers[0], False)
    world.names.add(world.servers[2])
    assert world.names.available == (world.servers[2],)
    resolve(world, world.names)
    world.env.run(until=1.0)
    world.provider.crash()
    world.provider.restart()
    world.env.run(until=1.5)
    answer = resolve(world, world.names)
    world.env.run(until=2.0)
    assert afresh == [1.0]
    # Nor is it known whose turn it was.
    assert answer.value.endpoints == (world.servers[0], world.servers[2])
    assert world.names.available == answer.value.endpoints


@pytest.mark.parametrize("request_", [Request("resolve", key="shoe"), Request("get", key="shop")], ids=str)
def test_another_name_or_another_question_is_an_error(request_: Request) -> None:
    world = Names()
    for server in (world.names, world.resolver()):
        seen = call(world.env, server, request_)
        world.env.run(until=world.env.now + 1.0)
        assert isinstance(seen.outcome, ServerError)


def test_misuse_is_told() -> None:
    world = Names()
    with pytest.raises(ValueError, match="address must not be registered already, got 'server on a'"):
        world.names.add(world.servers[0])
    with pytest.raises(ValueError, match="address must be registered for 'shop', got 'server on c'"):
        world.names.remove(world.servers[2])
    with pytest.raises(ValueError, match="ttl must be >= 0 s, got -1"):
        NameServer(world.env, "shop", [], ttl=-1)
    with pytest.raises(ValueError, match="patience must be finite and > 0 s, got 0"):
        world.client_of(patience=0)
    with pytest.raises(TypeError, match="next_on must be a tuple of CallFailed classes"):
        world.client_of(next_on=Refused)


# -- the client's cache


def test_a_client_asks_once_per_time_to_live() -> None:
    world = Names(ttl=10.0)
    way = world.client_of()
    seen = [world.at(time, way) for time in (0.0, 5.0, CALL + 9.9, CALL + 10.0, 15.0)]
    world.env.run(until=30.0)
    assert [one[0].at for one in seen] == pytest.approx(
        [2 * CALL, 5.0 + CALL, 10.15 + CALL, 10.25 + 2 * CALL, 15.0 + CALL]
    )
    assert (way.statistics().question_count, world.names.query_count) == (2, 2)
    # By turns: the second answer begins with the other address.
    assert [outcome(one) for one in seen] == ["a", "a", "a", "b", "b"]


def test_a_time_to_live_of_zero_is_asked_for_by_each_call_but_not_by_two_at_once() -> None:
    world = Names(ttl=0.0)
    way = world.client_of()
    seen = [world.at(time, way) for time in (0.0, 0.0, 5.0)]
    world.env.run(until=10.0)
    assert [one[0].at for one in seen] == [2 * CALL, 2 * CALL, 5.0 + 2 * CALL]
    assert world.names.query_count == 2


def test_a_dead_address_is_called_until_the_answer_is_too_old() -> None:
    world = Names(ttl=10.0)
    way = world.client_of()
    seen = [world.at(time, way) for time in (0.0, 2.0, 10.0, 11.0)]
    world.env.call_later(1.0, world.a.crash)
    world.env.call_later(1.5, world.names.set_healthy, world.servers[0], False)
    world.env.run(until=20.0)
    assert [outcome(one) for one in seen] == ["a", TimedOut, TimedOut, "b"]


@pytest.mark.parametrize(("ttl_min", "at"), [(30.0, "b"), (float("inf"), TimedOut)])
def test_a_client_that_keeps_what_it_knows_longer_is_lost_for_longer(ttl_min: float, at: Any) -> None:
    world = Names(ttl=10.0)
    way = world.client_of(ttl_min=ttl_min)
    seen = [world.at(time, way) for time in (0.0, 29.0, 31.0)]
    world.env.call_later(1.0, world.a.crash)
    world.env.call_later(1.5, world.names.set_healthy, world.servers[0], False)
    world.env.run(until=1000.0)
    assert [outcome(one) for one in seen] == ["a", TimedOut, at]


def test_a_restart_empties_the_clients_cache() -> None:
    world = Names(ttl=1000.0)
    way = world.client_of()
    seen = [world.at(time, way) for time in (0.0, 10.0)]
    world.env.call_later(5.0, world.client.crash)
    world.env.call_later(6.0, world.client.restart)
    world.env.run(until=20.0)
    assert [one[0].at for one in seen] == [2 * CALL, 10.0 + 2 * CALL]


def test_a_question_under_way_when_the_client_restarts_is_not_remembered() -> None:
    world = Names(ttl=1000.0)
    way = world.client_of()
    before, after = world.at(0.0, way), world.at(0.5, way)
    world.env.call_later(WAY, world.client.crash)
    world.env.call_later(2 * WAY - 0.01, world.client.restart)
    world.env.run(until=20.0)
    assert (outcome(before), outcome(after)) == (TimedOut, "b")
    assert way.statistics().question_count == 2


def test_a_question_that_was_asked_while_the_client_was_down_is_not_remembered_either() -> None:
    world = Names(ttl=1000.0)
    way = world.client_of()
    world.client.crash()
    world.at(0.0, way)
    world.env.call_later(WAY, world.client.restart)
    after = world.at(0.5, way)
    world.env.run(until=20.0)
    assert outcome(after) == "b"
    assert way.statistics().question_count == 2


def test_a_name_that_nobody_can_be_asked_for_is_refused_when_patience_ends() -> None:
    world = Names()
    way = world.client_of(patience=2.0)
    world.provider.crash()
    seen = [world.at(0.0, way, None), world.at(1.5, way, None), world.at(5.0, way, None)]
    world.env.run(until=20.0)
    # Who comes while the question is under way waits for the same answer.
    assert [(one[0].at, outcome(one)) for one in seen] == [(2.0, Refused), (2.0, Refused), (7.0, Refused)]
    assert way.statistics().unresolved_count == 3


def test_who_gives_up_does_not_take_the_answer_from_the_others() -> None:
    world = Names()
    way = world.client_of()
    hasty, patient = world.at(0.0, way, 0.1), world.at(0.05, way)
    world.env.run(until=10.0)
    assert (outcome(hasty), outcome(patient)) == (TimedOut, "a")


@pytest.mark.parametrize(("serves_stale", "expected"), [(True, "a"), (False, Refused)])
def test_stale_answers_serve_while_the_name_server_is_gone(serves_stale: bool, expected: Any) -> None:
    world = Names(ttl=10.0)
    way = world.client_of(patience=0.5, serves_stale=serves_stale)
    seen = [world.at(time, way) for time in (0.0, 20.0, 22.0)]
    world.env.call_later(5.0, world.provider.crash)
    world.env.run(until=30.0)
    assert [outcome(one) for one in seen] == ["a", expected, expected]
    # A failure is not kept: who needs the name after it asks again, unless there is something to believe.
    assert way.statistics().question_count == (2 if serves_stale else 3)


# -- several addresses


def test_the_next_address_is_called_and_the_failed_one_goes_last() -> None:
    world = Names(ttl=1000.0)
    way = world.client_of(around=lambda way: Timeout(world.env, way, 0.5), next_on=(Refused, TimedOut))
    seen = [world.at(time, way) for time in (0.0, 2.0, 4.0)]
    world.env.call_later(1.0, world.a.crash)
    world.env.run(until=20.0)
    assert [outcome(one) for one in seen] == ["a", "b", "b"]
    assert [one[0].at for one in seen] == [2 * CALL, 2.0 + 0.5 + CALL, 4.0 + CALL]
    assert way.statistics().next_count == 1


def test_an_address_that_fails_when_the_name_has_it_no_more_is_left_out() -> None:
    world = Names(ttl=0.1, rotates=False)
    way = world.client_of(around=lambda way: Timeout(world.env, way, 2.0), next_on=(TimedOut,))
    world.a.crash()
    seen = [world.at(time, way, None) for time in (0.0, 1.0)]
    world.env.call_later(0.5, world.names.remove, world.servers[0])
    world.env.run(until=5.0)
    # The first goes through the answer that it was given, while the second has a newer one.
    assert [outcome(one) for one in seen] == ["b", "b"]
    assert [one[0].at for one in seen] == [CALL + 2.0 + CALL, 1.0 + 2 * CALL]
    assert way.statistics().next_count == 1


def test_when_all_addresses_fail_so_does_the_call_as_the_last_one_did() -> None:
    world = Names()
    way = world.client_of(around=lambda way: Timeout(world.env, way, 0.25), next_on=(TimedOut,))
    world.a.crash()
    world.b.crash()
    seen = world.at(0.0, way, None)
    world.env.run(until=5.0)
    assert (seen[0].at, outcome(seen)) == (CALL + 2 * 0.25, TimedOut)


@pytest.mark.parametrize("next_on", [(TimedOut,), (TimedOut, Refused)])
@pytest.mark.parametrize(("first_is_down", "nothing_done"), [(True, False), (False, True)])
def test_refusal_by_the_last_address_says_nothing_of_one_that_was_silent(
    next_on: tuple[type[CallFailed], ...], first_is_down: bool, nothing_done: bool
) -> None:
    world = Names(rotates=False, count=2 if first_is_down else 1)
    way = world.client_of(around=lambda way: Timeout(world.env, way, 0.5), next_on=next_on)
    if first_is_down:
        world.a.crash()
    world.hosts[first_is_down].crash_process(world.servers[first_is_down])
    told: list[CallFailed] = []

    def ask() -> Generator[Any, Any, None]:
        try:
            yield from way.call(Request())
        except CallFailed as failure:
            told.append(failure)

    world.env.process(ask())
    world.env.run(until=5.0)
    assert [(type(each), each.nothing_done) for each in told] == [(Refused, nothing_done)]


def test_a_failure_that_is_not_named_ends_the_call() -> None:
    world = Names()

    def fail(request: Request) -> Generator[Any, Any, None]:
        yield from ()
        raise ServerError("no")

    failing = FunctionEndpoint(fail, host=world.c, name="failing")
    names = NameServer(world.env, "shop", [failing, world.servers[0]], ttl=10.0, host=world.provider)
    way = world.client_of(world.network.connect(world.client, names), next_on=(Refused,))
    seen = world.at(0.0, way)
    world.env.run(until=5.0)
    assert outcome(seen) is ServerError


def test_a_name_without_addresses_is_refused_and_that_is_believed_as_long_as_any_answer() -> None:
    world = Names(count=0, ttl=10.0)
    way = world.client_of(next_on=(Refused,))
    seen = [world.at(time, way) for time in (0.0, 9.0, 11.0)]
    world.env.call_later(5.0, world.names.add, world.servers[0])
    world.env.run(until=20.0)
    assert [outcome(one) for one in seen] == [Refused, Refused, "a"]
    assert (way.statistics().unresolved_count, way.statistics().question_count) == (2, 2)


# -- the resolver


def test_a_resolver_passes_on_what_is_left_of_the_time_to_live() -> None:
    world = Names(ttl=10.0)
    resolver = world.resolver()
    first = resolve(world, resolver)
    world.env.run(until=5.0)
    second = resolve(world, resolver)
    world.env.run(until=6.0)
    assert (first.value.ttl, second.value.ttl) == (10.0, 5.25)
    assert (first.at, second.at) == (CALL, 5.0)
    statistics = resolver.statistics()
    assert (statistics.query_count, statistics.hit_count, statistics.question_count) == (2, 1, 1)


def test_clients_behind_one_resolver_believe_it_no_longer_than_the_server_meant() -> None:
    world = Names(ttl=10.0)
    resolver = world.resolver()
    world.at(0.0, world.client_of(world.network.connect(world.client, resolver)))
    late = world.client_of(world.network.connect(world.client, resolver))
    seen = [world.at(time, late) for time in (9.0, 12.0)]
    world.env.call_later(1.0, world.b.crash)
    world.env.call_later(1.5, world.names.set_healthy, world.servers[1], False)
    world.env.run(until=20.0)
    # What it was given at 9 s (the other address, by turns) was to be believed until about 10 s.
    assert [outcome(one) for one in seen] == [TimedOut, "a"]
    assert world.names.query_count == 2


def test_a_resolver_turns_the_order() -> None:
    world = Names(ttl=1000.0)
    resolver = world.resolver()
    answers = []
    for _ in range(3):
        answers.append(resolve(world, resolver))
        world.env.run(until=world.env.now + 1.0)
    a, b = world.servers[:2]
    assert [one.value.endpoints for one in answers] == [(a, b), (b, a), (a, b)]


def test_a_resolver_starts_empty_after_a_crash_of_its_process_alone() -> None:
    world = Names(ttl=1000.0)
    resolver = world.resolver()
    resolve(world, resolver)
    world.env.run(until=1.0)
    assert resolver.host is not None
    resolver.host.crash_process(resolver)
    resolver.host.restart_process(resolver)
    resolve(world, resolver)
    world.env.run(until=2.0)
    assert resolver.statistics().question_count == 2


def test_a_question_dies_with_the_process_of_who_asks() -> None:
    world = Names()
    world.provider.crash()
    resolver = world.resolver(patience=1.0)
    resolve(world, resolver)
    world.env.run(until=0.5)
    assert resolver.host is not None
    resolver.host.crash_process(resolver)
    world.env.run(until=5.0)
    # Nobody was left to find out that there is no answer.
    assert (resolver.statistics().question_count, resolver.statistics().failed_count) == (1, 0)


def test_a_stale_answer_is_believed_for_half_a_minute_and_then_asked_for_again() -> None:
    world = Names(ttl=10.0)
    resolver = world.resolver(patience=0.5, serves_stale=True)
    way = world.client_of(world.network.connect(world.client, resolver))
    world.at(0.0, way)
    world.env.call_later(5.0, world.provider.crash)
    stale = [world.at(time, way, None) for time in (20.0, 45.0, 60.0)]
    world.env.run(until=70.0)
    # The first who asks waits for the resolver's patience; who comes in the next 30 s is answered at once.
    assert [one[0].at for one in stale] == [20.0 + CALL + 0.5 + CALL, 45.0 + CALL, 60.0 + CALL + 0.5 + CALL]
    statistics = resolver.statistics()
    assert (statistics.question_count, statistics.failed_count) == (3, 2)
    world.provider.restart()
    world.env.run(until=90.0)
    answers = [resolve(world, resolver)]
    world.env.run(until=91.0)
    answers.append(resolve(world, resolver))
    world.env.run(until=92.0)
    # Nor is the server asked that is back, as long as what is stale may be believed: until 90.625 s.
    assert [one.value.ttl for one in answers] == [0.625, 10.0]
