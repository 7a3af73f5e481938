"""What a run's log says about how many hosts were up, and for how long."""

from __future__ import annotations

from simulator import EventLog


def shares_by_down_count(log: EventLog, hosts_count: int, since: float, until: float) -> list[float]:
    """Return the share of the time from `since` to `until` (s) with 0, 1, ... of `hosts_count` hosts down."""
    times = [0.0] * (hosts_count + 1)
    down_count, changed_at = 0, since
    for record in log.of_kind("host.down", "host.up"):
        if record.time > since:
            times[down_count] += record.time - changed_at
            changed_at = record.time
        down_count += 1 if record.kind == "host.down" else -1
    times[down_count] += until - changed_at
    return [time / (until - since) for time in times]
