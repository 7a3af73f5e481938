"""Shards behind servers, with a directory and a mover: as good as the shards are, while ranges move."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from random import Random
from typing import Any

from models.nodes import Node
from models.replication import Store
from models.sharding import ShardedStore, ShardingFlaws, ShardingSettings, TransferSettings
from models.sharding.mover import Mover, MoverFlaws, MoverSettings

from ...choices import Choice, Names, drawn
from ...plan import FaultPlan, Value
from ..design import DISK_PARAMETERS, Flaw, Site, StoreDesign
from ..fault_catalogue import NEW_GOAL, SECOND_MOVER, STORE_FAULTS
from ..moving_store import GOALS, MovingStore
from ..plan import Does, StorePlan
from ..schemes_of_moves import (
    deaf_servers,
    forgetful_directory,
    late_reads,
    late_sweeps,
    lost_on_the_way,
    there_and_back,
)
from ..shards import ELECTION_TIMEOUT, Ground, first_table, name_of

_ORDER_MEANS = (0.2, 0.5)
_GOAL_WEIGHTS = {"move": 4, "split": 3, "even": 2}
_DIGITS = 4
_SYNCS = 3  # for which a store has time before a server gives it up
_OF_QUORUMS: tuple[Does, ...] = ("read", "write", "delete", "scan")
_KEPT = frozenset({"keeps_what_it_acknowledges", "deleted_stays_deleted"})


_Needs = Mapping[str, tuple[Value, ...]]

_SLOW_COPY: _Needs = {"batch_size": (1,), "rounds_max": (0,), "shards": ("single",)}
_FLAWS: Mapping[str, Flaw] = {
    "acknowledges_unasked": Flaw(ShardingFlaws(acknowledges_unasked=True), {"sync_time": (0.03,)}),
    "reads_unasked": Flaw(ShardingFlaws(reads_unasked=True), scheme=late_reads),
    "ignores_leases": Flaw(ShardingFlaws(ignores_leases=True), scheme=deaf_servers),
    "serves_frozen": Flaw(ShardingFlaws(serves_frozen=True)),
    "forgets_epochs": Flaw(ShardingFlaws(forgets_epochs=True), habits=("deletes",), scheme=there_and_back),
    "hears_nothing": Flaw(ShardingFlaws(hears_nothing=True)),
    "drops_what_comes": Flaw(
        ShardingFlaws(drops_what_comes=True), habits=("keys written once",), scheme=late_sweeps
    ),
    "waits_for_nobody": Flaw(MoverFlaws(waits_for_nobody=True), {"servers": (2,)}, ("cut_link",)),
    "leaves_out_last_copy": Flaw(MoverFlaws(leaves_out_last_copy=True)),
    "forgets_deletions": Flaw(
        MoverFlaws(forgets_deletions=True), _SLOW_COPY, habits=("deletes", "keys written once")
    ),
    "reuses_epochs": Flaw(MoverFlaws(reuses_epochs=True), habits=("deletes",), scheme=there_and_back),
    "trusts_unknown_imports": Flaw(MoverFlaws(trusts_unknown_imports=True), scheme=lost_on_the_way),
}


class ShardedDesign(StoreDesign):
    """`MovingStore`: shards, their servers and the directory on the hosts, the mover on the monitor's.

    Whom a fault calls the leader is a server of the shard whose range moves, or of that of key "a". Servers
    count on a table for `ttl` s, by clocks that drift by `drift_bound` at most.
    """

    parameters = {
        "shards": Choice("single", "raft", "primary_replica", "mixed", "quorums"),
        "shard_count": Choice(2, 3, 1),
        "servers": Choice(1, 2),
        "directory": Choice("single", "raft"),
        "partitioner": Choice("ranges", "hash"),
        "ttl": Choice(0.6, 0.3, 1.5),
        "drift_bound": Choice(0.02, 0.1),
        "stale_reads": Choice(False, True),
        "store_timeout": Choice(0.5, 0.2),
        "durability": Choice("group", "each"),
        "batch_size": Choice(100, 1, 3),
        "parallel_moves": Choice(1, 2),
        "rounds_max": Choice(3, 0),
        "freeze_max": Choice(3.0, 1.0),
        "request_work": Choice(0.0, 0.001),
        "item_work": Choice(0.0, 0.002),
        "start_time": Choice(0.0, 0.05),
        **DISK_PARAMETERS,
    }
    flaws = _FLAWS
    node_counts = (3, 4, 6)
    does = ("read", "write", "compare-and-set", "append", "add", "delete", "scan")
    settle = 60.0
    other_bests = (frozenset({"reads_are_fresh"}),)
    disks_may_be_lost = True
    suffers = ("part_crash", SECOND_MOVER, "slow_link")
    schemes = (
        deaf_servers,
        forgetful_directory,
        late_reads,
        late_sweeps,
        lost_on_the_way,
        there_and_back,
    )
    standing = (" memory", " renewal", "mover work")

    def build(self, site: Site, given: Mapping[str, Any], flaws: object | None) -> MovingStore:
        """Return the store."""
        store_flaws = flaws if isinstance(flaws, ShardingFlaws) else ShardingFlaws()
        mover_flaws = flaws if isinstance(flaws, MoverFlaws) else MoverFlaws()
        ground = Ground(site, given)
        made = [ground.shard(number) for number in range(1, given["shard_count"] + 1)]
        shards = {name_of(number): store for number, (store, _) in enumerate(made, 1)}
        directory, directory_disks = ground.directory()
        sharded = ShardedStore(
            site.env,
            site.network,
            shards=shards,
            directory=directory,
            table=first_table(given),
            servers={name_of(number): hosts for number, (_, hosts) in enumerate(made, 1)},
            settings=_settings(given),
            transfers=_transfer_settings(given),
            flaws=store_flaws,
        )
        hosts = {"mover": site.monitor(), "second mover": site.hosts[1 % len(site.hosts)]}
        mover, second = (
            Mover(site.env, host, sharded, settings=_mover_settings(given), flaws=mover_flaws, name=name)
            for name, host in hosts.items()
        )
        return MovingStore(
            sharded,
            mover,
            ground.add_shard,
            second=second,
            directory_disks=directory_disks,
            counts_epochs=not store_flaws.forgets_epochs,
        )

    def promises(self, plan: StorePlan, given: Mapping[str, Any], *, claims: bool) -> set[str]:
        """Return what all shards promise, where the leases of tables keep to their bound.

        Nothing where a directory has forgotten: who starts then has the first table, and who goes on has a
        later one that nobody confirms.
        """
        if plan.has_directory_loss or (plan.has_disk_loss and given["shards"] in ("raft", "mixed")):
            return set()
        laws = set()
        has_wrong_order = given["shards"] == "quorums" and plan.has_wrong_clocks
        if 4.0 * plan.round_trip + _SYNCS * given["sync_time"] <= given["store_timeout"]:
            # By clocks that are wrong what is to be deleted may be newer than the deletion, and stay.
            laws |= {"works_again"} if has_wrong_order else {"works_again", "converges"}
        if plan.has_disk_loss or plan.drift_max > self.drift_allowed(given):
            return laws
        if given["shards"] == "quorums":
            laws.add("keeps_what_is_written_once")
            if not has_wrong_order:
                laws |= _KEPT
                laws |= set() if given["stale_reads"] else {"reads_are_fresh", "reads_own_writes"}
            return laws
        laws |= _KEPT
        if claims:
            laws |= {"is_linearizable", "keeps_sessions", "keeps_what_it_shows"}
        return laws

    def knows(self, given: Mapping[str, Any]) -> tuple[Does, ...]:
        """Return what quorums can do, where they are the shards."""
        return _OF_QUORUMS if given["shards"] == "quorums" else self.does

    def pace(self, given: Mapping[str, Any]) -> float:
        """Return the time in which nodes expect to hear from each other, and servers from the directory."""
        are_alone = given["shards"] in ("single", "quorums") and given["directory"] == "single"
        return float(min(inf if are_alone else ELECTION_TIMEOUT, 1.5 * given["ttl"]))

    def drift_allowed(self, given: Mapping[str, Any]) -> float:
        """Return the bound of leases."""
        return float(given["drift_bound"])

    def leader(self, store: MovingStore) -> Node | None:
        """Return a server of the shard whose range moves, the last while it is copied; or of that of "a"."""
        sharded = store.sharded
        table = store.sharded.table
        moving = next((each for each in table.assignments if each.move is not None), None)
        owner = moving or table.find("a")[1]
        servers = sharded.servers_of(owner.shard)
        if not servers:
            return None
        return servers[-1 if moving is not None and not moving.is_frozen else 0]

    def orders(self, random: Random, load_end: float) -> Sequence[FaultPlan]:
        """Return new goals for the mover, now and then."""
        mean = random.choice(_ORDER_MEANS)
        found: list[FaultPlan] = []
        start = 0.0
        while (start := round(start + random.expovariate(1.0 / mean), _DIGITS)) < load_end:
            (goal,) = random.choices(GOALS, [_GOAL_WEIGHTS.get(each, 1) for each in GOALS])
            given = {**drawn(STORE_FAULTS[NEW_GOAL].parameters, random, Names()), "goal": goal}
            name = f"order-{len(found) + 1}"
            found.append(FaultPlan(kind=NEW_GOAL, name=name, start=start, end=start, parameters=given))
        return found

    def tidy(self, store: MovingStore) -> bool:
        """Let the mover sweep once more."""
        store.tidy()
        return True

    def disagreement(self, store: Store) -> Mapping[Any, Mapping[str, Any]]:
        """Return what is not finished, and where replicas of one shard differ."""
        assert isinstance(store, MovingStore)
        return store.unfinished()


def _settings(given: Mapping[str, Any]) -> ShardingSettings:
    bound = given["drift_bound"]
    return ShardingSettings(
        ttl=given["ttl"],
        renewal_interval=given["ttl"] / 4.0,
        clock_drift_bound=(1.0 + bound) / (1.0 - bound),
        directory_timeout=max(0.2, given["ttl"] / 3.0),
        store_timeout=given["store_timeout"],
        request_work=given["request_work"],
        start_time=given["start_time"],
        patience=1.0,
        pause=0.02,
        stale_reads_while_moving=given["stale_reads"],
    )


def _transfer_settings(given: Mapping[str, Any]) -> TransferSettings:
    # Where each write syncs by itself so many wait for each other: no more than what there is patience for.
    return TransferSettings(
        item_work=given["item_work"],
        batch_size=10,
        patience=given["store_timeout"],
        parallel_writes=_SYNCS if given["durability"] == "each" else 20,
    )


def _mover_settings(given: Mapping[str, Any]) -> MoverSettings:
    of_syncs = 4.0 * given["batch_size"] * given["sync_time"] if given["durability"] == "each" else 0.0
    return MoverSettings(
        batch_size=given["batch_size"],
        parallel_moves=given["parallel_moves"],
        rounds_max=given["rounds_max"],
        patience=0.3,
        copy_patience=1.0 + of_syncs,
        freeze_max=given["freeze_max"],
        retry_pause=0.1,
        review_interval=0.5,
    )
