"""A pool of workers, each on a host of its own, whose size can be set at any time.

It is an instance group (`models.instance_groups`) of a service that nobody calls: each of its instances is a
`Worker`. Growing and shrinking are the group's: a worker is ready when its host has booted and its process
has started; one that is to go finishes what it has in hand within `grace`, and its host is paid for until
then. So the hosts that are paid for follow the size that was asked for, later.

What happens when hosts fail:

- A worker whose host has crashed remains: the host may boot again, and is paid for. A group with a
  `replacement` gives it up after a while.
- A preemptible host that has been given notice is replaced at once, and its worker drained until then; so is
  one that was on its way out without haste. A pool that does not heed notices goes on until the host is gone.
- A host that was taken without anybody having heeded a notice is replaced when it is gone.

Who decides on the size stands outside: it reads the backlog and the `group`, and calls `scale_to`.

Leaves out: several workers on one host (say `concurrency`). Source: Amazon EC2 Auto Scaling documentation,
"Scaling policy based on Amazon SQS" and "Capacity Rebalancing" (which replaces spot instances at a notice).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from math import inf

from simulator import Environment

from ..endpoint import Endpoint
from ..infrastructure import Host
from ..instance_groups import HostSource, InstanceGroup, Replacement
from ..services import Instance, MakeHandler, Service
from .preemptible_hosts import PreemptibleHosts
from .worker import Worker, WorkerStatistics
from .worker_settings import WorkerSettings

Connect = Callable[[Host], Endpoint]
"""Makes a host's way to the backlog: `lambda host: network.connect(host, backlog)`."""

_DEFAULT = WorkerSettings()


class WorkerPool:
    """`size` (>= 0) workers that ask the backlog to which `connect(host)` leads, on hosts from `hosts`.

    `make_handler(host)` returns what the worker there does with a job, at most `concurrency` at a time, and
    `front(instance)` what stands in front of that, in its process. `grace`, `start_time` and `replacement`
    are those of the `group`. `heeds_notice`: see above; it acts where `hosts` are `PreemptibleHosts`.
    Instances are called "<name>-1", "<name>-2" and so on.

    Example::

        connect = partial(network.connect, target=backlog)
        pool = WorkerPool(env, ExistingHosts(hosts), connect, lambda host: Work(2.0), size=4)
        pool.scale_to(8)
    """

    def __init__(
        self,
        env: Environment,
        hosts: HostSource,
        connect: Connect,
        make_handler: MakeHandler,
        *,
        size: int = 0,
        settings: WorkerSettings = _DEFAULT,
        concurrency: int = 1,
        start_time: float = 0.0,
        front: Callable[[Instance], Endpoint] | None = None,
        grace: float = inf,
        heeds_notice: bool = True,
        replacement: Replacement | None = None,
        name: str = "worker",
    ) -> None:
        """Start `size` workers."""
        if not callable(connect):
            raise TypeError(f"connect must be a function of a host, got {connect!r}")
        self._env = env
        self.name = name
        self.settings = settings
        self.grace = grace
        self.heeds_notice = heeds_notice
        self._connect = connect
        self._front = front
        self._workers: dict[Instance, Worker] = {}
        self.service = Service(env, name, (), make_handler, threads=concurrency, start_time=start_time)
        self.service.on_added(self._employ)
        self.service.on_removed(lambda instance: self._workers[instance].drain(self.grace))
        self.group = InstanceGroup(env, self.service, hosts, size, grace=grace, replacement=replacement)
        if isinstance(hosts, PreemptibleHosts):
            hosts.on_notice(self._heed)
            hosts.on_taken(self._replace)

    def __repr__(self) -> str:
        return f"WorkerPool({self.name!r})"

    def _employ(self, instance: Instance) -> None:
        way = self._connect(instance.host)
        self._workers[instance] = Worker(self._env, instance, way, self.settings, front=self._front)

    # -- size -----------------------------------------------------------------------------------------------

    def scale_to(self, size: int) -> None:
        """Want `size` (>= 0) workers from now on."""
        self.group.scale_to(size)

    @property
    def worker_count(self) -> int:
        """How many workers there are, ready or not, that are not on their way out."""
        return len(self.group.instances)

    @property
    def ready_count(self) -> int:
        """How many of them poll and work now."""
        return self.group.ready_count

    @property
    def workers(self) -> tuple[Worker, ...]:
        """All workers that there ever were, the oldest first."""
        return tuple(self._workers.values())

    # -- preemption -----------------------------------------------------------------------------------------

    def _heed(self, host: Host, notice: float) -> None:
        if self.heeds_notice:
            for worker in self._workers.values():
                if worker.host is host:  # also one that is on its way out already, and no member any more
                    worker.drain(notice)
            self._replace(host)

    def _replace(self, host: Host) -> None:
        """Let the group have another worker for the one on `host`, if it has one there."""
        size = self.group.desired_count
        for instance in self.group.instances:
            if instance.host is host:
                self.group.remove(instance)
        self.group.scale_to(size)

    # -- what is seen of it ---------------------------------------------------------------------------------

    def statistics(self) -> WorkerStatistics:
        """Return what all workers that there ever were have done so far, added up."""
        each = [worker.statistics() for worker in self._workers.values()]
        names = [field.name for field in fields(WorkerStatistics)]
        return WorkerStatistics(**{name: sum(getattr(one, name) for one in each) for name in names})
