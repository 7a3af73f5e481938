"""A plan turned into a live log with handlers, projections and users; faults are in the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from models import Endpoint, Host, Network
from models.consensus import RaftClientSettings, RaftSettings
from models.cqrs import (
    CommandHandler,
    CommandSettings,
    DiskEventLog,
    Projection,
    ProjectionSettings,
    RaftEventLog,
)
from models.cqrs.items import BestSellers, ItemDecider, OrdersPerCustomer, StockPerItem
from models.cqrs.log import EventLog
from models.cqrs.projections import Checkpointing, ReadModel
from models.faults import Fault
from models.resilience import Timeout
from models.storage import Disk, GroupCommit
from simulator import Environment

from ..choices import completed
from ..part_kind import at
from ..plan import FaultPlan
from ..stores.design import DURABILITY
from .fault_catalogue import FAULTS
from .live import LiveProjections, LiveView
from .parameters import FLAWS, PARAMETERS, Bugs
from .plan import ProjectionsPlan, ViewPlan, require_sound
from .promises import promises_of
from .redelivery import DeliveredAgain
from .users import work_off

MODELS: Mapping[str, ReadModel] = {
    "stock": StockPerItem(),
    "orders": OrdersPerCustomer(),
    "sellers": BestSellers(),
}
_ELECTION_TIMEOUT = 0.5
_RETRY_PAUSE = 0.05
_POLLING = 0.02
_PATIENCE_MORE = 0.1


def build_projections(plan: ProjectionsPlan, *, trace: bool = False) -> LiveProjections:
    """Build what `plan` describes, with a trace digest if asked for.

    Raises Misuse for a plan that cannot be built, naming the place in it, the value and the rule.
    """
    require_sound(plan)
    given = completed(PARAMETERS, plan.parameters, "parameters", plan.names())
    bugs = Bugs() if plan.flaw is None else FLAWS[plan.flaw]
    env = Environment(seed=plan.seed, trace=trace)
    network = Network(env, latencies=plan.latency.distribution())
    hosts = {name: Host(env, name) for name in plan.names().hosts}
    disks = {
        hosts[name]: Disk(hosts[name], sync_time=given["sync_time"], read_time=given["read_time"])
        for name in plan.names().instances
    }
    with at("parameters"):
        log = _log(env, network, plan, given, hosts, disks)
    live = LiveProjections(plan, given, promises_of(plan, given), env, network, log, hosts, disks)
    for name in plan.handlers:
        live.handlers.append(_handler(live, name, bugs))
    for view in plan.views:
        live.views[view.name] = LiveView(view, _projection(live, view, bugs))
    for user in plan.users:
        hosts[user.name].start(work_off(live, user), f"{user.name} asks")
    for fault in plan.faults:
        env.call_later(fault.start, _strike, live, fault)
    return live


def _log(
    env: Environment,
    network: Network,
    plan: ProjectionsPlan,
    given: Mapping[str, Any],
    hosts: Mapping[str, Host],
    disks: Mapping[Host, Disk],
) -> EventLog:
    on = [hosts[name] for name in plan.log_hosts]
    policy = DURABILITY[given["durability"]]
    if plan.log == "disk":
        return DiskEventLog(env, network, on[0], disk=disks[on[0]], policy=policy)
    return RaftEventLog(
        env,
        network,
        on,
        settings=RaftSettings(
            election_timeout_min=_ELECTION_TIMEOUT,
            election_timeout_max=2.0 * _ELECTION_TIMEOUT,
            heartbeat_interval=_ELECTION_TIMEOUT / 4.0,
        ),
        client_settings=RaftClientSettings(patience=5.0, attempt_timeout=given["log_patience"] / 2.0),
        make_disk=disks.__getitem__,
    )


def _client(live: LiveProjections, host: Host, patience: float) -> Endpoint:
    return Timeout(live.env, live.log.client(host), patience)


def _handler(live: LiveProjections, name: str, bugs: Bugs) -> CommandHandler:
    given, host = live.given, live.hosts[name]
    return CommandHandler(
        live.env,
        host,
        live.network,
        _client(live, host, given["log_patience"]),
        ItemDecider(),
        settings=CommandSettings(
            work=given["command_work"],
            conflicts_max=given["conflicts_max"],
            records_rejections=given["records_rejections"],
            queue_durability=GroupCommit() if given["queue"] == "group" else None,
            workers=given["workers"],
            retry_pause=_RETRY_PAUSE,
        ),
        disk=live.disks[host],
        flaws=bugs.command,
        name=name,
    )


def _projection(live: LiveProjections, view: ViewPlan, bugs: Bugs) -> Projection:
    given, host = live.given, live.hosts[view.name]
    source = _client(live, host, given["wait"] + given["log_patience"] + _PATIENCE_MORE)
    polls = live.plan.log == "raft" or not given["wait"]
    return Projection(
        live.env,
        host,
        live.network,
        DeliveredAgain(source, given["delivered_again"]) if given["delivered_again"] else source,
        MODELS[view.model],
        settings=ProjectionSettings(
            batch_max=given["batch_max"],
            wait=given["wait"],
            interval=_POLLING if polls else 0.0,
            retry_pause=_RETRY_PAUSE,
            patience=given["log_patience"],
            event_work=given["event_work"],
            durability=DURABILITY[given["row_durability"]],
            checkpointing=bugs.checkpointing or Checkpointing(view.checkpointing),
        ),
        disk=live.disks[host],
        flaws=bugs.projection,
        name=view.name,
    )


# -- faults


def _strike(live: LiveProjections, plan: FaultPlan) -> None:
    kind = FAULTS[plan.kind]
    given = completed(kind.parameters, plan.parameters, plan.name, live.plan.names())
    fault = kind.make(live, plan.name, **given)
    if fault is not None:
        fault.inject()
        end = min(plan.end, live.plan.load_end)
        live.env.call_later(max(0.0, end - live.env.now), _heal, fault)


def _heal(fault: Fault) -> None:
    fault.heal()
