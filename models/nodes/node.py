"""A node: a process on a host that works by messages, as distributed algorithms are written.

It answers calls, as the `Instance` that it is, and besides sends messages to its peers and receives theirs.
Rules:

1. A message is sent over the network, one way, and nobody is told what became of it: it arrives, late and
   in any order, once or (as a datagram) twice, or never. Whoever wants an answer waits for a message of its
   own, and sets a timer.
2. It is received by the process, at once when it arrives; with a `message_work` after that much work on the
   host's cores. A node that is down, or has not recovered yet, receives nothing.
3. A timer (`after`) runs by the host's clock: where that gains, it comes early. It dies with the process.
4. States: *awake* -> *down* (a crash, alone or with its host) -> *starting* (`start_time`) -> *recovering*
   (`recover`: what it reads from its disk, and the time that takes) -> *awake*. In the middle two clients are
   refused. At the end of being awake `forget` is called, at the very instant, for what has to be counted
   then; all that a node keeps in memory is made in `remember`, before it is awake first and anew at each
   restart. `wake_up` follows when it has recovered: there it starts its timers.
5. An `Unavailable` or a `TimedOut` that leaves `answer` travels to the caller as it is, since the store says
   so itself: the one means that nothing was done, the other that nobody knows. One that has done something
   before an `Unavailable` of somebody else raises that `in_doubt`.

A clock whose rate changes while a timer runs does not change that timer. Source: the model of Cachin,
Guerraoui, Rodrigues, "Introduction to Reliable and Secure Distributed Programming" (2011), sections 2.1 to
2.5: events, fair-loss links, crash-recovery processes with stable storage, partial synchrony.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator
from typing import Any, TypeVar

from simulator import CallFailed, Environment, Process, TimedOut
from simulator.fast_simpy import Call as Timer

from ..failures import Unavailable
from ..infrastructure import Host
from ..network import Network
from ..request import Request
from ..services import Instance, RememberingInstance
from ..validation import require_delay, require_kind

_TRANSPORTS = ("tcp", "datagram")
_Message = TypeVar("_Message")


class Node(RememberingInstance):
    """A node on `host` that reaches its peers over `network`; derive from it.

    A message costs the receiver `message_work` seconds on a core (>= 0); `transport` is "tcp" or "datagram"
    (they differ in what loss does). `settings` are those of `Instance`: threads, queue, start time, name.
    `incarnation` counts the times that it has lost its memory; `is_awake` says whether it receives messages;
    `sent_count`, `received_count` and `dropped_count` (came while it was not awake) count messages.

    Example::

        class Echo(Node):
            def remember(self):
                self.on(Ping, self._ping)

            def _ping(self, ping):
                self.send(ping.sender, Pong(self))

            def answer(self, request):
                yield from self.work(0.001)
                return "hello"
    """

    __slots__ = (
        "_background",
        "_message_work",
        "_receivers",
        "_transport",
        "dropped_count",
        "incarnation",
        "is_awake",
        "network",
        "received_count",
        "sent_count",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        *,
        message_work: float = 0.0,
        transport: str = "tcp",
        name: str,
        **settings: Any,
    ) -> None:
        """Be awake, if the host is up. Derived classes call this last, when `remember` can be called."""
        require_kind("host", host, Host)
        require_kind("network", network, Network)
        require_delay("message_work", message_work)
        if transport not in _TRANSPORTS:  # or whoever sends first would be told, in the middle of a run
            raise ValueError(f"transport must be one of {', '.join(_TRANSPORTS)}, got {transport!r}")
        self.network = network
        self._message_work = message_work
        self._transport = transport
        self._receivers: dict[type, Callable[[Any], object]] = {}
        # Not bound to the node: whoever stops it would wait for them as for calls.
        self._background: dict[Process, None] = {}
        self.incarnation = 0
        self.is_awake = False
        self.sent_count = 0
        self.received_count = 0
        self.dropped_count = 0
        super().__init__(env, host, _handle, self._fall_asleep, name=name, **settings)
        self.remember()
        if host.is_up:
            self._awake()

    # -- what derived classes say ---------------------------------------------------------------------------

    def remember(self) -> None:
        """Make all that is kept in memory, empty: at first, and at each restart."""

    def forget(self) -> None:
        """Note what a crash has taken; called at its instant, while what was in memory can still be seen."""

    def recover(self) -> Generator[Any, Any, None] | None:
        """Return a generator that reads what is durable, or `None` where that takes no time."""
        return None

    def wake_up(self) -> None:
        """Begin to work: start timers, look for peers."""

    @abstractmethod
    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a client's `request`, in one of the node's threads."""

    # -- messages and timers --------------------------------------------------------------------------------

    def on(self, kind: type[_Message], receive: Callable[[_Message], object]) -> None:
        """Let `receive(message)` be called with each message of this `kind`."""
        self._receivers[kind] = receive

    def send(self, peer: Node, message: object, *, size_bytes: int = 0) -> None:
        """Send `message` to `peer`, over the network."""
        self.sent_count += 1
        self.network.send(
            self.host, peer.host, peer.deliver, message, size_bytes=size_bytes, transport=self._transport
        )

    def deliver(self, message: object) -> None:
        """Receive a message that has come; for the network."""
        if not self.is_awake:
            self.dropped_count += 1
        elif self._message_work:
            self.run(self._work_on(message), type(message).__name__)
        else:
            self.received_count += 1
            self._receivers[type(message)](message)

    def _work_on(self, message: object) -> Generator[Any, Any, None]:
        yield from self.work(self._message_work)
        self.received_count += 1
        self._receivers[type(message)](message)

    def after(self, delay: float, function: Callable[..., object], *arguments: Any) -> Timer:
        """Call `function(*arguments)` after `delay` seconds of the host's clock, unless it crashes before.

        The timer that is returned can be cancelled.
        """
        return self.env.call_later(
            delay / self.host.clock_rate, self._ring, self.incarnation, function, arguments
        )

    def _ring(self, incarnation: int, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        if incarnation == self.incarnation and self.is_awake:
            function(*arguments)

    def run(self, generator: Generator[Any, Any, Any], name: str) -> Process:
        """Start a process in the node, which dies with it; `name` says what it does."""
        process = self.env.process(self._run(generator), f"{self.name} {name}")
        self._background[process] = None
        return process

    def _run(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        process: Any = self.env.active_process
        try:
            return (yield from generator)
        finally:
            self._background.pop(process, None)

    # -- calls ----------------------------------------------------------------------------------------------

    def _is_own(self, failure: CallFailed) -> bool:
        is_verdict = isinstance(failure, Unavailable | TimedOut)
        return super()._is_own(failure) or is_verdict

    # -- life -----------------------------------------------------------------------------------------------

    def _awake(self) -> None:
        self.is_awake = True
        self.wake_up()

    def _fall_asleep(self) -> None:
        """Be down: called at the instant of a crash, or when it has stopped."""
        if self.is_awake:
            self.is_awake = False
            self.forget()
        self.incarnation += 1
        background, self._background = self._background, {}
        for process in background:
            process.kill()

    def _start_afresh(self) -> None:
        self.remember()
        super()._start_afresh()

    def _listen(self, start_count: int) -> None:
        if start_count != self._start_count or not self.host.runs(self) or self._stopping is not None:
            return
        recovering = self.recover()
        if recovering is None:
            self._recovered(start_count)
        else:
            self.is_listening = False
            self.run(self._recover(recovering, start_count), "recovery")

    def _recover(self, recovering: Generator[Any, Any, None], start_count: int) -> Generator[Any, Any, None]:
        yield from recovering
        self._recovered(start_count)

    def _recovered(self, start_count: int) -> None:
        if self._stopping is None:  # a crash since then has killed the recovery
            self._awake()
            super()._listen(start_count)


def _handle(node: Instance, request: Request) -> Generator[Any, Any, Any]:
    assert isinstance(node, Node)
    return node.answer(request)
