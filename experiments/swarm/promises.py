"""What a whole system owes its users in the end, whatever it is made of; what parts owe stands with them.

- No call takes longer than the time limits on its way allow.
- What an outbox has accepted is delivered, dead or lost; nothing is left in it.
- Nothing is invented: a service's clients have no more full answers than it has finished calls without a
  gap. What stands in for an answer says so, and an outbox answers for itself: it is left out.
- What is finished is used, once: a service that clients alone ask has finished no more calls than its clients
  have answers, and connections calls that were not answered (lost, late, cut short). Whoever asks again
  although he has his answer breaks that. Hedges and the like, which throw answers away, are left out.
- An order takes effect at most once, where everything is done for that: each client gives it a key,
  outermost, and a durable store that forgets nothing stands directly around the only instance.
"""

from __future__ import annotations

from models import Outcome
from models.resilience import Outbox
from models.resilience.idempotency import EffectLog

from .fault_catalogue import changed_services
from .invariants import BrokenInvariant, entity_of
from .live_system import LiveSystem
from .parts import PARTS
from .plan import ScriptedLoadPlan, ServicePlan, SystemPlan, WrapperPlan
from .wrapper_catalogue import WRAPPERS

_ROUNDING = 1e-9
_ANSWERED = [outcome.name.lower() for outcome in Outcome if outcome.is_answer]
_FORGETS_NOTHING = {"is_durable": True, "ttl": None, "capacity": None}


def check_outcomes(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` unless each request has one outcome, or is in flight, at this instant.

    Clients count what they send and what ends; their tables, which are their own, what was recorded.
    """
    for each in live.clients:
        client = each.client
        if not client.issued == client.table.issued == len(client.table) + client.in_flight:
            detail = f"{client.issued} sent, {len(client.table)} recorded, {client.in_flight} in flight"
            raise _broken(live, client, "each request has one outcome, or is in flight", detail)


def check_promises(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` for a promise that a system which has run to its end has not kept."""
    _check_bounds(live)
    if live.is_limited:
        _check_delivered(live)
    for service in live.plan.services:
        _check_answers(live, service)
        _check_used_once(live, service)
        if _takes_orders_once(live.plan, service):
            _check_effects(live, service)
    for part in live.others:
        part.check_end(live)


def _check_bounds(live: LiveSystem) -> None:
    for each in live.clients:
        latencies = each.client.table.latencies()
        if len(latencies) and latencies.max() > each.bound + _ROUNDING:
            detail = f"{latencies.max()!r} s, limit {each.bound!r} s"
            raise _broken(live, each.client, "no call takes longer than the limits on its way allow", detail)


def _check_delivered(live: LiveSystem) -> None:
    for outbox in live.endpoints:
        if isinstance(outbox, Outbox) and outbox.statistics().backlog.value:
            rule = "all that was accepted is delivered, dead or lost"
            raise _broken(live, outbox, rule, str(outbox.statistics()))


def _check_answers(live: LiveSystem, service: ServicePlan) -> None:
    if any(WRAPPERS[guard.kind].answers_itself for guard in service.guards):
        return
    answered = sum(
        each.client.table.counts()[Outcome.OK.name.lower()]
        for each in live.clients
        if each.plan.way.service == service.name
        and not any(WRAPPERS[wrapper.kind].answers_itself for wrapper in each.plan.way.all_wrappers)
    )
    part = live.system.service(service.name)
    finished = _finished_count(live, service) - sum(
        instance.statistics().degraded_count for instance in live.instances_of(service)
    )
    if answered > finished:
        detail = f"{answered} full answers to clients, {finished} calls finished without a gap"
        raise _broken(live, part, "no full answer without finished work", detail)


def _finished_count(live: LiveSystem, service: ServicePlan) -> int:
    """Return how many calls a service has finished; probes are none."""
    return sum(
        instance.statistics().completed_count - live.probes_answered_by(instance)
        for instance in live.instances_of(service)
    )


def _check_used_once(live: LiveSystem, service: ServicePlan) -> None:
    askers = [each for each in live.clients if each.plan.way.service == service.name]
    wrappers = [*service.guards, *(wrapper for each in askers for wrapper in each.plan.way.all_wrappers)]
    if _is_needed(live.plan, service) or any(WRAPPERS[wrapper.kind].drops_answers for wrapper in wrappers):
        return
    finished = _finished_count(live, service)
    used = sum(each.client.table.counts()[name] for each in askers for name in _ANSWERED)
    calls = [connection.statistics() for each in askers for connection in each.connections]
    unanswered = sum(each.call_count - each.answered_count for each in calls)
    if finished > used + unanswered:
        part = live.system.service(service.name)
        detail = f"{finished} calls finished, {used} answers to clients, {unanswered} calls not answered"
        raise _broken(live, part, "what is finished is used once", detail)


def _is_needed(plan: SystemPlan, service: ServicePlan) -> bool:
    """Return whether another service, or a part, asks this one."""
    led_to = {part.parameters["service"] for part in plan.parts if PARTS[part.kind].leads_to_service}
    return service.name in led_to or any(
        dependency.way.service == service.name for other in plan.services for dependency in other.dependencies
    )


def _check_effects(live: LiveSystem, service: ServicePlan) -> None:
    log = live.system.part(f"effects of {service.name}", EffectLog)
    if log.applied_more_than_once_count:
        part = live.system.service(service.name)
        raise _broken(live, part, "an order takes effect at most once", str(log.statistics()))


def _takes_orders_once(plan: SystemPlan, service: ServicePlan) -> bool:
    """Return whether everything is done for each order to take effect at most once."""
    askers = [client for client in plan.clients if client.way.service == service.name]
    return (
        service.has_effects
        and len(service.hosts) == 1
        and service.name not in changed_services(plan)
        and bool(service.guards)
        and _forgets_nothing(service.guards[-1])
        and not _is_needed(plan, service)
        and all(client.way.wrappers and client.way.wrappers[0].kind == "idempotency_key" for client in askers)
        and _gives_own_keys(plan)
    )


def _forgets_nothing(guard: WrapperPlan) -> bool:
    given = {**_FORGETS_NOTHING, "is_durable": False, **guard.parameters}
    return guard.kind == "idempotency_store" and all(
        given[name] == value for name, value in _FORGETS_NOTHING.items()
    )


def _gives_own_keys(plan: SystemPlan) -> bool:
    """Return whether no two requests are of the same order."""
    keys: list[str | None] = []
    for client in plan.clients:
        if isinstance(client.load, ScriptedLoadPlan):
            keys += [request.key for request in client.load.requests]
        elif client.load.keys != "own":
            return False
    return len(set(keys)) == len(keys)


def _broken(live: LiveSystem, part: object, rule: str, detail: str) -> BrokenInvariant:
    kind = f"{type(part).__name__}: {rule}"
    return BrokenInvariant(rule, entity_of(part), kind, live.env.now, detail)
