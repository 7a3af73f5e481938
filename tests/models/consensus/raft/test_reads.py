"""Reads: what they take, and that none is stale: on a cut, under a new leader, with bad clocks."""

from __future__ import annotations

import pytest

from models import Endpoint, Unavailable
from models.consensus import RaftFlaws, RaftSettings, Reads
from models.replication import read, write

from ..brute_force import is_linearizable
from ..world import ONE_WAY, SYNC_TIME, Asked, World

SAFE = [Reads.READ_INDEX, Reads.LEASE, Reads.LOG]


@pytest.mark.parametrize(
    ("reads", "duration"),
    [
        (Reads.LEASE, 2 * ONE_WAY),
        (Reads.READ_INDEX, 4 * ONE_WAY),
        (Reads.LOG, 4 * ONE_WAY + SYNC_TIME),
    ],
)
def test_read_takes_no_round_one_round_or_a_write(reads: Reads, duration: float) -> None:
    world = World(settings=RaftSettings(reads=reads))
    world.elect(world.nodes[0])
    world.run(0.2)
    asked = world.ask(world.client(), read("x"))
    world.run(1.0)
    assert asked.duration == pytest.approx(duration)


def test_round_is_over_with_a_majority_and_no_other_begins_meanwhile() -> None:
    world = World(5)
    leader = world.elect(world.nodes[0])
    world.run(0.051)
    before = leader.sent_count
    asked = world.ask(world.client(), read("x"))
    world.run(0.02)
    assert asked.ended_at is not None
    assert leader.sent_count - before == 4


def test_reads_that_come_together_share_a_round() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    world.run(0.051)
    before = leader.sent_count
    asked = [world.ask(world.client(), read("x"), 0.00001 * number) for number in range(50)]
    world.run(0.02)
    assert all(each.ended_at is not None for each in asked)
    assert leader.sent_count - before <= 2 * 3


def stale_leader(
    reads: Reads, flaws: RaftFlaws | None = None, *, drifts: bool = False
) -> tuple[World, Endpoint]:
    """Return a world whose leader has just been cut off with one of four followers and with a client.

    With `drifts` the leader's clock is as slow as the bound allows, and the others' as fast.
    """
    bound = 1.1 / 0.9
    settings = RaftSettings(reads=reads, clock_drift_bound=bound, election_timeout_max=0.2)
    world = World(5, settings=settings, flaws=flaws, patience=0.4, attempt_timeout=0.03)
    if drifts:
        for host in world.hosts[1:]:
            host.skew_clock("test", 50.0, 0.1)
        world.hosts[0].skew_clock("test", -50.0, -0.1)
    old = world.elect(world.nodes[0])
    world.run(0.2)
    inside, outside = world.client(), world.client(world.new_host("outside"))
    asked = [world.ask(inside, write("x", 1)), world.ask(outside, read("x"), 0.02)]
    world.run(0.05)
    assert [each.outcome for each in asked] == [None, 1]
    world.cut(old, world.nodes[1], clients=(world.web,))
    return world, inside


def reads_meanwhile(world: World, inside: Endpoint) -> tuple[Asked, list[Asked]]:
    """Write outside as soon as there is another leader, and read inside all the while."""
    old, _, *others = world.nodes
    reads = [world.ask(inside, read("x"), 0.004 * number) for number in range(125)]
    world.run_until(lambda: any(node.leadership is not None for node in others))
    new = world.cluster.leader
    assert new not in (None, old)
    way = world.network.connect(world.network_hosts[-1], new)
    written = world.ask(world.recorder.around(way), write("x", 2))
    world.run(3.0)
    assert written.outcome is None
    assert written.ended_at is not None
    return written, reads


@pytest.mark.slow
@pytest.mark.parametrize("drifts", [False, True])
@pytest.mark.parametrize("reads", SAFE)
def test_leader_that_is_cut_off_answers_no_stale_read(reads: Reads, drifts: bool) -> None:
    world, inside = stale_leader(reads, drifts=drifts)
    _, asked = reads_meanwhile(world, inside)
    assert is_linearizable(world.recorder.history())
    refused = [each for each in asked if isinstance(each.outcome, Unavailable)]
    assert len(refused) > 40
    if reads is Reads.LEASE:  # goes on for a while: that is what a lease is for
        assert sum(each.outcome == 1 for each in asked) > 10


@pytest.mark.parametrize(
    ("flaws", "reads", "drifts"),
    [
        (RaftFlaws(reads_unchecked=True), Reads.READ_INDEX, False),
        (RaftFlaws(lease_factor=2.0), Reads.LEASE, False),
        (RaftFlaws(lease_factor=1.1 / 0.9 * 1.05), Reads.LEASE, True),
    ],
    ids=["unchecked", "lease too long", "lease that forgets about drift"],
)
def test_planted_bug_is_caught_by_a_history_with_a_stale_read(
    flaws: RaftFlaws, reads: Reads, drifts: bool
) -> None:
    world, inside = stale_leader(reads, flaws, drifts=drifts)
    written, asked = reads_meanwhile(world, inside)
    assert written.ended_at is not None
    stale = [each for each in asked if each.outcome == 1 and each.started_at > written.ended_at]
    assert stale
    assert not is_linearizable(world.recorder.history())


@pytest.mark.parametrize("reads", [Reads.READ_INDEX, Reads.LEASE])
def test_new_leader_answers_no_read_before_an_entry_of_its_own_term_is_committed(reads: Reads) -> None:
    """It has what was committed before, and does not know that it is (Ongaro 2014, section 6.4)."""
    world = World(settings=RaftSettings(reads=reads, batch_max=1), sync_time=0.01)
    first = world.elect(world.nodes[0])
    second, third = world.nodes[1], world.nodes[2]
    client = world.client()
    written = world.ask(client, write("x", 1))
    world.run_until(lambda: first.commit_index == 2)
    first.host.crash()  # nobody else knows yet that the write is committed
    assert second.commit_index == third.commit_index == 1
    world.run(0.16)
    second.elections.time_out()
    world.run_until(lambda: second.leadership is not None)
    assert second.commit_index == 1
    way = world.network.connect(world.web, second)
    asked = world.ask(way, read("x"))
    world.run(1.0)
    assert written.outcome is None
    assert asked.outcome == 1


def test_new_leader_answers_no_read_under_its_lease_before_it_knows_what_is_committed() -> None:
    """A follower has the entry that begins the term, and its answer a lease; the leader's disk is slow."""
    world = World(settings=RaftSettings(reads=Reads.LEASE), sync_time=0.01)
    first = world.elect(world.nodes[0])
    second = world.nodes[1]
    world.ask(world.client(), write("x", 1))
    world.run_until(lambda: first.commit_index == 2)
    first.host.crash()
    world.run(0.16)
    second.elections.time_out()
    world.run_until(lambda: second.leadership is not None)
    second.durable._disk._sync_time = lambda: 0.2  # type: ignore[method-assign]
    asked = world.ask(world.network.connect(world.web, second), read("x"), 0.05)
    world.run(0.1)
    assert second.leadership is not None
    assert second.leadership.quorum_time() + second.settings.lease > second.host.monotonic_clock()
    assert (second.commit_index, asked.ended_at) == (1, None)
    world.run(1.0)
    assert asked.outcome == 1


def test_node_alone_answers_no_read_before_it_knows_what_is_committed() -> None:
    world = World(1, sync_time=0.05)
    node = world.elect()
    written = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert written.ended_at is not None
    node.host.crash()
    node.host.restart()
    world.run_until(lambda: node.leadership is not None)
    asked = world.ask(world.network.connect(world.web, node), read("x"))
    world.run(1.0)
    assert asked.outcome == 1


def test_leases_hold_over_a_restart_of_those_who_have_promised() -> None:
    """A node that crashes forgets that it has heard a leader, and must not vote at once."""
    world = World(settings=RaftSettings(reads=Reads.LEASE, election_timeout_max=0.16))
    world.elect(world.nodes[0])
    world.run(0.2)
    candidate, forgetful = world.nodes[1], world.nodes[2]
    heard_at = forgetful.elections.heard_at
    world.run_until(lambda: forgetful.elections.heard_at > heard_at)
    world.cut(world.nodes[0])
    world.run(0.1)  # the lease of 0.149 s is not over
    forgetful.host.crash()
    forgetful.host.restart()
    world.run(0.001)
    candidate.elections.time_out()
    world.run(0.02)
    assert candidate.leadership is None
    world.run(0.4)
    assert world.cluster.leader in (candidate, forgetful)


@pytest.mark.slow
def test_lease_ends_where_nobody_answers_any_more() -> None:
    world, inside = stale_leader(Reads.LEASE)
    length = world.nodes[0].settings.lease
    assert length == pytest.approx(0.15 * 0.9 / 1.1)
    asked = [world.ask(inside, read("x"), 0.001 * number) for number in range(300)]
    cut_at = world.env.now
    world.run(2.0)
    last = max(each.started_at for each in asked if each.outcome == 1)
    assert cut_at + length - 0.06 < last < cut_at + length
