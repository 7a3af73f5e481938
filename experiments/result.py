"""The result of a sweep: its rows, and what they say.

It is what a notebook looks at and what a study's `figures_of_sweep` draws from. It holds the study, so that a
figure may run one representative point again: `result.study(seed=0, **result.points[3])` gives the very run
that made that row.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from os import PathLike, fspath
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .frames import summary_frame, tidy_frame
from .misuse import Misuse
from .parameters import to_json
from .registry import find_study
from .store import Row, Store
from .study import Study
from .summary import CONFIDENCE, Comparison, Estimate, compare_paired, estimate
from .table import summary_table

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, kw_only=True, repr=False)
class SweepResult:
    """Points, rows and summaries of one sweep, as `sweep` and `load_sweep` return them.

    `points[i]` is the full parameter set of point i; `rows` are ordered by point and replication; `new_count`
    is how many of them this call ran.
    """

    study: Study
    points: list[dict[str, Any]]
    rows: list[Row]
    path: Path | None = None
    manifest: Mapping[str, Any] = field(default_factory=dict)
    new_count: int = 0

    def __repr__(self) -> str:
        said = f"SweepResult({self.study.name}: {len(self.points)} points, {len(self.rows)} runs"
        return f"{said}, {len(self.failures)} of them failed)" if self.failures else f"{said})"

    @property
    def frame(self) -> "pd.DataFrame":
        """One tidy row per point and replication: parameters, seed, status, error, measures (nan if none)."""
        return tidy_frame(self)

    @property
    def summary(self) -> "pd.DataFrame":
        """One row per point and measure: parameters, mean, half_width, low, high, deviation, counts."""
        return summary_frame(self)

    @property
    def failures(self) -> list[Row]:
        """The rows whose run raised, each with its error and replay command."""
        return [row for row in self.rows if row.failed]

    @property
    def varied(self) -> list[str]:
        """The parameters that differ between points."""
        first = self.points[0]
        return [name for name in first if any(point[name] != first[name] for point in self.points)]

    def select(self, keeps: Callable[[Mapping[str, Any]], bool]) -> "SweepResult":
        """The part of the sweep at those points whose parameters it `keeps`; raises Misuse if there are none.

        For figures of a sweep that is no grid. Example: `result.select(lambda point: point["layers"] == 1)`.
        """
        kept = [index for index, point in enumerate(self.points) if keeps(point)]
        if not kept:
            raise Misuse(f"a part of {self!r} must hold at least one point, got none")
        number = {index: position for position, index in enumerate(kept)}
        return replace(
            self,
            points=[self.points[index] for index in kept],
            rows=[replace(row, point=number[row.point]) for row in self.rows if row.point in number],
        )

    def point(self, **parameters: Any) -> int:
        """The index of the one point with these parameters; raises Misuse if none or several have them."""
        wanted = {name: self.study.space.value(name, value) for name, value in parameters.items()}
        found = [
            index
            for index, point in enumerate(self.points)
            if all(point[name] == value for name, value in wanted.items())
        ]
        if len(found) != 1:
            raise Misuse(
                f"a point must be named by parameters that only it has, got {len(found)} points for {wanted}"
            )
        return found[0]

    def values(self, point: int, measure: str) -> dict[int, float]:
        """One measure at one point, by seed; failed replications are left out."""
        self.study.require_measure(measure)
        return {row.seed: row.measures[measure] for row in self.rows if row.point == point and not row.failed}

    def estimate(self, point: int, measure: str, confidence: float = CONFIDENCE) -> Estimate:
        """Mean and interval of one measure at one point."""
        return estimate(list(self.values(point, measure).values()), confidence)

    def compare(
        self, measure: str, *, baseline: int, other: int, confidence: float = CONFIDENCE
    ) -> Comparison:
        """The paired difference of a measure between two points (other - baseline) over shared seeds."""
        return compare_paired(
            measure, self.values(baseline, measure), self.values(other, measure), confidence
        )

    def table(self, width: int = 110, *, measures: Sequence[str] | None = None) -> str:
        """The summary as aligned text: a line per point, mean ± half-width per measure, units on top.

        `measures` are those to show, in their order (None: all).
        """
        for name in measures or ():
            self.study.require_measure(name)
        return summary_table(self, width, self.study.measures if measures is None else measures)


def load_sweep(path: str | PathLike[str], study: Study | None = None) -> SweepResult:
    """Read a results file, also one that a sweep is writing to.

    `study` is needed where the file's study cannot be imported here (it was defined in a notebook). Raises
    Misuse for a file that is none of ours, or another study's.
    """
    with Store.open_existing(fspath(path)) as store:
        manifest, plain, rows = store.manifest(), store.points(), store.rows()
    if study is None:
        reference = manifest["study"]["reference"]
        if reference is None:
            raise Misuse(f"{path} needs its study, defined in a notebook or script, got none: pass study=")
        study = find_study(reference)
    if study.name != manifest["study"]["name"]:
        raise Misuse(f"{path} holds results of study {manifest['study']['name']}, got study {study.name}")
    _require_measures(path, manifest, study)
    points = [study.space.values({name: point[name] for name in point}) for point in plain]
    assert [to_json(point) for point in points] == plain, (
        f"{path}: parameters must survive the file unchanged"
    )
    return SweepResult(study=study, points=points, rows=rows, path=Path(path), manifest=manifest)


def _require_measures(path: str | PathLike[str], manifest: Mapping[str, Any], study: Study) -> None:
    if list(manifest["measures"]) != list(study.measures):
        wanted, found = ", ".join(study.measures), ", ".join(manifest["measures"])
        raise Misuse(f"{path} must have the measures {wanted}, got {found}: another version of the study")
