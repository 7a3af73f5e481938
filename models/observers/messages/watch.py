"""A watch on the messages of a network: each one that is sent, and what became of it.

It sees the messages of nodes (`Network.send`) and both halves of calls (`Network.connect`), whoever sends
them and however they are wrapped: each retry and hedge as the message that it is. A call that is refused
by something on the caller's own side (an open breaker, a full bulkhead) sends none. Cuts are seen as the
rules that make them: `Partition` and `Isolation`; a rule of one's own that cuts is seen by its messages only.

It keeps what is sent in [`start`, `end`) and no more than `count_max` messages: those that come later are
counted in `left_out_count`. `kind` says what a message is called, given its content: by default calls by
their operation, messages by their type. A message takes some 200 bytes, so the default is about 20 MB.

Like every observer it changes nothing: the digest of a run is the same with it. What is on its way when the
watch begins is not seen; of what is on its way when it is stopped, the end is.
"""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from types import FunctionType, MethodType

from ...network import (
    Fate,
    Isolation,
    MessageWatcher,
    Network,
    Partition,
    Passage,
    Path,
    Role,
    Rule,
    SentMessage,
)
from ...request import Request
from ...validation import require_count, require_delay
from .message import Cut, Message


def kind_of(content: object) -> str:
    """Return what a message is called: the operation of a call, the type or function of anything else."""
    if isinstance(content, Request):
        return content.operation
    return content.__name__ if isinstance(content, FunctionType | MethodType) else type(content).__name__


class MessageWatch(MessageWatcher):
    """Watches `network` from now on, and keeps what is sent from `start` until before `end` (s).

    Raises `ValueError` where somebody else watches the network.

    Example::

        network = Network(env, latencies=0.01)
        watch = MessageWatch(network, start=10.0, end=12.0)
        ...
        env.run(until=60.0)
        lost = [each for each in watch.messages() if each.passage is Passage.LOST]
    """

    def __init__(
        self,
        network: Network,
        *,
        start: float = 0.0,
        end: float = inf,
        count_max: int = 100_000,
        kind: Callable[[object], str] = kind_of,
    ) -> None:
        require_delay("start", start)
        if not end > start:
            raise ValueError(f"end must be > {start!r} s, the start, got {end!r}")
        require_count("count_max", count_max)
        self.network = network
        self.start = start
        self.end = end
        self.count_max = count_max
        self.left_out_count = 0
        self._kind = kind
        self._env = network.env
        self._sent: list[SentMessage] = []
        self._standing: dict[Rule, float] = {}
        self._healed: list[tuple[Rule, float, float]] = []
        network.watch(self)

    def stop(self) -> None:
        """Watch no longer: this is the end of the window. Raises `ValueError` if it does not watch."""
        self.network.unwatch(self)
        self.end = min(self.end, self._env.now)

    def messages(self) -> tuple[Message, ...]:
        """Return what was sent, in the order of sending, as far as it has come by now."""
        now = self._env.now
        return tuple(
            Message(
                source=each.source,
                target=each.target,
                kind=each.kind,
                role=each.role,
                sent_at=each.sent_at,
                arrives_at=each.arrives_at,
                passage=_passage(each, now),
                retransmission_count=each.retransmission_count,
                is_copy=each.is_copy,
            )
            for each in self._sent
        )

    def cuts(self) -> tuple[Cut, ...]:
        """Return when which hosts of the network could not reach each other, in the order of the starts."""
        rules = self._healed + [(rule, start, inf) for rule, start in self._standing.items()]
        cuts = [Cut(start=start, end=end, pairs=self._pairs(rule)) for rule, start, end in rules]
        return tuple(sorted((each for each in cuts if each.pairs), key=lambda each: (each.start, each.end)))

    def _pairs(self, rule: Rule) -> frozenset[tuple[str, str]]:
        hosts = self.network.hosts
        return frozenset(
            (source.name, target.name)
            for source in hosts
            for target in hosts
            if source is not target and rule.judge(source, target).fate is Fate.CUT
        )

    # -- for the network

    def sent(self, path: Path, role: Role, content: object, is_copy: bool) -> SentMessage | None:
        """Note a message, if it is sent in the window and there is room."""
        now = self._env.now
        if not self.start <= now < self.end:
            return None
        if len(self._sent) >= self.count_max:
            self.left_out_count += 1
            return None
        message = SentMessage(path, role, self._kind(content), now, is_copy)
        self._sent.append(message)
        return message

    def installed(self, rule: Rule) -> None:
        """Note a cut."""
        if isinstance(rule, Partition | Isolation):
            self._standing[rule] = self._env.now

    def healed(self, rule: Rule) -> None:
        """Note the end of a cut."""
        start = self._standing.pop(rule, None)
        if start is not None:
            self._healed.append((rule, start, self._env.now))


def _passage(message: SentMessage, now: float) -> Passage:
    """What has become of it: nobody tells of a message on a plain way that was not heard."""
    if message.passage is Passage.UNDER_WAY and message.arrives_at < now:
        return Passage.UNHEARD
    return message.passage
