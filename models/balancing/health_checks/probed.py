"""What a probe meets at an instance: its threads, or a port of its own; something shallow, or something deep.

Through the threads a probe is a request like others: give the handler something to do for it,
`by_operation({HEALTH: Work(0.001), ...})`. An instance whose threads are all taken then fails its probes,
which is right (it cannot serve) and dangerous: under too much load the slowest is marked down first, the
others get its share, and so on; what stops that is the balancer's panic threshold.

`HealthPort` goes past queue and threads, into the same process: it says that the process lives, and of an
instance that is drowning nothing else. That is so as long as nothing is done there: work takes its turn on
the cores, and where these are first come, first served it waits for all that the threads have put before it.

A *shallow* check does some work. A *deep* one asks what the instance depends on, with a `Dependency` among
its steps; when that is ill all instances fail at once, and whoever believes the checks has nobody left.
`StillWanted` fails once the instance was told to stop, so that who checks can hear of it while it lingers.

Source: Amazon Builders' Library, "Implementing health checks"; Kubernetes' advice against dependencies in
liveness probes.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from ...endpoint import Call, Endpoint
from ...failures import CallFailed, Rejected, ServerError
from ...request import Request, Response
from ...services import DependencyFailed, Handler, Instance, Step


@dataclass(frozen=True, slots=True)
class StillWanted(Step):
    """Fail where the instance was told to stop: `Rejected`, by the instance itself.

    Example::

        by_operation({HEALTH: in_sequence(StillWanted(), Work(0.001)), "get": Work(0.02)})
    """

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that looks."""

        def look(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            if not instance.is_ready:
                raise Rejected(instance.name, "stopping")
            yield from ()

        return look


class HealthPort(Endpoint):
    """A port of an instance's process on which `step` is done without a thread of its pool.

    It listens, and dies, with the instance. Without a `step` it answers at once, whatever the cores have to
    do, as an operating system accepts a connection; work takes cores of its host as any other does.

    Example::

        ports = {way: HealthPort(instance) for way, instance in ways.items()}
        HealthChecker(env, balancer, haproxy(), probed=lambda way: network.connect(proxy, ports[way]))
    """

    def __init__(self, instance: Instance, step: Step | None = None) -> None:
        """Listen where the instance does."""
        if not isinstance(instance, Instance):
            raise TypeError(f"instance must be an Instance, got {instance!r}")
        self.instance = instance
        self.host = instance.host
        self.name = f"health of {instance.name}"
        self._handle = None if step is None else step.handler(instance)

    @property
    def serving(self) -> Endpoint:
        """The instance, in whose process it is."""
        return self.instance

    def call(self, request: Request) -> Call:
        """Answer a probe."""
        if self._handle is None:
            yield from ()
            return Response()
        try:
            answer = yield from self._handle(self.instance, request)
        except (ServerError, Rejected):
            raise
        except CallFailed as failure:
            raise DependencyFailed(self.instance.name, failure) from failure
        return answer if isinstance(answer, Response) else Response(answer)
