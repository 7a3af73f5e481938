"""The leader crashes at each step of a write: whatever was acknowledged is there, and nothing twice."""

from __future__ import annotations

import pytest

from models.replication import append, read

from ..brute_force import is_linearizable
from ..world import World


@pytest.mark.parametrize("how", ["host", "process"])
@pytest.mark.parametrize("step", range(20))
def test_write_survives_a_crash_of_the_leader_at_any_step_and_is_applied_once(step: int, how: str) -> None:
    """A write takes 4.5 ms here: there, to the followers, their disks, back, and back."""
    world = World()
    leader = world.elect(world.nodes[0])
    client = world.client()
    before = world.ask(client, append("list", "before"))
    world.run(0.1)
    assert before.outcome is None
    asked = world.ask(client, append("list", "asked"))
    world.run(0.0001 + 0.00025 * step)
    if how == "host":
        leader.host.crash()
    else:
        leader.crash()
    world.run(1.5)
    if how == "host":
        leader.host.restart()
    else:
        leader.restart()
    world.run(1.5)
    assert asked.outcome is None  # there was another leader, and it was asked again
    after = world.ask(client, read("list"))
    world.run(1.0)
    assert after.outcome == ("before", "asked")
    assert {content["list"] for content in world.store.contents().values()} == {("before", "asked")}
    assert is_linearizable(world.recorder.history())


@pytest.mark.parametrize("step", range(12))
def test_all_crash_at_any_step_and_what_was_acknowledged_is_there(step: int) -> None:
    world = World()
    world.elect(world.nodes[0])
    direct = world.network.connect(world.web, world.nodes[0])  # without a session, asked once
    asked = world.ask(world.recorder.around(direct), append("list", "asked"))
    world.run(0.0001 + 0.0004 * step)
    for host in world.hosts:
        host.crash()
    is_acknowledged = asked.ended_at is not None
    world.run(0.1)
    for host in world.hosts:
        host.restart()
    after = world.ask(world.client(), read("list"))
    world.run(2.0)
    assert after.outcome in ([("asked",)] if is_acknowledged else [None, ("asked",)])
    assert is_linearizable(world.recorder.history())
