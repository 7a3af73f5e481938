"""Cuts a plan that fails down to something small that fails in the same way, whatever it is a plan of.

A plan is a tree: records, lists and values. Two things are tried, again and again until neither helps:

- leave out elements of a list: first large parts of it, then ever smaller ones, at last single ones (ddmin);
- leave out a key, which makes its value the simplest there is, or give a number fewer digits; let a fault
  strike the first of the things that it might.

From the top of the tree to the leaves, so that what is large goes before what is in it. What is left is made
sound again, by the rules of its kind (`Species`): whoever names something that is gone goes too. A candidate
counts if it fails, and the failure is of the same kind: cutting must not slip from one bug to another. The
seed stays, and with it the random numbers of all that is left, since their streams are named after their
parts.

Deterministic, and bounded by a number of trials. Sources: Zeller and Hildebrandt, "Simplifying and Isolating
Failure-Inducing Input" (IEEE TSE, 2002); for trees, Misherghi and Su, "HDD: Hierarchical Delta Debugging"
(ICSE 2006).
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Generic, TypeVar

from pydantic import ValidationError

from ..misuse import Misuse
from .plan import Plan
from .verdict import Failed, Verdict

Tree = dict[str, Any]
Path = tuple[str | int, ...]

TRIALS_MAX = 600
"""How many candidates are run, unless asked otherwise."""

AnyPlan = TypeVar("AnyPlan", bound=Plan)


@dataclass(frozen=True, slots=True)
class Shrunk(Generic[AnyPlan]):
    """The smallest plan found, how it fails, and how many trials that took."""

    plan: AnyPlan
    failed: Failed
    trials_count: int


def cheapest_run(
    trial: Callable[..., Verdict], plan: AnyPlan, failed: Failed
) -> Callable[[AnyPlan], Verdict]:
    """Return `trial`, to be run thoroughly only if that is needed to see that `plan` fails as it has."""
    plainly = partial(trial, thorough=False)
    verdict = plainly(plan)
    is_plain = isinstance(verdict, Failed) and verdict.kind == failed.kind
    return plainly if is_plain else partial(trial, thorough=True)


class Species(ABC, Generic[AnyPlan]):
    """What has to be known of plans of one kind to cut them down."""

    @abstractmethod
    def sound(self, text: str) -> AnyPlan | None:
        """Return the plan that a JSON text is, made sound; None if it cannot be. It may raise Misuse."""

    def spelled_out(self, plan: AnyPlan) -> Iterator[AnyPlan]:
        """Yield plans that say the same at greater length, each of which can be cut down further."""
        yield from ()

    def other_targets(self, plan: AnyPlan, path: Path) -> Sequence[str]:
        """Return what a fault might strike in place of what it strikes by the value at `path`, if it does."""
        return ()


def cut_down(
    species: Species[AnyPlan],
    plan: AnyPlan,
    failed: Failed,
    run: Callable[[AnyPlan], Verdict],
    *,
    trials_max: int = TRIALS_MAX,
) -> Shrunk[AnyPlan]:
    """Return the smallest plan found that fails as `plan` does, which has `failed`.

    At most `trials_max` (>= 0) candidates are run, by `run`, which may raise Misuse for what it cannot.
    """
    shrinking = _Shrinking(species, plan, failed, trials_max, run)
    shrinking.shrink()
    return Shrunk(shrinking.plan, shrinking.failed, shrinking.trials_count)


class _Shrinking(Generic[AnyPlan]):
    def __init__(
        self,
        species: Species[AnyPlan],
        plan: AnyPlan,
        failed: Failed,
        trials_max: int,
        run: Callable[[AnyPlan], Verdict],
    ) -> None:
        self._species = species
        self.plan = plan
        self.failed = failed
        self.trials_count = 0
        self._trials_max = trials_max
        self._run = run
        self._tried = {plan.to_json()}

    def shrink(self) -> None:
        """Try everything, again and again, until nothing helps any more or the trials are used up."""
        before = None
        while before != self.plan and self._may_try():
            before = self.plan
            self._spell_out()
            self._leave_out_elements()
            self._simplify_values()

    # -- candidates

    def _may_try(self) -> bool:
        return self.trials_count < self._trials_max

    def _accepts(self, candidate: AnyPlan) -> bool:
        """Run a candidate that has not been tried, and take it in place of the plan if it fails alike."""
        text = candidate.to_json()
        if text in self._tried or not self._may_try():
            return False
        self._tried.add(text)
        self.trials_count += 1
        try:
            verdict = self._run(candidate)
        except Misuse:  # a part takes no such value
            return False
        if not isinstance(verdict, Failed) or verdict.kind != self.failed.kind:
            return False
        self.plan, self.failed = candidate, verdict
        return True

    def _accepts_tree(self, tree: Tree) -> bool:
        try:
            candidate = self._species.sound(json.dumps(tree))
        except (ValidationError, Misuse):
            return False
        return candidate is not None and self._accepts(candidate)

    # -- passes

    def _spell_out(self) -> None:
        while self._may_try() and any(map(self._accepts, self._species.spelled_out(self.plan))):
            pass  # from the plan that has been taken on

    def _leave_out_elements(self) -> None:
        # Lists come and go as elements of others are left out: paths are looked up again after each.
        done: set[Path] = set()
        while self._may_try():
            path = next((each for each in _lists(_tree(self.plan)) if each not in done), None)
            if path is None:
                return
            done.add(path)
            self._leave_out_of(path)

    def _leave_out_of(self, path: Path) -> None:
        """Take ever smaller parts out of one list (ddmin, of which this is the half that looks at rests)."""
        size = len(_at(_tree(self.plan), path))
        while size and self._may_try():
            size = min(size, len(_at(_tree(self.plan), path, [])))
            start = 0
            while size and start < len(_at(_tree(self.plan), path, [])):
                tree = _tree(self.plan)
                del _at(tree, path)[start : start + size]
                if not self._accepts_tree(tree):
                    start += size
            size //= 2

    def _simplify_values(self) -> None:
        done: set[tuple[Path, str]] = set()
        while self._may_try():
            tree = _tree(self.plan)
            wanted = ((path, text) for path, text in _values(tree) if (path, text) not in done)
            if (found := next(wanted, None)) is None:
                return
            done.add(found)
            self._simplify(found[0])

    def _simplify(self, path: Path) -> None:
        *parents, last = path
        tree = _tree(self.plan)
        holder = _at(tree, tuple(parents))
        value = holder[last]
        if isinstance(holder, dict):
            del holder[last]
            if self._accepts_tree(tree):
                return
        for simpler in (*_simpler_numbers(value), *self._species.other_targets(self.plan, path)):
            tree = _tree(self.plan)
            _at(tree, tuple(parents))[last] = simpler
            if self._accepts_tree(tree):
                return


# -- trees


def _tree(plan: Plan) -> Tree:
    tree: Tree = json.loads(plan.to_json())
    return tree


def _at(tree: Any, path: Path, otherwise: Any = None) -> Any:
    """Return what stands at a path, or `otherwise` if that leads nowhere."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError):
            return otherwise
    return tree


def _children(tree: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from enumerate(tree)


def _walk(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Yield everything in a tree with its path, level by level."""
    level: list[tuple[Path, Any]] = [((), tree)]
    while level:
        yield from level
        level = [((*path, key), child) for path, each in level for key, child in _children(each)]


def _lists(tree: Tree) -> Iterator[Path]:
    return (path for path, each in _walk(tree) if isinstance(each, list) and each)


def _values(tree: Tree) -> Iterator[tuple[Path, str]]:
    """Yield the paths of all values but the seed, and of records that may be left out, with their texts."""
    for path, each in _walk(tree):
        if path and path != ("seed",) and not isinstance(each, list):
            yield path, json.dumps(each)


def _simpler_numbers(value: Any) -> list[float]:
    """Return numbers of fewer digits near a number, the simplest first."""
    if type(value) is not float:
        return [1] if type(value) is int and value > 1 else []
    rounded = [round(value, digits) for digits in range(4)]
    return [each for each in dict.fromkeys(rounded) if each != value]
