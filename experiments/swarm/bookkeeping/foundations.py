"""The books of what everything stands on.

Hosts, permits, tables, clients, connections, balancers, instances and who watches them, faults.
"""

from __future__ import annotations

from itertools import pairwise
from math import inf

from models import Host
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker
from models.balancing.outlier_ejection import OutlierEjector
from models.faults import Fault
from models.network import Connection
from models.observers import RecordedCalls
from models.services import Instance
from models.workload import Client
from simulator import Permits, RequestTable

from ..detectors import ProbePort
from .books import Books, Rule, all_passed_on, at_most, calls_received, none_left

_FEW = 100  # rows: to begin with, NumPy takes longer than they do


def _ends_after_start(table: RequestTable) -> bool:
    if len(table) <= _FEW:
        return all(start <= end for start, end, _, _ in table.rows())
    sample = table.sample(since=-inf)
    return bool((sample.end >= sample.start).all())


def _is_in_order(table: RequestTable) -> bool:
    if len(table) <= _FEW:
        return all(one[1] <= next_one[1] for one, next_one in pairwise(table.rows()))
    ends = table.sample(since=-inf).end
    return bool((ends[1:] >= ends[:-1]).all())


FOUNDATIONS: dict[type, Books] = {
    Host: Books(
        always=(
            Rule("utilisation <= 1", lambda host, now: now.utilisation <= 1.0 + 1e-9),
            Rule("running_count <= cores", lambda host, now: now.running_count <= host.cores),
            Rule(
                "nothing runs on a host that is down",
                lambda host, now: host.is_up or not (host.running or now.running_count or now.waiting_count),
            ),
            Rule(
                "what runs on a host has not ended",
                lambda host, now: all(process.is_alive for process in host.running),
            ),
        ),
        idle=(
            Rule("nothing runs", lambda host, now: not host.running),
            none_left("running_count", "waiting_count"),
        ),
    ),
    Permits: Books(
        always=(
            Rule("0 <= free <= capacity", lambda permits, now: 0 <= permits.free <= permits.capacity),
            Rule(
                "no permit is free while somebody waits",
                lambda permits, now: not (permits.free and permits.waiting),
            ),
        ),
        idle=(none_left("held_count", "waiting_count"),),
    ),
    RequestTable: Books(
        always=(
            # What a table says of itself: in flight is what was issued and is not recorded.
            Rule("in flight >= 0", lambda table, now: table.in_flight >= 0),
            Rule("none ends before it begins", lambda table, now: _ends_after_start(table)),
            Rule("recorded in the order of time", lambda table, now: _is_in_order(table)),
        ),
        idle=(Rule("nothing is in flight", lambda table, now: table.in_flight == 0),),
    ),
    Client: Books(
        always=(
            Rule("issued <= those of its table", lambda client, now: client.issued <= client.table.issued),
            Rule("0 <= in flight <= issued", lambda client, now: 0 <= client.in_flight <= client.issued),
            Rule(
                "in flight <= those of its table",
                lambda client, now: client.in_flight <= client.table.in_flight,
            ),
        ),
        idle=(Rule("nothing is in flight", lambda client, now: client.in_flight == 0),),
        passed_on=lambda client, now: [(client.target, client.issued)],
    ),
    RecordedCalls: Books(
        always=(
            Rule(
                "under way <= in flight of the table, which others may share",
                lambda recorded, now: 0 <= recorded.under_way.value <= recorded.table.in_flight,
            ),
        ),
        idle=(Rule("nothing is under way", lambda recorded, now: recorded.under_way.value == 0),),
    ),
    Connection: Books(
        always=(
            # What is left was never answered, or is not yet.
            at_most("answered_count + late_count", "call_count"),
            at_most("wasted_count", "call_count"),
        ),
        received=calls_received,
    ),
    Balancer: Books(
        always=(
            Rule(
                "0 <= outstanding_count <= call_count of each target",
                lambda balancer, now: all(
                    0 <= target.outstanding_count <= target.call_count
                    for target in (*now.targets, *now.draining)
                ),
            ),
        ),
        idle=(
            Rule(
                "no call is outstanding",
                lambda balancer, now: (
                    not now.draining and not any(target.outstanding_count for target in now.targets)
                ),
            ),
        ),
        received=calls_received,
        passed_on=lambda balancer, now: zip(
            balancer.targets, (target.call_count for target in now.targets), strict=True
        ),
    ),
    HealthChecker: Books(
        always=(
            # What is left was cut short, or is under way.
            at_most("passed_count + failed_count", "probe_count"),
            at_most("up_count", "down_count"),
        ),
    ),
    OutlierEjector: Books(
        always=(
            at_most("unejected_count", "readmitted_count"),
            Rule(
                "what was found was ejected, or one too many, or not enforced",
                lambda ejector, now: (
                    sum(now.ejected_counts.values()) + now.overflow_count <= sum(now.found_counts.values())
                ),
            ),
            Rule(
                "who is out, or has come back, was ejected",
                lambda ejector, now: (
                    len(now.ejected) + now.readmitted_count <= sum(now.ejected_counts.values())
                ),
            ),
        ),
    ),
    ProbePort: Books(
        always=(at_most("answered_count", "call_count"),),
        received=calls_received,
        passed_on=all_passed_on(),
    ),
    Instance: Books(
        always=(
            at_most("degraded_count", "completed_count"),
            Rule(
                "an instance that is down has no calls",
                lambda instance, now: (
                    instance.host.runs(instance) or not (now.in_service_count or now.waiting_count)
                ),
            ),
        ),
        idle=(
            none_left("in_service_count", "waiting_count"),
            Rule(
                "who was told to stop has stopped",
                lambda instance, now: instance.has_stopped == instance.is_stopping,
            ),
        ),
        received=calls_received,
    ),
    Fault: Books(
        always=(
            at_most("healed_count", "injected_count"),
            Rule(
                "injected_count - healed_count is 1 while it is injected",
                lambda fault, now: now.injected_count - now.healed_count == fault.is_injected,
            ),
        ),
    ),
}
"""By class."""
