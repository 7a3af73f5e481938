"""Services: what answers requests on hosts, and how to say what it does.

    instance        Instance: a thread pool with a bounded queue on a host
    remembering_instance  RememberingInstance: one that notices when its memory is gone
    service         Service: one instance per host, all alike
    step            what an instance does for a request: Step, Handler
    stopping        how an instance stops in good order
    work            Work: a demand on the host's cores
    pause           Pause: wait for what costs no core
    dependency      Dependency: ask another endpoint, required or optional
    sequence        in_sequence: one step after the other
    parallel        in_parallel: all at once, over when the last is done
    by_operation    by_operation: a step for each operation

What an instance does is a step, or a generator function `handler(instance, request)` where steps do not say
it.
"""

from .by_operation import by_operation
from .dependency import Dependency, DependencyFailed
from .instance import Instance, InstanceStatistics
from .parallel import in_parallel
from .pause import Pause
from .remembering_instance import RememberingInstance
from .sequence import in_sequence
from .service import MakeHandler, Service
from .step import Handler, Step
from .work import Work

__all__ = [
    "Dependency",
    "DependencyFailed",
    "Handler",
    "Instance",
    "InstanceStatistics",
    "MakeHandler",
    "Pause",
    "RememberingInstance",
    "Service",
    "Step",
    "Work",
    "by_operation",
    "in_parallel",
    "in_sequence",
]
