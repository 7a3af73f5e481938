"""Shards, servers, a directory and a mover under fire: what is built, what goals do, what is promised."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.plan import FaultPlan, Value
from experiments.swarm.stores import (
    LiveStore,
    StorePlan,
    build_store,
    draw_store,
    promises_of,
    run_store_trial,
)
from experiments.swarm.stores.moving_store import GOALS, SHARDS_MAX, MovingStore
from experiments.swarm.stores.plan import OperationPlan, StoreClientPlan

from .plans import EVERY, fault, plan

KINDS = ("single", "raft", "primary_replica", "mixed", "quorums")


def order(at: float, goal: str, **parameters: Value) -> FaultPlan:
    return fault("new_goal", at, at, goal=goal, **parameters)


def sharded(*faults: FaultPlan, nodes: int = 4, parameters: Any = (), **others: Any) -> StorePlan:
    """Return a plan whose clients write and read keys of several ranges."""
    clients = tuple(
        StoreClientPlan(
            name=f"client-{number}",
            patience=0.5,
            operations=tuple(
                OperationPlan(
                    at=round(0.1 + EVERY * index, 4),
                    does=("write", "read")[index // 3 % 2],  # type: ignore[arg-type] # one of those
                    key=("a", "mortal-1", "number")[index % 3],
                )
                for index in range(number, 40)
            ),
        )
        for number in (1, 2)
    )
    made = plan("sharded", *faults, nodes=nodes, parameters=dict(parameters), **others)
    return made.model_copy(update={"clients": clients})


def ran(made: StorePlan, until: float) -> tuple[LiveStore, MovingStore]:
    live = build_store(made)
    live.env.run(until=until)
    assert isinstance(live.store, MovingStore)
    return live, live.store


@pytest.mark.parametrize("partitioner", ["ranges", "hash"])
@pytest.mark.parametrize("shards", KINDS)
def test_ranges_of_every_kind_of_shards_move_and_nothing_is_lost(shards: str, partitioner: str) -> None:
    moves = order(0.9, "move", key="a", shard=2), order(1.4, "split", key="mortal-1", shard=1)
    given = {"shards": shards, "partitioner": partitioner, "servers": 2, "directory": "raft"}
    made = sharded(*moves, order(1.8, "add"), parameters=given)
    assert "converges" in promises_of(made)
    assert isinstance(run_store_trial(made, thorough=False), Passed)
    _, store = ran(made, 8.0)
    assert store.mover.move_statistics().moved_count >= 2


@pytest.mark.parametrize("goal", GOALS)
def test_a_goal_is_what_it_says(goal: str) -> None:
    made = sharded(order(0.5, "even"), order(1.0, goal, key="list", shard=2))
    _, before = ran(made, 0.95)
    _, after = ran(made, 5.0)
    starts, was, now = before.sharded.table.starts, before.sharded.table, after.sharded.table
    assert after.unfinished() == {}
    match goal:
        case "move":
            assert (was.find("list")[1].shard, now.find("list")[1].shard) == ("shard-1", "shard-2")
        case "split":
            assert "list" in now.starts
        case "even" | "balance" | "merge":
            assert now.starts == starts
        case "add":
            assert now.shards == ("shard-1", "shard-2", "shard-3") or "shard-3" in now.shards
        case "remove":
            assert now.shards == tuple(after.sharded.shards) == ("shard-1",)


def test_shards_that_are_added_have_an_end_and_the_last_one_stays() -> None:
    many = [order(0.2 + 0.1 * number, "add") for number in range(6)]
    _, store = ran(sharded(*many), 3.0)
    assert len(store.sharded.shards) == SHARDS_MAX
    _, store = ran(sharded(*(order(0.2 + 0.5 * number, "remove") for number in range(4))), 6.0)
    assert tuple(store.sharded.shards) == ("shard-2",)


def test_a_crash_of_a_part_strikes_servers_the_directory_and_the_mover() -> None:
    def asleep(host: str, which: int) -> str:
        made = sharded(fault("part_crash", 1.0, 2.0, host=host, which=which), nodes=3)
        live, _ = ran(made, 1.1)
        return next(node.name for node in live.nodes() if not node.is_awake)

    assert asleep("node-1", 0) == "shard-1"
    assert asleep("node-1", 1) == "sharded server of shard-1 on node-1"
    assert asleep("node-3", 0) == "directory"
    assert asleep("monitor", 0) == "mover"


def test_the_leader_is_a_server_of_the_shard_whose_range_moves() -> None:
    made = sharded(order(1.0, "move", key="number", shard=1), parameters={"servers": 2})
    live, store = ran(made, 0.9)
    assert store.sharded.table.find("number")[1].shard == "shard-2"
    assert live.host_of("leader") is store.sharded.servers_of("shard-1")[0].host
    while not any(each.move for each in store.sharded.table.assignments):
        live.env.step()
    assert live.host_of("leader") is store.sharded.servers_of("shard-2")[1].host


def test_leases_promise_as_much_as_clocks_allow() -> None:
    for drift, is_promised in ((0.02, True), (-0.03, False)):
        made = sharded(fault("drift", 1.0, 2.0, host="node-1", drift=drift))
        assert ("is_linearizable" in promises_of(made)) == is_promised
        assert ("keeps_what_it_acknowledges" in promises_of(made)) == is_promised


def test_a_mover_whose_clock_is_too_fast_waits_too_short_and_the_law_says_so() -> None:
    """The mover counts 1.7 s a second: it hands over while a server that hears nothing still has a lease."""
    made = sharded(
        fault("cut_link", 0.9, 2.9, source="node-1", target="node-4"),
        order(1.0, "move", key="a", shard=2),
        parameters={"ttl": 1.5},
        held_to=("is_linearizable", "keeps_what_it_acknowledges"),
    )
    assert isinstance(run_store_trial(made, thorough=False), Passed)
    fast = made.model_copy(update={"monitor": made.monitor.model_copy(update={"drift": 1.0})})
    assert isinstance(run_store_trial(fast, thorough=False), Failed)


def test_stale_reads_and_lost_disks_promise_less() -> None:
    stale = promises_of(sharded(parameters={"stale_reads": True}))
    assert "keeps_what_it_acknowledges" in stale
    assert not stale & {"is_linearizable", "keeps_what_it_shows"}
    lost = fault("disk_loss", 1.0, 1.2, host="node-1")
    assert promises_of(sharded(lost)) == {"works_again", "converges"}
    assert promises_of(sharded(lost, parameters={"shards": "raft"})) == set()
    assert isinstance(run_store_trial(sharded(lost, order(1.1, "even")), thorough=False), Passed)


def test_what_is_left_of_a_move_when_all_is_quiet_is_seen() -> None:
    made = sharded(order(1.0, "move", key="a", shard=2))
    live, store = ran(made, 1.0)
    assert store.unfinished() == {}
    while not any(each.move for each in store.sharded.table.assignments):
        live.env.step()
    assert "the goal" in store.unfinished()
    assert any(str(about).startswith("range") for about in store.unfinished())


def test_orders_are_drawn_and_none_for_others() -> None:
    kinds = [each.kind for seed in range(1, 8) for each in draw_store(seed, design="sharded").faults]
    assert kinds.count("new_goal") > 10
    assert not any(each.kind == "new_goal" for seed in range(1, 8) for each in draw_store(seed).faults)


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 41, 20))
def test_random_sharded_stores_keep_what_they_claim(first: int) -> None:
    seeds = range(first, first + 20)
    verdicts = {seed: run_store_trial(draw_store(seed, design="sharded"), thorough=False) for seed in seeds}
    assert [f"{seed}: {each.what}" for seed, each in verdicts.items() if isinstance(each, Failed)] == []
