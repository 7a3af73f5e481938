"""One direction between two hosts: how long a message takes, and what becomes of its packets.

A message is one packet as far as loss goes. It is sent when the path is free (with a bandwidth, messages
queue for it, see `wire`), and arrives after a latency. What happens to a lost one depends on the transport:

- *datagram*: it is gone.
- *tcp*: it is sent again after a retransmission timeout, which starts at 0.2 s and doubles up to 120 s;
  after 15 retransmissions the connection is broken and the sender is told (`ConnectionLost`). That takes
  about 15 minutes, as on Linux (`tcp_retries2`).

A message that meets a cut (`Partition`) is gone whatever the transport, and so is one that its source has not
sent, or would have to send again, when it crashes. Source: RFC 6298 for the timeouts;
Linux' `TCP_RTO_MIN` and `TCP_RTO_MAX` for the bounds. Leaves out: handshakes, slow start, congestion, and
that TCP delivers in order (each call is a connection of its own).
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Generator
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Environment, Sampler
from simulator.randomness import Constant, Distribution, Uniform

from ..failures import ConnectionLost
from .rules import Fate, Rule
from .watching import MessageWatcher, Passage, Role, SentMessage
from .wire import LinkStatistics, Wire

if TYPE_CHECKING:
    from ..infrastructure import Host

RETRANSMISSION_TIMEOUT_MIN = 0.2
RETRANSMISSION_TIMEOUT_MAX = 120.0
RETRANSMISSIONS_MAX = 15
TRANSPORTS = ("tcp", "datagram")


_CONSTANTS = 16
"""How many draws of a constant latency are laid out at a time: not many, as many a way is hardly used."""


class MessageGone(Exception):
    """A message will never arrive, and its sender will never know; caught where messages are carried."""


class Path:
    """The way from `source` to `target`; made and kept by `Network`.

    While `is_plain`, a message takes `latencies.pop()` seconds, or `draw_latency()` where that is `inf`,
    and that is all; otherwise whoever carries one must use `carry`. While it `is_quick`, nobody watches
    either: a carrier on the hot path may use this directly, and `follow` to know both. `watcher` is who
    watches, if anybody does, and must be told by `sent`.
    """

    __slots__ = (
        "_duplicate_probability",
        "_env",
        "_followers",
        "_latency",
        "_loss_draw",
        "_loss_probability",
        "_rules",
        "_sampler",
        "_wire",
        "is_plain",
        "is_quick",
        "latencies",
        "source",
        "target",
        "watcher",
    )

    def __init__(self, env: Environment, source: Host, target: Host, rules: list[Rule]) -> None:
        self._env = env
        self.source = source
        self.target = target
        self._rules = rules
        self._wire: Wire | None = None
        self._loss_probability = 0.0
        self._duplicate_probability = 0.0
        self._loss_draw: Callable[[], float] | None = None
        self._latency: Distribution | None = None
        self.latencies: array[float]
        self._sampler: Sampler | None = None
        self.is_plain = True
        self.is_quick = True
        self.watcher: MessageWatcher | None = None
        self._followers: list[Callable[[], object]] = []

    @property
    def name(self) -> str:
        """Source and target, for streams and errors."""
        return f"{self.source.name}->{self.target.name}"

    def configure(
        self, latency: Distribution, bandwidth: float, loss_probability: float, duplicate_probability: float
    ) -> None:
        """Set what the network says about this path; called again when an override changes it."""
        if latency is not self._latency:  # otherwise its numbers go on where they were
            self._latency = latency
            self._sampler = None
            if not isinstance(latency, Constant):  # which needs no stream
                self._sampler = self._env.sampler(f"network/{self.name}/latency", latency)
            self.latencies = array("d", [inf]) if self._sampler is None else self._sampler.stack
        if bandwidth != inf and self._wire is None:
            self._wire = Wire(self._env, self.source)
        if self._wire is not None:
            self._wire.bandwidth = bandwidth
        self._loss_probability = loss_probability
        self._duplicate_probability = duplicate_probability
        if (loss_probability or duplicate_probability) and self._loss_draw is None:
            self._loss_draw = self._env.sampler(f"network/{self.name}/loss", Uniform(0.0, 1.0))
        self.refresh()

    @property
    def latency(self) -> Distribution:
        """What the network says of how long a message takes, in seconds, without mischief."""
        assert self._latency is not None  # the network sets it when it makes the path
        return self._latency

    def next_latency(self) -> float:
        """Return what the next message takes, in seconds."""
        latency = self.latencies.pop()
        return self.draw_latency() if latency == inf else latency

    def draw_latency(self) -> float:
        """Return the next latency in seconds where `latencies.pop()` has said by `inf` that none is left."""
        if self._sampler is not None:
            return self._sampler.refill()
        assert isinstance(self._latency, Constant)
        self.latencies.extend([inf, *[self._latency.value] * _CONSTANTS])
        return self._latency.value

    def refresh(self) -> None:
        """Find out again whether the path is plain; called when rules or watchers come or go."""
        self.is_plain = not (
            self._rules or self._loss_probability or self._duplicate_probability or self.bandwidth != inf
        )
        self.is_quick = self.is_plain and self.watcher is None
        for follower in self._followers:
            follower()

    def follow(self, follower: Callable[[], object]) -> None:
        """Call `follower()` whenever `is_quick` or `latencies` may have changed, and now."""
        self._followers.append(follower)
        follower()

    @property
    def bandwidth(self) -> float:
        """Bytes per second; infinite where messages do not queue."""
        return inf if self._wire is None else self._wire.bandwidth

    def link_statistics(self) -> LinkStatistics | None:
        """Return what the wire has carried so far, or `None` for a path that never had a bandwidth."""
        return None if self._wire is None else self._wire.statistics()

    def sent(self, role: Role, content: object, *, is_copy: bool = False) -> SentMessage | None:
        """Tell who watches of a message that is sent now; return what is to be told of it, if anything."""
        return None if self.watcher is None else self.watcher.sent(self, role, content, is_copy)

    def carry(
        self, size_bytes: int, transport: str, sent: SentMessage | None = None
    ) -> Generator[Any, Any, None]:
        """Carry a message: return when it has arrived; `sent` is told what becomes of it.

        Raises `MessageGone` if it never will, and `ConnectionLost` when TCP gives up.
        """
        source = self.source
        crash_count = source.crash_count
        timeout = RETRANSMISSION_TIMEOUT_MIN
        for _ in range(RETRANSMISSIONS_MAX + 1):
            fate, added_delay = self._judge()
            if fate is Fate.PASS:
                wire = self._wire
                if wire is not None and wire.bandwidth != inf:
                    sending_time = size_bytes / wire.bandwidth
                    try:
                        yield wire.put(sending_time)
                    finally:  # a caller that is gone takes no message back that is on its way
                        wire.leave(crash_count, size_bytes, sending_time)
                    if source.crash_count != crash_count:
                        raise _gone(sent, Passage.UNSENT)
                latency = self.next_latency() + added_delay
                if sent is not None:
                    sent.arrives_at = self._env.now + latency
                yield latency
                if sent is not None:
                    sent.passage = Passage.ARRIVED if self.target.is_up else Passage.UNHEARD
                return
            if fate is Fate.CUT or transport == "datagram":
                raise _gone(sent, Passage.CUT if fate is Fate.CUT else Passage.LOST)
            yield timeout
            if source.crash_count != crash_count:
                raise _gone(sent, Passage.UNSENT)  # nobody is left to send it again
            timeout = min(2.0 * timeout, RETRANSMISSION_TIMEOUT_MAX)
            if sent is not None:
                sent.retransmission_count += 1
        _gone(sent, Passage.LOST)
        raise ConnectionLost(f"{self.name}: {RETRANSMISSIONS_MAX} retransmissions were lost")

    def deliver(self, function: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        """Let a message be there that has been carried: call `function(*arguments)` if the target is up."""
        if self.target.is_up:
            try:
                function(*arguments)
            except Exception as error:
                error.add_note(f"It came of a message {self.name}.")
                raise

    def copies_count(self) -> int:
        """Return how many copies arrive of a datagram that is not lost: two where it is duplicated."""
        if self._duplicate_probability and self._loss_draw is not None:
            return 2 if self._loss_draw() < self._duplicate_probability else 1
        return 1

    def _judge(self) -> tuple[Fate, float]:
        delay = 0.0
        for rule in self._rules:
            verdict = rule.judge(self.source, self.target)
            if verdict.fate is not Fate.PASS:
                return verdict.fate, 0.0
            delay += verdict.delay
        if (
            self._loss_probability
            and self._loss_draw is not None
            and self._loss_draw() < self._loss_probability
        ):
            return Fate.LOSE, 0.0
        return Fate.PASS, delay


def _gone(sent: SentMessage | None, passage: Passage) -> MessageGone:
    """Return what is raised when a message is gone, and tell who watches how it went."""
    if sent is not None:
        sent.end(passage)
    return MessageGone()
