"""Datagrams that arrive twice: what has been answered is not asked again, and again."""

from __future__ import annotations

from models.consensus import RaftSettings
from models.replication import write

from ..world import World

WRITES_COUNT = 20


def test_an_answer_that_comes_twice_calls_for_one_message() -> None:
    """Where each of two answers had another message sent, which has two answers again, they would double."""
    world = World(settings=RaftSettings(batch_max=1), transport="datagram", sync_time=0.02)
    leader = world.elect(world.nodes[0])
    world.network.override(world.hosts, world.hosts, duplicate_probability=1.0)
    client = world.client()
    asked = [world.ask(client, write("x", number)) for number in range(WRITES_COUNT)]
    before = sum(node.sent_count for node in world.nodes)
    # For each entry a message to each follower and two answers; and 20 heartbeats with theirs.
    most = 2 * (2 * 3 * WRITES_COUNT + 20 * 2 * 3)
    for _ in range(100):
        world.run(0.01)
        assert sum(node.sent_count for node in world.nodes) - before <= most
    assert all(each.ended_at is not None for each in asked)
    assert leader.commit_index == WRITES_COUNT + 1
