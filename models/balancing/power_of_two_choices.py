"""Power of two choices: draw two targets, take the one with fewer calls under way.

Nearly as good as asking all, at the price of asking two; and where the view is old or partial (many
balancers), better, because not everybody runs to the same target. With two choices the longest of n queues
is about log log n long, not log n.

The targets are drawn without replacement by default, as Finagle does, so that two targets are always
compared. The theory draws with replacement, and so does Envoy, which is `replacement=True`: for few targets
the difference is large, with two of them it is that between the shorter queue and a mixture of that and a
random one. Of equals the first that was drawn is taken, which is any of them with the same probability.

Source: Mitzenmacher, "The Power of Two Choices in Randomized Load Balancing" (IEEE TPDS 2001); Vvedenskaya,
Dobrushin and Karpelevich (1996).
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import inf

from simulator import Environment, Sampler
from simulator.randomness import Uniform

from ..request import Request
from ..validation import require_count
from .policy import Choose, Policy
from .target import Target

_PAIRS_LISTED_UP_TO = 32  # targets: then they are a thousand


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerOfTwoChoices(Policy):
    """Chooses the target with the fewest calls under way among some that are drawn at random.

    `choices_count` (>= 1) are drawn, by default two; one makes it a random choice. With `replacement` the
    same may be drawn twice; without, as many as there are at the most.
    """

    choices_count: int = 2
    replacement: bool = False

    def __post_init__(self) -> None:
        """Check the number of choices."""
        require_count("choices_count", self.choices_count)

    def chooser(self, env: Environment, targets: Sequence[Target], name: str) -> Choose:
        """Return a function that draws and compares."""
        sampler = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0))
        if self.choices_count == 2 and not self.replacement:
            return _better_of_two(targets, sampler)
        uniforms = sampler.values
        if self.replacement:
            return _best_of_any(targets, uniforms, self.choices_count)
        return _best_of_different(targets, uniforms, self.choices_count)


def _better_of_two(targets: Sequence[Target], sampler: Sampler) -> Choose:
    # What `_best_of_different` would do for two, which is what nearly everybody uses, at a fraction of the
    # cost: one draw for both, and the pair looked up where the pairs are few.
    uniforms = sampler.stack
    pairs: list[tuple[int, int]] = []
    pairs_count = 0
    targets_count = -1

    def choose(request: Request) -> Target:
        nonlocal pairs, pairs_count, targets_count
        if len(targets) != targets_count:
            targets_count = len(targets)
            pairs_count = targets_count * (targets_count - 1)
            pairs = _all_pairs(targets_count) if targets_count <= _PAIRS_LISTED_UP_TO else []
        if targets_count == 1:
            return targets[0]
        uniform = uniforms.pop()
        number = int((sampler.refill() if uniform == inf else uniform) * pairs_count)
        if pairs:
            first, second = pairs[number]
        else:
            # As `_pair` does, without the call: there is one for each request.
            first, second = divmod(number, targets_count - 1)
            if second >= first:
                second += 1
        target = targets[first]
        other = targets[second]
        return other if other.outstanding < target.outstanding else target

    return choose


def _pair(number: int, count: int) -> tuple[int, int]:
    """Return the two different indices below `count` that a number below count (count - 1) means."""
    first, second = divmod(number, count - 1)
    return first, second + (second >= first)


def _all_pairs(count: int) -> list[tuple[int, int]]:
    return [_pair(number, count) for number in range(count * (count - 1))]


def _best_of_any(targets: Sequence[Target], uniforms: Iterator[float], choices_count: int) -> Choose:
    def choose(request: Request) -> Target:
        count = len(targets)
        best = targets[int(next(uniforms) * count)]
        for _ in range(choices_count - 1):
            other = targets[int(next(uniforms) * count)]
            if other.outstanding < best.outstanding:
                best = other
        return best

    return choose


def _best_of_different(targets: Sequence[Target], uniforms: Iterator[float], choices_count: int) -> Choose:
    def choose(request: Request) -> Target:
        count = len(targets)
        best: Target | None = None
        taken: list[int] = []
        for rest_count in range(count, max(count - choices_count, 0), -1):
            # The index among those that are left, made one among all by stepping over those that were taken.
            index = int(next(uniforms) * rest_count)
            for other in taken:
                if index < other:
                    break
                index += 1
            insort(taken, index)
            target = targets[index]
            if best is None or target.outstanding < best.outstanding:
                best = target
        assert best is not None
        return best

    return choose
