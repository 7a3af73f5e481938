"""What is said of one class: rules about its statistics, and how many calls come in and go out.

Source of the idea: operational laws, which hold for each run and not only on average (Denning and Buzen, "The
Operational Analysis of Queueing Network Models", 1978).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

Condition = Callable[[Any, Any], bool]
"""A function of a part and of its statistics now."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A text that says what must hold, and a function of a part and its statistics that says whether."""

    text: str
    holds: Condition


@dataclass(frozen=True, slots=True, kw_only=True)
class Books:
    """What must hold for the parts of one class, and of those derived from it.

    - `always`: rules that hold between any two events;
    - `idle`: rules that hold when nothing is under way and nothing is held;
    - `received`: how many calls have come in;
    - `passed_on`: how many calls have been made, and to whom, as (endpoint, count). What one part has passed
      on, the next one has received: for parts that nobody else calls, the two must be equal. None where it is
      not known to the last call, as over a network.

    All are functions of a part and of its statistics now.
    """

    always: tuple[Rule, ...] = ()
    idle: tuple[Rule, ...] = ()
    received: Callable[[Any, Any], int] | None = None
    passed_on: Callable[[Any, Any], Iterable[tuple[object, int]]] | None = None


def sums(total: str, *parts: str) -> Rule:
    """Return the rule that the field `total` of the statistics is the sum of the fields `parts`."""
    return Rule(
        f"{total} = {' + '.join(parts)}",
        lambda part, now: getattr(now, total) == sum(getattr(now, name) for name in parts),
    )


def at_most(parts: str, total: str) -> Rule:
    """Return the rule that fields of the statistics, written "a + b", are together at most `total`."""
    names = parts.split(" + ")
    return Rule(
        f"{parts} <= {total}",
        lambda part, now: sum(getattr(now, name) for name in names) <= getattr(now, total),
    )


def none_left(*names: str) -> Rule:
    """Return the rule that all of these fields of the statistics are 0."""
    return Rule(f"{' = '.join(names)} = 0", lambda part, now: not any(getattr(now, name) for name in names))


def calls_received(part: Any, now: Any) -> int:
    """Return how many calls a part has received whose statistics say so in `call_count`."""
    return int(now.call_count)


def all_passed_on(*less: str) -> Callable[[Any, Any], list[tuple[object, int]]]:
    """Return a function that says that all calls but those in the fields `less` went on to the target."""
    return lambda part, now: [(part.target, now.call_count - sum(getattr(now, name) for name in less))]


def passed_on(*names: str) -> Callable[[Any, Any], list[tuple[object, int]]]:
    """Return a function that says that the fields `names` together count the calls of the target."""
    return lambda part, now: [(part.target, sum(getattr(now, name) for name in names))]
