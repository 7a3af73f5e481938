"""One plan, run and judged: it has passed, or it has failed and how.

1. The system runs with some stops. At each, everything must add up.
2. When load and faults are over, everything must be as it was before (see `healing`), and who is well must be
   taken to be (see `detection`). Then nobody is probed any more, parts become what they must (see
   `part_kind`: jobs are worked off, groups come back to their size), and the system runs on until it is
   empty. If all calls are limited in time that must come by itself, and then all instances must answer once
   more; otherwise what waits for an answer that was lost is ended from outside. Nothing may be held, running,
   waiting or leaked, and what was promised must have been kept (see `promises`, `cuts`).
3. A thorough trial runs the same plan twice more, event by event and with a trace, for the laws (see `laws`):
   all statistics and all that clients have seen must be the same as in the first run, to the last bit, and so
   must the two traces.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b

from models.resilience import Outbox
from models.resilience.hedging import Hedge
from models.services import Instance

from .allowances import check_allowances
from .bookkeeping import statistics_of
from .building import build
from .cuts import check_cuts
from .detection import check_detection, check_well_again
from .healing import check_all_answer, check_healed, is_being_repaired
from .invariants import (
    BrokenInvariant,
    check_empty,
    check_passed_on,
    check_system,
    entity_of,
)
from .laws import Areas
from .live_system import LiveSystem
from .plan import SystemPlan
from .promises import check_outcomes, check_promises
from .verdict import Failed, Passed, Verdict, failure_of, is_sampled

CHECKS_COUNT = 3
"""How often everything is checked while there is load."""

_CHECKS_COUNT_MAX = 100  # once something is known to be wrong

# How long to wait for a system to run empty, the first time; each further time it is twice as long. A message
# that TCP has lost is sent again after up to two minutes, and is given up after a quarter of an hour; a chain
# of calls may have to wait for several.
_PATIENCE = 10.0
_PATIENCES_MAX = 12
_PATIENCES_OF_PARTS_MAX = 7  # polls do not wait for what was lost: all jobs are done within minutes
_REPORT = "load of "  # what an instance does without a call


def run_trial(plan: SystemPlan, *, thorough: bool | None = None, locate: bool = True) -> Verdict:
    """Run `plan` and judge it; `thorough` or not as `is_sampled` says of its seed, if not given.

    A failure that a check has found is run once more to find out when it began, if `locate` is set. Raises
    Misuse for a plan that cannot be built.
    """
    live = build(plan)
    failed = failure_of(live.env, lambda: _run(live, _runner(live), checks_count=CHECKS_COUNT))
    if failed is not None:
        return _sooner(plan, failed) if locate and failed.time < plan.load_end else failed
    if is_sampled(plan.seed) if thorough is None else thorough:
        failed = _failure_of_repetition(live)
    return failed or Passed(sum(each.client.issued for each in live.clients))


def _failure_of_repetition(live: LiveSystem) -> Failed | None:
    """Run the plan of a system that has passed twice more, for the laws and for the traces."""
    by_events, again = build(live.plan, trace=True), build(live.plan, trace=True)
    areas = Areas(by_events)

    def compare() -> None:
        _run(by_events, areas.run)
        areas.check()
        if _seen(by_events) != _seen(live):
            raise _differs(by_events, "a run event by event is the same as one without stops")
        _run(again, _runner(again))
        if _trace(again) != _trace(by_events):
            raise _differs(again, "two runs of one plan have the same trace")

    return failure_of(by_events.env, compare)


def _sooner(plan: SystemPlan, failed: Failed) -> Failed:
    """Return the same failure, found sooner by checking more often, if that is possible."""
    live = build(plan)
    found = failure_of(live.env, lambda: _run(live, _runner(live), checks_count=_CHECKS_COUNT_MAX))
    return found if found is not None and found.kind == failed.kind else failed


def _runner(live: LiveSystem) -> Callable[[float], object]:
    return lambda until: live.env.run(until=until)


def _trace(live: LiveSystem) -> str:
    return f"{live.env.trace_digest()} {_seen(live)}"


def _run(live: LiveSystem, advance: Callable[[float], object], *, checks_count: int = 0) -> None:
    """Run a system to its end and check that; on the way, check it so many times."""
    env, end = live.env, live.plan.load_end
    for number in range(1, checks_count + 1):
        advance(end * number / (checks_count + 1))
        _check(live)
        check_detection(live)
    advance(end)
    patience = _PATIENCE
    advance(end + patience)
    for _ in range(_PATIENCES_MAX):
        if not is_being_repaired(live):
            break
        advance(env.now + patience)
    check_healed(live)
    check_detection(live)
    check_well_again(live)
    for watching in [part for each in live.detections for part in each.parts]:
        watching.stop()
    patience = _settle(live, advance, patience)
    for _ in range(_PATIENCES_MAX):
        if not live.is_limited or not _is_busy(live):
            break
        patience *= 2
        advance(env.now + patience)
    if not live.is_limited:
        _pull_the_plug(live, advance)
    for stop in live.shelf.stops:
        stop()
    for part in live.others:
        part.stop(live)
    advance(env.now + _PATIENCE)
    _check(live)
    _check_end(live)
    if live.is_limited:
        check_all_answer(live, advance)


def _settle(live: LiveSystem, advance: Callable[[float], object], patience: float) -> float:
    """Run a system until all parts are what they must become, and end what nobody needs then.

    Returns what the patience is then (s).
    """
    if not live.others:
        return patience
    breaches = _breaches(live)
    for _ in range(_PATIENCES_OF_PARTS_MAX):
        if not breaches:
            break
        patience *= 2
        advance(live.env.now + patience)
        breaches = _breaches(live)
    if breaches:
        raise breaches[0]
    for part in live.others:
        part.wind_down(live)
    advance(live.env.now + _PATIENCE)
    return patience


def _breaches(live: LiveSystem) -> list[BrokenInvariant]:
    """Return what is not as it must become; where calls may wait for ever, nothing need become anything."""
    found = [part.unsettled(live) for part in live.others] if live.is_limited else []
    return [each for each in found if each is not None]


def _check(live: LiveSystem) -> None:
    clients = [each.client for each in live.clients]
    check_system(
        live.env,
        clients=clients,
        endpoints=live.endpoints,
        hosts=live.hosts,
        parts=live.parts,
        moved_by_hand=live.moved_by_hand,
    )
    check_passed_on([*clients, *live.endpoints], live.env.now)
    for instance in live.tidy_instances:
        _check_own_processes(instance, live.env.now)
    _check_copies(live)
    check_allowances(live)
    check_outcomes(live)
    for part in live.others:
        part.check(live)


def _check_own_processes(instance: Instance, now: float) -> None:
    """Check that nothing goes on in an instance that has no calls: no branch outlives its request."""
    statistics = instance.statistics()
    working = [
        each.name
        for each, where in instance.host.running.items()
        if where is instance and not each.name.startswith(_REPORT)
    ]
    if working and not (statistics.in_service_count or statistics.waiting_count or instance.is_stopping):
        rule = "an instance without calls does nothing"
        raise BrokenInvariant(rule, entity_of(instance), f"Instance: {rule}", now, ", ".join(working))


def _check_copies(live: LiveSystem) -> None:
    """Check that no copy of a hedged call goes on when the call is over."""
    names = {process.name for process in live.env.processes}
    for hedge in live.endpoints:
        if isinstance(hedge, Hedge) and hedge.name in names and not hedge.statistics().in_flight_count:
            rule = "no copy outlives its call"
            raise BrokenInvariant(rule, entity_of(hedge), f"Hedge: {rule}", live.env.now)


def _is_busy(live: LiveSystem) -> bool:
    """Return whether more is under way than what goes on for ever."""
    return len(live.env.processes) > live.background_count or any(
        outbox.statistics().backlog.value for outbox in live.endpoints if isinstance(outbox, Outbox)
    )


def _pull_the_plug(live: LiveSystem, advance: Callable[[float], object]) -> None:
    """End all that still waits, for an answer that was lost: hosts crash, and callers elsewhere give up.

    In between there is time for those who have waited for what was on the hosts to see that it is gone.
    """
    for host in live.hosts:
        if host.running:
            host.crash()
    advance(live.env.now + _PATIENCE)
    for process in list(live.env.processes):
        process.cancel()


def _check_end(live: LiveSystem) -> None:
    check_empty(
        live.env,
        clients=[each.client for each in live.clients],
        endpoints=live.endpoints,
        hosts=live.hosts,
        parts=live.parts,
    )
    # First what says the most about where to look.
    check_cuts(live)
    check_promises(live)


def _seen(live: LiveSystem) -> str:
    """Return a digest of what clients have seen, what was logged and what all parts say about themselves."""
    digest = blake2b(digest_size=16)
    for each in live.clients:
        for column in each.client.table.columns().values():
            digest.update(column.tobytes())
    for part in (*live.endpoints, *live.hosts, *live.parts):
        digest.update(repr(statistics_of(part)).encode())
    for record in live.env.event_log:
        digest.update(f"{record.time!r} {record.kind} {record.subject}".encode())
    return digest.hexdigest()


def _differs(live: LiveSystem, rule: str) -> BrokenInvariant:
    return BrokenInvariant(rule, "the run", rule, live.env.now)
