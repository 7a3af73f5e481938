"""Finds the highest load that holds an SLO: bisection in which every answer is a test.

Rules:

1. The loads are the points of a grid from `low` to `high`, whose cells are at most half the tolerance wide.
   Both ends are tried first, then the middle of what is open. That is all where `low` fails or `high` holds.
2. A load is run with seeds 0, 1, 2, ... (common random numbers) until the decision on it is clear or
   `replications_max` is reached; see `decision`. One at which hardly a run was bad is believed to hold after
   40 runs, or as many as there may be.
3. Where a load stays undecided, capacity lies near it. The search goes on between it and the highest load
   that holds, and between it and the lowest that fails, and so closes in from both sides.
4. It ends when the bracket is no wider than the tolerance, or nothing is left to try.

The confidence is that of all decisions together. The error allowed is divided equally among all points of the
grid and all looks at each (Bonferroni): which points are visited depends on earlier answers, and these on the
same seeds, so that a division among the visited ones alone would not do. It is generous; the price is a few
more runs per load, since the bound grows with the logarithm of their number only.

That an SLO which fails at a load fails at all higher ones is assumed. What was seen is checked for the
contrary (`Capacity.rises`); a goodput that has to be reached, for one, rises with load.
"""

import math
from collections.abc import Iterator
from concurrent.futures import Executor
from contextlib import contextmanager
from numbers import Real

from ..misuse import Misuse
from ..workers import InProcess, WorkerPool, cores_count
from .bracket import Capacity, CapacityStep, bracketed, is_within
from .decision import CALM_RUNS, FAILS, HOLDS, UNDECIDED, decide, is_calm, look_counts
from .trial import Margin, Trial, packed, run_trial

_CELLS_MAX = 2**20


def find_capacity(
    trial: Trial,
    *,
    low: float,
    high: float,
    tolerance: float,
    confidence: float = 0.95,
    replications_min: int = 10,
    replications_max: int = 80,
    jobs: int | None = 1,
    executor: Executor | None = None,
) -> Capacity:
    """Return the bracket of loads between which `trial` ceases to hold, searched from `low` to `high`.

    `trial(load, seed)` runs once (see `trial`); loads are in its own unit, mostly requests per second.
    `tolerance` (> 0) is the width that the bracket should have; it is wider where `replications_max` runs per
    load do not suffice (`is_resolved`). `replications_min` (>= 2) is the number of runs before the first
    look. `confidence` lies in (0, 1): the probability that no decision is wrong. `jobs` worker processes run
    the trial (None: all cores); an `executor` takes their place. Raises Misuse for numbers out of range; an
    error in the trial passes through, with load and seed added.

    Example::

        def trial(rate: float, seed: int) -> Judgement:
            env = Environment(seed=seed)
            shop = Storefront(env, StorefrontSettings(rate=rate))
            users = shop.admit_users(until=60.0)
            env.run(until=75.0)
            return slo.judge(Evidence.of_table(users.table, start=10.0, end=60.0))

        capacity = find_capacity(trial, low=50.0, high=800.0, tolerance=50.0)
        capacity.load_low, capacity.load_high
    """
    for name, number in (("low", low), ("high", high), ("tolerance", tolerance), ("confidence", confidence)):
        _require_number(name, number)
    _require_range(low, high, tolerance)
    if not 0.0 < confidence < 1.0:
        raise Misuse(f"confidence must be > 0 and < 1, got {confidence}")
    _require_whole("replications_min", replications_min, 2)
    _require_whole("replications_max", replications_max, replications_min)
    runs = packed(trial)
    with _workers(jobs, executor) as pool:
        search = _Search(
            _Bench(pool, runs),
            _Grid(low, high, tolerance),
            look_counts(replications_min, replications_max),
            1.0 - confidence,
        )
        while (point := search.next()) is not None:
            search.look_at(point)
    return bracketed(list(search.steps.values()), tolerance=tolerance, confidence=confidence)


class _Bench:
    """Runs a packed trial on an executor."""

    def __init__(self, pool: Executor, trial: bytes) -> None:
        self._pool = pool
        self._trial = trial

    def run(self, load: float, seeds: range) -> list[dict[str, Margin]]:
        """Return the margins of each seed; all runs name the same objectives."""
        futures = [self._pool.submit(run_trial, self._trial, load, seed) for seed in seeds]
        return [future.result() for future in futures]


class _Grid:
    """Points 0 to `cells`, at equal distances from `low` to `high`."""

    def __init__(self, low: float, high: float, tolerance: float) -> None:
        halvings = math.ceil(math.log2(2.0 * (high - low) / tolerance))
        self.cells = 2 ** max(0, halvings)
        self.tolerance = tolerance
        self._low, self._high = low, high

    def load(self, point: int) -> float:
        """Return the load at a point."""
        share = point / self.cells
        return float(self._low * (1.0 - share) + self._high * share)


class _Search:
    """The points decided so far, and where to look next."""

    def __init__(self, bench: _Bench, grid: _Grid, looks: list[int], error: float) -> None:
        self.steps: dict[int, CapacityStep] = {}
        self._bench = bench
        self._grid = grid
        self._looks = looks
        self._error = error / ((grid.cells + 1) * len(looks))

    def look_at(self, point: int) -> None:
        """Run the load at `point` until it is decided, or there are no more looks."""
        load = self._grid.load(point)
        runs: list[dict[str, Margin]] = []
        verdict = UNDECIDED
        margins: dict[str, tuple[Margin, ...]] = {}
        for count in self._looks:
            runs += self._bench.run(load, range(len(runs), count))
            margins = _by_objective(runs, load)
            verdict = decide(margins, self._error)
            is_too_soon = count < min(CALM_RUNS, self._looks[-1]) and is_calm(margins)
            if verdict == FAILS or (verdict == HOLDS and not is_too_soon):
                break
        self.steps[point] = CapacityStep(load=load, verdict=verdict, margins=margins)

    def next(self) -> int | None:
        """Return the point to look at next; None where the bracket is narrow enough, or nothing is left."""
        last = self._grid.cells
        for end in (0, last):
            if end not in self.steps:
                return end
        if self.steps[0].verdict == FAILS or self.steps[last].verdict == HOLDS:
            return None
        holding = max((p for p, step in self.steps.items() if step.verdict == HOLDS), default=None)
        failing = min((p for p, step in self.steps.items() if step.verdict == FAILS), default=None)
        if holding is not None and failing is not None and self._is_narrow(holding, failing):
            return None
        return _middle(self._open(holding, failing))

    def _is_narrow(self, holding: int, failing: int) -> bool:
        return is_within(self._grid.load(failing) - self._grid.load(holding), self._grid.tolerance)

    def _open(self, holding: int | None, failing: int | None) -> list[tuple[int, int]]:
        """Return the gaps in which to look: what lies between the decided and the undecided points."""
        undecided = sorted(
            point
            for point, step in self.steps.items()
            if step.verdict == UNDECIDED
            and (holding is None or point > holding)
            and (failing is None or point < failing)
        )
        gaps = []
        if holding is not None:
            gaps.append((holding, undecided[0] if undecided else failing))
        if failing is not None and undecided:
            gaps.append((undecided[-1], failing))
        return [(below, above) for below, above in gaps if above is not None]


def _middle(gaps: list[tuple[int, int]]) -> int | None:
    """Return the middle of the widest gap, of equal ones the lower; None if none has a point in it."""
    below, above = max(gaps, key=lambda gap: gap[1] - gap[0], default=(0, 0))
    return (below + above) // 2 if above - below > 1 else None


def _by_objective(runs: list[dict[str, Margin]], load: float) -> dict[str, tuple[Margin, ...]]:
    names = list(runs[0])
    for run in runs:
        if list(run) != names:
            found = f"got {names} and {list(run)} at load {load:g}"
            raise ValueError(f"trial must return the same objectives in every run, {found}")
    return {name: tuple(run[name] for run in runs) for name in names}


@contextmanager
def _workers(jobs: int | None, executor: Executor | None) -> Iterator[Executor]:
    """Yield the executor that was given, or one of its own with `jobs` processes."""
    count = cores_count() if jobs is None else jobs
    _require_whole("jobs", count, 1)
    if executor is not None:
        if not isinstance(executor, Executor):
            raise Misuse(f"executor must be a concurrent.futures.Executor, got {executor!r}")
        yield executor
        return
    with InProcess() if count == 1 else WorkerPool(count) as pool:
        yield pool


def _require_range(low: float, high: float, tolerance: float) -> None:
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise Misuse(f"high must be finite and > low = {low}, got {high}")
    if not 0.0 < tolerance < math.inf:
        raise Misuse(f"tolerance must be finite and > 0, got {tolerance}")
    finest = 2.0 * (high - low) / _CELLS_MAX
    if tolerance < finest:
        raise Misuse(f"tolerance must be >= {finest:g} for that range, got {tolerance}")


def _require_number(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, Real):
        raise Misuse(f"{name} must be a number, got {value!r}")


def _require_whole(name: str, value: object, least: int) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < least:
        raise Misuse(f"{name} must be a whole number >= {least}, got {value!r}")
