"""The network: the only way from host to host.

It knows how long messages take between places (`LocalityLatencies`, overridden per pair), how wide and how
lossy the way is, and which rules of mischief are installed. It offers two things: `connect`, an endpoint
across the network, and `send`, one message one way.

What it promises: a message arrives after its latency or never; nothing arrives on a host that is down. What
it does not: order between messages, unless latencies are constant.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from simulator import Environment
from simulator.randomness import Constant, Distribution

from ..endpoint import Endpoint, require_endpoint
from ..failures import ConnectionLost
from ..infrastructure import Host
from ..validation import require_kind
from .connection import Connection
from .latency import LocalityLatencies, locality
from .path import TRANSPORTS, MessageGone, Path
from .rules import Between, Partition, Place, Rule, checked_probability
from .watching import MessageWatcher, Role, content_of


@dataclass(frozen=True, slots=True, kw_only=True)
class _Override:
    """What differs between two sets of places; `None` leaves a property as it was."""

    between: Between
    latency: Distribution | None
    bandwidth: float | None
    loss_probability: float | None
    duplicate_probability: float | None


class Network:
    """Carries messages between hosts.

    `latencies` are one-way latencies by locality: a `LocalityLatencies`, one distribution for all, or a
    number of seconds. `loss_probability` in [0, 1] is that of each packet everywhere. `way_count` is how many
    different ways from a host to an endpoint have been connected.

    Example::

        network = Network(env, latencies=0.01)
        payment = Timeout(env, network.connect(web, payment_service), 0.5)
    """

    def __init__(
        self,
        env: Environment,
        *,
        latencies: LocalityLatencies | Distribution | float | None = None,
        loss_probability: float = 0.0,
    ) -> None:
        self.env = env
        if latencies is None:
            latencies = LocalityLatencies()
        elif not isinstance(latencies, LocalityLatencies):
            latencies = LocalityLatencies.uniform(latencies)
        self.latencies = latencies
        self.loss_probability = checked_probability("loss_probability", loss_probability)
        self._rules: list[Rule] = []
        self._overrides: list[_Override] = []
        self._paths: dict[tuple[Host, Host], Path] = {}
        self._hosts: dict[str, Host] = {}
        self._links: dict[Path, None] = {}
        self._reached: dict[Host, dict[Endpoint, None]] = {}
        self.way_count = 0
        self._watcher: MessageWatcher | None = None

    @property
    def links(self) -> tuple[Path, ...]:
        """The ways that have, or have had, a bandwidth: those that keep statistics of what they carry."""
        return tuple(self._links)

    def reached_from(self, source: Host) -> tuple[Endpoint, ...]:
        """Return what connections from `source` lead to, in the order in which they were made."""
        return tuple(self._reached.get(source, ()))

    # -- carrying

    def connect(
        self,
        source: Host,
        target: Endpoint,
        *,
        host: Host | None = None,
        transport: str = "tcp",
        propagate_cancellation: bool = False,
        name: str | None = None,
    ) -> Connection:
        """Return an endpoint that calls `target` from `source` across the network.

        `host` is where the target runs, by default `target.host`. `transport` is "tcp" or "datagram" (they
        differ in what loss does, see `path`). With `propagate_cancellation` a caller that gives up sends a
        message that cancels the work.
        """
        require_kind("source", source, Host)
        require_endpoint("target", target)
        host = host or target.host
        if host is None:
            raise ValueError(f"host must say where {target.name!r} runs, got None")
        if transport not in TRANSPORTS:
            raise ValueError(f"transport must be one of {', '.join(TRANSPORTS)}, got {transport!r}")
        reached = self._reached.setdefault(source, {})
        if target not in reached:
            reached[target] = None
            self.way_count += 1
        return Connection(
            self.env,
            self.path(source, host),
            self.path(host, source),
            target,
            transport=transport,
            propagate_cancellation=propagate_cancellation,
            name=name or f"{source.name}->{target.name}",
        )

    def send(
        self,
        source: Host,
        target: Host,
        function: Callable[..., object],
        *arguments: Any,
        size_bytes: int = 0,
        transport: str = "datagram",
    ) -> None:
        """Send one message one way: when and if it arrives, `function(*arguments)` is called on `target`.

        A datagram may be lost or arrive twice; a host that is down sends nothing. Nobody is told. The
        function must touch nothing but the target's own state.
        """
        if transport not in TRANSPORTS:
            raise ValueError(f"transport must be one of {', '.join(TRANSPORTS)}, got {transport!r}")
        path = self.path(source, target)
        if not source.is_up:
            return
        if path.is_quick:
            self.env.call_later(path.next_latency(), path.deliver, function, arguments)
            return
        content = content_of(function, arguments)
        if path.is_plain:
            self._send_seen(path, content, function, arguments)
            return
        copies_count = path.copies_count() if transport == "datagram" else 1
        for number in range(copies_count):
            sent = path.sent(Role.MESSAGE, content, is_copy=number > 0)
            carrying = path.carry(size_bytes, transport, sent)
            try:
                delay = next(carrying)  # judged now: a rule that comes or goes at this instant is too late
            except MessageGone:
                continue
            self.env.launch(_deliver(carrying, path, function, arguments), f"message {path.name}", delay)

    def _send_seen(
        self, path: Path, content: object, function: Callable[..., object], arguments: tuple[Any, ...]
    ) -> None:
        """Send a message a plain way while somebody watches: to the engine, the same as if nobody did."""
        sent = path.sent(Role.MESSAGE, content)
        latency = path.next_latency()
        if sent is not None:
            sent.arrives_at = self.env.now + latency
            function = partial(sent.receive, function)
        self.env.call_later(latency, path.deliver, function, arguments)

    def path(self, source: Host, target: Host) -> Path:
        """Return the way from `source` to `target`, always the same object.

        Raises `ValueError` when two hosts of one network have the same name: their random streams would be
        one.
        """
        path = self._paths.get((source, target))
        if path is None:
            for host in (source, target):
                if self._hosts.setdefault(host.name, host) is not host:
                    raise ValueError(f"name of a host must be unique in its network, got {host.name!r} twice")
            path = self._paths[source, target] = Path(self.env, source, target, self._rules)
            path.watcher = self._watcher
            self._configure(path)
        return path

    # -- what differs between two places

    def override(
        self,
        sources: Iterable[Place] | Place,
        targets: Iterable[Place] | Place,
        *,
        latency: Distribution | float | None = None,
        bandwidth: float | None = None,
        loss_probability: float | None = None,
        duplicate_probability: float | None = None,
        one_way: bool = False,
    ) -> None:
        """Set what differs between two sets of places (hosts, zones, regions), both ways unless `one_way`.

        `latency` one way in seconds, a distribution or a number; `bandwidth` in bytes per second (> 0), for
        which messages queue; `loss_probability` of each packet and `duplicate_probability` of each datagram
        of `send` (the messages of a call are never doubled) in [0, 1]. What is `None` stays as it was; later
        overrides win.
        """
        if bandwidth is not None and not bandwidth > 0:
            raise ValueError(f"bandwidth must be > 0 bytes/s, got {bandwidth!r}")
        for name, value in (
            ("loss_probability", loss_probability),
            ("duplicate_probability", duplicate_probability),
        ):
            if value is not None:
                checked_probability(name, value)
        if latency is not None and not isinstance(latency, Distribution):
            latency = Constant(latency)
        between = Between(sources, targets, one_way=one_way)
        self._overrides.append(
            _Override(
                between=between,
                latency=latency,
                bandwidth=bandwidth,
                loss_probability=loss_probability,
                duplicate_probability=duplicate_probability,
            )
        )
        for path in self._paths.values():
            if between.covers(path.source, path.target):  # the others keep their random numbers
                self._configure(path)

    def _configure(self, path: Path) -> None:
        latency: Distribution | None = None
        bandwidth, loss_probability, duplicate_probability = inf, self.loss_probability, 0.0
        for override in self._overrides:
            if override.between.covers(path.source, path.target):
                latency = override.latency if override.latency is not None else latency
                bandwidth = override.bandwidth if override.bandwidth is not None else bandwidth
                if override.loss_probability is not None:
                    loss_probability = override.loss_probability
                if override.duplicate_probability is not None:
                    duplicate_probability = override.duplicate_probability
        path.configure(
            latency or self.latencies.of(locality(path.source, path.target)),
            bandwidth,
            loss_probability,
            duplicate_probability,
        )
        if path.link_statistics() is not None:
            self._links[path] = None

    # -- mischief

    def partition(
        self, sources: Iterable[Place] | Place, targets: Iterable[Place] | Place, *, one_way: bool = False
    ) -> Partition:
        """Cut the messages between two sets of places, with `one_way` only from the first to the second.

        Returns the rule, to `heal`.
        """
        rule = Partition(sources, targets, one_way=one_way)
        self.install(rule)
        return rule

    def install(self, rule: Rule) -> None:
        """Let `rule` judge every message from now on. Raises `ValueError` if it does already."""
        if rule in self._rules:
            raise ValueError(f"rule must not be installed twice, got {rule!r}")
        self._rules.append(rule)
        if self._watcher is not None:
            self._watcher.installed(rule)
        self._refresh()

    def heal(self, rule: Rule) -> None:
        """Take `rule` away. Raises `ValueError` if it is not installed."""
        if rule not in self._rules:
            raise ValueError(f"rule must be installed to be healed, got {rule!r}")
        self._rules.remove(rule)
        if self._watcher is not None:
            self._watcher.healed(rule)
        self._refresh()

    # -- being watched

    @property
    def hosts(self) -> tuple[Host, ...]:
        """The hosts between which there are ways, in the order in which they came."""
        return tuple(self._hosts.values())

    def watch(self, watcher: MessageWatcher) -> None:
        """Tell `watcher` of all messages and rules from now on. Raises `ValueError` if somebody watches."""
        if self._watcher is not None:
            raise ValueError(f"network must be watched by one at a time, got {watcher!r} too")
        for rule in self._rules:
            watcher.installed(rule)
        self._set_watcher(watcher)

    def unwatch(self, watcher: MessageWatcher) -> None:
        """Tell `watcher` nothing more. Raises `ValueError` if it does not watch."""
        if self._watcher is not watcher:
            raise ValueError(f"watcher must watch the network to be dismissed, got {watcher!r}")
        self._set_watcher(None)

    def _set_watcher(self, watcher: MessageWatcher | None) -> None:
        self._watcher = watcher
        for path in self._paths.values():
            path.watcher = watcher
        self._refresh()

    def _refresh(self) -> None:
        for path in self._paths.values():
            path.refresh()


def _deliver(
    carrying: Generator[Any, Any, None],
    path: Path,
    function: Callable[..., object],
    arguments: tuple[Any, ...],
) -> Generator[Any, Any, None]:
    """Go on carrying a message whose first delay is over, and call the function when it is there."""
    try:
        yield from carrying
    except (MessageGone, ConnectionLost):
        return
    path.deliver(function, arguments)
