"""What runs on the engine: systems of endpoints on hosts, under load and in trouble.

    request, endpoint, failures, outcome    what is asked, who answers, how it can end
    infrastructure                          regions, zones, racks, hosts, cores; placement, hosts by the hour
    network                                 latency, loss, partitions; calls from host to host
    system                                  the parts of a system by name, and how to put them together
    services                                instances with threads and queues; dependencies
    balancing                               balancers, their policies, and how they know who is well
    hashing                                 which of several nodes a key belongs to
    naming                                  virtual addresses, names: whom to call when hosts die
    instance_groups                         as many instances as are wanted, on hosts that are given
    autoscaling                             how many that should be: rules, late metrics
    deployment                              from version to version: rolling, blue-green, canary
    workers                                 jobs that wait in a backlog, and who works them off
    nodes                                   processes that work by messages, and forget in a crash
    storage                                 disks, logs, tables: what a crash does not take
    replication, consensus                  stores on several nodes, by primary, by quorum, by agreement
    sharding                                keys spread over stores, and found again while they move
    cqrs                                    commands and questions apart, and events between them
    transactions                            sagas, two-phase commit, a database and its messages
    consistency                             histories of what clients saw, and what they prove
    resilience                              timeouts, retries, breakers, bulkheads, limits, hedges
    faults                                  what goes wrong: planned, or at random
    requirements                            what should hold: objectives, error budgets
    observers                               what was seen: calls, states of breakers, what saturates
    workload                                users: open, closed, recorded
    shop, storefront, stocked_shop          whole systems to break: the chapter's shop, and two more

Everything that answers is an `Endpoint`, and systems are built by nesting, outermost first:
`CircuitBreaker(env, Retry(env, Timeout(env, network.connect(web, service), 0.5)))`.
The core is importable from here, the rest from the packages.
"""

from .endpoint import Call, Endpoint, FunctionEndpoint, Wrapper
from .failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    TimedOut,
    Unavailable,
    in_doubt,
)
from .infrastructure import Host, Rack, Region, Zone
from .network import Network
from .outcome import OUTCOME_NAMES, Outcome, outcome_of
from .request import Request, Response
from .system import System

__all__ = [
    "OUTCOME_NAMES",
    "BreakerOpen",
    "Call",
    "CallFailed",
    "ConnectionLost",
    "Endpoint",
    "FunctionEndpoint",
    "Host",
    "Network",
    "Outcome",
    "Rack",
    "Refused",
    "Region",
    "Rejected",
    "Request",
    "Response",
    "ServerError",
    "System",
    "TimedOut",
    "Unavailable",
    "Wrapper",
    "Zone",
    "in_doubt",
    "outcome_of",
]
