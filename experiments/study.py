"""A study: one question, asked of a function that builds a system, runs it and returns what was measured.

The decorator reads the function's signature (see `parameters`) and keeps with it the question, the measures
with their units, the default sweep and the figures. A run is a value: study, parameters and seed determine
it.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from .design import Design, Grid
from .misuse import Misuse, unknown_name
from .parameters import RESERVED_NAMES, ParameterSpace

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from .result import SweepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """What a number of a run means: one line of description, and its unit ("s", "1/s", "" for a count)."""

    description: str
    unit: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What one run gave: a number per measure, and in `detail` whatever figures need (tables, logs, faults).

    A measure that has no value in this run (time to recover, where nothing failed) is nan; summaries leave it
    out and count it. `detail` never enters a results file. `parameters` and `seed` are filled in by the
    study.
    """

    measures: Mapping[str, float]
    detail: Any = field(default=None, repr=False)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    seed: int = 0


def no_figures(_of: object) -> "Mapping[str, Figure]":
    """Return no figure: what a study draws of a run, or of a sweep, where nothing else is said."""
    return {}


@dataclass(frozen=True, kw_only=True, eq=False, repr=False)
class Study:
    """A function with a question; call it for one run: `breakers(seed=3, threshold=5)`.

    Made by the `study` decorator. Raises Misuse for parameters that break their rules, TypeError for a run
    that does not return the declared measures.
    """

    name: str
    question: str
    function: Callable[..., Run]
    measures: Mapping[str, Measure]
    sweep: Design
    replications: int = 5
    check: Callable[..., object] | None = None
    figures_of_run: "Callable[[Run], Mapping[str, Figure]]" = no_figures
    figures_of_sweep: "Callable[[SweepResult], Mapping[str, Figure]]" = no_figures
    space: ParameterSpace = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "space", ParameterSpace(self.function, study_name=self.name))
        # help() and pickle then see the function that the study stands for; functools.update_wrapper cannot,
        # we are frozen.
        for attribute in ("__module__", "__qualname__", "__doc__"):
            object.__setattr__(self, attribute, getattr(self.function, attribute))
        object.__setattr__(self, "__wrapped__", self.function)
        _require_names(self)
        if self.replications < 1:
            raise ValueError(f"replications must be >= 1, got {self.replications}")

    def __repr__(self) -> str:
        return f"Study({self.name}: {self.question} parameters: {', '.join(self.space.names) or 'none'})"

    def __call__(self, *, seed: int = 0, **parameters: Any) -> Run:
        """Run once: `parameters` are checked, those left out take their defaults; `seed` is >= 0."""
        values = self.space.values(parameters)
        number = require_seed(seed)
        if self.check is not None:
            self.check(**values)
        return self.run_checked(values, number)

    def run_checked(self, values: Mapping[str, Any], seed: int) -> Run:
        """Run once with a full set of parameters that has been checked already."""
        run = self.function(seed=seed, **values)
        if not isinstance(run, Run):
            raise TypeError(f"study {self.name} must return a Run, got {type(run).__name__}")
        measures = {name: _number(self, run, name) for name in self.measures}
        if surplus := [name for name in run.measures if name not in self.measures]:
            raise TypeError(f"study {self.name} must return declared measures only, got {', '.join(surplus)}")
        return replace(run, measures=measures, parameters=dict(values), seed=seed)

    def points(
        self, design: Design | None = None, fixed: Mapping[str, Any] | None = None
    ) -> list[dict[str, Any]]:
        """The full parameter sets of `design` (None: the study's own), with `fixed` values in it."""
        given = dict(fixed or {})
        chosen = self.sweep if design is None else design
        points = []
        for index, point in enumerate(chosen.points()):
            # A value fixed by the user takes that parameter out of the study's default sweep; in a design of
            # his own a name that is both swept and fixed is a contradiction.
            if design is not None and (both := [name for name in point if name in given]):
                raise Misuse(f"{both[0]} must be swept or set, not both, got a design and {given[both[0]]!r}")
            values = self.space.values({**point, **given})
            if values not in points:
                if self.check is not None:
                    self.check(**values)
                points.append(values)
            elif design is not None:
                raise Misuse(
                    f"points must differ, got point {index} equal to point {points.index(values)}: {point}"
                )
        return points

    def require_measure(self, name: str) -> None:
        """Raise Misuse, with near misses, unless `name` is a measure."""
        if name not in self.measures:
            raise unknown_name(f"a measure of {self.name}", name, self.measures)

    def is_importable(self) -> bool:
        """Whether another process finds this study by module and name; not so in a notebook or function."""
        found: Any = sys.modules.get(self.function.__module__)
        for part in self.function.__qualname__.split("."):
            found = getattr(found, part, None)
        return found is self and self.function.__module__ != "__main__"

    def __reduce__(self) -> Any:
        """Pickle by name where another process can import it, else by value (by cloudpickle)."""
        if self.is_importable():
            return self.function.__qualname__
        state = {item.name: getattr(self, item.name) for item in fields(self) if item.init}
        return partial(Study, **state), ()


def study(
    *,
    name: str,
    question: str,
    measures: Mapping[str, Measure],
    sweep: Design | Mapping[str, Sequence[Any]] | None = None,
    replications: int = 5,
    check: Callable[..., object] | None = None,
    figures_of_run: "Callable[[Run], Mapping[str, Figure]]" = no_figures,
    figures_of_sweep: "Callable[[SweepResult], Mapping[str, Figure]]" = no_figures,
) -> Callable[[Callable[..., Run]], Study]:
    """Make a `Study` of a function `f(*, seed: int, load: Annotated[float, Field(gt=0)] = 0.5, ...) -> Run`.

    `sweep` maps parameters to the values of the default grid, or is any design; without it the default sweep
    is the one point of all defaults. `replications` is the default number of runs per point, with seeds 0, 1,
    2, ... `check`, called with all parameters of each point before a sweep begins, raises Misuse for those
    that cannot go together; without it each such run is a failed row. `figures_of_run` and `figures_of_sweep`
    return figures by name, and no figure if not given; they are drawn by `gameday run --out` and after a
    sweep.

    Example:
        @study(name="queue", question="How long is the wait?", sweep={"load": [0.5, 0.9]},
               measures={"wait": Measure(description="mean waiting time", unit="s")})
        def queue(*, seed: int, load: Annotated[float, Field(gt=0, lt=1)] = 0.5) -> Run:
            ...
            return Run(measures={"wait": waiting_time_mean})
    """
    design = sweep if isinstance(sweep, Design) else Grid(sweep or {})
    given: Any = measures
    if not isinstance(given, Mapping) or not all(isinstance(item, Measure) for item in given.values()):
        raise TypeError(f"measures of study {name} must map names to Measure, got {given!r}")

    def decorate(function: Callable[..., Run]) -> Study:
        made = Study(
            name=name,
            question=question,
            function=function,
            measures=dict(measures),
            sweep=design,
            replications=replications,
            check=check,
            figures_of_run=figures_of_run,
            figures_of_sweep=figures_of_sweep,
        )
        if not any(parameter.required for parameter in made.space.describe()):
            made.points()  # a default sweep that breaks its own rules is found when the study is defined
        return made

    return decorate


def require_seed(seed: Any) -> int:
    """A seed as an int >= 0; raises Misuse for anything else."""
    if isinstance(seed, bool) or not isinstance(seed, int) or seed < 0:
        raise Misuse(f"seed must be a whole number >= 0, got {seed!r}")
    return seed


def _number(made: Study, run: Run, name: str) -> float:
    if name not in run.measures:
        raise TypeError(
            f"study {made.name} must return the measure {name!r}, got {', '.join(run.measures) or 'none'}"
        )
    try:
        return float(run.measures[name])
    except (TypeError, ValueError):
        raise TypeError(
            f"study {made.name}: measure {name!r} must be a number or nan, got {run.measures[name]!r}"
        ) from None


def _require_names(made: Study) -> None:
    if not made.name or any(not (sign.isalnum() or sign in "-_") for sign in made.name):
        raise ValueError(f"a study's name must be letters, digits, - and _, got {made.name!r}")
    if not made.measures:
        raise ValueError(f"study {made.name} must declare at least one measure, got none")
    taken = {*RESERVED_NAMES, *map(str.lower, made.space.names)}  # in lower case: SQL sees no difference
    for name in made.measures:
        if name.lower() in taken or not name.isidentifier():
            raise ValueError(
                f"study {made.name}: a measure's name must be a free, unreserved identifier, got {name!r}"
            )
        taken.add(name.lower())
