"""Each planted bug breaks a promise, and the invariants say which; those of reads and sessions, histories.

Stale reads and leases that are too long: test_reads. Sessions that are ignored: test_clients.
"""

from __future__ import annotations

import pytest

from models.consensus import RaftFlaws, RaftSettings
from models.consensus.raft.entries import Entry
from models.consensus.raft.messages import AppendEntries
from models.replication import append, write

from ..world import World
from .test_replication import figure_8

ALONE = RaftSettings(pre_vote=False, check_quorum=False)


@pytest.mark.parametrize("is_planted", [False, True])
def test_entries_of_older_terms_committed_by_counting_break_leader_completeness(is_planted: bool) -> None:
    """Figure 8 of the paper, at (d): S5 is elected without the entry that S1 has committed."""
    flaws = RaftFlaws(commits_older_terms=is_planted)
    world = figure_8(RaftSettings(batch_max=1, check_quorum=False), flaws=flaws)
    first, last = world.nodes[0], world.nodes[4]
    assert first.commit_index == (2 if is_planted else 1)
    first.host.crash()
    world.heal()
    if is_planted:
        with pytest.raises(AssertionError, match=r"leader completeness .* raft-5 leads in term 5 without"):
            world.elect(last)
    else:
        world.elect(last)


@pytest.mark.parametrize("is_planted", [False, True])
def test_votes_that_are_not_durable_break_one_vote_a_term(is_planted: bool) -> None:
    """Two that cannot reach each other ask the third in one term, and it crashes in between."""
    world = World(settings=ALONE, flaws=RaftFlaws(votes_not_durable=is_planted))
    voter, first, second = world.nodes
    world.run(0.01)
    world.network.partition(first.host, second.host)
    first.elections.time_out()
    world.run_until(lambda: voter.sent_count == 1)
    world.network.partition(
        first.host, voter.host, one_way=True
    )  # it will not hear the leader it has elected
    voter.host.crash()
    voter.host.restart()
    world.run(0.0001)
    second.elections.time_out()
    assert (first.term, second.term) == (1, 1)
    if is_planted:
        with pytest.raises(AssertionError, match=r"one vote a term .* raft-1 votes for raft-3 in term 1"):
            world.run(1.0)
    else:
        world.run(1.0)


@pytest.mark.parametrize("is_planted", [False, True])
def test_acknowledgement_before_the_quorum_breaks_leader_completeness(is_planted: bool) -> None:
    world = World(flaws=RaftFlaws(acknowledges_alone=is_planted))
    leader = world.elect(world.nodes[0])
    world.cut(leader, clients=(world.web,))
    asked = world.ask(world.client(), write("x", 1))
    world.run(0.1)
    assert (asked.ended_at is not None) == is_planted
    if is_planted:
        with pytest.raises(AssertionError, match=r"leader completeness .* without the committed entry 2"):
            world.run(1.0)
    else:
        world.run(1.0)
        assert world.cluster.leader not in (None, leader)


def test_what_an_old_leader_commits_has_to_be_in_the_log_of_one_that_is_elected_already() -> None:
    world = World(settings=RaftSettings(check_quorum=False), flaws=RaftFlaws(acknowledges_alone=True))
    old, *others = world.nodes
    world.elect(old)
    world.cut(old, clients=(world.web,))
    world.run_until(lambda: any(node.leadership is not None for node in others))
    for node in others:
        node.durable._disk._sync_time = lambda: 0.5  # type: ignore[method-assign]
    world.ask(world.client(), write("x", 1))
    with pytest.raises(
        AssertionError, match=r"leader completeness .* in term 2 without the committed entry 2"
    ):
        world.run(0.1)


def test_breach_names_time_and_node_and_the_run_says_its_seed() -> None:
    world = World(flaws=RaftFlaws(acknowledges_alone=True), seed=7)
    leader = world.elect(world.nodes[0])
    world.cut(leader, clients=(world.web,))
    world.ask(world.client(), write("x", 1))
    with pytest.raises(AssertionError) as caught:
        world.run(1.0)
    assert "leader completeness is broken at 0." in str(caught.value)
    assert "seed 7" in "".join(caught.value.__notes__)


# -- that each invariant is looked at: what breaks it is done by hand ---------------------------------------


def test_two_leaders_in_a_term_break_election_safety() -> None:
    world = World()
    leader = world.elect()
    other = next(node for node in world.nodes if node is not leader)
    with pytest.raises(AssertionError, match=r"election safety is broken"):
        other.lead()


def test_leader_of_an_older_term_need_not_have_what_was_committed_in_a_later_one() -> None:
    """The last vote for it may have been late."""
    world = World()
    first, second, late = world.nodes
    late.crash()
    for node in (first, second):
        node.durable.cast(4, None)
    assert world.elect(first).term == 5
    late.durable.cast(3, late.name)
    world.cluster.invariants.elected(late)
    late.durable.cast(6, late.name)
    with pytest.raises(AssertionError, match=r"leader completeness .* raft-3 leads in term 6 without"):
        world.cluster.invariants.elected(late)


def test_another_entry_of_the_same_term_breaks_log_matching() -> None:
    world = World()
    world.elect(world.nodes[0])
    follower = world.nodes[1]
    entry = type(follower.durable.entries[1])(1, None, 0)
    index = follower.durable.append(entry)
    world.invariants_see(follower, index, entry, 1)
    leader = world.nodes[0]
    world.ask(world.client(), append("list", 1))
    with pytest.raises(
        AssertionError, match=r"log matching is broken .* raft-1 has another entry 2 of term 1"
    ):
        world.run(1.0)
    assert leader.durable.last_index == 2


def test_another_entry_than_was_committed_breaks_log_matching() -> None:
    world = World()
    world.elect(world.nodes[0])
    follower = world.nodes[1]
    follower.durable.truncate(0)
    entry = type(world.nodes[0].durable.entries[1])(1, None, 0)
    follower.durable.append(entry)
    with pytest.raises(
        AssertionError, match=r"log matching is broken .* raft-2 has another entry 1 of term 1"
    ):
        world.invariants_see(follower, 1, entry, 0)


def test_entry_at_another_place_than_its_leader_s_breaks_log_matching() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    follower = world.nodes[1]
    follower.durable.append(leader.durable.entries[1])
    with pytest.raises(AssertionError, match=r"log matching is broken .* raft-2 has put entry 1 at 2"):
        world.invariants_see(follower, 1, leader.durable.entries[1], 0)


@pytest.mark.parametrize(("duration", "is_committed"), [(0.002, False), (0.1, True)])
def test_another_entry_before_it_breaks_log_matching(duration: float, is_committed: bool) -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    world.ask(world.client(), append("list", 1))
    world.run(duration)
    assert (leader.commit_index == 2) is is_committed
    entry = leader.durable.entries[2]
    node = world.nodes[1]
    index = node.durable.append(entry) if node.durable.last_index == 1 else 2
    with pytest.raises(AssertionError, match=r"log matching is broken"):
        world.invariants_see(node, index, entry, 0)


def test_entry_put_after_another_than_its_leader_s_breaks_log_matching() -> None:
    """A follower that does not look whether its log has the leader's entry before those that it is sent."""
    world = World()
    leader = world.elect(world.nodes[0])
    follower = world.nodes[1]
    entries = [Entry(term, None, 0) for term in (2, 3)]
    for index, entry in enumerate(entries, 2):
        leader.durable.append(entry)
        world.invariants_see(leader, index, entry, index - 1)
    follower.durable.append(Entry(1, None, 0))
    message = AppendEntries(leader, 3, 2, 2, entries[1:], 0, 0.0, False)
    with pytest.raises(AssertionError, match=r"log matching .* raft-2 has another entry 3 of term 3, or"):
        follower._following._take(message)


def test_dropping_what_is_committed_breaks_state_machine_safety() -> None:
    world = World()
    world.elect()
    with pytest.raises(AssertionError, match=r"state-machine safety is broken .* drops the entries after 0"):
        world.cluster.invariants.truncated(world.nodes[0], 0)


def test_leader_that_overrules_what_is_committed_breaks_state_machine_safety() -> None:
    """One that has been elected without it."""
    world = World()
    leader = world.elect(world.nodes[0])
    message = AppendEntries(leader, 9, 0, 0, [Entry(9, None, 0)], 0, 0.0, False)
    with pytest.raises(AssertionError, match=r"state-machine safety .* raft-2 drops the entries after 0, of"):
        world.nodes[1].deliver(message)


def test_applying_another_entry_breaks_state_machine_safety() -> None:
    world = World()
    leader = world.elect()
    other = type(leader.durable.entries[1])(1, None, 0)
    with pytest.raises(AssertionError, match=r"state-machine safety is broken .* applies another entry 1"):
        world.cluster.invariants.committed(leader, 1, other)


def test_starting_from_what_nobody_has_committed_breaks_state_machine_safety() -> None:
    world = World()
    leader = world.elect()
    snapshot = leader.replica.snapshot()
    world.cluster.invariants.restored(leader, snapshot)
    for index, term in ((9, 1), (1, 2)):
        other = type(snapshot)(index, term, snapshot.state, {}, 0)
        with pytest.raises(AssertionError, match=rf"state-machine safety .* of {index} entries that nobody"):
            world.cluster.invariants.restored(leader, other)


def test_tables_are_cut_when_all_have_snapshots(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.consensus.raft.invariants._FORGOTTEN_MIN", 20)
    world = World(settings=RaftSettings(snapshot_after=12, entries_kept=0))
    world.elect()
    client = world.client()
    for number in range(100):
        world.ask(client, write("x", number), 0.0005 * number)
    world.run(1.0)
    invariants = world.cluster.invariants
    assert invariants.committed_count == 101
    assert len(invariants._chosen) < 12 + 20 + 12
    assert len(invariants._pending) < 5
