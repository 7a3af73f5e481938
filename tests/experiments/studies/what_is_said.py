"""What a study's text says is to be seen, and the numbers of its default sweep, which it must be true of."""

from __future__ import annotations

from typing import Any

from experiments.command_line import listing
from experiments.study import Study
from experiments.summary import estimate

MARK = "What to see (the default sweep):"
"""With this a paragraph begins in the docstring of each study's module."""


def what_to_see(study: Study) -> str:
    """Return that paragraph, in one line."""
    said = listing.what_to_see(study)
    assert said.startswith(MARK), f"{study.name} does not say what to see"
    return " ".join(said.removeprefix(MARK).split())


def means(study: Study, **point: Any) -> dict[str, float]:
    """Return the means of a point over the seeds of the default sweep, of which it must be a part."""
    assert study.space.values(point) in study.points(), f"no point of the default sweep: {point}"
    runs = [study(seed=seed, **point).measures for seed in range(study.replications)]
    return {name: estimate([measures[name] for measures in runs]).mean for name in study.measures}


def percent(share: float, digits: int = 0) -> str:
    """Return a share as it is written in a text."""
    return f"{100.0 * share:.{digits}f} %"
