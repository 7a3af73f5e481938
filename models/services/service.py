"""A service: a name, and instances that are all alike, one on each of some hosts.

It does not answer requests itself: clients reach its instances through a balancer, over the network, one by
one. What follows its instances (a balancer, an autoscaler's gauge) is told when one comes, is ready for the
first time, or goes. One that has stopped for good, by itself or as its host has gone, is in it no longer.

How many instances there are is kept by at most one, such as an instance group or a deployment (`managed_by`):
each would take what the other has just started for too many, or miss what it has just stopped.

Leaves out: health checks, deployment and scaling, which act on it from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from simulator import Environment, Process

from ..infrastructure import NOTHING_ASKED, Host, Resources
from .instance import Instance
from .step import Handler, Step
from .stopping import GRACE

MakeHandler = Callable[[Host], Step | Handler]
"""Makes what an instance does, given its host: each host has its own connections to dependencies."""


class Service:
    """The instances of a service called `name`, one on each of `hosts`.

    `make_handler(host)` returns the step or handler function of the instance on that host. The other
    parameters are those of each `Instance`; they and `make_handler` may be changed, and hold for the
    instances that are added afterwards. Instances are called "<name>-1", "<name>-2" and so on; a number is
    never used again. Those on `hosts` are there when the run begins, and listen; those that are added start
    first, which takes `start_time` seconds.

    Example::

        def make_handler(host):
            payment = Timeout(env, network.connect(host, payment_service.instances[0]), 0.5)
            return in_sequence(Work(Exponential(0.02)), Dependency(payment, name="payment"))

        shop = Service(env, "shop", [host_a, host_b], make_handler, threads=50)
        balancer = Balancer(env, [network.connect(client, instance) for instance in shop.instances])
    """

    def __init__(
        self,
        env: Environment,
        name: str,
        hosts: Iterable[Host],
        make_handler: MakeHandler,
        *,
        threads: int = 200,
        queue_size_max: float = 100,
        version: str = "1",
        make_state: Callable[[], Any] = dict,
        start_time: float = 0.0,
        resources: Resources = NOTHING_ASKED,
    ) -> None:
        """Have an instance on each host."""
        if isinstance(hosts, Host):
            raise TypeError(f"hosts must be a list of hosts, got {hosts!r} alone")
        if not callable(make_handler):
            raise TypeError(
                f"make_handler must be a function of a host, such as lambda host: {make_handler!r}, "
                f"got {make_handler!r} itself"
            )
        self.name = name
        self.make_handler = make_handler
        self.threads = threads
        self.queue_size_max = queue_size_max
        self.version = version
        self.make_state = make_state
        self.start_time = start_time
        self.resources = resources
        self.managed_by: object | None = None
        self._env = env
        # By insertion, as lists are, and quick to take one out of, as lists of thousands are not.
        self._instances: dict[Instance, None] = {}
        self._made_count = 0
        self._on_added: list[Callable[[Instance], object]] = []
        self._on_ready: list[Callable[[Instance], object]] = []
        self._on_removed: list[Callable[[Instance], object]] = []
        for host in hosts:
            self._make_instance(host)

    def __repr__(self) -> str:
        return f"Service({self.name!r})"

    @property
    def instances(self) -> tuple[Instance, ...]:
        """The instances, in the order in which they were added."""
        return tuple(self._instances)

    def put_under(self, manager: object) -> None:
        """Let `manager` keep the number of instances, alone: `managed_by` says who does.

        Raises `ValueError` where somebody does already.
        """
        if self.managed_by is not None:
            raise ValueError(f"service must be managed by nobody yet, got {self!r} of {self.managed_by!r}")
        self.managed_by = manager

    def add_instance(self, host: Host) -> Instance:
        """Start one more instance, on `host`, and return it: it listens after `start_time`.

        On a host that is down it starts when the host has booted.
        """
        instance = self._make_instance(host)
        for function in self._on_added:
            function(instance)
        is_new = True

        def became_ready() -> None:
            nonlocal is_new
            if is_new and instance in self._instances:
                is_new = False
                for function in self._on_ready:
                    function(instance)

        instance.on_ready(became_ready)
        instance.start()
        return instance

    def _make_instance(self, host: Host) -> Instance:
        self._made_count += 1
        instance = Instance(
            self._env,
            host,
            self.make_handler(host),
            threads=self.threads,
            queue_size_max=self.queue_size_max,
            version=self.version,
            make_state=self.make_state,
            start_time=self.start_time,
            resources=self.resources,
            name=f"{self.name}-{self._made_count}",
        )
        self._instances[instance] = None
        instance.on_stopped = self._forget
        return instance

    def _forget(self, instance: Instance) -> None:
        if instance in self._instances:
            self.remove_instance(instance)

    def remove_instance(self, instance: Instance) -> None:
        """Take `instance` out of the service: those who follow leave it, and it goes on listening.

        Raises `ValueError` for one that is not in the service.
        """
        if instance not in self._instances:
            raise ValueError(f"instance must be one of {self.name}, got {instance!r}")
        del self._instances[instance]
        for function in self._on_removed:
            function(instance)

    def retire(self, instance: Instance, *, linger: float = 0.0, grace: float = GRACE) -> Process:
        """Take `instance` out of the service and let it stop in good order, as `Instance.stop` does.

        One that was told to stop before goes on with that. Raises `ValueError` for one that is not in the
        service.
        """
        self.remove_instance(instance)
        return instance.stopping or instance.stop(linger=linger, grace=grace)

    def on_added(self, function: Callable[[Instance], object]) -> None:
        """Call `function(instance)` for each instance that is added from now on."""
        self._on_added.append(function)

    def on_ready(self, function: Callable[[Instance], object]) -> None:
        """Call `function(instance)` when one that is added from now on listens for the first time."""
        self._on_ready.append(function)

    def on_removed(self, function: Callable[[Instance], object]) -> None:
        """Call `function(instance)` for each instance that is removed from now on."""
        self._on_removed.append(function)
