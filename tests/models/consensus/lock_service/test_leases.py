"""Leases: who ends them when, across failovers, cuts and clocks that drift; and each planted bug."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host, Rejected
from models.consensus import FencedResource, LockSettings, RaftFlaws, RaftSettings
from models.consensus.lock_service import Answer, Fencing, HeldLock, LockFlaws, fenced_read, fenced_write
from models.consensus.lock_service.leases import Leases
from models.consensus.lock_service.operations import await_lock, keep_alive
from models.network import AddedDelay

from .building import SETTINGS, TTL, World


def holders(*held: HeldLock) -> int:
    """Return how many hold the lock now, as far as they know."""
    return sum(each.is_held for each in held)


# -- clocks ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("drift", "is_within"), [(0.02, True), (0.2, False)])
def test_lease_is_over_for_the_client_first_as_long_as_clocks_keep_to_the_bound(
    drift: float, is_within: bool
) -> None:
    """The holder's clock is slow, the leader's fast; the holder is cut off."""
    world = World()
    leader = world.elect()
    first, second = world.clients
    leader.host.skew_clock("test", 1_000.0, drift)
    first.host.skew_clock("test", -1_000.0, -drift)
    held = world.lock(first)
    world.run(0.2)
    world.cut(first.host)
    other = world.lock(second)
    assert holders(held, other) == (1 if is_within else 2)
    # But for the drift there is little between the two.
    world.run(0.1)
    assert not is_within or not held.is_held


@pytest.mark.parametrize("drift", [-0.5, 0.0, 1.0])
def test_renewals_come_by_the_clock_of_the_client(drift: float) -> None:
    world = World()
    world.elect()
    first = world.clients[0]
    first.host.skew_clock("test", 0.0, drift)
    world.lock(first)
    before = first._raft.statistics().attempt_count
    world.run(6.0)
    renewals = first._raft.statistics().attempt_count - before
    assert abs(renewals - 6.0 * (1.0 + drift) / SETTINGS.renewal_interval) <= 1


@pytest.mark.parametrize("offset", [-1_000.0, 1_000.0])
@pytest.mark.parametrize("whose", ["client", "leader"])
def test_clock_that_is_set_wrong_on_either_side_matters_to_no_lease(whose: str, offset: float) -> None:
    world = World()
    leader = world.elect()
    first, second = world.clients
    held = world.lock(first)
    (first.host if whose == "client" else leader.host).skew_clock("test", offset)
    for _ in range(6):
        world.run(TTL / 2.0)
        assert held.is_held
    world.cut(first.host)
    other = world.lock(second)
    assert holders(held, other) == 1


@pytest.mark.parametrize("answer", ["to the opening", "to a renewal"])
def test_client_counts_from_when_it_asked_and_not_from_when_it_was_answered(answer: str) -> None:
    world = World()
    world.elect()
    first, second = world.clients
    slow = AddedDelay(world.env, world.hosts, first.host, 0.2, name="slow answers", one_way=True)
    if answer == "to the opening":
        world.network.install(slow)
    held = world.lock(first)
    if answer == "to a renewal":
        world.network.install(slow)
        world.run(1.05)
    assert held.is_held
    world.cut(first.host)
    other = world.lock(second)
    assert holders(held, other) == 1


def test_lease_ends_when_the_leader_has_heard_nothing_for_its_length() -> None:
    world = World(settings=LockSettings(ttl=1.0, renewal_interval=0.9, question_kept=0.2))
    world.elect()
    first, second = world.clients
    world.lock(first)
    opened_at = world.env.now
    waiting = world.do(lambda: second.acquire("stock"), second.host)
    first.host.crash()
    world.run(1.5)
    assert waiting.ended_at is not None
    # The session was heard of when it was opened, a round before the lock was got.
    assert waiting.ended_at - opened_at == pytest.approx(1.0, abs=0.012)


# -- failover --------------------------------------------------------------------------------------------


def test_failover_costs_no_lock_and_no_place_in_the_queue() -> None:
    world = World()
    leader = world.elect()
    first, second = world.clients
    held = world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"))
    world.run(1.2)
    leader.host.crash()
    for _ in range(200):
        world.run(0.01)
        assert held.is_held
    assert waiting.ended_at is None
    first.release(held)
    world.run(0.1)
    assert waiting.outcome.token == held.token + 1


def test_failover_that_takes_longer_than_the_lease_is_jeopardy_and_then_safe() -> None:
    world = World()
    leader = world.elect()
    first = world.clients[0]
    held = world.lock(first)
    world.run(0.1)
    others = [node.host for node in world.nodes if node is not leader]
    for host in world.hosts:
        host.crash()
    world.run(1.5 * TTL)
    assert not held.is_held  # nobody knows
    for host in others:
        host.restart()
    world.run(1.0)
    assert held.is_held
    assert world.service.statistics().expired_count == 0


def test_new_leader_gives_every_session_a_whole_lease() -> None:
    world = World()
    leader = world.elect()
    first, second = world.clients
    world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"), world.webs[1])
    world.run(0.1)
    first.host.crash()
    world.run(0.8 * TTL)
    leader.host.crash()
    world.run(3.0)
    assert isinstance(waiting.outcome, HeldLock)
    elected_at = world.cluster.invariants.elections[-1].time
    assert waiting.ended_at is not None
    assert waiting.ended_at - elected_at == pytest.approx(TTL, abs=0.02)


def test_expiry_that_a_deposed_leader_has_proposed_ends_no_session_that_was_renewed_since() -> None:
    """The old leader, cut off, proposes it after the new one has been elected: it is lost with its log."""
    world = World(raft_settings=RaftSettings(check_quorum=False))
    old = world.elect()
    first = world.clients[0]
    held = world.lock(first)
    rule = world.cut(old.host)
    world.run(2.5 * TTL)
    assert old.leadership is not None, "it thinks that it leads"
    assert old.durable.last_term == 1
    assert old.durable.last_index > old.commit_index, "it has proposed an expiry"
    assert world.leader is not old
    assert held.is_held
    world.network.heal(rule)
    for _ in range(100):
        world.run(0.01)
        assert held.is_held
    assert world.service.statistics().expired_count == 0
    # Nor does it remember when it leads again: it renews the session, and ends it when that is due.
    world.elect(old)
    world.run(2.0 * TTL)
    assert held.is_held
    first.host.crash()
    world.run(TTL + 0.1)
    assert world.service.holder("stock") is None


def test_renewal_that_comes_while_the_expiry_is_proposed_is_answered_with_no() -> None:
    world = World(settings=LockSettings(ttl=1.0, renewal_interval=0.9, question_kept=0.2))
    leader = world.elect()
    first, second = world.clients
    world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"), second.host)
    first.host.crash()
    while not leader._leases._ending:
        world.env.step()
    assert 1 in leader.machine.owners
    assert leader._leases.renew(1) is False
    assert leader._leases.renew(2) is True
    world.run(0.05)
    assert isinstance(waiting.outcome, HeldLock)


def test_restarted_node_and_one_that_starts_from_a_snapshot_know_the_sessions() -> None:
    world = World(raft_settings=RaftSettings(snapshot_after=5, entries_kept=0))
    leader = world.elect()
    first = world.clients[0]
    late = next(node for node in world.nodes if node is not leader)
    late.host.crash()
    held = world.lock(first)
    for number in range(10):
        other = world.lock(first, f"other-{number}")
        first.release(other)
    late.host.restart()
    world.run(1.0)
    assert late.installed_count == 1
    world.elect(late)
    first.host.crash()
    world.run(TTL + 0.5)
    assert not late.machine.owners
    assert world.service.holder("stock") is None
    assert held.token == 1


def test_timer_of_a_leadership_ends_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Else each leadership of a node would leave one that rings for ever."""
    world = World()
    node = world.elect()
    world.lock(world.clients[0])
    for _ in range(5):
        node.step_down()
        world.elect(node)
    rings: list[float] = []
    ring = Leases._ring

    def counted(leases: Leases) -> None:
        rings.append(world.env.now)
        ring(leases)

    monkeypatch.setattr(Leases, "_ring", counted)
    world.run(1.5 * TTL)  # the timer that is set has the method as it was
    rings.clear()
    world.run(4.0 * TTL)
    # It rings when the lease as it was last time is up, and that was renewed at most an interval before.
    assert 4 <= len(rings) <= 4.0 * TTL / (TTL - SETTINGS.renewal_interval)


def test_session_that_has_expired_is_forgotten_by_the_leader_too() -> None:
    world = World()
    leader = world.elect()
    first, second = world.clients
    world.lock(first)
    world.lock(second, "another")
    first.host.crash()
    world.run(3.0 * TTL)
    assert leader._leases._heard.keys() == leader.machine.owners.keys() == {2}
    assert not leader._leases._ending


def test_session_that_was_closed_is_not_ended_once_more_when_its_lease_is_up() -> None:
    world = World()
    leader = world.elect()
    client = world.clients[0]
    world.lock(client)
    world.do(client.close)
    world.run(0.1)
    index = leader.durable.last_index
    world.run(2.0 * TTL)
    assert leader.durable.last_index == index


def test_leader_that_is_cut_off_from_all_others_answers_no_question() -> None:
    """What it knows of a queue is old: it would say that the lock is another's, to one who waits for it."""
    world = World(raft_settings=RaftSettings(check_quorum=False))
    old = world.elect()
    first, second = world.clients
    world.lock(first)
    world.cut(old.host, *world.webs)
    ways = [world.network.connect(web, old) for web in world.webs]
    asked = [
        world.do(lambda: ways[0].call(keep_alive(1))),
        world.do(lambda: ways[1].call(await_lock("stock", 1)), second.host),
    ]
    world.run(1.0)
    assert old.leadership is not None
    assert [each.outcome for each in asked] == [None, None]


# -- planted bugs ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("is_planted", [False, True])
def test_lease_that_is_over_early_makes_two_holders(is_planted: bool) -> None:
    world = World(flaws=LockFlaws(lease_factor=0.25 if is_planted else 1.0))
    first, second = world.clients
    held = world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"))
    world.run(0.29)  # no renewal yet
    assert (waiting.ended_at is not None) == is_planted
    assert held.is_held


@pytest.mark.parametrize("is_planted", [False, True])
def test_takeover_without_grace_makes_two_holders(is_planted: bool) -> None:
    """The holder has renewed with the old leader for long; the new one never heard of it."""
    world = World(flaws=LockFlaws(no_grace=is_planted))
    leader = world.elect()
    first, second = world.clients
    held = world.lock(first)
    waiting = world.do(lambda: second.acquire("stock"))
    world.run(3.0 * TTL)
    world.cut(first.host)  # it cannot renew, and need not yet
    leader.host.crash()
    end = world.env.now + 0.6
    both = False
    while world.env.now < end:
        world.run(0.005)
        both = both or (held.is_held and waiting.ended_at is not None)
    assert both == is_planted


@pytest.mark.parametrize("is_planted", [False, True])
def test_renewals_by_a_leader_that_is_none_any_more_make_two_holders(is_planted: bool) -> None:
    """The holder is on the old leader's side of the cut, and is told that all is well."""
    world = World(
        flaws=LockFlaws(renewals_unconfirmed=is_planted), raft_settings=RaftSettings(check_quorum=False)
    )
    old = world.elect()
    first, second = world.clients
    held = world.lock(first)
    world.cut(old.host, first.host)
    other = world.lock(second)
    assert holders(held, other) == (2 if is_planted else 1)


def served(world: World, fencing: Fencing) -> FencedResource:
    """Return a resource on a host of its own."""
    host = Host(world.env, "store")
    world.network_hosts.append(host)
    return FencedResource(host, fencing=fencing)


def written(world: World, resource: FencedResource, held: HeldLock, value: str) -> Any:
    """Let the holder read and write, and return what became of it."""
    client_host = held._client.host

    def use() -> Generator[Any, Any, Any]:
        way = world.network.connect(client_host, resource)
        read = (yield from way.call(fenced_read("file", held.token))).value
        yield from way.call(fenced_write("file", value, held.token, read.version))

    done = world.do(use, client_host)
    world.run(0.05)
    return done.outcome


@pytest.mark.parametrize("is_planted", [False, True])
def test_tokens_that_do_not_grow_after_a_failover_lock_the_new_holder_out(is_planted: bool) -> None:
    world = World(flaws=LockFlaws(tokens_not_replicated=is_planted))
    leader = world.elect()
    first, second = world.clients
    resource = served(world, Fencing.READS_AND_WRITES)
    for _ in range(3):
        held = world.lock(first)
        assert written(world, resource, held, "first") is None
        first.release(held)
    leader.host.crash()
    other = world.lock(second)
    outcome = written(world, resource, other, "second")
    assert other.token == (1 if is_planted else 4)
    assert isinstance(outcome, Rejected) == is_planted


def paused(world: World, resource: FencedResource) -> list[Any]:
    """Let the first client read under its lock, and stand still for 3 s before it writes.

    What is returned will have what became of its write.
    """
    client = world.clients[0]
    done: list[Any] = []

    def use() -> Generator[Any, Any, None]:
        held = yield from client.acquire("stock")
        way = world.network.connect(client.host, resource)
        read = (yield from way.call(fenced_read("file", held.token))).value
        assert held.is_held  # it looks, and then stands still
        yield from client.host.work(0.01)
        try:
            yield from way.call(fenced_write("file", "late", held.token, read.version))
            done.append("written")
        except Rejected as refusal:
            done.append(str(refusal))
        done.append(held.is_held)

    world.do(use)
    while not resource.statistics().read_count:
        world.env.step()
    world.run(0.005)
    world.freeze(client.host, 3.0)
    return done


@pytest.mark.parametrize("fencing", list(Fencing))
def test_holder_who_has_stood_still_writes_late_unless_the_resource_looks_at_tokens(
    fencing: Fencing,
) -> None:
    """Kleppmann's picture: read, a pause that outlasts the lease, write."""
    world = World()
    resource = served(world, fencing)
    done = paused(world, resource)
    other = world.lock(world.clients[1])
    assert written(world, resource, other, "new") is None
    world.run(4.0)
    is_late = fencing is Fencing.NONE
    assert done == ["written" if is_late else "rejected by resource: token 1 is older than 2", False]
    assert resource.value("file").value == ("late" if is_late else "new")
    statistics = resource.statistics()
    assert statistics.refused_count == (not is_late)
    assert statistics.late_count == statistics.lost_update_count == is_late


@pytest.mark.parametrize("fencing", [Fencing.WRITES, Fencing.READS_AND_WRITES])
def test_late_write_between_the_new_holder_s_read_and_his_write_is_refused_where_reads_are_looked_at(
    fencing: Fencing,
) -> None:
    world = World()
    resource = served(world, fencing)
    done = paused(world, resource)
    other = world.lock(world.clients[1])
    way = world.network.connect(world.webs[1], resource)

    def use() -> Generator[Any, Any, None]:
        read = (yield from way.call(fenced_read("file", other.token))).value
        yield 4.0  # it renews its lease meanwhile
        assert other.is_held
        yield from way.call(fenced_write("file", "new", other.token, read.version))

    world.do(use, world.webs[1])
    world.run(5.0)
    is_let_in = fencing is Fencing.WRITES
    assert done[0] == ("written" if is_let_in else "rejected by resource: token 1 is older than 2")
    assert resource.statistics().lost_update_count == is_let_in


def test_keep_alive_of_an_unknown_session_is_answered_no() -> None:
    world = World()
    leader = world.elect()
    asked = world.do(lambda: world.cluster.client(world.webs[0]).call(keep_alive(7)))
    world.run(0.1)
    assert asked.outcome.value is False
    assert leader.machine.standing("stock", 7) is Answer.OVER


def test_nodes_forget_sessions_that_are_over() -> None:
    world = World()
    world.elect()
    client = world.clients[0]
    for number in range(60):
        world.lock(client, f"lock-{number}")
        world.do(client.close)
        world.run(0.02)
    assert world.service.statistics().opened_count == 60
    assert all(len(node._leases._heard) < 20 for node in world.nodes)
    assert all(len(node._leases._ending) == 0 for node in world.nodes)


def test_a_write_acknowledged_by_the_leader_alone_can_be_planted_here_too() -> None:
    """The leader that is cut off gives a lock away by itself; Raft's invariants say so."""
    world = World(raft_flaws=RaftFlaws(acknowledges_alone=True))
    old = world.elect()
    world.lock(world.clients[0], "first")
    world.cut(old.host, world.webs[0])
    world.do(lambda: world.clients[0].acquire("stock"))
    with pytest.raises(AssertionError, match="leader completeness"):
        world.run(1.0)
