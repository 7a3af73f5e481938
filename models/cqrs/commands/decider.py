"""A decider: the rules of the business as pure functions, without a log, a network or a clock.

    decide(state, intent)  ->  what happens: events, none where nothing is left to do, or a `Refusal`
    evolve(state, event)   ->  the state after something has happened

The state of a stream is all its events evolved from the initial one. `evolve` never refuses: what has
happened has happened. States are values: `evolve` returns another one and changes nothing.

Source: Chassaing, "Functional Event Sourcing Decider" (2021); the aggregates of Vernon, "Implementing
Domain-Driven Design" (2013), appendix A, are the same with objects.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Refusal:
    """What `decide` returns for a command that is turned down, for a `reason`."""

    reason: str


class Decider(ABC):
    """The rules for the streams of one kind; derive from it."""

    __slots__ = ()

    def objection(self, intent: Any) -> str | None:
        """Return why `intent` can never be carried out, whatever the state; `None` if it may be."""
        return None

    @abstractmethod
    def initial(self, stream: Hashable) -> Any:
        """Return the state of a stream to which nothing has happened yet."""

    @abstractmethod
    def decide(self, state: Any, intent: Any) -> Sequence[Any] | Refusal:
        """Return what happens if `intent` is to be carried out in `state`."""

    @abstractmethod
    def evolve(self, state: Any, event: Any) -> Any:
        """Return the state after `event`."""

    def state_after(self, state: Any, events: Iterable[Any]) -> Any:
        """Return the state after several events."""
        for event in events:
            state = self.evolve(state, event)
        return state
