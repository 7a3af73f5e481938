"""An instance group: it keeps as many instances of a service as are wanted, each on a host that it is given.

What Kubernetes calls a replica set and the clouds an instance or auto scaling group. Whoever wants another
number says so (`scale_to`), and the group sees to it: it does not wait, and it does not forget.

Growing, it asks its source for a host for each instance that is missing, and starts the instance there: the
host boots, the process starts, and when it listens, balancers that follow the service have it. Where there is
no host left, the instance is *pending*: logged once, counted, and tried again every `retry_interval`.

Shrinking, it takes first those that serve nobody: pending, then starting or down; then, on shared hosts, from
the host with most of its own; then the newest, or the oldest (Kubernetes' order). The instance leaves the
service, so that balancers send it nothing new, finishes what it has, for `grace` seconds at most, and then
its host is given back. Until then it is paid for, and is no member any more. A host that boots for nobody is
given back at once.

Self-healing, if it is asked for: each `check_interval` the group looks at its members; one that should be
ready and was not at `strikes` looks in a row is replaced, its host given back. A member that should not be
ready yet is let be: how long hosts boot and processes start is known (of a random time, three standard
deviations more than its mean).

An instance that somebody else takes out of the service is theirs, with its host. Of one that somebody else
tells to stop, or whose host is taken away, the host is given back when it has stopped. In place of both the
group starts another. One that somebody else adds is no member. Nobody else may manage the service, no
deployment either.

The group is a control plane that stands outside the hosts: it cannot crash, and what it does needs no
message. What it knows of its members it finds at its looks, which is where the delay is. Leaves out: its own
failures; balance over zones; probes of an instance that is up and does not answer (health checks do that).

Sources: kubernetes/kubernetes `pkg/controller/controller_utils.go` (`ActivePodsWithRanks`: which pod goes
first); EC2 Auto Scaling user guide, "Health checks for instances in an Auto Scaling group" (replacement).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import suppress
from dataclasses import dataclass
from heapq import heapify, heappop, heapreplace
from math import inf
from typing import Any, Literal

from simulator import Distribution, Environment, Gauge, Process, ProcessCancelled

from ..infrastructure import Host, NoCapacity
from ..services import Instance, Service
from ..validation import require_count, require_delay, require_finite_duration, require_kind, require_number
from .host_source import HostSource
from .member import Member

Order = Literal["newest first", "oldest first"]
_ORDERS: tuple[Order, ...] = ("newest first", "oldest first")
_RANKS = {"pending": 0, "starting": 1, "down": 1, "ready": 2}


@dataclass(frozen=True, slots=True, kw_only=True)
class Replacement:
    """Replaces a member that was not ready at `strikes` (>= 1) looks in a row, each `check_interval` s."""

    check_interval: float = 10.0
    strikes: int = 3

    def __post_init__(self) -> None:
        """Check the fields."""
        require_finite_duration("check_interval", self.check_interval)
        require_count("strikes", self.strikes)


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceGroupStatistics:
    """What a group has done so far.

    `started_count` instances were started, `retired_count` of them taken away, `replaced_count` because they
    were down. `draining_count` are on their way out now, `pending_count` lack a host now, and
    `no_room_count` times one was asked for in vain.
    """

    started_count: int
    retired_count: int
    replaced_count: int
    draining_count: int
    pending_count: int
    no_room_count: int


class InstanceGroup:
    """Keeps `count` (>= 0) instances of `service`, on hosts from `source`.

    Instances that the service has already are its first members, and are there from the beginning; their
    hosts must have been given by the source, for they go back to it. `order` says who goes first of those
    that are ready. `linger` and `grace` (s) are those of `Instance.stop`. `replacement` makes it
    self-healing. Three gauges keep their history: `desired`, `provisioned` (members and those that drain:
    what is paid for) and `ready` (which learns of a crash at the next look, or when any is started or taken
    away).

    Example::

        service = Service(env, "shop", [pool.provision() for _ in range(2)], make_handler, start_time=10.0)
        group = InstanceGroup(env, service, pool, 2, grace=30.0)
        group.scale_to(5)
    """

    def __init__(
        self,
        env: Environment,
        service: Service,
        source: HostSource,
        count: int,
        *,
        order: Order = "newest first",
        linger: float = 0.0,
        grace: float = inf,
        replacement: Replacement | None = None,
        retry_interval: float = 10.0,
    ) -> None:
        """Take on the instances that are there, and bring them to `count`."""
        require_kind("service", service, Service)
        if not hasattr(source, "provision"):
            raise TypeError(f"source must be a HostSource, such as a HostPool, got {source!r}")
        require_count("count", count, lowest=0)
        if order not in _ORDERS:
            raise ValueError(f"order must be one of {', '.join(_ORDERS)}, got {order!r}")
        require_delay("linger", linger)
        if not require_number("grace", grace) >= linger:
            raise ValueError(f"grace must be >= linger ({linger!r} s), got {grace!r}")
        require_finite_duration("retry_interval", retry_interval)
        if replacement is not None:
            require_kind("replacement", replacement, Replacement)
        service.put_under(self)
        self.service = service
        self.name = service.name
        self._env = env
        self._source = source
        self._newest_first = order == "newest first"
        self._linger, self._grace = linger, grace
        self._retry_interval = retry_interval
        self._members: dict[Instance, Member] = {}
        self._draining: dict[Instance, Host] = {}
        self._number = 0
        self._started_count = self._retired_count = self._replaced_count = self._no_room_count = 0
        self._lacks_room = self._will_retry = False
        self.desired = Gauge(env, count, keep_history=True)
        self.provisioned = Gauge(env, 0, keep_history=True)
        self.ready = Gauge(env, 0, keep_history=True)
        for instance in service.instances:
            self._take_on(instance)
        service.on_removed(self._forget)
        self._reconcile()
        if replacement is not None:
            env.process(self._watch(replacement), f"watching {self.name}")

    def __repr__(self) -> str:
        return f"InstanceGroup({self.name!r}, {self.desired_count})"

    # -- how many there are

    @property
    def desired_count(self) -> int:
        """How many are wanted."""
        return int(self.desired.value)

    @property
    def ready_count(self) -> int:
        """How many take calls now; those that drain do not count."""
        return sum(instance.is_ready for instance in self._members)

    @property
    def pending_count(self) -> int:
        """How many are wanted and have no host."""
        return max(0, self.desired_count - len(self._members))

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The instances of its members, in the order in which they were started."""
        return tuple(self._members)

    @property
    def members(self) -> tuple[Member, ...]:
        """Its members, in the order in which they were started; those that drain are none any more."""
        return tuple(self._members.values())

    # -- changing it

    def scale_to(self, count: int) -> None:
        """Want `count` (>= 0) instances from now on."""
        require_count("count", count, lowest=0)
        if count != self.desired.value:
            self.desired.set(count)
        self._reconcile()

    def remove(self, instance: Instance) -> Process:
        """Take this very instance away and want one fewer; return the process, which ends when it is gone.

        Raises `ValueError` for one that is no member.
        """
        member = self._members.get(instance)
        if member is None:
            raise ValueError(f"instance must be a member of the group {self.name!r}, got {instance!r}")
        self.desired.add(-1)
        leaving = self._dismiss(member)
        self._count_ready()
        return leaving

    def _reconcile(self) -> None:
        if len(self._members) > self.desired.value:
            self._shrink()
        while len(self._members) < self.desired.value and self._start_one():
            pass
        if len(self._members) == self.desired.value:
            self._lacks_room = False
        self._count_ready()

    def _start_one(self) -> bool:
        try:
            host = self._source.provision()
        except NoCapacity as error:
            self._no_room_count += 1
            if not self._lacks_room:
                self._lacks_room = True
                self._env.log("scaling.pending", self.name, count=self.pending_count, reason=str(error))
            self._retry_later()
            return False
        self._started_count += 1
        self._take_on(self.service.add_instance(host))
        return True

    def _retry_later(self) -> None:
        if not self._will_retry:
            self._will_retry = True
            self._env.call_later(self._retry_interval, self._retry)

    def _retry(self) -> None:
        self._will_retry = False
        if self._lacks_room:
            self._reconcile()

    def _take_on(self, instance: Instance) -> None:
        env, host = self._env, instance.host
        boots_for = 0.0 if host.is_up else _longest(host.boot_time)
        starts_for = 0.0 if instance.is_ready else instance.start_time
        self._number += 1
        member = Member(self._number, instance, host, now=env.now, due_at=env.now + boots_for + starts_for)
        self._members[instance] = member
        self._count_provisioned()
        if instance.is_ready:
            self._note_ready(member)
        instance.on_ready(lambda: self._note_ready(member))
        if not host.is_up:
            host.on_restart(lambda: _note_start(member, env.now))

    def _note_ready(self, member: Member) -> None:
        member.was_ready = True
        member.changed_at = self._env.now
        member.strikes = 0
        # One more, without a look at all the others: thousands may become ready, each for itself.
        if not member.is_counted and member.instance in self._members:
            member.is_counted = True
            self.ready.add(1)

    def _count_ready(self) -> None:
        count = 0
        for member in self._members.values():
            member.is_counted = member.instance.is_ready
            count += member.is_counted
        if count != self.ready.value:
            self.ready.set(count)

    def _count_provisioned(self) -> None:
        self.provisioned.set(len(self._members) + len(self._draining))

    # -- taking away

    def _shrink(self) -> None:
        going = self._in_order_of_going()
        while len(self._members) > self.desired.value:
            self._dismiss(next(going))

    def _in_order_of_going(self) -> Iterator[Member]:
        on_host = Counter(member.host for member in self._members.values())
        sign = -1 if self._newest_first else 1

        def rank(member: Member) -> tuple[int, int, int]:
            return _RANKS[member.state], -on_host[member.host], sign * member.number

        line = [(rank(member), member) for member in self._members.values()]
        heapify(line)
        while line:
            found, member = line[0]
            # Whoever's host has given one up meanwhile has moved back in the line.
            if (present := rank(member)) > found:
                heapreplace(line, (present, member))
            else:
                heappop(line)
                on_host[member.host] -= 1
                yield member

    def _dismiss(self, member: Member) -> Process:
        instance = member.instance
        del self._members[instance]
        self._draining[instance] = member.host
        self._retired_count += 1
        stopping = self.service.retire(instance, linger=self._linger, grace=self._grace)
        return self._env.process(self._see_off(instance, stopping), f"draining {instance.name}")

    def _see_off(self, instance: Instance, stopping: Process) -> Generator[Any, Any, None]:
        # Cancelled: its host or process was down, or has crashed meanwhile.
        with suppress(ProcessCancelled):
            yield stopping
        self._give_back(self._draining.pop(instance))
        self._count_provisioned()
        if self._lacks_room:
            self._reconcile()

    def _give_back(self, host: Host) -> None:
        try:
            self._source.release(host)
        except ValueError:
            # Whoever took the host away has given it back, too.
            if not host.is_gone:
                raise

    def _forget(self, instance: Instance) -> None:
        # Those that the group takes away itself are no members any more when the service hears of it.
        if self._members.pop(instance, None) is not None:
            if instance.has_stopped:
                self._give_back(instance.host)
            self._count_provisioned()
            self._reconcile()

    # -- replacing what is down

    def _watch(self, replacement: Replacement) -> Generator[Any, Any, None]:
        while True:
            yield replacement.check_interval
            for member in self.members:
                self._look_at(member, replacement.strikes)
            self._reconcile()

    def _look_at(self, member: Member, strikes_max: int) -> None:
        # Strikes end when it is ready again, and not only at the next look.
        if member.instance.is_ready or self._env.now < member.due_at:
            return
        if not member.strikes:
            member.changed_at = self._env.now
        member.strikes += 1
        if member.strikes >= strikes_max:
            self._replaced_count += 1
            self._env.log("scaling.replaced", self.name, instance=member.instance.name)
            self._dismiss(member)

    def statistics(self) -> InstanceGroupStatistics:
        """Return what has happened so far."""
        return InstanceGroupStatistics(
            started_count=self._started_count,
            retired_count=self._retired_count,
            replaced_count=self._replaced_count,
            draining_count=len(self._draining),
            pending_count=self.pending_count,
            no_room_count=self._no_room_count,
        )


def _longest(boot_time: Distribution | float) -> float:
    """Return how long a boot may take before something is wrong with it: an operator's grace period."""
    if isinstance(boot_time, Distribution):
        return boot_time.mean + 3.0 * boot_time.standard_deviation
    return boot_time


def _note_start(member: Member, now: float) -> None:
    if member.started_at == inf:
        member.started_at = now
