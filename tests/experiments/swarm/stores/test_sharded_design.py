"""Shards, servers, a directory and a mover under fire: what is built, what goals do, what is promised."""

from __future__ import annotations

from typing import Any

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.plan import DurationPlan, FaultPlan, Value
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
from models.replication import write
from models.sharding import StoredKey

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


@pytest.mark.slow
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


def test_there_are_two_movers_while_somebody_wants_a_second_one() -> None:
    once, again = fault("second_mover", 0.5, 1.5), fault("second_mover", 1.0, 2.0)
    made = sharded(once, again, order(0.7, "move", key="a", shard=2), parameters={"shard_count": 3})
    live, store = ran(made, 0.4)
    assert not store.second.is_awake
    live.env.run(until=0.71)
    assert store.second.is_awake
    wanted = [mover.goal for mover in (store.mover, store.second)]
    assert [goal.shards for goal in wanted if goal is not None] == [("shard-2",), ("shard-3",)]
    live.env.run(until=1.9)
    assert store.second.is_awake
    assert min(len(mover.records) for mover in (store.mover, store.second)) > 1  # to and fro
    live.env.run(until=2.1)
    assert not store.second.is_awake
    assert isinstance(run_store_trial(made, thorough=False), Passed)


def test_scans_ask_for_all_keys_and_a_salted_counter_is_several() -> None:
    asks = [("add", "salted"), ("write", "a"), ("add", "salted"), ("read", "salted"), ("scan", "b")] * 8
    client = StoreClientPlan(
        name="client-1",
        operations=tuple(
            OperationPlan(at=round(0.1 + EVERY * place, 4), does=does, key=key)  # type: ignore[arg-type]
            for place, (does, key) in enumerate(asks)
        ),
    )
    moves = order(0.5, "split", key="salted 1", shard=1), order(1.2, "move", key="a", shard=2)
    made = sharded(*moves).model_copy(update={"clients": (client,)})
    live, store = ran(made, 4.0)
    history = live.history()
    assert len({store.sharded.table.find(f"salted {number}")[1].shard for number in range(3)}) == 2
    assert {each.key for each in history if each.kind == "add"} == {"salted 0", "salted 1", "salted 2"}
    read = [each for each in history if each.kind == "read"]
    assert {"a", "b", "list", "mortal-1", "mortal-2", "number", "salted 2"} <= {each.key for each in read}
    last = {each.key: each.result for each in read if each.key.startswith("salted")}
    assert sum(count or 0 for count in last.values()) == 16
    assert isinstance(run_store_trial(made, thorough=False), Passed)


@pytest.mark.slow
def test_directory_that_forgets_promises_nothing_and_nothing_is_invented_even_then() -> None:
    lost = fault("directory_loss", 1.5, 1.6)
    made = sharded(order(0.5, "move", key="a", shard=2), lost, fault("host_crash", 1.8, 1.9, host="node-1"))
    assert promises_of(made) == set()
    _, store = ran(made, 2.9)
    assert store.sharded.directory.contents()["directory"] == {}
    assert store.sharded.table.find("a")[1].shard == "shard-2"  # as was once told
    tables = [server.table for name in store.sharded.shards for server in store.sharded.servers_of(name)]
    assert [table.version for table in tables if table is not None] == [0, 4]  # the one that started since
    assert isinstance(run_store_trial(made, thorough=False), Passed)
    held = made.model_copy(update={"held_to": ("works_again",)})
    assert isinstance(run_store_trial(held, thorough=False), Failed)


def test_who_needs_no_election_may_be_slow() -> None:
    def is_promised(**given: Value) -> bool:
        made = sharded(parameters={"ttl": 1.5, **given}, latency=DurationPlan(mean=0.05))
        return "works_again" in promises_of(made)

    assert is_promised()
    assert is_promised(shards="quorums")
    assert not is_promised(shards="raft")
    assert not is_promised(directory="raft")
    assert not is_promised(ttl=0.3)


def test_imports_are_no_more_at_a_time_than_their_syncs_have_time_for() -> None:
    """All writes of an import wait for each other's syncs; with ten at a time none was ever in time."""
    given: dict[str, Value] = {"durability": "each", "sync_time": 0.03, "store_timeout": 0.2}
    moves = order(0.1, "move", key="number", shard=1), order(2.5, "move", key="number", shard=2)
    made = sharded(*moves, parameters=given)
    writer = StoreClientPlan(
        name="client-1",
        operations=tuple(
            OperationPlan(at=round(0.1 + EVERY * place, 4), does="write", key=f"number {place}")
            for place in range(40)
        ),
    )
    made = made.model_copy(update={"clients": (writer,)})
    assert "converges" in promises_of(made)
    assert isinstance(run_store_trial(made, thorough=False), Passed)


@pytest.mark.slow
def test_what_is_dead_stays_where_it_is_newer_than_its_deletion_by_clocks_that_are_wrong() -> None:
    """One client writes by a server whose clock is ahead; the mover has the other one drop it."""
    made = sharded(order(2.5, "move", key="a", shard=2), parameters={"shards": "quorums", "servers": 2})
    assert "converges" in promises_of(made)
    first, second, *others = made.hosts
    ahead = second.model_copy(update={"offset": 1000.0})
    made = made.model_copy(update={"hosts": (first, ahead, *others)})
    assert promises_of(made) == {"works_again", "keeps_what_is_written_once"}
    assert isinstance(run_store_trial(made, thorough=False), Passed)
    verdict = run_store_trial(made.model_copy(update={"held_to": ("converges",)}), thorough=False)
    assert isinstance(verdict, Failed)
    assert "dead StoredKey" in verdict.what


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


def test_what_comes_after_the_last_sweep_is_swept_all_the_same() -> None:
    live, store = ran(sharded(order(1.0, "move", key="a", shard=2)), 4.0)
    store.tidy()
    live.env.run(until=6.0)
    assert store.unfinished() == {}
    client = store.sharded.shards["shard-1"].client(live.hosts["client-1"])
    live.env.run(until=live.env.process(client.call(write(StoredKey(0, "a"), "late"))))
    assert store.unfinished() == {"dead StoredKey(epoch=0, key='a')": {"shard-1": "late"}}
    live.env.run(until=16.0)
    assert store.unfinished() == {}


@pytest.mark.slow
def test_orders_are_drawn_and_none_for_others() -> None:
    kinds = [each.kind for seed in range(1, 8) for each in draw_store(seed, design="sharded").faults]
    assert kinds.count("new_goal") > 10
    assert not any(each.kind == "new_goal" for seed in range(1, 8) for each in draw_store(seed).faults)


@pytest.mark.slow
def test_two_movers_scans_salted_keys_and_a_directory_that_forgets_are_drawn() -> None:
    plans = [draw_store(seed, design="sharded") for seed in range(1, 31)]
    kinds = {each.kind for drawn in plans for each in drawn.faults}
    assert {"second_mover", "slow_link", "directory_loss"} <= kinds
    asked = {
        (each.does, each.key) for drawn in plans for client in drawn.clients for each in client.operations
    }
    assert {("scan", "a"), ("add", "salted"), ("read", "salted")} <= asked
    convergent = sum("converges" in promises_of(drawn) for drawn in plans)
    assert convergent >= 20


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 41, 20))
def test_random_sharded_stores_keep_what_they_claim(first: int) -> None:
    seeds = range(first, first + 20)
    verdicts = {seed: run_store_trial(draw_store(seed, design="sharded"), thorough=False) for seed in seeds}
    assert [f"{seed}: {each.what}" for seed, each in verdicts.items() if isinstance(each, Failed)] == []
