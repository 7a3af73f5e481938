"""Many plans on all cores: which of them fail, and the smallest that fails like each.

What they are plans of is a `Subject`: `SYSTEMS`, or the stores of `stores`.

The first failure of each kind is cut down (see `shrinking`), in the order of seeds; others of its kind are
most likely the same bug, and only named. What comes out does not depend on how many workers there are.
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from tqdm import tqdm

from ..misuse import Misuse
from ..workers import InProcess, WorkerPool, cores_count
from .cutting_down import Shrunk
from .drawing import draw_plan
from .shrinking import shrink
from .trial import run_trial
from .verdict import Failed, Verdict

Judged = list[tuple[int, Verdict]]
"""Seeds with what became of their systems."""

_Task = TypeVar("_Task")
_Result = TypeVar("_Result")

_BATCH_MAX = 10  # systems; some tens of milliseconds each


class SwarmInterrupted(KeyboardInterrupt):
    """Somebody has stopped a swarm; `result` is of those systems that were judged by then."""

    def __init__(self, result: SwarmResult) -> None:
        super().__init__()
        self.result = result


DIED = "the worker process died (killed, out of memory, or ended by the simulation)"


@dataclass(frozen=True, slots=True)
class Subject:
    """What a swarm is of, by its `name`: how a plan is drawn from a seed, run, and cut down when it fails.

    The three are functions of modules, or partial ones of such: worker processes are sent them.
    """

    name: str
    draw: Callable[[int], Any]
    run: Callable[[Any], Verdict]
    shrink: Callable[[Any, Failed], Shrunk[Any]]


SYSTEMS = Subject("systems", draw_plan, run_trial, shrink)
"""Systems of any parts: services, balancers, wrappers and so on."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A seed whose system failed; `shrunk` is the smallest that was found to fail so.

    It is None where a failure of an earlier seed, `like`, is of the same kind, where the system can not even
    be built or has taken its process down, and where the swarm was stopped before.
    """

    seed: int
    failed: Failed
    like: int | None = None
    shrunk: Shrunk[Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SwarmResult:
    """What became of the systems of some seeds: the `findings` are in their order, all others passed.

    `undecided_count` checks of those were given up.
    """

    first_seed: int
    systems_count: int
    requests_count: int
    findings: tuple[Finding, ...]
    undecided_count: int = 0


def run_swarm(
    first_seed: int,
    systems_count: int,
    *,
    of: Subject = SYSTEMS,
    jobs: int | None = None,
    progress: bool = False,
    on_failure: Callable[[int, Failed], None] | None = None,
) -> SwarmResult:
    """Run the systems of `systems_count` (>= 1) seeds from `first_seed` (>= 0) on, and shrink what fails.

    `of` says what they are. `jobs` is the number of worker processes (all cores if None); 1 runs in this one.
    `progress` shows a bar on standard error. `on_failure(seed, failed)` is called at once when a system has
    failed, in any order. Ctrl-C raises `SwarmInterrupted`, with what is known by then.
    """
    if systems_count < 1 or first_seed < 0:
        raise Misuse(f"systems must be >= 1 and seed >= 0, got {systems_count!r} and {first_seed!r}")
    workers = cores_count() if jobs is None else jobs
    verdicts: dict[int, Verdict] = {}
    shrunk: dict[int, Shrunk[Any] | None] = {}
    batches = _batches(range(first_seed, first_seed + systems_count), workers)
    try:
        with (
            closing(judged_batches(partial(try_seeds, of), batches, workers)) as outcomes,
            tqdm(total=systems_count, unit="system", disable=not progress, file=sys.stderr) as bar,
        ):
            for judged in outcomes:
                for seed, verdict in judged:
                    verdicts[seed] = verdict
                    if on_failure is not None and isinstance(verdict, Failed):
                        on_failure(seed, verdict)
                bar.update(len(judged))
        _shrink_first_of_kinds(of, _first_of_kinds(verdicts), shrunk, workers, progress=progress)
    except KeyboardInterrupt:
        raise SwarmInterrupted(_result(first_seed, verdicts, shrunk)) from None
    return _result(first_seed, verdicts, shrunk)


def _result(
    first_seed: int, verdicts: dict[int, Verdict], shrunk: dict[int, Shrunk[Any] | None]
) -> SwarmResult:
    passed = [each for each in verdicts.values() if not isinstance(each, Failed)]
    first_of_kinds = _first_of_kinds(verdicts)
    findings = [
        Finding(
            seed=seed,
            failed=verdict,
            like=None if first_of_kinds[verdict.kind] == seed else first_of_kinds[verdict.kind],
            shrunk=shrunk.get(seed),
        )
        for seed, verdict in sorted(verdicts.items())
        if isinstance(verdict, Failed)
    ]
    return SwarmResult(
        first_seed=first_seed,
        systems_count=len(verdicts),
        requests_count=sum(each.requests_count for each in passed),
        findings=tuple(findings),
        undecided_count=sum(each.undecided_count for each in passed),
    )


def try_seeds(of: Subject, seeds: Sequence[int]) -> Judged:
    """Draw, run and judge the systems of some seeds; one that cannot be drawn or built has failed."""
    return [(seed, _try_seed(of, seed)) for seed in seeds]


def _try_seed(of: Subject, seed: int) -> Verdict:
    try:
        return of.run(of.draw(seed))
    except Exception as error:
        name = type(error).__name__
        return Failed(kind=f"{name} in building", what=f"{name}: {error}", entity="the plan", time=0.0)


def shrink_seed(of: Subject, seed: int) -> Shrunk[Any] | None:
    """Draw and run the system of a seed once more, and cut it down; None if it cannot be."""
    try:
        plan = of.draw(seed)
        verdict = of.run(plan)
        return of.shrink(plan, verdict) if isinstance(verdict, Failed) else None
    except Misuse:
        return None


def _first_of_kinds(verdicts: dict[int, Verdict]) -> dict[str, int]:
    """Return the first seed that fails in each way."""
    found: dict[str, int] = {}
    for seed, verdict in sorted(verdicts.items()):
        if isinstance(verdict, Failed):
            found.setdefault(verdict.kind, seed)
    return found


def _shrink_first_of_kinds(
    of: Subject,
    first_of_kinds: dict[str, int],
    shrunk: dict[int, Shrunk[Any] | None],
    workers: int,
    *,
    progress: bool,
) -> None:
    """Note in `shrunk`, by seed, what is left of each, as they finish."""
    seeds = [seed for kind, seed in first_of_kinds.items() if kind != DIED]
    with (
        closing(_outcomes(partial(shrink_seed, of), seeds, workers)) as outcomes,
        tqdm(
            total=len(seeds), desc="shrinking", unit="plan", disable=not (progress and seeds), file=sys.stderr
        ) as bar,
    ):
        for seed, smaller in outcomes:
            shrunk[seed] = smaller
            bar.update()


def _batches(seeds: range, workers: int) -> list[range]:
    """Cut seeds into batches: large enough to be worth sending, small enough to keep all workers busy."""
    size = max(1, min(_BATCH_MAX, len(seeds) // (4 * workers)))
    return [seeds[start : start + size] for start in range(0, len(seeds), size)]


def judged_batches(
    judge: Callable[[Sequence[int]], Judged], batches: Iterable[Sequence[int]], workers: int
) -> Generator[Judged, None, None]:
    """Yield what `judge` makes of each batch of seeds, as they finish.

    A broken pool does not say who broke it: what it held is judged seed by seed, each in a worker of its own,
    and who breaks that has failed.
    """
    for batch, judged in _outcomes(judge, batches, workers):
        yield [_judged_alone(judge, seed) for seed in batch] if judged is None else judged


def _judged_alone(judge: Callable[[Sequence[int]], Judged], seed: int) -> tuple[int, Verdict]:
    with WorkerPool(1) as pool:
        try:
            return pool.submit(judge, [seed]).result()[0]
        except BrokenExecutor:
            return seed, Failed(kind=DIED, what=DIED, entity="the run", time=0.0)


def _outcomes(
    work: Callable[[_Task], _Result], tasks: Iterable[_Task], workers: int
) -> Generator[tuple[_Task, _Result | None], None, None]:
    """Yield tasks with what `work` makes of them, as they finish; None where the pool broke meanwhile."""
    waiting = deque(tasks)
    width = min(workers, len(waiting))
    while waiting:
        running: dict[Future[_Result], _Task] = {}
        with InProcess() if width == 1 else WorkerPool(width) as pool:
            try:
                yield from _on(pool, work, waiting, running, in_flight_max=1 if width == 1 else 2 * width)
            except BrokenExecutor:
                for task in running.values():
                    yield task, None


def _on(
    pool: Executor,
    work: Callable[[_Task], _Result],
    waiting: deque[_Task],
    running: dict[Future[_Result], _Task],
    *,
    in_flight_max: int,
) -> Generator[tuple[_Task, _Result], None, None]:
    while waiting or running:
        while waiting and len(running) < in_flight_max:
            running[pool.submit(work, waiting[0])] = waiting[0]
            waiting.popleft()
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            result = future.result()
            yield running.pop(future), result
