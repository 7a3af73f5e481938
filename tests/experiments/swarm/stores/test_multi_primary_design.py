"""Stores in which every node takes updates: who asks which node, and what is promised of what is merged."""

from __future__ import annotations

import pytest

from experiments.swarm import Passed
from experiments.swarm.plan import Value
from experiments.swarm.stores import build_store, draw_store, promises_of, run_store_trial
from models.replication import MultiPrimaryStore

from .plans import fault, plan

ALWAYS = {"works_again", "converges"}
DURABLE = {"nothing_is_gone", "keeps_what_is_written_once"}
MERGED = {"keeps_the_newest", "keeps_what_it_shows"}
ORDERED = MERGED | {"deleted_stays_deleted"}
AT_ITS_NODE = {"reads_own_writes", "reads_are_monotonic"}
TYPED = {"counters_balance", "sets_keep_their_items"}

PROMISES: list[tuple[dict[str, Value], set[str]]] = [
    ({}, DURABLE | ORDERED | AT_ITS_NODE),
    ({"failover": "soon"}, DURABLE | ORDERED),
    ({"resolution": "siblings"}, DURABLE | MERGED | {"siblings_stay_until_seen"}),
    ({"resolution": "data types"}, DURABLE | TYPED | MERGED | {"removed_stays_removed"}),
    ({"resolution": "data types", "failover": "soon"}, DURABLE | TYPED | MERGED),
    (
        {"resolution": "data types by time"},
        DURABLE | TYPED | ORDERED | AT_ITS_NODE | {"removed_stays_removed"},
    ),
    ({"durability": "periodic"}, set()),
]


@pytest.mark.parametrize(("parameters", "laws"), PROMISES)
def test_a_resolution_promises_what_it_can(parameters: dict[str, Value], laws: set[str]) -> None:
    assert promises_of(plan("multi_primary", parameters=parameters)) == ALWAYS | laws


def test_where_clocks_are_wrong_the_newest_may_lose_by_its_time_and_not_among_siblings() -> None:
    wrong = fault("clock", 1.0, 2.0, host="node-1")
    by_time, siblings = (
        promises_of(plan("multi_primary", wrong, parameters={"resolution": each}))
        for each in ("hybrid", "siblings")
    )
    assert by_time == ALWAYS | DURABLE
    assert "keeps_the_newest" in siblings


def test_a_lost_disk_takes_what_nobody_else_has() -> None:
    assert promises_of(plan("multi_primary", fault("disk_loss", 1.0, 2.0, host="node-1"))) == ALWAYS


def test_one_node_alone_is_linearizable_if_nothing_new_can_lose() -> None:
    for resolution, is_claimed in (("hybrid", True), ("last writer", False), ("siblings", False)):
        alone = plan("multi_primary", nodes=1, parameters={"resolution": resolution})
        assert ("is_linearizable" in promises_of(alone)) == is_claimed


@pytest.mark.slow
def test_clients_are_spread_over_nodes_unless_they_go_to_the_nearest() -> None:
    for parameters, is_spread in (({}, True), ({"spread": False}, False)):
        live = build_store(plan("multi_primary", clients=5, parameters=parameters))
        live.env.run(until=4.0)
        assert isinstance(live.store, MultiPrimaryStore)
        taken = [len(node.held().by_origin.get(node.writer.name, {})) for node in live.store.nodes]
        assert (min(taken) > 0) == is_spread
        assert sum(taken) > 0


@pytest.mark.slow
def test_clients_are_asked_only_what_can_be_done() -> None:
    done: dict[str, set[str]] = {}
    for seed in range(1, 31):
        drawn = draw_store(seed, "merges_by_arrival")
        resolution = str(drawn.parameters.get("resolution", "last writer"))
        operations = {each.does for client in drawn.clients for each in client.operations}
        done.setdefault(resolution, set()).update(operations)
    assert done["siblings"] == {"read", "write", "delete"}
    assert done["data types"] == {"read", "write", "delete", "add", "set-add", "set-remove"}
    assert done["last writer"] > done["data types"]


@pytest.mark.parametrize(
    "resolution", ["last writer", "hybrid", "siblings", "data types", "data types by time"]
)
def test_what_two_sides_of_a_cut_have_taken_is_merged(resolution: str) -> None:
    cut = fault("cut", 0.5, 2.0, inside=("node-1", "client-1"))
    verdict = run_store_trial(plan("multi_primary", cut, clients=4, parameters={"resolution": resolution}))
    assert isinstance(verdict, Passed), verdict
