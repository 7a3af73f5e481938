"""Elections: when there is a leader, who it can be, and what disturbs it."""

from __future__ import annotations

import pytest

from models import Unavailable
from models.consensus import RaftNode, RaftSettings
from models.consensus.raft import Role
from models.consensus.raft.messages import AppendEntries, AppendReply, RequestVote, Vote
from models.replication import read, write
from tests.in_one_test import in_one_test

from ..world import ONE_WAY, World

ALONE = RaftSettings(pre_vote=False, check_quorum=False)


def test_one_of_all_is_elected_within_the_longest_timeout_and_two_rounds() -> None:
    world = World(5)
    leader = world.elect()
    assert 0.15 < world.cluster.invariants.elections[0].time < 0.3 + 4 * 0.001 + 2 * 0.0005
    assert [node.role for node in world.nodes if node is not leader] == [Role.FOLLOWER] * 4
    assert {node.leader for node in world.nodes} == {leader}


def test_leader_that_works_stays() -> None:
    world = World()
    world.elect()
    world.run(30.0)
    assert world.store.statistics().election_count == 1


def test_cluster_of_one_leads_itself() -> None:
    world = World(1)
    world.elect()
    client = world.client()
    asked = [world.ask(client, write("x", 1)), world.ask(client, read("x"), 0.1)]
    world.run(1.0)
    assert [each.outcome for each in asked] == [None, 1]
    assert asked[1].duration == pytest.approx(2 * ONE_WAY)


def test_another_is_elected_when_the_leader_has_crashed() -> None:
    world = World()
    first = world.elect()
    first.host.crash()
    begin = world.env.now
    second = world.elect()
    assert second is not first
    assert 0.1 < world.env.now - begin < 0.4
    first.host.restart()
    world.run(1.0)
    assert first.leader is second
    assert world.store.statistics().election_count == 2


def test_no_leader_without_a_majority() -> None:
    world = World(5)
    world.run(0.01)
    for host in world.hosts[:3]:
        host.crash()
    world.run(20.0)
    assert world.store.statistics().election_count == 0
    assert world.store.statistics().term_max == 0  # pre-votes begin no term
    world.hosts[0].restart()
    world.elect()


def test_half_of_an_even_number_is_no_majority() -> None:
    world = World(4)
    world.run(0.01)
    for host in world.hosts[:2]:
        host.crash()
    world.run(5.0)
    assert world.store.statistics().election_count == 0
    world.hosts[0].restart()
    world.elect()


def test_without_pre_votes_terms_go_up_where_nobody_can_be_elected() -> None:
    world = World(3, settings=ALONE)
    for host in world.hosts[:2]:
        host.crash()
    world.run(20.0)
    assert 20 / 0.3 < world.store.statistics().term_max < 20 / 0.15


@pytest.mark.slow
@in_one_test("check_quorum", [False, True])
@in_one_test("step", range(10))
def test_node_that_comes_back_from_a_cut_deposes_nobody(step: int, check_quorum: bool) -> None:
    """Whenever it comes back: what it asks may arrive before it hears the leader."""
    world = World(settings=RaftSettings(check_quorum=check_quorum), one_way=0.01)
    leader = world.elect(world.nodes[0])
    cut = world.cut(world.nodes[1])
    world.run(1.0 + 0.021 * step)
    world.network.heal(cut)
    world.nodes[1].elections.time_out()
    world.run(2.0)
    assert world.cluster.leader is leader
    assert world.store.statistics().election_count == 1


def test_without_pre_votes_it_deposes_the_leader() -> None:
    world = World(settings=ALONE)
    world.elect(world.nodes[0])
    cut = world.cut(world.nodes[1])
    world.run(5.0)
    world.network.heal(cut)
    world.run(5.0)
    assert world.store.statistics().election_count > 1
    assert world.store.statistics().term_max > 5.0 / 0.3


def test_node_that_hears_no_leader_cannot_depose_one_that_the_others_hear() -> None:
    """With `check_quorum` alone: requests for votes are ignored, higher terms included."""
    world = World(settings=RaftSettings(pre_vote=False))
    leader = world.elect(world.nodes[0])
    deaf = world.nodes[1]
    world.network.partition(leader.host, deaf.host, one_way=True)
    world.run(0.25)
    ballots = RequestVote(deaf, 99, 1_000, 1_000, False)
    world.nodes[2].deliver(ballots)
    leader.deliver(ballots)
    assert (world.nodes[2].term, leader.term) == (1, 1)
    assert world.cluster.leader is leader


def test_leader_is_told_of_a_higher_term_by_a_node_that_it_leads_no_more() -> None:
    """As by one that has begun a term in vain: nobody else would hear it, and it would take nothing."""
    world = World()
    world.elect(world.nodes[0])
    world.nodes[2].durable.cast(5, None)
    world.run(1.0)
    assert {node.term for node in world.nodes} == {6}
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert asked.outcome is None
    assert all(content["x"] == 1 for content in world.store.contents().values())


def test_leader_that_hears_no_majority_steps_down_after_the_longest_timeout() -> None:
    world = World(settings=RaftSettings(check_quorum=True))
    leader = world.elect(world.nodes[0])
    others = [node.host for node in world.nodes[1:]]
    world.network.partition(others, leader.host, one_way=True)  # it is heard, and hears nobody
    world.run(0.25)
    assert leader.leadership is not None
    world.run(0.2)
    assert leader.leadership is None
    assert leader.leader is None  # it sends no client back to itself


def test_leader_that_does_not_check_its_quorum_goes_on_for_ever() -> None:
    world = World(settings=RaftSettings(check_quorum=False))
    leader = world.elect(world.nodes[0])
    world.cut(leader)
    world.run(10.0)
    assert leader.leadership is not None
    assert world.cluster.leader is not leader


def test_vote_is_refused_to_a_log_that_is_behind() -> None:
    world = World(settings=ALONE)
    leader = world.elect(world.nodes[0])
    cut = world.cut(world.nodes[2])
    asked = world.ask(world.client(), write("x", 1))
    world.run_until(lambda: asked.ended_at is not None)
    leader.host.crash()
    world.network.heal(cut)
    second = world.elect()
    assert second is world.nodes[1]  # not the one that was cut off, which has the higher term by now


def test_longer_log_of_an_older_term_is_behind() -> None:
    world = World(settings=ALONE)
    world.elect(world.nodes[0])
    voter = world.nodes[1]
    last = (voter.durable.last_term, voter.durable.last_index)
    assert last == (1, 1)
    voter.deliver(RequestVote(world.nodes[2], 2, 5, 0, False))
    assert (voter.term, voter.durable.vote) == (2, None)
    assert voter.leader is None  # whoever led before
    voter.deliver(RequestVote(world.nodes[2], 2, 1, 1, False))
    assert voter.durable.vote == "raft-3"


def test_pre_vote_goes_by_the_same_rules_as_a_vote_and_binds_nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    world.elect(world.nodes[0])
    voter, first, second = world.nodes[1], world.nodes[2], world.nodes[0]
    first.host.crash()
    second.host.crash()
    world.run_until(lambda: voter.role is Role.PRE_CANDIDATE)
    since = voter.elections.timer._since
    world.run(0.01)
    sent: list[Vote] = []
    monkeypatch.setattr(RaftNode, "send", lambda node, peer, message, **_: sent.append(message))
    for candidate, term, index, last_term in (
        (first, 2, 0, 0),  # its log is behind
        (first, 1, 1, 1),  # the vote of this term is given
        (first, 2, 1, 1),
        (second, 2, 1, 1),
    ):
        voter.deliver(RequestVote(candidate, term, index, last_term, True))
    assert [vote.is_granted for vote in sent] == [False, False, True, True]
    assert [vote.term for vote in sent] == [1, 1, 2, 2]
    assert (voter.term, voter.durable.vote) == (1, "raft-1")
    assert voter.elections.timer._since == since


def test_node_votes_once_a_term_whatever_happens_to_it(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World(settings=ALONE)
    world.elect(world.nodes[0])
    voter, first, second = world.nodes[0], world.nodes[1], world.nodes[2]
    voter.deliver(RequestVote(first, 7, 9, 9, False))
    world.run(0.01)
    voter.host.crash()
    voter.host.restart()
    world.run(0.01)
    assert (voter.term, voter.durable.vote) == (7, "raft-2")
    sent: list[Vote] = []
    monkeypatch.setattr(RaftNode, "send", lambda node, peer, message, **_: sent.append(message))
    voter.deliver(RequestVote(second, 7, 9, 9, False))
    voter.deliver(RequestVote(first, 7, 9, 9, False))  # once more, for the first time was perhaps lost
    assert [vote.is_granted for vote in sent] == [False, True]
    assert voter.durable.vote == "raft-2"


def test_vote_that_is_not_on_disk_is_not_sent() -> None:
    world = World(settings=ALONE, sync_time=0.05)
    world.run(0.01)
    voter, candidate = world.nodes[0], world.nodes[1]
    voter.deliver(RequestVote(candidate, 5, 9, 9, False))
    world.run(0.02)
    assert voter.sent_count == 0
    voter.host.crash()
    voter.host.restart()
    world.run(0.01)
    assert (voter.term, voter.durable.vote) == (0, None)
    voter.deliver(RequestVote(candidate, 5, 9, 9, False))
    world.run(0.06)
    assert voter.sent_count == 1


def test_nobody_is_asked_for_a_vote_before_the_candidate_s_own_is_on_disk() -> None:
    """Otherwise it could crash, forget the term, and be given in it what it was asked for before."""
    world = World(settings=ALONE, sync_time=0.05)
    world.run(0.01)
    candidate = world.nodes[0]
    candidate.elections.time_out()
    world.run(0.045)
    assert candidate.sent_count == 0
    world.run(0.01)
    assert candidate.sent_count == 2


@pytest.mark.parametrize("what", ["asks again", "hears a leader"])
def test_candidate_that_is_none_any_more_in_that_term_when_its_vote_is_on_disk_asks_nobody(
    what: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World(settings=ALONE, sync_time=0.05)
    world.run(0.01)
    sent: list[RequestVote | AppendReply] = []
    monkeypatch.setattr(RaftNode, "send", lambda node, peer, message, **_: sent.append(message))
    candidate = world.nodes[0]
    candidate.elections.time_out()
    world.run(0.03)
    if what == "asks again":
        candidate.elections.time_out()
    else:
        candidate.deliver(AppendEntries(world.nodes[1], 1, 0, 0, (), 0, 0.0, True))
    world.run(0.08)
    asked = [message.term for message in sent if isinstance(message, RequestVote)]
    assert asked == ([2, 2] if what == "asks again" else [])


def test_votes_count_for_the_question_that_they_answer() -> None:
    """One that is late is of an older term, whoever holds a majority in it."""
    world = World(settings=RaftSettings(check_quorum=False))
    world.run(0.01)
    node, other, _ = world.nodes
    world.cut(node)
    node.elections.time_out()
    assert node.role is Role.PRE_CANDIDATE
    node.deliver(Vote(other, 0, True, True))
    node.deliver(Vote(other, 1, True, False))
    assert node.role is Role.PRE_CANDIDATE
    node.deliver(Vote(other, 1, True, True))
    assert (node.role, node.term) == (Role.CANDIDATE, 1)
    world.run(0.002)
    node.deliver(Vote(other, 0, True, False))
    node.deliver(Vote(other, 1, True, True))
    assert node.role is Role.CANDIDATE
    node.deliver(Vote(other, 1, True, False))
    assert node.role is Role.LEADER


def test_node_whose_timer_has_rung_names_no_leader_any_more() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    follower = world.nodes[1]
    assert follower.leader is leader
    world.cut(follower)
    world.run(0.4)
    assert follower.leader is None


def test_candidate_that_learns_of_a_higher_term_keeps_its_timer() -> None:
    """A refusal is no sign of a leader: it asks again as soon as it would have."""
    world = World(settings=RaftSettings(pre_vote=False, check_quorum=False))
    node, other = world.nodes[0], world.nodes[1]
    world.cut(node)
    node.elections.time_out()
    since = node.elections.timer._since
    world.run(0.1)
    node.deliver(RequestVote(other, 9, 0, -1, False))
    assert (node.role, node.term) == (Role.FOLLOWER, 9)
    assert node.elections.timer._since == since
    node.deliver(RequestVote(other, 9, 0, 0, False))
    assert node.elections.timer._since == pytest.approx(since + 0.1)  # but granting a vote sets it again


def test_timers_run_by_the_hosts_clock() -> None:
    world = World(settings=RaftSettings(election_timeout_max=0.15))
    world.hosts[1].skew_clock("test", 0.0, 0.5)  # counts half as fast again
    for node in world.nodes:
        node.elections.timer.start()
    world.run_until(lambda: world.nodes[1].role is not Role.FOLLOWER)
    assert world.env.now == pytest.approx(0.1)
    assert world.elect() is world.nodes[1]


def rings(count: int, *heard_after: float) -> list[float]:
    """Return, in their order, after how long a timer rings that hears a leader at these times."""
    world = World(1)
    timer = world.nodes[0].elections.timer
    rung_at: list[float] = []
    timer._expire = lambda: rung_at.append(world.env.now)
    for number in range(count):
        world.env.call_later(10.0 * number - world.env.now, timer.start)
        for delay in heard_after:
            world.env.call_later(10.0 * number + delay - world.env.now, timer.hear, 10.0 * number + delay)
    world.run(10.0 * count)
    return sorted(at % 10.0 for at in rung_at)


def test_timeouts_are_uniform_between_the_shortest_and_the_longest() -> None:
    times = rings(200)
    assert 0.15 <= times[0] < 0.155
    assert 0.295 < times[-1] <= 0.3
    assert all(abs(time - (0.15 + 0.15 * place / 200)) < 0.015 for place, time in enumerate(times))


def test_timer_that_is_heard_from_rings_a_whole_timeout_after_the_last_time() -> None:
    times = rings(100, 0.04, 0.1, 0.22)
    # One that has rung between 0.25 s (after 0.1) and 0.22 s cannot be; after 0.22 s: 0.37 to 0.52 s.
    assert 0.37 <= times[0] < 0.38
    assert 0.51 < times[-1] <= 0.52


def test_timer_that_is_heard_from_after_the_shortest_timeout_begins_anew() -> None:
    times = rings(100, 0.2)
    before = [time for time in times if time <= 0.2]
    after = times[len(before) :]
    assert 20 < len(before) < 50  # a third has rung by then
    assert 0.35 <= after[0] < 0.36
    assert 0.49 < after[-1] <= 0.5


def test_leaderless_cluster_refuses_and_says_that_nothing_was_done() -> None:
    world = World(3, patience=1.0)
    for host in world.hosts[:2]:
        host.crash()
    world.run(0.5)
    only = world.nodes[2]
    client = world.store.client(world.web)
    client._connections = client._connections[2:]  # knows of no other: those do not even refuse
    client._places = {only.name: 0}
    asked = [world.ask(client, write("x", 1)), world.ask(client, read("x"))]
    world.run(2.0)
    assert all(isinstance(each.outcome, Unavailable) for each in asked)
    assert all(each.duration == pytest.approx(1.0) for each in asked)
