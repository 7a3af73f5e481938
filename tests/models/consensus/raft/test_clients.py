"""Clients: how they find the leader, ask again, and what they know when they give up."""

from __future__ import annotations

import pytest

from models import Host, ServerError, TimedOut, Unavailable
from models.consensus import KeyValueMachine, NotLeader, RaftFlaws, RaftNode, RaftSettings
from models.consensus.raft.entries import Command, Entry
from models.consensus.raft.replica import Replica
from models.network import AddedDelay, Rule
from models.network.rules import CUT, PASS, Verdict
from models.replication import add, append, compare_and_set, read, write
from models.request import Request
from models.resilience import Timeout

from ..brute_force import is_linearizable
from ..world import ONE_WAY, SYNC_TIME, World


class FirstAnswerLost(Rule):
    """The first `count` messages from one host to another are lost."""

    def __init__(self, source: Host, target: Host, count: int = 1) -> None:
        self.between = (source, target)
        self.left = count

    def judge(self, source: Host, target: Host) -> Verdict:
        if (source, target) == self.between and self.left:
            self.left -= 1
            return CUT
        return PASS


def test_client_follows_the_hint_to_the_leader_and_stays_there() -> None:
    world = World(5)
    world.elect(world.nodes[3])
    client = world.store.client(world.web)
    asked = world.ask(client, write("x", 1))
    world.run(0.1)
    assert client.statistics().attempt_count == 2
    assert asked.duration == pytest.approx(2 * ONE_WAY + 4 * ONE_WAY + SYNC_TIME)
    world.ask(client, write("x", 2))
    world.run(0.1)
    assert client.statistics().attempt_count == 3


def test_client_follows_a_hint_in_each_round_and_not_in_the_first_alone() -> None:
    world = World(5)
    asked = world.ask(world.client(), write("x", 1))
    world.run(0.1)  # rounds in which nobody knows a leader
    world.elect(world.nodes[4])
    begin = world.env.now
    world.run(1.0)
    assert asked.ended_at is not None
    assert asked.ended_at - begin < 0.05 + 2 * 2 * ONE_WAY + 4 * ONE_WAY + SYNC_TIME


def test_node_that_does_not_lead_says_who_does() -> None:
    world = World()
    leader = world.elect(world.nodes[2])
    asked = world.ask(world.network.connect(world.web, world.nodes[0]), write("x", 1))
    world.run(0.1)
    assert isinstance(asked.outcome, NotLeader)
    assert asked.outcome.leader == leader.name
    assert str(asked.outcome) == "rejected by raft-1: not the leader, which is raft-3"


def test_caller_with_less_patience_than_an_attempt_meets_another_node_next_time() -> None:
    world = World(patience=30.0, attempt_timeout=10.0)
    world.elect(world.nodes[0])
    client = Timeout(world.env, world.store.client(world.web), 0.5)
    world.cut(world.nodes[0])
    first = world.ask(client, write("x", 1))
    world.run(2.0)
    second = world.ask(client, write("x", 2))
    world.run(1.0)
    assert isinstance(first.outcome, TimedOut)
    assert second.outcome is None
    assert second.ended_at is not None


def test_client_whose_patience_is_less_than_an_attempt_begins_with_another_node_next_time() -> None:
    world = World(patience=0.15)
    world.elect(world.nodes[1])
    world.cut(world.nodes[0])
    client = world.client()
    asked = [world.ask(client, write("x", number), 0.2 * number) for number in range(2)]
    world.run(1.0)
    assert isinstance(asked[0].outcome, TimedOut)
    assert asked[1].outcome is None
    assert asked[1].ended_at is not None


def test_call_that_is_given_up_at_a_silent_node_does_not_lead_the_client_away_from_the_leader() -> None:
    world = World(attempt_timeout=0.2)
    world.elect(world.nodes[2])
    world.cut(world.nodes[0])
    client = world.store.client(world.web)
    world.ask(client, write("x", 1))  # leaves the silent node after 0.2 s, and finds the leader
    given_up = world.ask(Timeout(world.env, client, 0.1), write("x", 2), 0.15)
    world.run(0.3)
    assert isinstance(given_up.outcome, TimedOut)
    before = client.statistics().attempt_count
    asked = world.ask(client, write("x", 3))
    world.run(0.1)
    assert asked.ended_at is not None
    assert client.statistics().attempt_count == before + 1


@pytest.mark.parametrize("flaws", [RaftFlaws(), RaftFlaws(ignores_sessions=True)])
def test_command_whose_answer_is_lost_is_applied_once_and_gets_its_first_answer(flaws: RaftFlaws) -> None:
    world = World(flaws=flaws)
    leader = world.elect(world.nodes[0])
    world.network.install(FirstAnswerLost(leader.host, world.web))
    client = world.client()
    asked = world.ask(client, compare_and_set("x", None, 1))
    world.run(2.0)
    world.network.install(FirstAnswerLost(leader.host, world.web))
    counted = world.ask(client, add("n", 5))
    world.run(2.0)
    result = world.ask(client, read("n"))
    world.run(1.0)
    assert counted.outcome is None
    if not flaws.ignores_sessions:
        assert asked.outcome is True
        assert result.outcome == 5
        assert is_linearizable(world.recorder.history())
    else:  # the planted bug, and how it is caught
        assert asked.outcome is False
        assert result.outcome == 10
        assert not is_linearizable(world.recorder.history())


def test_command_that_is_asked_of_a_second_leader_too_is_applied_once() -> None:
    world = World(5)
    first = world.elect(world.nodes[0])
    world.network.install(FirstAnswerLost(first.host, world.web, 10))
    client = world.client()
    asked = world.ask(client, append("list", "a"))
    world.run(0.1)
    assert world.store.contents()["raft-2"]["list"] == ("a",)
    first.host.crash()
    world.run(3.0)
    assert asked.outcome is None
    result = world.ask(client, read("list"))
    world.run(1.0)
    assert result.outcome == ("a",)
    commands = [entry.command for entry in world.nodes[1].durable.entries.records(1) if entry.command]
    assert len(commands) == 2  # twice in the log
    assert commands[0] is commands[1]


def test_command_that_was_given_up_is_not_applied_after_a_later_one_of_its_client() -> None:
    """Not even while an earlier one has not ended yet, so that the floor stands."""
    world = World()
    leader = world.elect(world.nodes[0])
    client = world.store.client(world.web)
    world.network.install(FirstAnswerLost(leader.host, world.web))
    earlier = world.ask(client, write("x", 1))
    world.run(0.01)
    slow = AddedDelay(world.env, world.web, leader.host, 0.2, name="slow", one_way=True)
    world.network.install(slow)
    given_up = world.ask(Timeout(world.env, client, 0.05), write("lock", "mine"))
    world.run(0.04)
    world.network.heal(slow)
    world.run(0.02)
    assert isinstance(given_up.outcome, TimedOut)
    later = world.ask(client, write("lock", "nobody's"))
    world.run(0.3)
    assert later.ended_at is not None
    assert earlier.ended_at is None
    assert leader.durable.last_index == 4, "the late one is in the log"
    assert leader.replica.machine.query(read("lock")) == "nobody's"
    world.run(1.0)
    assert earlier.outcome is None
    assert leader.replica.machine.query(read("x")) == 1
    last = world.ask(client, write("x", 2))
    world.run(0.1)
    assert last.outcome is None
    assert client._given_up == []


def test_sessions_survive_in_snapshots() -> None:
    world = World(settings=RaftSettings(snapshot_after=2, entries_kept=0))
    leader = world.elect(world.nodes[0])
    world.network.install(FirstAnswerLost(leader.host, world.web))
    client, other = world.client(), world.client(world.new_host("other"))
    asked = world.ask(client, append("list", "a"))
    for number in range(10):
        world.ask(other, write("x", number), 0.01 + 0.01 * number)
    world.run(0.3)
    for host in world.hosts:
        host.crash()
        host.restart()
    world.run(3.0)
    assert all(node.durable.snapshot_index > 2 for node in world.nodes)
    assert asked.outcome is None
    assert {content["list"] for content in world.store.contents().values()} == {("a",)}


def test_copy_that_is_late_is_ignored_after_its_client_has_gone_on() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    client = world.store.client(world.web)
    for number in range(3):
        world.ask(client, append("list", number), 0.1 * number)
    world.run(1.0)
    copy = leader.durable.entries[2].command
    assert copy is not None
    assert copy.sequence == 1
    world.ask(world.network.connect(world.web, leader), Request("raft-command", "list", copy))
    world.run(1.0)
    assert leader.durable.last_index == 5
    assert {content["list"] for content in world.store.contents().values()} == {(0, 1, 2)}


def test_command_that_is_lost_on_its_way_is_applied_after_a_later_one_of_its_client() -> None:
    """The later one must not say that the earlier has ended."""
    world = World()
    leader = world.elect(world.nodes[0])
    world.network.install(FirstAnswerLost(world.web, leader.host))
    client = world.store.client(world.web)
    asked = [world.ask(client, add("n", 1)), world.ask(client, add("n", 10), 0.01)]
    world.run(0.1)
    assert [each.ended_at is not None for each in asked] == [False, True]
    world.run(1.0)
    assert asked[0].outcome is None
    assert asked[0].ended_at is not None
    assert leader.replica.machine.query(read("n")) == 11


def test_command_that_was_sent_before_others_does_not_bring_back_what_they_have_ended() -> None:
    """The second comes after the third, and says what had ended when it was sent: nothing."""
    replica = Replica(KeyValueMachine())
    first, second, third = (
        Command(1, sequence, floor, add("n", 10**sequence)) for sequence, floor in ((1, 1), (2, 1), (3, 2))
    )
    for command in (first, third, second, first, second, third):
        replica.apply(Entry(1, command, 0))
    assert replica.machine.query(read("n")) == 1_110


def test_answers_are_remembered_only_while_their_client_may_ask_again() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    client = world.store.client(world.web)
    for number in range(30):
        world.ask(client, append("list", number), 0.02 * number)
    world.run(2.0)
    (session,) = leader.replica._sessions.values()
    assert (session.floor, len(session.answers)) == (30, 1)


def test_processes_that_are_down_refuse_and_the_call_is_unavailable() -> None:
    world = World(patience=1.0)
    world.elect(world.nodes[0])
    for node in world.nodes:
        node.crash()
    asked = world.ask(world.client(), write("x", 1))
    world.run(2.0)
    assert isinstance(asked.outcome, Unavailable)
    assert asked.duration == pytest.approx(1.0)


@pytest.mark.slow
def test_call_that_was_only_refused_is_unavailable_however_its_patience_ends() -> None:
    """At whatever place of a round through the nodes: a round takes 56 ms, of which 6 ms are attempts."""
    for step in range(57):
        world = World(patience=0.1003 + 0.001 * step)
        for node in world.nodes:
            node.crash()
        client = world.store.client(world.web)
        asked = world.ask(client, write("x", 1))
        world.run(0.2)
        assert isinstance(asked.outcome, Unavailable), step
        assert asked.duration == pytest.approx(0.1003 + 0.001 * step)
        assert client.statistics().unavailable_count == 1


@pytest.mark.parametrize("step", range(6))
def test_call_ends_where_its_clock_counts_finer_than_the_simulated_time(step: int) -> None:
    """What is left by the clock, after rounding, may be less than the simulated time can go on by."""
    world = World(patience=0.3 + 0.001 * step, attempt_timeout=0.05)
    world.web.skew_clock("slow", 0.0, -0.9)
    world.run(20.0 + 0.37 * step)
    world.web.set_clock("slow")
    world.cut(*world.nodes)
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert isinstance(asked.outcome, TimedOut)
    assert asked.duration == pytest.approx(0.3 + 0.001 * step)


def test_refusal_that_takes_longer_than_all_before_it_may_be_cut_short_and_then_nobody_knows() -> None:
    world = World(patience=1.0)
    for node in world.nodes:
        node.crash()
    slow = AddedDelay(world.env, [world.web], world.hosts, 0.2, name="slow")
    world.env.call_later(0.9, world.network.install, slow)
    asked = world.ask(world.client(), write("x", 1))
    world.run(2.0)
    assert isinstance(asked.outcome, TimedOut)
    assert asked.duration == pytest.approx(1.0)


def test_command_that_may_have_reached_a_log_ends_in_timed_out_and_a_query_in_unavailable() -> None:
    world = World(patience=1.0)
    world.elect(world.nodes[0])
    for host in world.hosts:
        host.crash()
    client = world.client()
    asked = [world.ask(client, write("x", 1)), world.ask(client, read("x"))]
    world.run(2.0)
    assert isinstance(asked[0].outcome, TimedOut)
    assert isinstance(asked[1].outcome, Unavailable)
    assert [each.duration for each in asked] == pytest.approx([1.0, 1.0])


def test_leader_that_loses_its_leadership_does_not_know_what_becomes_of_a_write() -> None:
    world = World(patience=1.0)
    leader = world.elect(world.nodes[0])
    world.cut(leader, clients=(world.web,))
    direct = world.network.connect(world.web, leader)
    asked = [world.ask(direct, write("x", 1)), world.ask(direct, read("x"))]
    world.run(1.0)
    assert isinstance(asked[0].outcome, TimedOut)
    assert isinstance(asked[1].outcome, NotLeader)


def test_operation_that_the_store_does_not_know_is_a_server_error() -> None:
    world = World()
    world.elect(world.nodes[0])
    asked = world.ask(world.client(), Request("increment", "x"))
    world.run(1.0)
    assert isinstance(asked.outcome, ServerError)
    assert world.store.statistics().committed_count == 1


def test_calls_that_a_crash_has_cut_short_leave_nothing_behind() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    world.cut(leader, clients=(world.web,))
    client = world.store.client(world.web)
    asked = [world.ask(client, write("x", 1)), world.ask(client, read("x"))]
    world.run(0.1)
    assert waiting_counts(leader) == (1, 1)
    leader.host.crash()
    world.heal()
    leader.host.restart()
    world.run(3.0)
    assert asked[0].outcome is None
    assert asked[1].outcome in (None, 1)
    assert all(each.ended_at is not None for each in asked)
    assert client._open == {}
    assert all(waiting_counts(node) == (0, 0) for node in world.nodes)


def test_calls_that_are_given_up_leave_nothing_behind() -> None:
    world = World(settings=RaftSettings(check_quorum=False))
    leader = world.elect(world.nodes[0])
    world.cut(leader, clients=(world.web,))
    way = world.network.connect(world.web, leader, propagate_cancellation=True)
    for request in (write("x", 1), read("x")):
        world.ask(Timeout(world.env, way, 0.1), request)
    world.run(0.05)
    assert waiting_counts(leader) == (1, 1)
    world.run(0.1)
    assert waiting_counts(leader) == (0, 0)


def waiting_counts(node: RaftNode) -> tuple[int, int]:
    """Return how many writes and reads wait at a node."""
    leadership = node.leadership
    return (0, 0) if leadership is None else (len(leadership._writes), len(leadership._reads))
