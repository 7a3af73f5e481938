"""A plan turned into a live store: everything is there, the operations and the faults are in the schedule."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from models import CallFailed, Endpoint, Host, Network, Region, Request, Zone
from models.consistency import HistoryRecorder
from models.faults import Fault
from models.network import LocalityLatencies
from models.replication import add, append, compare_and_set, delete, read, scan, set_add, set_remove, write
from models.replication.scans import GivenKeys
from models.resilience import Timeout
from models.sharding import SaltedKey
from simulator import Environment

from ..choices import completed
from ..part_kind import at
from ..plan import REGION, FaultPlan
from .design import Flaw, Site, StoreDesign
from .designs import DESIGNS
from .fault_catalogue import STORE_FAULTS, names_of
from .live_store import LiveClient, LiveStore
from .plan import SALTED, OperationPlan, StoreClientPlan, StoreHostPlan, StorePlan
from .plan_rules import require_sound_store

LAST_PATIENCE = 2.0
"""For how long a client waits for each answer when all is well again (s)."""

_BROADCASTS = 8.0  # round trips that must go into the time in which a store expects answers

SCANNED = ("a", "b", "list", "mortal-1", "mortal-2", "number")
"""Keys that each scan asks for besides its own: those of all habits."""

CLOCK = "plan"
"""Who skews the clock of a host that is wrong from the beginning."""


def build_store(plan: StorePlan, *, trace: bool = False) -> LiveStore:
    """Build what `plan` describes, with a trace digest if asked for.

    Raises Misuse for a plan that cannot be built, naming the place in it, the value and the rule.
    """
    require_sound_store(plan)
    design = DESIGNS[plan.store]
    given = completed(design.parameters, plan.parameters, "parameters", names_of(plan))
    live = sound = _built(plan, design, given, trace=trace)
    if plan.flaw is not None:  # it is held to what the sound one promises
        live = _built(plan, design, given, design.flaws[plan.flaw], trace=trace)
    live.laws = frozenset(_promises(sound)) | frozenset(plan.held_to)
    for client in plan.clients:
        _add_client(live, client)
    for fault in plan.faults:
        live.env.call_later(fault.start, _strike, live, fault)
    return live


def promises_of(plan: StorePlan) -> set[str]:
    """Return the names of the laws that the store of a plan promises, without any flaw.

    Raises Misuse as `build_store` does.
    """
    require_sound_store(plan)
    design = DESIGNS[plan.store]
    given = completed(design.parameters, plan.parameters, "parameters", names_of(plan))
    return _promises(_built(plan, design, given, trace=False))


def _promises(sound: LiveStore) -> set[str]:
    plan, given = sound.plan, sound.given
    laws = sound.design.promises(plan, given, claims=sound.store.is_linearizable)
    round_trip = plan.round_trip + given["sync_time"]
    if round_trip * _BROADCASTS > sound.design.pace(given):
        laws -= {"works_again", "converges"}  # it may never get anywhere
    if "works_again" not in laws:
        laws -= {"gives_everything_back"}
    if "converges" not in laws:  # then what is held in the end is not what it will come to
        laws -= {"keeps_what_it_acknowledges", "keeps_what_it_shows", "deleted_stays_deleted"}
    return laws


def _built(
    plan: StorePlan, design: StoreDesign, given: Mapping[str, Any], flaw: Flaw | None = None, *, trace: bool
) -> LiveStore:
    env = Environment(seed=plan.seed, trace=trace)
    network = _network(env, plan)
    region = Region(REGION)
    zones = {name: Zone(name, region) for name in plan.zones}
    hosts = {each.name: _host(env, each, zones) for each in plan.hosts}

    def monitor() -> Host:
        return hosts.setdefault(plan.monitor.name, _host(env, plan.monitor, zones))

    nodes = list(hosts.values())
    site = Site(env, network, nodes, monitor, given["sync_time"], given["read_time"])
    with at("parameters"):
        store = design.build(site, given, None if flaw is None else flaw.flaws)
    disks = {node.host: node.disk for node in store.nodes if hasattr(node, "disk")} | site.disks
    for client in plan.clients:
        zone = None if client.zone is None else zones[client.zone]
        hosts[client.name] = Host(env, client.name, zone=zone, cores=design.client_cores)
    if plan.duplicate_probability or plan.loss_probability:
        everybody = list(hosts.values())
        network.override(
            everybody,
            everybody,
            duplicate_probability=plan.duplicate_probability,
            loss_probability=plan.loss_probability,
        )
        env.call_later(plan.load_end, _set_right, network, everybody)
    return LiveStore(
        plan, design, given, frozenset(), env, network, store, hosts, disks, HistoryRecorder(env)
    )


def _network(env: Environment, plan: StorePlan) -> Network:
    near = plan.latency.distribution()
    far = near if plan.zone_latency is None else plan.zone_latency.distribution()
    latencies = replace(LocalityLatencies.uniform(near), same_region=far)
    return Network(env, latencies=latencies)


def _set_right(network: Network, hosts: Sequence[Host]) -> None:
    network.override(hosts, hosts, duplicate_probability=0.0, loss_probability=0.0)


def _host(env: Environment, plan: StoreHostPlan, zones: Mapping[str, Zone]) -> Host:
    zone = None if plan.zone is None else zones[plan.zone]
    host = Host(env, plan.name, zone=zone, boot_time=plan.boot_time)
    if plan.offset or plan.drift:
        host.skew_clock(CLOCK, plan.offset, plan.drift)
    return host


# -- faults


def _strike(live: LiveStore, plan: FaultPlan) -> None:
    kind = STORE_FAULTS[plan.kind]
    given = completed(kind.parameters, plan.parameters, plan.name, names_of(live.plan))
    fault = kind.make(live, plan.name, **given)
    if fault is not None:
        fault.inject()
        end = min(plan.end, live.plan.load_end)
        live.env.call_later(max(0.0, end - live.env.now), _heal, fault)


def _heal(fault: Fault) -> None:
    fault.heal()


# -- clients


def _add_client(live: LiveStore, plan: StoreClientPlan) -> None:
    client = live.design.client(live.store, live.given, live.hosts[plan.name])
    endpoint, patient = (
        live.recorder.around(
            Timeout(live.env, client, patience, name=f"{plan.name}'s {word}"), site=plan.name
        )
        for word, patience in (("patience", plan.patience), ("last patience", LAST_PATIENCE))
    )
    if "scan" in live.design.knows(live.given):
        endpoint = SaltedKey(
            live.env, endpoint, SALTED, salt_count=3, sub_key="{} {}".format, name=f"salts of {plan.name}"
        )
    live.clients.append(LiveClient(plan, endpoint, patient))
    host = live.hosts[plan.name]

    def start() -> None:
        host.start(_ask_all(live, plan, endpoint, since=live.env.now), f"{plan.name} asks")

    start()
    host.on_restart(start)


def _ask_all(
    live: LiveStore, plan: StoreClientPlan, endpoint: Endpoint, *, since: float
) -> Generator[Any, Any, None]:
    """Ask what there is to be asked at a time or later; a client that starts again has seen nothing."""
    env = live.env
    seen: dict[str, Any] = {}
    operations = [each for each in plan.operations if each.at >= since]
    for operation in sorted(operations, key=lambda each: each.at):
        if operation.at > env.now:
            yield operation.at - env.now
        if env.now > live.plan.load_end:
            return
        with suppress(CallFailed):
            answer = yield from endpoint.call(request_of(plan.name, operation, seen.get(operation.key)))
            if operation.does == "read":
                seen[operation.key] = answer.value


def request_of(client: str, operation: OperationPlan, seen: Any) -> Request:
    """Return what `client` asks where it has `seen` this of the key; what is written is unlike all else."""
    key, value = operation.key, f"{client} at {operation.at!r}"
    match operation.does:
        case "read":
            return read(key)
        case "write":
            return write(key, value)
        case "compare-and-set":
            return compare_and_set(key, seen, value)
        case "append":
            return append(key, value)
        case "add":
            return add(key, 1)
        case "set-add":
            return set_add(key, value)
        case "set-remove":
            return set_remove(key, min(seen) if seen else value)
        case "scan":
            return scan(GivenKeys((key, *SCANNED)))
    return delete(key)
