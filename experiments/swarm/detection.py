"""What is thought of instances is what they have shown, for as long as they show it.

While health checks and outlier ejection go on,

- each probe goes to one instance once;
- who has answered no probe for as long as it takes to find that out is taken to be ill;
- who has answered the last probes in time, all faults over, is taken to be well (where it is known how long
  messages take);
- no more are ejected than may be, where nobody comes and goes, and nobody for longer than was said.

What a checker or an ejector knows is held against what ports have seen and the log says; how they come to
know it is no concern of this.
"""

from __future__ import annotations

from math import isinf

from .detectors import OUTLIERS, Detection
from .fault_catalogue import changed_services
from .invariants import BrokenInvariant, entity_of
from .live_system import LiveSystem

_ROUNDING = 1e-9
_RESTARTS = ("host.down", "host.up")


def check_detection(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` where somebody is taken for what he is not, at this instant."""
    for detection in live.detections:
        _check_probes(live, detection)
        _check_ill(live, detection)
        _check_ejected(live, detection)


def check_well_again(live: LiveSystem) -> None:
    """Raise `BrokenInvariant` for who is well, and is taken to be ill; when all faults are over."""
    if isinf(live.constant_latency):
        return
    for detection in live.detections:
        checker, checks = detection.checker, detection.plan.health_checks
        if checker is None or checks is None or detection.is_over:
            continue
        since = live.env.now - checks.interval - checks.timeout
        for target in detection.balancer.targets:
            port = detection.ports[target]
            # A row that is old says nothing: what came since has not come to the port.
            has_shown_it = port.row > checks.strikes and port.answered_at >= since
            if has_shown_it and not checker.is_healthy(target):
                raise _broken(live, checker, "who answers its probes is taken to be well", port.name)


def _check_probes(live: LiveSystem, detection: Detection) -> None:
    if detection.checker is not None:
        probes = detection.checker.statistics().probe_count
        calls = sum(connection.statistics().call_count for connection in detection.connections)
        if probes != calls:
            detail = f"{probes} probes, {calls} sent"
            raise _broken(live, detection.checker, "each probe goes to one instance", detail)


def _check_ill(live: LiveSystem, detection: Detection) -> None:
    checker, checks = detection.checker, detection.plan.health_checks
    if checker is None or checks is None or detection.is_over:
        return
    # So many probes as strikes have failed by then, and one more that was under way.
    since = live.env.now - (checks.strikes + 1) * (checks.interval + checks.timeout)
    if _has_begun_anew(live, detection, since):
        return
    for target in detection.balancer.targets:
        port = detection.ports[target]
        if max(port.opened_at, port.answered_at) < since and checker.is_healthy(target):
            raise _broken(live, checker, "who answers no probe is taken to be ill", port.name)


def _has_begun_anew(live: LiveSystem, detection: Detection, since: float) -> bool:
    """Return whether the host of a balancer went or came after `since`, or is down."""
    host = detection.balancer.host
    records = live.env.event_log.of_kind(*_RESTARTS)
    return not _is_there(detection) or any(
        record.time >= since and host is not None and record.subject == host.name for record in records
    )


def _is_there(detection: Detection) -> bool:
    """Return whether the host of a balancer is up: else what it knew is about to be forgotten."""
    host = detection.balancer.host
    return host is None or host.is_up


def _check_ejected(live: LiveSystem, detection: Detection) -> None:
    ejector = detection.ejector
    if ejector is None or not _is_there(detection):
        return
    now, balancer = live.env.now, detection.balancer
    ejected = ejector.statistics().ejected
    share_max = OUTLIERS.max_ejection_percent / 100.0
    is_settled = detection.plan.service not in changed_services(live.plan)
    if is_settled and len(ejected) > max(1.0, share_max * len(balancer.targets)):
        detail = f"{len(ejected)} of {len(balancer.targets)}"
        raise _broken(live, ejector, "no more are ejected than may be", detail)
    # Of several records of one target the last one counts: the log is in order of time.
    ends = {
        record.subject: record.time + float(str(record.detail["duration"])) + OUTLIERS.interval
        for record in live.env.event_log.of_kind("ejection")
        if record.detail["balancer"] == balancer.name
    }
    for name in ejected:
        if now > ends[name] + _ROUNDING:
            detail = f"{name}, by {ends[name]!r} s"
            raise _broken(live, ejector, "who is ejected comes back in time", detail)


def _broken(live: LiveSystem, part: object, rule: str, detail: str) -> BrokenInvariant:
    kind = f"{type(part).__name__}: {rule}"
    return BrokenInvariant(rule, entity_of(part), kind, live.env.now, detail)
