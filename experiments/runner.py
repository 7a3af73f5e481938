"""Runs a sweep: points x replications on worker processes, each finished row stored at once.

Replication k has seed k at every point. Workers only compute; this process alone writes the results file.
Rows do not depend on the number of workers nor on the order in which they finish.
"""

import itertools
import sys
import time
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, Executor, Future, wait
from contextlib import closing, suppress
from dataclasses import asdict
from os import PathLike, fspath
from pathlib import Path
from typing import Any

from tqdm import tqdm

from .design import Design, Grid
from .misuse import Misuse
from .parameters import to_json
from .provenance import circumstances, file_fingerprint, provenance
from .registry import reference_of, replay_command
from .replication import failure_text, packed, replicate
from .result import SweepResult
from .schedule import Schedule, Task, Until
from .store import IN_MEMORY, OtherResults, Row, Store
from .study import Study
from .workers import InProcess, WorkerPool, cores_count

# On an executor of unknown width: a bound, so that an interrupted sweep does not queue for ever.
_IN_FLIGHT_MAX = 256

# Seconds, in this process only: workers' rows gather by themselves while the disk is busy.
_PATIENCE = 0.1


def sweep(
    study: Study,
    design: Design | Mapping[str, Any] | None = None,
    *,
    fixed: Mapping[str, Any] | None = None,
    replications: int | None = None,
    until: Until | None = None,
    out: str | PathLike[str] | None = None,
    renew: bool = False,
    jobs: int | None = None,
    executor: Executor | None = None,
    progress: bool = False,
) -> SweepResult:
    """Run `study` at every point of `design` with seeds 0, 1, ..., and return rows and summaries.

    `design` is a mapping of lists (a grid) or any `Design`; None means the study's own. `fixed` parameters
    hold at every point. `replications` is the number of runs per point (the study's default if None), with
    `until` the number before the first look. `out` is the results file; the same call again resumes there,
    failed rows are tried again, rows of more replications than before are added. Without `out` nothing is
    stored. `renew` sets a file of another design or version aside (NAME-1.sqlite) instead of refusing it.

    `jobs` is the number of worker processes (all cores if None); 1 runs in this process. An `executor`, for
    example Dask's, takes their place. Raises Misuse before anything has run; a study that raises makes a
    failed row instead.

    Example: `sweep(breakers, {"threshold": [2, 5, 20]}, replications=10).summary`
    """
    if not isinstance(study, Study):
        raise Misuse(f"study must be one made by @study or found by find_study, got {study!r}")
    chosen = Grid(design) if isinstance(design, Mapping) else design
    if not (chosen is None or isinstance(chosen, Design)):
        raise Misuse(f"design must be a mapping of lists or a Design, such as Points, got {design!r}")
    points = study.points(chosen, fixed)
    count = _require_count("replications", study.replications if replications is None else replications)
    workers = _require_count("jobs", cores_count() if jobs is None else jobs)
    if not (executor is None or isinstance(executor, Executor)):
        raise Misuse(f"executor must be a concurrent.futures.Executor, got {executor!r}")
    if until is not None:
        study.require_measure(until.measure)
        Schedule(len(points), count, until=until)  # finds what it refuses before there is a file
    path = IN_MEMORY if out is None else fspath(out)
    manifest = _manifest(study, chosen or study.sweep, points)
    with _opened(path, manifest, points, list(study.measures), renew=renew) as store:
        schedule = Schedule(len(points), count, store.rows(), until)
        job = _Job(study, points)
        batches = (
            _on_given(executor, job, schedule)
            if executor is not None
            else _on_own_workers(workers, job, schedule)
        )
        with closing(batches):
            patience = _PATIENCE if workers == 1 and executor is None else 0.0
            new_count = _stored(batches, store, schedule, patience=patience, progress=progress)
        rows = store.rows()
    return SweepResult(
        study=study,
        points=points,
        rows=rows,
        path=None if out is None else Path(path),
        manifest=manifest,
        new_count=new_count,
    )


class _Job:
    """The study of a sweep, packed once, and its points: makes futures of tasks and rows of futures."""

    def __init__(self, study: Study, points: list[dict[str, Any]]) -> None:
        self._study = study
        self._points = points
        self._packed = packed(study)

    def submit(self, executor: Executor, task: Task) -> "Future[dict[str, float] | str]":
        point, replication = task
        return executor.submit(replicate, self._packed, self._points[point], replication)

    def row(self, task: Task, future: "Future[dict[str, float] | str]") -> Row:
        try:
            return self._row(task, future.result())
        except BrokenExecutor:
            raise
        except Exception as error:  # the executor could not send, or lost, this one
            return self._row(task, failure_text(error))

    def lost(self, task: Task) -> Row:
        return self._row(task, "the worker process died (killed, out of memory, or ended by the study)")

    def _row(self, task: Task, outcome: dict[str, float] | str) -> Row:
        point, seed = task
        if not isinstance(outcome, str):
            return Row(point=point, replication=seed, seed=seed, measures=outcome)
        replay = replay_command(self._study, self._points[point], seed)
        return Row(point=point, replication=seed, seed=seed, measures={}, error=outcome, replay=replay)


Batches = Generator[list[Row], None, None]


class _Lost(Exception):
    """The executor broke while it held these tasks."""

    def __init__(self, tasks: Iterable[Task]) -> None:
        super().__init__()
        self.tasks = sorted(tasks)


def _on_own_workers(workers: int, job: _Job, schedule: Schedule) -> Batches:
    """Run on worker processes; a task that kills its worker becomes a failed row and the others go on.

    A broken pool does not say which of its tasks broke it, so each one it held runs once more, alone.
    """
    while schedule.remaining_count:
        try:
            if workers == 1:
                yield from _on(InProcess(), job, schedule, in_flight_max=1)
            else:
                width = min(workers, schedule.remaining_count)
                with WorkerPool(width) as pool:
                    yield from _on(pool, job, schedule, in_flight_max=2 * width)
        except _Lost as lost:
            for task in lost.tasks:
                row = _alone(job, task)
                schedule.record(row)
                yield [row]


def _on_given(executor: Executor, job: _Job, schedule: Schedule) -> Batches:
    try:
        yield from _on(executor, job, schedule, _IN_FLIGHT_MAX)
    except _Lost as lost:
        raise RuntimeError(
            "the executor broke; rows that had finished are kept: the same call resumes"
        ) from lost


def _on(executor: Executor, job: _Job, schedule: Schedule, in_flight_max: int) -> Batches:
    """Keep up to `in_flight_max` tasks of the schedule running; yield rows as they finish."""
    running: dict[Future[dict[str, float] | str], Task] = {}
    try:
        while True:
            while len(running) < in_flight_max and (task := schedule.next()) is not None:
                try:
                    running[job.submit(executor, task)] = task
                except BrokenExecutor:
                    raise _Lost([task, *running.values()]) from None
            if not running:
                return
            done, _ = wait(running, return_when=FIRST_COMPLETED)
            rows = []
            for future in sorted(done, key=running.__getitem__):
                with suppress(BrokenExecutor):
                    rows.append(job.row(running[future], future))
                    del running[future]
                    schedule.record(rows[-1])
                    done.discard(future)
            yield rows
            if done:  # these came back broken; what had finished beside them has been handed over
                raise _Lost(running.values())
    finally:
        if not isinstance(executor, WorkerPool):  # its workers end at once, cancelled or not
            for future in running:
                future.cancel()


def _alone(job: _Job, task: Task) -> Row:
    with WorkerPool(1) as pool:
        try:
            return job.row(task, job.submit(pool, task))
        except BrokenExecutor:
            return job.lost(task)


def _stored(batches: Batches, store: Store, schedule: Schedule, *, patience: float, progress: bool) -> int:
    """Store rows as they come, and show how far the sweep is; returns how many rows were new.

    Rows may wait `patience` seconds for company, for each commit waits for the disk (10 ms and more).
    Whatever ends the sweep short of a kill stores those that wait; a kill costs that much repeated work.
    """
    known, count = len(store.rows()), 0
    waiting: list[Row] = []
    written = time.monotonic()
    total = known + schedule.remaining_count
    with tqdm(total=total, initial=known, unit="run", disable=not progress, file=sys.stderr) as bar:
        try:
            for rows in batches:
                waiting += rows
                count += len(rows)
                if time.monotonic() - written >= patience:
                    store.add(waiting)
                    waiting, written = [], time.monotonic()
                bar.total = max(bar.total or 0, bar.n + len(rows) + schedule.remaining_count)
                bar.update(len(rows))
        finally:
            store.add(waiting)
    return count


def _opened(
    path: str, manifest: dict[str, Any], points: list[dict[str, Any]], measures: list[str], *, renew: bool
) -> Store:
    plain = [to_json(point) for point in points]
    try:
        return Store.create_or_resume(path, manifest, plain, measures)
    except OtherResults:
        if not renew:
            raise
        set_aside(Path(path))
        return Store.create_or_resume(path, manifest, plain, measures)


def set_aside(path: Path) -> Path:
    """Rename a results file to NAME-1.sqlite, or the first such number that is free; returns the new path."""
    numbers = itertools.count(1)
    free = next(name for number in numbers if not (name := path.with_stem(f"{path.stem}-{number}")).exists())
    return path.rename(free)


def _manifest(study: Study, design: Design, points: list[dict[str, Any]]) -> dict[str, Any]:
    files = sorted({value for point in points for value in point.values() if isinstance(value, Path)})
    try:
        contents = {f"file {path}": file_fingerprint(path) for path in files if path.is_file()}
    except OSError as error:
        raise Misuse(f"{error.filename} must be a file that can be read, got: {error.strerror}") from None
    return {
        "study": {"name": study.name, "question": study.question, "reference": reference_of(study)},
        "parameters": [to_json(asdict(parameter)) for parameter in study.space.describe()],
        "measures": {name: asdict(measure) for name, measure in study.measures.items()},
        "design": repr(design),
        "same": {"study": study.name, **provenance(study), **contents},
        "circumstances": circumstances(),
    }


def _require_count(name: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise Misuse(f"{name} must be a whole number >= 1, got {value!r}")
    return value
