"""The books of what keeps a fleet going.

Backlogs and workers, groups of instances and who scales them, hosts that are had by the hour, deployments,
addresses and names.
"""

from __future__ import annotations

from models.autoscaling import Autoscaler
from models.deployment import Deployment
from models.infrastructure import HostPool
from models.instance_groups import InstanceGroup
from models.naming import ByName, Resolver, VirtualAddress
from models.workers import Backlog, PreemptibleHosts, Worker

from ..accepted_jobs import AcceptedJobs
from .books import Books, Rule, all_passed_on, at_most, calls_received, none_left, sums

FLEETS: dict[type, Books] = {
    Backlog: Books(
        always=(
            sums(
                "sent_count",
                "delayed_count",
                "visible_count",
                "in_flight_count",
                "deleted_count",
                "dead_count",
                "lost_count",
            ),
            at_most("redelivered_count", "received_count"),
            at_most("deleted_count", "received_count"),
            at_most("expired_count + returned_count", "received_count"),
            at_most("oldest_age", "oldest_age_max"),
            Rule(
                "in_flight_count <= in_flight_max",
                lambda backlog, now: now.in_flight_count <= backlog.settings.in_flight_max,
            ),
        ),
    ),
    Worker: Books(
        always=(
            sums(
                "received_count",
                "completed_count",
                "failed_count",
                "abandoned_count",
                "killed_count",
                "in_hand_count",
            ),
            at_most("undeleted_count", "completed_count"),
            at_most("received_count + failed_poll_count", "poll_count"),
            at_most("failed_beat_count", "beat_count"),
        ),
        idle=(none_left("in_hand_count"),),
    ),
    InstanceGroup: Books(
        always=(
            Rule(
                "members + pending = desired",
                lambda group, now: len(group.members) + now.pending_count == group.desired_count,
            ),
            Rule(
                "provisioned = members + draining",
                lambda group, now: group.provisioned.value == len(group.members) + now.draining_count,
            ),
        ),
        idle=(none_left("draining_count"),),
    ),
    AcceptedJobs: Books(received=calls_received, passed_on=all_passed_on()),
    Autoscaler: Books(
        always=(
            at_most("out_count + in_count", "decision_count"),
            at_most("reversal_count", "decision_count"),
        ),
    ),
    HostPool: Books(
        always=(
            sums("provisioned_count", "host_count", "released_count"),
            Rule("host_count <= host_count_max", lambda pool, now: now.host_count <= pool.host_count_max),
            Rule("who is given back is gone", lambda pool, now: not any(host.is_gone for host in pool.hosts)),
        ),
    ),
    PreemptibleHosts: Books(
        always=(at_most("noticed_count", "provided_count"), at_most("taken_count", "noticed_count")),
    ),
    Deployment: Books(
        always=(
            at_most("completed_count + rolled_back_count + superseded_count", "upgrade_count"),
            at_most("available_count", "running_count"),
        ),
    ),
    VirtualAddress: Books(
        always=(
            Rule(
                "who holds the address has taken it",
                lambda address, now: all(
                    now.taken_counts[now.hosts.index(host)] for host in now.active_hosts
                ),
            ),
        ),
    ),
    ByName: Books(
        always=(at_most("unresolved_count", "call_count"), at_most("question_count", "call_count")),
        received=calls_received,
    ),
    Resolver: Books(always=(at_most("hit_count + question_count", "query_count"),)),
}
"""By class."""
