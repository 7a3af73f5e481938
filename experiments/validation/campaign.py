"""Runs checks: every replication of every check on worker processes, then the verdicts.

The seed of a replication comes from the seed of the whole, the name of the check and the number of the
replication, so that two checks never share their luck, and a check gives the same values alone as among all
others. Its verdict may differ: the more claims, the wider their intervals (`verdict`).
"""

from __future__ import annotations

import sys
from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import closing
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt

import numpy as np
from tqdm import tqdm

from ..replication import failure_text
from ..workers import InProcess, WorkerPool, cores_count
from .experiment import TheoryCheck
from .verdict import Judged, failed, judge

Values = tuple[float, ...] | str
"""What a replication gives: a value per claim, or one line that says how it failed."""

_DIED = "the worker process died (killed, out of memory, or ended by the simulation)"


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckResult:
    """A check and the verdicts on its claims, in their order."""

    check: TheoryCheck
    judged: tuple[Judged, ...]

    @property
    def holds(self) -> bool:
        """Whether all claims hold."""
        return all(judged.holds for judged in self.judged)


@dataclass(frozen=True, slots=True)
class _Task:
    check_index: int
    simulate: Callable[[int, float], Sequence[float]]
    seed: int
    effort: float


Outcomes = Generator[tuple[_Task, Values], None, None]


def run_checks(
    checks: Sequence[TheoryCheck],
    *,
    seed: int = 0,
    effort: float = 1.0,
    workers: int | None = None,
    progress: bool = False,
) -> list[CheckResult]:
    """Run all replications of `checks` and judge their claims together, as one family.

    `effort` (> 0) scales the length of the runs; below 1, the precision that is asked for is relaxed as the
    intervals widen, by 1 / sqrt(effort). `workers` is the number of processes (all cores if None); 1 runs in
    this one. `progress` shows a bar on standard error. Raises `ValueError` for numbers out of range and for
    two checks of one name; a simulation that raises is a verdict, `failed`.
    """
    _require(checks, seed, effort, workers)
    tasks = [
        _Task(index, check.simulate, replication_seed, effort)
        for index, check in enumerate(checks)
        for replication_seed in replication_seeds(seed, check.name, check.replications)
    ]
    values: list[dict[int, Values]] = [{} for _ in checks]
    # Closed here, and not when somebody forgets the traceback: an interruption ends the workers at once.
    with (
        closing(_outcomes(tasks, cores_count() if workers is None else workers)) as outcomes,
        tqdm(total=len(tasks), unit="run", disable=not progress, file=sys.stderr) as bar,
    ):
        for task, outcome in outcomes:
            values[task.check_index][task.seed] = outcome
            bar.update()
    claims_count = sum(len(check.claims) for check in checks)
    factor = max(1.0, 1.0 / sqrt(effort))
    return [
        CheckResult(check=check, judged=_judged(check, _in_order(of_check), claims_count, factor))
        for check, of_check in zip(checks, values, strict=True)
    ]


def replication_seeds(seed: int, name: str, count: int) -> list[int]:
    """Return the seeds of the first `count` replications of the check called `name`."""
    digest = blake2b(name.encode("utf-8"), digest_size=8).digest()
    sequence = np.random.SeedSequence(seed, spawn_key=(int.from_bytes(digest, "little"),))
    return [int(number) for number in sequence.generate_state(count, np.uint64)]


def _require(checks: Sequence[TheoryCheck], seed: int, effort: float, workers: int | None) -> None:
    names = [check.name for check in checks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or not names:
        raise ValueError(f"checks must have distinct names and be at least one, got twice: {twice}")
    if seed < 0:
        raise ValueError(f"seed must be >= 0, got {seed!r}")
    if not 0.0 < effort < float("inf"):
        raise ValueError(f"effort must be finite and > 0, got {effort!r}")
    if workers is not None and workers < 1:
        raise ValueError(f"workers must be >= 1, got {workers!r}")


def _outcomes(tasks: Sequence[_Task], workers: int) -> Outcomes:
    """Yield tasks with their outcomes, as they finish.

    Tasks that a broken pool held have failed; the others go on in a new one.
    """
    waiting = deque(tasks)
    width = min(workers, len(tasks))
    while waiting:
        running: dict[Future[Values], _Task] = {}
        with InProcess() if width == 1 else WorkerPool(width) as pool:
            try:
                yield from _on(pool, waiting, running, in_flight_max=1 if width == 1 else 2 * width)
            except BrokenExecutor:
                for task in running.values():
                    yield task, _DIED


def _on(
    pool: Executor, waiting: deque[_Task], running: dict[Future[Values], _Task], in_flight_max: int
) -> Outcomes:
    while waiting or running:
        while waiting and len(running) < in_flight_max:
            task = waiting[0]
            running[pool.submit(_replicate, task.simulate, task.seed, task.effort)] = task
            waiting.popleft()
        done, _ = wait(running, return_when=FIRST_COMPLETED)
        for future in done:
            outcome = future.result()
            yield running.pop(future), outcome


def _replicate(simulate: Callable[[int, float], Sequence[float]], seed: int, effort: float) -> Values:
    try:
        return tuple(float(value) for value in simulate(seed, effort))
    except Exception as error:
        return failure_text(error)


def _in_order(values: dict[int, Values]) -> list[Values]:
    """By seed, so that sums do not depend on which worker was quicker."""
    return [values[seed] for seed in sorted(values)]


def _judged(
    check: TheoryCheck, values: Sequence[Values], claims_count: int, factor: float
) -> tuple[Judged, ...]:
    error = next((value for value in values if isinstance(value, str)), None)
    rows = [value for value in values if not isinstance(value, str)]
    if error is None:
        counts = {len(row) for row in rows} - {len(check.claims)}
        error = f"simulate must return {len(check.claims)} values, got {counts.pop()}" if counts else None
    if error is not None:
        return tuple(failed(claim, error) for claim in check.claims)
    return tuple(
        judge(
            claim,
            [row[position] for row in rows],
            claims_count=claims_count,
            precision_factor=factor,
        )
        for position, claim in enumerate(check.claims)
    )
