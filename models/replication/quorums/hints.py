"""Hints: writes that a node keeps for another one, until it can have them.

Who keeps one is the coordinator, for a replica that it suspects or that has not acknowledged in time; with a
sloppy quorum it is the node that stands in for the replica, and answers reads with it too. Rules:

1. A hint is in its keeper's log as a write is, and survives what the log survives.
2. None is kept for a replica that has been silent for longer than `window`, so that nobody stands in for it
   either; and one that is older is dropped, whether its target is back or not. What is not kept is left to
   read repair and anti-entropy.
3. Every `interval` the keeper looks whom it trusts that it has hints for, and replays them, oldest first, one
   each 1/`rate` seconds; one that is acknowledged is gone, the others are tried again later.
4. To keep a hint is no acknowledgement: it counts for ANY alone.

Source: Cassandra's hints (`max_hint_window` 3 h; dispatched every 10 s; throttled, there by bytes); DeCandia
et al., "Dynamo" (SOSP 2007), section 4.6, which has no window.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...validation import require_duration, require_finite_duration, require_positive

if TYPE_CHECKING:
    from ..versions import Cell, Siblings
    from .replica import QuorumNode


@dataclass(frozen=True, slots=True, kw_only=True)
class HintedHandoff:
    """Hints are kept for `window` seconds (> 0, may be infinite), and replayed at `rate` per second (> 0).

    The rate is for each replica. Every `interval` seconds (> 0) a keeper looks whether it can replay some.
    """

    window: float = 3 * 3600.0
    rate: float = 1000.0
    interval: float = 10.0

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_duration("window", self.window)
        require_positive("rate", self.rate)
        require_finite_duration("interval", self.interval)


@dataclass(slots=True, eq=False)
class Hint:
    """`version` of `key`, kept for `target` since `kept_at` of the keeper's clock."""

    number: int
    target: QuorumNode
    key: Any
    version: Cell | Siblings
    kept_at: float


@dataclass(slots=True, eq=False)
class HandedOver:
    """The hint of that `number` is gone, as the log says it."""

    number: int


class Replay:
    """A hint on its way to its target, among the things that its keeper awaits."""

    __slots__ = ("_hints", "_number")

    def __init__(self, hints: Hints, number: int) -> None:
        self._hints = hints
        self._number = number

    def acknowledged(self, sender: QuorumNode) -> None:
        """The target has it; a second acknowledgement is no news."""
        if self._hints.drop(self._number):
            self._hints.keeper.cluster.counts.hints_replayed += 1


class Hints:
    """The hints that `keeper` keeps, in its memory; the keeper's log has them too."""

    def __init__(self, keeper: QuorumNode, handoff: HintedHandoff) -> None:
        self.keeper = keeper
        self._handoff = handoff
        self._hints: dict[int, Hint] = {}
        self._by_key: dict[Any, dict[int, None]] = {}
        self._replaying: dict[QuorumNode, None] = {}
        self._clock = keeper.host.monotonic_clock

    def __len__(self) -> int:
        return len(self._hints)

    def for_key(self, key: Any) -> list[Hint]:
        """Return the hints for `key`."""
        return [self._hints[number] for number in self._by_key.get(key, ())]

    def keys(self) -> list[Any]:
        """Return the keys for which there are hints."""
        return list(self._by_key)

    def is_open_to(self, target: QuorumNode) -> bool:
        """Return whether hints are kept for `target`: not if it has been silent for too long."""
        keeper = self.keeper
        return keeper.trusts(target) or self._clock() - keeper.silent_since(target) <= self._handoff.window

    def keep(
        self,
        target: QuorumNode,
        key: Any,
        version: Cell | Siblings,
        then: Callable[..., object],
        *arguments: Any,
    ) -> None:
        """Keep a hint, and call `then(*arguments)` when it is as durable as the log makes it."""
        keeper = self.keeper
        counts = keeper.cluster.counts
        if not self.is_open_to(target):
            counts.hints_not_kept += 1
            return
        counts.hints_kept += 1
        hint = Hint(keeper.next_number(), target, key, version, self._clock())
        position = keeper.stored.append(hint)
        keeper.stored.log.when_committed(position, self._kept, hint, then, arguments)

    def _kept(self, hint: Hint, then: Callable[..., object], arguments: tuple[Any, ...]) -> None:
        self.restore(hint)
        then(*arguments)

    def restore(self, hint: Hint) -> None:
        """Have a hint in memory."""
        self._hints[hint.number] = hint
        self._by_key.setdefault(hint.key, {})[hint.number] = None

    def _forget(self, number: int) -> None:
        """Have a hint, which is there, in memory no longer."""
        hint = self._hints.pop(number)
        numbers = self._by_key[hint.key]
        del numbers[number]
        if not numbers:
            del self._by_key[hint.key]

    def drop(self, number: int) -> bool:
        """Let a hint be gone, and return whether it was there."""
        is_there = number in self._hints
        if is_there:
            self._forget(number)
            self.keeper.stored.append(HandedOver(number))
        return is_there

    # -- replay

    def look_round(self) -> None:
        """Drop what is too old, begin to replay what can be replayed, and look again after the interval."""
        for target in list(dict.fromkeys(hint.target for hint in self._hints.values())):
            self.replay(target)
        self.keeper.after(self._handoff.interval, self.look_round)

    def replay(self, target: QuorumNode) -> None:
        """Begin to replay the hints for `target` that there are now, unless that is under way."""
        if target not in self._replaying:
            numbers = [number for number, hint in self._hints.items() if hint.target is target]
            self._replaying[target] = None
            self._replay_next(target, iter(numbers))

    def _replay_next(self, target: QuorumNode, numbers: Iterator[int]) -> None:
        hint = next((self._hints[number] for number in numbers if self._is_worth_it(number)), None)
        if hint is None or not self.keeper.trusts(target):
            del self._replaying[target]
            return
        self.keeper.send_write(target, hint.key, hint.version, Replay(self, hint.number))
        self.keeper.after(1.0 / self._handoff.rate, self._replay_next, target, numbers)

    def _is_worth_it(self, number: int) -> bool:
        hint = self._hints.get(number)
        if hint is None:
            return False
        if self._clock() - hint.kept_at <= self._handoff.window:
            return True
        self.drop(number)
        self.keeper.cluster.counts.hints_dropped += 1
        return False
