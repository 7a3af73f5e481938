"""A sweep as a TOML file, for designs that are too long for a command line or worth keeping.

    study = "breakers"
    replications = 10

    [set]                            # the same at every point
    fault_duration = 60.0

    [grid]                           # or [[points]], or [latin_hypercube] or [sobol] with count and
    [*.ranges] threshold = [2, 5, 20]

    [until]                          # go on until the interval is narrow
    measure = "goodput"
    half_width = 0.5

Ranges are written `timeout = { low = 0.1, high = 2.0, log = true }`.
"""

import tomllib
from os import PathLike
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, PositiveInt, ValidationError

from .design import Design, Grid, LatinHypercube, Points, Range, Sobol
from .misuse import Misuse
from .rules import broken_rule
from .schedule import Until


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RangeTable(_Table):
    low: float
    high: float
    log: bool = False
    whole: bool = False


class _QuasiRandomTable(_Table):
    count: PositiveInt
    ranges: dict[str, _RangeTable]
    seed: int = Field(default=0, ge=0)

    def as_ranges(self) -> dict[str, Range]:
        return {
            name: Range(item.low, item.high, log=item.log, whole=item.whole)
            for name, item in self.ranges.items()
        }


class _UntilTable(_Table):
    measure: str
    half_width: float
    replications_max: PositiveInt = 100


class SweepFile(_Table):
    """The contents of a sweep file, checked; `read_sweep_file` makes one."""

    study: str
    replications: PositiveInt | None = None
    set: dict[str, Any] = Field(default_factory=dict)
    grid: dict[str, list[Any]] | None = None
    points: list[dict[str, Any]] | None = None
    latin_hypercube: _QuasiRandomTable | None = None
    sobol: _QuasiRandomTable | None = None
    until: _UntilTable | None = None

    @property
    def design(self) -> Design | None:
        """The file's design, None if it leaves that to the study; raises Misuse if it has several."""
        made: dict[str, Design] = {}
        if self.grid is not None:
            made["grid"] = Grid(self.grid)
        if self.points is not None:
            made["points"] = Points(self.points)
        if (table := self.latin_hypercube) is not None:
            made["latin_hypercube"] = LatinHypercube(
                count=table.count, ranges=table.as_ranges(), seed=table.seed
            )
        if (table := self.sobol) is not None:
            made["sobol"] = Sobol(count=table.count, ranges=table.as_ranges(), seed=table.seed)
        if len(made) > 1:
            raise Misuse(
                f"design must be one of grid, points, latin_hypercube, sobol, got {' and '.join(made)}"
            )
        return next(iter(made.values()), None)

    @property
    def stopping(self) -> Until | None:
        """The file's stopping rule, if it has one."""
        if self.until is None:
            return None
        table = self.until
        return Until(
            measure=table.measure, half_width=table.half_width, replications_max=table.replications_max
        )


def read_sweep_file(path: str | PathLike[str]) -> SweepFile:
    """Read and check a sweep file; raises Misuse with one line for whatever is wrong with it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise Misuse(f"sweep file must be a file that can be read, got {path}: {reason}") from None
    try:
        return SweepFile(**tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        raise Misuse(f"sweep file must be TOML, got {path}: {error}") from None
    except ValidationError as error:
        raise Misuse(f"{path}: {broken_rule(error, SweepFile.model_fields)}") from None
