"""What an observer sees of two-phase commit: who was in doubt for how long, and that all did the same.

It is told of what each participant has done for good, and asserts atomicity at each step: no participant
commits what another one has aborted. Who has decided by itself, heuristically, is excepted, and counted where
it did not do what was decided.

A participant is *locked* by a transaction from the instant at which it has its locks until it knows the end,
crashes in between included: for so long, others wait for these keys. It is *in doubt* from the instant of its
vote; most of that time is a round trip. `stays` has them all, for those who draw.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from simulator import Environment

from .messages import Name


@dataclass(slots=True)
class Stay:
    """A transaction at a participant: locked, prepared and ended at these times (s), `None` where not yet.

    `end` is "commit", "abort", "heuristic commit" or "heuristic abort".
    """

    participant: str
    name: Name
    keys: tuple[Any, ...]
    locked_at: float
    prepared_at: float | None = None
    ended_at: float | None = None
    end: str = ""


class TwoPhaseObserver:
    """Is told of all transactions in an environment; changes nothing.

    `outcomes` has for each what its participants have done (True: committed), without heuristic ones, and
    `decisions` those that are on a coordinator's disk, with their participants: all of them are to commit.
    """

    def __init__(self, env: Environment) -> None:
        self._env = env
        self.stays: list[Stay] = []
        self._present: dict[tuple[str, Name], Stay] = {}
        self.outcomes: dict[Name, dict[str, bool]] = {}
        self.decisions: dict[Name, tuple[str, ...]] = {}
        self._alone: dict[tuple[str, Name], bool] = {}

    # -- being told -----------------------------------------------------------------------------------------

    def locked(self, participant: str, name: Name, keys: tuple[Any, ...]) -> None:
        """Note that a participant has its locks for a transaction."""
        stay = Stay(participant, name, keys, self._env.now)
        self.stays.append(stay)
        self._present[participant, name] = stay

    def prepared(self, participant: str, name: Name) -> None:
        """Note that a participant votes yes."""
        self._present[participant, name].prepared_at = self._env.now

    def let_go(self, participant: str, name: Name) -> None:
        """Note that a participant has given its locks back without a promise."""
        self._end(participant, name, "abort")

    def restarted(self, participant: str, promised: Mapping[Name, tuple[Any, ...]]) -> None:
        """Note what a participant that has read its disk has `promised`, and its keys; the rest is forgotten.

        Where it was told to abort, and the crash has taken that, it is locked once more.
        """
        for where, name in list(self._present):
            if where == participant and name not in promised:
                self._end(participant, name, "abort")
        for name, keys in promised.items():
            if (participant, name) not in self._present:
                self.locked(participant, name, keys)
                self.prepared(participant, name)

    def decided_alone(self, participant: str, name: Name, *, is_commit: bool) -> None:
        """Note a heuristic decision."""
        self._alone[participant, name] = is_commit
        self._end(participant, name, f"heuristic {'commit' if is_commit else 'abort'}")

    def decided(self, name: Name, participants: tuple[str, ...]) -> None:
        """Note that a coordinator has a commit on its disk."""
        self.decisions[name] = participants
        self._require_one(name)

    def ended(self, participant: str, name: Name, *, is_commit: bool) -> None:
        """Note what a participant has done for good: it was told so, or has never promised anything."""
        self.outcomes.setdefault(name, {})[participant] = is_commit
        self._end(participant, name, "commit" if is_commit else "abort")
        self._require_one(name)

    def _end(self, participant: str, name: Name, end: str) -> None:
        stay = self._present.pop((participant, name), None)
        if stay is not None:
            stay.ended_at, stay.end = self._env.now, end

    def _require_one(self, name: Name) -> None:
        outcomes = self.outcomes.get(name, {})
        seen = set(outcomes.values()) | ({True} if name in self.decisions else set())
        assert len(seen) < 2, f"transaction {name} at {self._env.now} s is not atomic: {outcomes}"

    # -- telling --------------------------------------------------------------------------------------------

    @property
    def heuristic_count(self) -> int:
        """How many decisions participants have made alone."""
        return len(self._alone)

    @property
    def damage_count(self) -> int:
        """How many of these were not what was decided; what is not on a coordinator's disk is an abort.

        One that is being voted on still may count for a moment.
        """
        return sum(is_commit != (name in self.decisions) for (_, name), is_commit in self._alone.items())

    def locked_times(self) -> list[float]:
        """Return for how long each participant was locked by each transaction: until now, if it still is."""
        now = self._env.now
        return [(now if stay.ended_at is None else stay.ended_at) - stay.locked_at for stay in self.stays]

    @property
    def open_count(self) -> int:
        """How many participants are locked now, counted for each transaction."""
        return len(self._present)

    def unfinished(self) -> list[Name]:
        """Return the transactions that were decided to commit, and have been so not everywhere."""
        return [
            name
            for name, participants in self.decisions.items()
            if any(
                participant not in self.outcomes.get(name, {}) and (participant, name) not in self._alone
                for participant in participants
            )
        ]
