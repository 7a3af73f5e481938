"""What limits let through: no more than they say, however calls come, wait, give up and are cut short.

- A rate limiter: nobody passes whom its limit does not allow to (see `turnstile`).
- A concurrency limiter: at no time more in flight than the highest limit there has been.
- An instance: no more in service than threads, no more waiting than its queue holds.
- A share of a host's cores: no more than its quota; and all of them have had what the host has done.

A crash begins limiters anew, while calls from before may go on where their callers are bound to no host:
those that have crashed are left out.
"""

from __future__ import annotations

from models import Endpoint
from models.resilience.shedding import ConcurrencyLimiter

from .invariants import BrokenInvariant, entity_of
from .live_system import LiveSystem
from .turnstile import Turnstile

_ROUNDING = 1e-6  # of a second on a core
_CRASHES = {"host.down", "process.down"}


def check_allowances(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` for a limit that has let through more than it says."""
    _check_instances(live)
    _check_shares(live)
    now = live.env.now
    for limiter in live.endpoints:
        if not isinstance(limiter, Turnstile | ConcurrencyLimiter) or has_begun_anew(live, limiter):
            continue
        if isinstance(limiter, Turnstile):
            if (time := limiter.first_too_many()) is not None:
                raise _broken(limiter, "nobody passes who may not by the limit", now, f"at {time!r} s")
        elif (count := limiter.statistics().in_flight_count) > limiter.limit_gauge.maximum:
            detail = f"{count}, limit {limiter.limit_gauge.maximum}"
            raise _broken(limiter, "no more are in flight than the limit has been", now, detail)


def _check_instances(live: LiveSystem) -> None:
    for plan in live.plan.services:
        for instance in live.instances_of(plan):
            said = instance.statistics()
            if said.in_service_count > plan.threads or said.waiting_count > plan.waiting_max:
                rule = "no more are in an instance than its threads and its queue hold"
                raise _broken(instance, rule, live.env.now, str(said))


def _check_shares(live: LiveSystem) -> None:
    """Check that groups have had what their hosts have done, and each no more than its quota."""
    now, had = live.env.now, dict.fromkeys(live.hosts, 0.0)
    for instance in live.instances:
        host, share = instance.host, instance.cpu_share
        if share is None:
            continue
        busy = share.statistics().busy_time
        had[host] += busy
        if (quota := share.quota) is not None:
            # A new period begins with each boot.
            periods = now / quota.period + 2 + host.crash_count
            if busy > quota.time * periods + _ROUNDING:
                raise _broken(instance, "no group has more than its quota", now, f"{busy!r} s")
    for plan in live.plan.hosts:
        host = live.system.host(plan.name)
        done = host.statistics().busy_time
        if plan.scheduling == "fair-share" and abs(had[host] - done) > _ROUNDING:
            rule = "what a host has done, its groups have had"
            raise _broken(host, rule, now, f"{had[host]!r} s of {done!r} s")


def has_begun_anew(live: LiveSystem, part: Endpoint) -> bool:
    """Return whether the host or the process of a part has crashed: then it has forgotten who was there."""
    places = {part.serving.name, None if part.host is None else part.host.name}
    return any(record.kind in _CRASHES and record.subject in places for record in live.env.event_log)


def _broken(part: object, rule: str, now: float, detail: str) -> BrokenInvariant:
    return BrokenInvariant(rule, entity_of(part), f"{type(part).__name__}: {rule}", now, detail)
