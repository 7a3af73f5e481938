"""The network is the only way to a lock: each direction of each link, cut alone, has its effect, no other."""

from __future__ import annotations

from itertools import permutations

import pytest

from models.consensus.lock_service import HeldLock
from models.failures import Unavailable
from models.network import AddedDelay
from tests.models.consensus.lock_service.building import SETTINGS, TTL

from .lock_world import LOCK, SETTLED, LockWorld

HOSTS = ("host-1", "host-2", "host-3", "web-1", "web-2", "files")
Effect = tuple[bool, bool, bool]
"""Whether web-1 is told within a second that all is done, whether it is, and whether it has the lock then."""

DONE: Effect = (True, True, False)
EFFECTS: dict[tuple[str, str], Effect] = {
    ("web-1", "host-1"): (False, False, False),  # the leader never hears of it
    ("host-1", "web-1"): (False, False, True),  # it is given the lock, and never told
    ("web-1", "files"): (False, False, True),
    ("files", "web-1"): (False, False, True),  # what it has read never comes
}


@pytest.mark.parametrize(
    ("source", "target"), [pytest.param(*link, id="->".join(link)) for link in permutations(HOSTS, 2)]
)
def test_link_that_is_cut_alone_has_its_effect_and_no_other(source: str, target: str) -> None:
    world = LockWorld()
    first, second = world.clients
    world.use(first, "old")
    world.watch(0.5)
    assert world.written == "old"
    rule = world.network.partition(world.host_named[source], world.host_named[target], one_way=True)
    asked = world.use(first, patience=1.2)
    world.watch(1.0)
    has = world.service.holder(LOCK)
    told = asked.ended_at is not None
    assert (told, world.written == "new", has is not None) == EFFECTS.get((source, target), DONE)
    assert has is None or has.owner == first.name
    assert world.leader is world.nodes[0], "no link that is cut alone unseats the leader"
    world.watch(0.3)
    # He has given up; whoever can reach the leader and the file gets the lock, though the cut stays.
    if "web-2" not in (source, target):
        other = world.use(second, "other", patience=SETTLED)
        world.watch(SETTLED)
        assert isinstance(other.outcome, int)
        assert world.written == "other"
    world.network.heal(rule)
    world.watch(SETTLED)
    world.everybody_can_have_it()
    world.watch(0.1)
    world.assert_nothing_is_left()


def test_holder_whose_renewals_are_lost_loses_the_lock_after_he_has_ceased_to_count_on_it() -> None:
    world = LockWorld()
    first, second = world.clients
    held = world.held[first] = world.lock(first, LOCK)
    world.network.partition(first.host, world.hosts, one_way=True)
    waiting = world.use(second, patience=SETTLED)
    while held.is_held:
        world.watch(0.005)
    assert waiting.ended_at is None
    world.watch(TTL - SETTINGS.lease + 0.05)
    assert isinstance(waiting.outcome, int)


def test_holder_who_is_not_answered_counts_on_nothing_and_nobody_else_gets_it_while_he_is_heard() -> None:
    """The leader cannot know that its answers are lost; when they come again all is as it was."""
    world = LockWorld()
    first, second = world.clients
    held = world.held[first] = world.lock(first, LOCK)
    rule = world.network.partition(world.hosts, first.host, one_way=True)
    waiting = world.do(lambda: second.acquire(LOCK), second.host)
    world.watch(3.0 * TTL)
    assert not held.is_held
    assert waiting.ended_at is None
    world.network.heal(rule)
    world.watch(1.0)
    assert held.is_held
    first.release(held)
    world.watch(0.1)
    assert isinstance(waiting.outcome, HeldLock)


@pytest.mark.parametrize("answer", ["to the opening", "to a renewal"])
def test_holder_who_is_answered_late_ceases_to_count_on_the_lock_before_another_gets_it(answer: str) -> None:
    """By then the leader has counted for as long as the answer took."""
    world = LockWorld()
    first, second = world.clients
    slow = AddedDelay(world.env, world.hosts, first.host, 0.2, name="slow answers", one_way=True)
    if answer == "to the opening":
        world.network.install(slow)
    held = world.held[first] = world.lock(first, LOCK)
    if answer == "to a renewal":
        world.network.install(slow)
        world.watch(1.05)
    world.cut(first.host)
    waiting = world.use(second, patience=SETTLED)
    world.watch(0.3)
    assert held.is_held
    world.watch(TTL)  # which looks for two who hold it
    assert isinstance(waiting.outcome, int)


def test_lock_that_is_still_being_given_back_is_waited_for_as_any_other_or_refused() -> None:
    """In a cut that lasts: who does not want to wait is told when a whole attempt at it has failed."""
    world = LockWorld(patience=0.5)
    first = world.clients[0]
    held = world.held[first] = world.lock(first, LOCK)
    rule = world.cut(first.host)
    first.release(held)
    waiting = world.do(lambda: first.acquire(LOCK), first.host)
    for _ in range(2):
        asked_at = world.env.now
        asked = world.do(lambda: first.acquire(LOCK, waits=False), first.host)
        world.watch(2.0 * (0.5 + SETTINGS.renewal_interval) + 0.1)
        assert isinstance(asked.outcome, Unavailable)
        assert asked.ended_at is not None
        assert asked.ended_at - asked_at > 0.5 + SETTINGS.renewal_interval
        assert str(asked.outcome) == f"{first.name}: no leader has answered the release of {LOCK!r} yet"
    assert waiting.ended_at is None
    world.network.heal(rule)
    world.watch(SETTLED)
    assert waiting.outcome.token > held.token
    first.release(waiting.outcome)
    world.everybody_can_have_it()
    world.watch(0.1)
    world.assert_nothing_is_left()


def test_release_that_nobody_has_heard_is_said_again_until_it_is_heard() -> None:
    """The session lives on: without that the lock would stay with somebody who thinks he has it not."""
    world = LockWorld(patience=0.2)
    first = world.clients[0]
    held = world.held[first] = world.lock(first, LOCK)
    rule = world.cut(first.host)
    first.release(held)
    world.watch(0.5)
    world.network.heal(rule)
    world.watch(1.0)
    assert world.service.statistics().expired_count == 0
    assert world.service.holder(LOCK) is None
    world.everybody_can_have_it()


@pytest.mark.parametrize("name", HOSTS)
def test_host_that_is_cut_off_both_ways_has_no_lock_or_is_not_needed_and_all_is_well_when_it_heals(
    name: str,
) -> None:
    world = LockWorld(patience=1.0)
    first, second = world.clients
    world.use(first, "old")
    world.watch(0.5)
    rule = world.cut(world.host_named[name])
    asked = world.use(first, patience=3.0)
    world.watch(3.0)
    assert isinstance(asked.outcome, int) == (name not in ("web-1", "files"))
    other = world.use(second, "other", patience=3.0)
    world.watch(3.1)
    assert isinstance(other.outcome, int) == (name not in ("web-2", "files"))
    world.network.heal(rule)
    world.watch(SETTLED)
    world.everybody_can_have_it()
    world.watch(0.1)
    world.assert_nothing_is_left()


def test_service_whose_links_are_all_cut_gives_nobody_a_lock_until_they_are_healed() -> None:
    world = LockWorld(patience=1.0)
    rules = [world.cut(host) for host in world.hosts]
    asked = [world.use(client, patience=5.0) for client in world.clients]
    world.watch(3.0)
    assert all(isinstance(each.outcome, Exception) for each in asked)
    assert not any(isinstance(each.outcome, Unavailable) for each in asked), "nobody knows what was heard"
    assert world.service.statistics().granted_count == 0
    for rule in rules:
        world.network.heal(rule)
    world.watch(SETTLED)
    world.everybody_can_have_it()
    world.watch(0.1)
    world.assert_nothing_is_left()
