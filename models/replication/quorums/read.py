"""A round of a read: who has been asked, and what they have answered.

A round is over when as many have answered as the level wants. Digests are asked for one less at most, so that
one of the answers is data: where all agree, digests included, that is the result; otherwise another round
asks for data alone. Source: Cassandra's `ReadCallback`, `DigestResolver` and `DataResolver`.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from simulator import Process

from .levels import Demand, Tally

if TYPE_CHECKING:
    from .coordinator import Coordinator


class ReadRound:
    """A round of reading `key`, with `number` among what `coordinator` awaits; `asked` so far, in order."""

    __slots__ = (
        "_answers",
        "_coordinator",
        "_further",
        "_has_data",
        "_is_data",
        "_tally",
        "asked",
        "key",
        "number",
        "waiter",
    )

    def __init__(
        self,
        coordinator: Coordinator,
        number: int,
        key: Any,
        demand: Demand,
        further: Iterable[Coordinator] = (),
    ) -> None:
        self._coordinator = coordinator
        self.number = number
        self.key = key
        self._tally = Tally(demand)
        self._further = iter(further)
        self._answers: dict[Coordinator, Any] = {}
        self._is_data: dict[Coordinator, bool] = {}
        self._has_data = False
        self.asked: list[Coordinator] = []
        self.waiter: Process | None = None

    @property
    def is_over(self) -> bool:
        """Whether enough have answered."""
        return self._tally.missing <= 0

    @property
    def missing_count(self) -> int:
        """How many answers the level still wants."""
        return max(self._tally.missing, 0)

    @property
    def answered_by(self) -> Iterable[Coordinator]:
        """Who has answered in time."""
        return self._answers

    @property
    def unanswered_count(self) -> int:
        """How many of those asked have not answered in time."""
        return len(self.asked) - len(self._answers)

    def ask(self, replica: Coordinator, *, is_digest: bool) -> None:
        """Ask `replica` for its version, or a digest of that."""
        self.asked.append(replica)
        self._coordinator.send_read(replica, self, is_digest=is_digest)

    def ask_further(self) -> bool:
        """Ask one replica more, if there is one, and return whether there was."""
        replica = next(self._further, None)
        if replica is not None:
            self.ask(replica, is_digest=self._has_data)
        return replica is not None

    def answered(self, sender: Coordinator, version: Any, *, is_digest: bool) -> None:
        """Note an answer; those that come when the round is over change nothing."""
        if self.is_over or sender in self._answers:
            return
        self._answers[sender] = version
        self._is_data[sender] = not is_digest
        self._has_data = self._has_data or not is_digest
        if self._tally.count(sender.region) and self.waiter is not None:
            waiter, self.waiter = self.waiter, None
            self._coordinator.env.wake(waiter)

    def agreed(self) -> bool:
        """Return whether all answers are of the same version."""
        versions = iter(self._answers.values())
        first = next(versions)
        return all(version is first or version == first for version in versions)

    @property
    def is_all_data(self) -> bool:
        """Whether no answer was a digest."""
        return all(self._is_data.values())

    def first(self) -> Any:
        """Return the data that came first."""
        return next(version for sender, version in self._answers.items() if self._is_data[sender])

    def newest(self) -> Any:
        """Return what all that have answered know together, of answers that are data; `None` for nothing."""
        newest: Any = None
        for version in self._answers.values():
            if version is not None:
                newest = version if newest is None else newest.merged(version)
        return newest

    def behind(self, newest: Any) -> list[Coordinator]:
        """Return who has answered with something else than the newest version."""
        return [sender for sender, version in self._answers.items() if version != newest]


class LateAnswers:
    """Answers to a `reading` that is over, with data: who turns out to be behind is written to.

    `newest` is what was answered; a late answer may be newer, and then those that were in time are behind.
    """

    __slots__ = ("_coordinator", "_newest", "_reading", "_seen")

    def __init__(self, coordinator: Coordinator, reading: ReadRound, newest: Any) -> None:
        self._coordinator = coordinator
        self._reading = reading
        self._newest = newest
        self._seen = list(reading.answered_by)

    def answered(self, sender: Coordinator, version: Any, *, is_digest: bool) -> None:
        """Compare an answer with what is newest, and write to whoever is behind."""
        if sender in self._seen:
            return
        before = tuple(self._seen)
        self._seen.append(sender)
        if len(self._seen) == len(self._reading.asked):
            self._coordinator.awaits_no_more(self._reading.number)
        if is_digest:
            return  # which cannot be written to others
        newest = self._newest
        if version is not None:
            newest = version if newest is None else newest.merged(version)
        if newest != self._newest:
            self._newest = newest
            for other in before:
                self._coordinator.repair(other, self._reading.key, newest)
        if version != newest:
            self._coordinator.repair(sender, self._reading.key, newest)


class Repair:
    """The repair of replicas that are behind, among what `coordinator` awaits: they are to acknowledge."""

    __slots__ = ("_coordinator", "_unanswered", "waiter")

    def __init__(self, coordinator: Coordinator, targets: Iterable[Coordinator]) -> None:
        self._coordinator = coordinator
        self._unanswered = dict.fromkeys(targets)
        self.waiter: Process | None = None

    @property
    def is_over(self) -> bool:
        """Whether all have acknowledged."""
        return not self._unanswered

    @property
    def missing_count(self) -> int:
        """How many have not."""
        return len(self._unanswered)

    def acknowledged(self, sender: Coordinator) -> None:
        """Note that `sender` has the newest version now."""
        self._unanswered.pop(sender, None)
        if self.is_over and self.waiter is not None:
            waiter, self.waiter = self.waiter, None
            self._coordinator.env.wake(waiter)
