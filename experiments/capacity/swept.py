"""The bracket that the rows of a sweep along load give: no search, no further run.

The loads are those of the sweep, and so is the precision. Each point is decided once (`decision`), with the
error divided among the points. Measures tell nothing of noise, as in `StudyTrial`, and no more runs can be
asked for where next to none was bad (see `decision`): what holds in a few short runs is believed.
"""

import itertools
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from ..misuse import Misuse
from ..summary import CONFIDENCE
from .bracket import Capacity, CapacityStep, bracketed
from .decision import decide
from .trial import Margin, require_margins

if TYPE_CHECKING:
    from ..result import SweepResult


def capacity_of_sweep(
    result: "SweepResult",
    *,
    load: str,
    margins: Sequence[str],
    where: Mapping[str, Any] | None = None,
    confidence: float = CONFIDENCE,
) -> Capacity:
    """Return the capacity that a sweep over parameter `load` shows, `where` other parameters are these.

    `margins` are measures that are >= 0 where an objective held. The tolerance is the widest step between
    two neighbouring loads. Raises Misuse for unknown names, and where fewer than two loads are left.

    Example: `capacity_of_sweep(result, load="rate", margins=["latency_margin", "availability_margin"])`.
    """
    result.study.space.require(load)
    require_margins(result.study, margins)
    wanted = {name: result.study.space.value(name, value) for name, value in (where or {}).items()}
    points = [index for index, point in enumerate(result.points) if wanted.items() <= point.items()]
    loads = sorted(float(result.points[index][load]) for index in points)
    if len(set(loads)) < 2 or len(set(loads)) < len(loads):
        raise Misuse(f"loads must be at least two and differ, got {loads} for {wanted or 'all points'}")
    error = (1.0 - confidence) / len(points)
    steps = [_step(result, index, load, margins, error) for index in points]
    tolerance = max(above - below for below, above in itertools.pairwise(loads))
    return bracketed(steps, tolerance=tolerance, confidence=confidence)


def _step(result: "SweepResult", index: int, load: str, margins: Sequence[str], error: float) -> CapacityStep:
    found = {
        name: tuple(Margin(value) for _, value in sorted(result.values(index, name).items()))
        for name in margins
    }
    return CapacityStep(load=float(result.points[index][load]), verdict=decide(found, error), margins=found)
