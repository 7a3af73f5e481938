"""What a study's text says is to be seen, and the numbers of its default sweep, which it must be true of.

The sweeps themselves take minutes, so their numbers are kept in tests/golden/default_sweeps. That these are
still what the code gives is what test_default_sweeps asks, of some runs of each; here nothing is run.
After a change of what a study measures::

    gameday sweep hedging --out hedging.sqlite
    python -m tests.experiments.studies.what_is_said hedging.sqlite
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from experiments import SweepResult, load_sweep
from experiments.command_line import listing
from experiments.store import Row
from experiments.study import Study
from experiments.summary import estimate

MARK = "What to see (the default sweep):"
"""With this a paragraph begins in the docstring of each study's module."""

GOLDEN = Path(__file__).parents[2] / "golden" / "default_sweeps"
DIGITS = 9

Measures = dict[str, float]


def what_to_see(study: Study) -> str:
    """Return that paragraph, in one line."""
    said = listing.what_to_see(study)
    assert said.startswith(MARK), f"{study.name} does not say what to see"
    return " ".join(said.removeprefix(MARK).split())


def means(study: Study, **point: Any) -> Measures:
    """Return the means of a point of the default sweep over its seeds."""
    runs = runs_of(study, **point)
    return {name: estimate([measures[name] for measures in runs]).mean for name in study.measures}


def runs_of(study: Study, **point: Any) -> list[Measures]:
    """Return what was measured in each run of a point of the default sweep; the first is that of seed 0."""
    values = study.space.values(point)
    assert values in study.points(), f"no point of the default sweep: {point}"
    return kept_runs(study.name)[key_of(values)]


def kept_sweep(
    study: Study, points: Iterable[Mapping[str, Any]] | None = None, *, replications: int | None = None
) -> SweepResult:
    """Return the default sweep, or what it found at some `points` of it with the first seeds; nothing is run.

    A figure is drawn from what a sweep has found, and needs no run to be made for it.
    """
    chosen = study.points() if points is None else [study.space.values(point) for point in points]
    rows = [
        Row(point=place, replication=seed, seed=seed, measures=measures)
        for place, point in enumerate(chosen)
        for seed, measures in enumerate(runs_of(study, **point)[:replications])
    ]
    return SweepResult(study=study, points=chosen, rows=rows)


def kept_studies() -> list[str]:
    """Return the names of the studies whose default sweep is kept, in order."""
    return sorted(path.stem for path in GOLDEN.glob("*.json"))


@cache
def kept_runs(study: str) -> dict[str, list[Measures]]:
    """Return the measures of each run that is kept, by point; the first is that of seed 0."""
    document = json.loads((GOLDEN / f"{study}.json").read_text(encoding="utf-8"))
    return {
        key_of(point): [dict(zip(document["measures"], run, strict=True)) for run in runs]
        for point, runs in zip(document["points"], document["runs"], strict=True)
    }


def keep(path: Path) -> Path:
    """Keep the numbers of a default sweep's results file, and return where."""
    result = load_sweep(path)
    names = list(result.study.measures)
    runs: list[list[list[float]]] = [[] for _ in result.points]
    for row in result.rows:
        assert row.seed == len(runs[row.point]), "not the seeds of a default sweep, in order"
        runs[row.point].append([float(f"{row.measures[name]:.{DIGITS}g}") for name in names])
    document = {"study": result.study.name, "measures": names, "points": result.points, "runs": runs}
    kept = GOLDEN / f"{result.study.name}.json"
    kept.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps(document).replace("[[", "\n[[").replace(", {", ",\n{")
    kept.write_text(f"{text}\n", encoding="utf-8")
    return kept


def key_of(point: dict[str, Any]) -> str:
    """Return a point as a text that is the same before and after JSON."""
    return json.dumps(point, sort_keys=True)


def percent(share: float, digits: int = 0) -> str:
    """Return a share as it is written in a text."""
    return f"{100.0 * share:.{digits}f} %"


if __name__ == "__main__":
    for given in sys.argv[1:]:
        print(keep(Path(given)))
