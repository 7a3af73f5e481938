"""Replication and commitment: what a write takes, what a majority is for, how logs come together again."""

from __future__ import annotations

import pytest

from models import TimedOut
from models.consensus import RaftNode, RaftSettings
from models.consensus.raft.entries import Command, Entry, Snapshot
from models.consensus.raft.messages import AppendEntries, AppendReply, InstallSnapshot
from models.replication import append, read, write

from ..world import ONE_WAY, World

SYNC = 0.0005


def terms(node: RaftNode) -> list[int]:
    """Return the terms of the entries in a node's log."""
    return [entry.term for entry in node.durable.entries.records(1)]


def put(node: RaftNode, *entry_terms: int) -> None:
    """Put entries of these terms into a node's log, and let its own term be the last."""
    for term in entry_terms:
        previous_term = node.durable.last_term
        key = (node.durable.last_index + 1, term)
        known = node.invariants._pending.get(key)
        entry = known[0] if known else Entry(term, Command(None, 0, 0, write("old", key)), 0)
        index = node.durable.append(entry)
        node.invariants.appended(node, index, entry, previous_term)
    node.durable.cast(max(node.term, *entry_terms), None)


def test_write_takes_a_round_trip_to_the_leader_one_to_a_majority_and_a_sync() -> None:
    world = World()
    world.elect(world.nodes[0])
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert asked.duration == pytest.approx(4 * ONE_WAY + SYNC)


def test_write_waits_for_the_faster_half_of_the_followers() -> None:
    world = World(5)
    leader = world.elect(world.nodes[0])
    for node, one_way in zip(world.nodes[1:], (0.01, 0.02, 0.03, 0.04), strict=True):
        world.network.override(leader.host, node.host, latency=one_way)
    world.run(0.2)
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert asked.duration == pytest.approx(2 * ONE_WAY + 2 * 0.02 + SYNC)


def test_leader_s_own_disk_does_not_hold_up_what_others_have() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    leader.durable._disk._sync_time = lambda: 5.0  # type: ignore[method-assign] # a disk that hangs
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert asked.duration == pytest.approx(4 * ONE_WAY + SYNC)


def test_leader_counts_its_own_copy_when_it_is_on_its_disk() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    world.hosts[2].crash()
    leader.durable._disk._sync_time = lambda: 0.05  # type: ignore[method-assign]
    asked = world.ask(world.client(), write("x", 1))
    world.run(1.0)
    assert asked.duration == pytest.approx(2 * ONE_WAY + 0.05)


def test_entries_that_come_meanwhile_go_in_one_batch() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    world.run(0.051)
    before = leader.sent_count
    asked = [world.ask(world.client(), write(number, number), 0.00001 * number) for number in range(50)]
    world.run(0.02)
    assert all(each.ended_at is not None for each in asked)
    assert leader.sent_count - before <= 2 * 3 + 2  # two or three batches to each, and perhaps a heartbeat
    assert len({world.store.contents()[node.name][49] for node in [leader]}) == 1


@pytest.mark.parametrize(("one_way", "sync_time"), [(0.06, SYNC), (ONE_WAY, 0.12)])
def test_entries_are_not_sent_again_before_an_answer_to_them_is_due(
    one_way: float, sync_time: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes 120 ms, and heartbeats, every 50 ms, may take less: one message to each follower."""
    settings = RaftSettings(election_timeout_min=1.0, election_timeout_max=2.0)
    world = World(one_way=one_way, sync_time=sync_time, settings=settings)
    world.elect(world.nodes[0])
    client = world.client()
    world.ask(client, write("x", 0))
    world.run(3.0)
    sent: list[AppendEntries] = []
    send = RaftNode.send

    def note(node: RaftNode, peer: RaftNode, message: object, *, size_bytes: int = 0) -> None:
        if isinstance(message, AppendEntries) and message.entries:
            sent.append(message)
        send(node, peer, message, size_bytes=size_bytes)

    monkeypatch.setattr(RaftNode, "send", note)
    asked = world.ask(client, write("x", 1))
    world.run(3.0)
    assert asked.duration == pytest.approx(4 * one_way + sync_time)
    assert len(sent) == 2


def test_answer_to_entries_that_were_sent_again_meanwhile_is_as_good() -> None:
    """A new leader knows no round trip yet: here of 120 ms, and it sends again after 50 and 100 ms."""
    world = World(one_way=0.06, settings=RaftSettings(election_timeout_min=1.0, election_timeout_max=2.0))
    leader = world.nodes[0]
    leader.elections.time_out()
    world.run_until(lambda: leader.leadership is not None)
    begin = world.env.now
    asked = world.ask(world.network.connect(world.web, leader), write("x", 1), 0.05)
    world.run(1.0)
    assert asked.ended_at == pytest.approx(begin + 2 * (2 * 0.06 + SYNC) + 0.06)


def test_entries_whose_answer_is_overdue_are_sent_again_with_a_heartbeat() -> None:
    world = World()
    world.elect(world.nodes[0])
    world.run(1.0)
    cuts = [world.network.partition(world.hosts[0], other) for other in world.hosts[1:]]
    asked = world.ask(world.client(), write("x", 1))
    world.run(0.12)
    for cut in cuts:
        world.network.heal(cut)
    world.run(0.1)
    assert asked.outcome is None
    assert asked.ended_at is not None


def test_follower_that_is_silent_is_sent_one_message_a_heartbeat() -> None:
    """Entries again, or a heartbeat: what it is sent again is heard as one."""
    world = World(settings=RaftSettings(check_quorum=False))
    leader = world.elect(world.nodes[0])
    world.ask(world.network.connect(world.web, leader), write("x", 1))
    for node in world.nodes[1:]:
        node.crash()
    world.run(0.051)
    before = leader.sent_count
    world.run(20 * 0.05)
    assert leader.sent_count - before == 20 * 2


def test_batches_are_bounded() -> None:
    world = World(settings=RaftSettings(batch_max=2))
    leader = world.elect(world.nodes[0])
    before = leader.sent_count
    asked = [world.ask(world.client(), write(number, number), 0.00001 * number) for number in range(20)]
    world.run(0.04)
    assert all(each.ended_at is not None for each in asked)
    assert leader.sent_count - before >= 2 * 10


def test_each_term_begins_with_an_entry_that_says_nothing() -> None:
    world = World()
    leader = world.elect()
    assert [entry.command for entry in leader.durable.entries.records(1)] == [None]
    leader.host.crash()
    second = world.elect()
    assert terms(second) == [1, 2]


def test_lost_message_is_sent_again() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    cut = world.cut(leader)
    asked = world.ask(world.client(leader.host), write("x", 1))
    world.run(0.06)
    world.network.heal(cut)
    world.run(0.06)
    assert asked.ended_at is not None
    assert asked.outcome is None
    assert world.store.statistics().election_count == 1


def test_message_that_is_late_cuts_nothing_off() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    follower = world.nodes[1]
    client = world.client()
    for number in range(5):
        world.ask(client, write("x", number), 0.01 * number)
    world.run(0.2)
    first = leader.durable.entries.records(1, 2)
    follower.deliver(AppendEntries(leader, leader.term, 0, 0, first, 2, 0.0, False))
    assert follower.durable.last_index == leader.durable.last_index == 6


def test_message_of_an_older_term_is_answered_with_the_node_s_own_and_does_nothing(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World()
    old = world.elect(world.nodes[0])
    follower = world.nodes[1]
    follower.durable.cast(5, None)
    elections = follower.elections
    before = (elections.heard_at, elections.timer._since, follower.leader, follower.commit_index)
    sent: list[AppendReply] = []
    monkeypatch.setattr(RaftNode, "send", lambda node, peer, message, **_: sent.append(message))
    world.run(0.02)
    follower.deliver(AppendEntries(old, 4, 1, 1, [Entry(4, None, 0)], 2, 0.0, False))
    follower.deliver(InstallSnapshot(old, 4, Snapshot(9, 4, ({}, {}), {}, 0), 0.0))
    world.run(0.02)
    assert [reply.term for reply in sent] == [5, 5]
    assert (terms(follower), follower.durable.snapshot) == ([1], None)
    assert (elections.heard_at, elections.timer._since, follower.leader, follower.commit_index) == before


def test_follower_s_log_that_differs_is_overruled_term_by_term() -> None:
    """The logs of figure 7 of the paper: (a) to (f), under a leader of term 8."""
    figure = {
        2: (1, 1, 1, 4, 4, 5, 5, 6, 6),
        3: (1, 1, 1, 4),
        4: (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 6),
        5: (1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 7, 7),
        6: (1, 1, 1, 4, 4, 4, 4),
        7: (1, 1, 1, 2, 2, 2, 3, 3, 3, 3, 3),
    }
    world = World(7)
    put(world.nodes[0], 1, 1, 1, 4, 4, 5, 5, 6, 6, 6)
    for number, log in figure.items():
        put(world.nodes[number - 1], *log)
    world.nodes[0].durable.cast(7, None)
    world.elect(world.nodes[0])
    assert all(terms(node) == [1, 1, 1, 4, 4, 5, 5, 6, 6, 6, 8] for node in world.nodes)


def test_leader_goes_back_by_terms_and_not_by_entries() -> None:
    world = World(3, settings=RaftSettings(batch_max=1_000))
    put(world.nodes[0], *[1] * 3, *[5] * 300)
    put(world.nodes[1], *[1] * 3, *[2] * 100, *[3] * 100, *[4] * 100)
    put(world.nodes[2], *[1] * 3, *[5] * 300)
    world.nodes[1].durable.cast(5, None)
    world.elect(world.nodes[0])
    follower = world.nodes[1]
    assert terms(follower) == [1] * 3 + [5] * 300 + [6]
    # One refusal for each of its terms that the leader does not have.
    assert follower.received_count < 15


def test_leader_that_has_the_term_in_which_logs_part_goes_back_to_its_own_last_entry_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    world = World(3, settings=RaftSettings(batch_max=1_000))
    put(world.nodes[0], *[1] * 3, *[4] * 100, 6)
    put(world.nodes[1], *[1] * 3, *[4] * 200)
    put(world.nodes[2], *[1] * 3, *[4] * 100, 6)
    world.nodes[1].durable.cast(6, None)
    sent: list[AppendEntries] = []
    send = RaftNode.send

    def note(node: RaftNode, peer: RaftNode, message: object, *, size_bytes: int = 0) -> None:
        if isinstance(message, AppendEntries) and peer is world.nodes[1] and message.entries:
            sent.append(message)
        send(node, peer, message, size_bytes=size_bytes)

    monkeypatch.setattr(RaftNode, "send", note)
    world.elect(world.nodes[0])
    assert terms(world.nodes[1]) == [1] * 3 + [4] * 100 + [6, 7]
    assert [message.previous_index for message in sent] == [104, 103]


def test_answers_that_are_late_take_back_nothing_that_is_known() -> None:
    world = World()
    leader = world.elect(world.nodes[0])
    follower = world.nodes[1]
    asked = [world.ask(world.client(), write("x", number), 0.01 * number) for number in range(5)]
    world.run(0.2)
    assert all(each.ended_at is not None for each in asked)
    assert leader.leadership is not None
    progress = leader.leadership._followers[follower]
    assert (progress.match_index, progress.next_index) == (6, 7)
    quorum_time = leader.leadership.quorum_time()
    for node in world.nodes[1:]:
        leader.deliver(AppendReply(node, leader.term, 2, 0, 0, 0.0, False))
        leader.deliver(AppendReply(node, leader.term, 0, 1, 0, 0.0, False))
    assert (progress.match_index, progress.next_index) == (6, 7)
    assert leader.leadership.quorum_time() == quorum_time


def test_answers_to_an_older_leadership_of_the_same_node_do_not_count() -> None:
    """What a follower had then another leader may have overruled meanwhile."""
    world = World()
    leader = world.elect(world.nodes[0])
    world.cut(leader)
    world.ask(world.network.connect(leader.host, leader), write("x", 1))
    world.run(0.01)
    last = leader.durable.last_index
    for node in world.nodes[1:]:
        leader.deliver(AppendReply(node, leader.term - 1, last, 0, 0, world.env.now, False))
    assert leader.commit_index == last - 1


def test_figure_8_entry_of_an_older_term_is_not_committed_by_counting() -> None:
    """Figure 8 of the paper: a majority has the entry of term 2, and S5 overrules it with one of term 3."""
    world = figure_8(RaftSettings(batch_max=1, check_quorum=False))
    first, last = world.nodes[0], world.nodes[4]
    assert [terms(node)[:2] for node in world.nodes[:3]] == [[1, 2]] * 3
    assert first.commit_index == 1  # (c): and it knows that a majority has it
    assert sum(node.durable.term_at(2) == 2 for node in world.nodes) == 3
    first.host.crash()
    world.heal()
    world.elect(last)  # (d)
    assert all(terms(node)[:2] == [1, 3] for node in world.nodes[1:])


def figure_8(settings: RaftSettings, **flaws: object) -> World:
    """Return a world at (c) of the figure: S1 leads in term 4, and S1, S2, S3 have the entry of term 2.

    With a batch of one, S1's entry of term 2 goes to S3 first, and its own of term 4 is cut off.
    """
    world = World(5, settings=settings, **flaws)  # type: ignore[arg-type]
    for node in world.nodes:
        put(node, 1)
    put(world.nodes[0], 2)
    put(world.nodes[1], 2)
    put(world.nodes[4], 3)
    for node in world.nodes:
        node.durable.cast(3, None)
        node.commit_to(1)
    leader = world.nodes[0]
    world.cut(world.nodes[3], world.nodes[4])
    leader.elections.time_out()
    third = world.nodes[2]
    world.run_until(lambda: third.durable.last_index == 2 and third.durable.last_term == 2)
    # What S1 sends from now on is lost; what S3 says of the entry of term 2 is not.
    world.network.partition(leader.host, [node.host for node in world.nodes[1:]], one_way=True)
    world.run(0.01)
    assert leader.term == 4
    assert leader.durable.last_term == 4
    return world


def test_old_leader_s_writes_that_nobody_has_are_overruled_and_their_fate_unknown() -> None:
    world = World(5)
    old = world.elect(world.nodes[0])
    outside = world.client(world.new_host("outside"))
    world.cut(old, clients=(world.web,))
    inside = world.ask(world.client(), append("list", "inside"))
    world.run(1.0)
    assert world.cluster.leader not in (None, old)
    other = world.ask(outside, append("list", "outside"))
    world.run(5.0)
    assert isinstance(inside.outcome, TimedOut)
    assert other.outcome is None
    world.heal()
    asked = world.ask(outside, read("list"))
    world.run(5.0)
    assert asked.outcome == ("outside",)
    assert {tuple(content["list"]) for content in world.store.contents().values()} == {("outside",)}


def test_entry_that_was_overruled_on_its_way_to_the_disk_is_not_acknowledged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The position is durable in the end, and holds the entry of another leader."""
    world = World(3, sync_time=0.05)
    world.run(0.01)
    first, second, follower = world.nodes
    sent = []
    monkeypatch.setattr(RaftNode, "send", lambda node, peer, message, **_: sent.append((peer, message)))
    for term, leader in ((1, first), (2, second)):
        entries = [Entry(term, None, 0)]
        follower.deliver(AppendEntries(leader, term, 0, 0, entries, 0, 0.0, False))
    world.run(0.3)
    assert [(peer, message.match_index) for peer, message in sent if isinstance(message, AppendReply)] == [
        (second, 1)
    ]


def test_entry_that_is_not_on_disk_is_not_acknowledged() -> None:
    world = World(3)
    leader = world.elect(world.nodes[0])
    for node in world.nodes[1:]:
        node.durable._disk._sync_time = lambda: 0.5  # type: ignore[method-assign]
    asked = world.ask(world.client(), write("x", 1))
    world.run(0.1)
    assert all(node.durable.last_index == 2 for node in world.nodes)
    assert asked.ended_at is None
    assert leader.commit_index == 1
    for node in world.nodes[1:]:
        node.host.crash()
        node.host.restart()
    world.run(0.0001)
    assert [node.durable.entries.lost_count for node in world.nodes[1:]] == [1, 1]
