"""The fleet: what a deployment has ordered, and what it has heard of it.

An *entry* is one instance that was ordered: of a version, on a host. States: *ordered* -> *running* ->
*ready* and back, and from each of them *leaving* -> *stopped*, when it is forgotten. What was ordered is on
the controller's disk; what was heard, in reports of the agents on the hosts, is in its memory.

The registry of the service stands with the controller. Who leaves is taken out of it when that is decided,
and not when its host hears of it: the two pieces of news, to the balancers and to the host, are on their way
at the same time, and which of them is first decides whether requests are lost.

Instances that others add to the service or take out of it (an autoscaler, a test) are found at the next look
into the registry, and count as wanted, or not wanted any more. A host is given back when its instance is
known to have stopped.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Iterable
from typing import Any

from simulator import CallFailed, Environment, Gauge

from ..infrastructure import Host, NoCapacity
from ..instance_groups import HostSource
from ..network import Network
from ..request import Request
from ..resilience import Timeout
from ..services import Instance, Service
from .agent import Agent, Draining, Orders, Report
from .moves import Stock
from .version import Version


class Entry:
    """The instance that was ordered as the `number`-th; `report` is None while nothing is known of it."""

    __slots__ = ("host", "instance", "is_leaving", "number", "report", "version")

    def __init__(self, number: int, version: Version, host: Host, instance: Instance | None = None) -> None:
        self.number = number
        self.version = version
        self.host = host
        self.instance = instance
        self.is_leaving = False
        self.report: Report | None = None

    def is_available(self, now: float, min_ready_time: float) -> bool:
        """Say whether it has been ready for so long, by what was last heard."""
        since = None if self.report is None else self.report.ready_since
        return since is not None and now - since >= min_ready_time


class Fleet:
    """The instances of `service` as the controller on `host` has ordered them and heard of them.

    `hosts` is where hosts for new instances come from; None: they stand where the service stood when the
    deployment was made, on the host with the fewest of their version, then of any, of those that answer.
    `running` follows the number of instances from their order until they are known to have stopped.
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        service: Service,
        host: Host,
        *,
        draining: Draining,
        hosts: HostSource | None,
        patience: float,
    ) -> None:
        self._env = env
        self._network = network
        self._service = service
        self._host = host
        self._draining = draining
        self._source = hosts
        self._patience = patience
        self._entries: dict[int, Entry] = {}
        self._numbers: dict[Instance, int] = {}  # of the registry: whose instance it is
        self._agents: dict[Host, Agent] = {}
        self._ways: dict[Host, Timeout] = {}
        self._homes = list(dict.fromkeys(instance.host for instance in service.instances))
        self._silent: set[Host] = set()  # that have not answered when last asked
        self._number = 0
        self.started_count = 0
        self.stopped_count = 0
        self.running = Gauge(env, keep_history=True)
        self.take_stock(Version.of(service))

    # -- what there is

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All that are not known to have stopped."""
        return tuple(self._entries.values())

    @property
    def staying_count(self) -> int:
        """How many were ordered and not told to stop."""
        return sum(not entry.is_leaving for entry in self._entries.values())

    @property
    def is_leaving(self) -> bool:
        """Whether some have been told to stop and have not yet."""
        return any(entry.is_leaving for entry in self._entries.values())

    def of(self, version: str, min_ready_time: float) -> tuple[Stock, Stock]:
        """Return the stock of a version, and that of all others; who leaves is in neither."""
        now = self._env.now
        counts: Counter[tuple[bool, bool]] = Counter(
            (entry.version.name == version, entry.is_available(now, min_ready_time))
            for entry in self._entries.values()
            if not entry.is_leaving
        )
        new, old = (
            Stock(counts[which, False] + counts[which, True], counts[which, True]) for which in (True, False)
        )
        return new, old

    def take_stock(self, usual: Version) -> int:
        """Find who was added or removed by others; return by how many more are wanted.

        Who was added is of the version that his instance says; where that is not known, as the `usual` one.
        """
        present = set(self._service.instances)
        more = 0
        for instance in self._service.instances:
            if instance not in self._numbers:
                self._adopt(instance, usual)
                more += 1
        for entry in self.entries:
            if entry.instance is not None and not entry.is_leaving and entry.instance not in present:
                more -= 1
                if self._source is not None and not entry.host.is_gone:
                    # It may have calls under way, which would die with a host that is given back now.
                    self.stop([entry])
                else:
                    self._forget(entry)
        return more

    def _adopt(self, instance: Instance, usual: Version) -> None:
        version = usual
        if instance.version != usual.name:
            known = {entry.version.name: entry.version for entry in self._entries.values()}
            version = known.get(
                instance.version, Version(name=instance.version, make_handler=usual.make_handler)
            )
        entry = self._add(version, instance.host)
        self._numbers[instance] = entry.number
        entry.instance = instance
        self._agent(instance.host).know(entry.number, instance)

    # -- orders

    def start(self, version: Version) -> bool:
        """Order one more instance; say whether there was a host for it."""
        host = self._next_home(version.name)
        if host is None:
            return False
        self._add(version, host)
        self.started_count += 1
        return True

    def stop(self, entries: Iterable[Entry]) -> None:
        """Take them out of the registry and order them to stop."""
        for entry in entries:
            entry.is_leaving = True
            self.stopped_count += 1
            if entry.instance is not None and entry.instance in self._service.instances:
                self._service.remove_instance(entry.instance)

    def first_to_go(
        self, version: str, count: int, min_ready_time: float, *, others: bool, keeping: str | None = None
    ) -> list[Entry]:
        """Return `count` entries of a version, or of all others: the unavailable first, then the oldest.

        Among several old versions, Kubernetes too takes the oldest first; but those of a version that is to
        be kept (`keeping`) go last of all.
        """
        now = self._env.now
        candidates = [
            entry
            for entry in self._entries.values()
            if not entry.is_leaving and (entry.version.name == version) is not others
        ]
        candidates.sort(
            key=lambda entry: (
                entry.version.name == keeping,
                entry.is_available(now, min_ready_time),
                entry.number,
            )
        )
        return candidates[:count]

    def _add(self, version: Version, host: Host) -> Entry:
        self._number += 1
        entry = self._entries[self._number] = Entry(self._number, version, host)
        self.running.add(1)
        return entry

    def _forget(self, entry: Entry) -> None:
        del self._entries[entry.number]
        self.running.add(-1)
        if self._source is not None:
            try:
                self._source.release(entry.host)
            except ValueError:  # a host that the service stood on before, and that is not the source's
                return

    def _next_home(self, version: str) -> Host | None:
        if self._source is not None:
            try:
                return self._source.provision()
            except NoCapacity:
                return None
        staying = [entry for entry in self._entries.values() if not entry.is_leaving]
        counts = Counter(entry.host for entry in staying)
        # Of its own version first: it is with these that it will be in the end.
        alike = Counter(entry.host for entry in staying if entry.version.name == version)
        silent = self._silent
        return min(self._homes, key=lambda host: (host in silent, alike[host], counts[host]), default=None)

    # -- messages

    def exchange(self) -> Generator[Any, Any, None]:
        """Send all orders to all hosts and wait for their reports; who does not answer in time is silent."""
        by_host: dict[Host, list[Entry]] = {}
        for entry in self._entries.values():
            by_host.setdefault(entry.host, []).append(entry)
        questions = [
            self._host.start(self._ask(host, entries), f"orders for {host.name}")
            for host, entries in by_host.items()
        ]
        for question in questions:
            if question.is_alive:
                yield question

    def _ask(self, host: Host, entries: list[Entry]) -> Generator[Any, Any, None]:
        orders = Orders(
            run=tuple((entry.number, entry.version) for entry in entries if not entry.is_leaving),
            stop=tuple(entry.number for entry in entries if entry.is_leaving),
        )
        way = self._way(host)
        try:
            response = yield from way.call(Request(operation="orders", value=orders))
        except CallFailed:
            self._silent.add(host)
            for entry in entries:
                entry.report = None
            return
        self._silent.discard(host)
        for entry in entries:
            self._hear(entry, response.value[entry.number])

    def _hear(self, entry: Entry, report: Report) -> None:
        if entry.number not in self._entries:
            return
        entry.report = report
        if entry.instance is None:
            entry.instance = report.instance
        if entry.is_leaving and report.has_stopped:
            self._forget(entry)

    def _agent(self, host: Host) -> Agent:
        agent = self._agents.get(host)
        if agent is None:
            agent = self._agents[host] = Agent(self._service, host, self._draining, self._register)
        return agent

    def _register(self, number: int, instance: Instance) -> None:
        self._numbers[instance] = number

    def _way(self, host: Host) -> Timeout:
        way = self._ways.get(host)
        if way is None:
            connection = self._network.connect(self._host, self._agent(host))
            way = self._ways[host] = Timeout(
                self._env, connection, self._patience, name=f"{self._host.name} to {host.name}"
            )
        return way
