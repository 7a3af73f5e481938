"""A view: the rows of one read model, which follow the log.

It reads a batch after its checkpoint, applies it, writes it down, and reads the next. What is delivered at
least once has its effect once, by the position: a commit at or before the checkpoint is passed over. All
events of a commit are shown together. Where the log has lost what the view has applied, it begins anew.

States: *following* -> *stopped* (before an event that it cannot apply), until its process starts again.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import CallFailed, TimedOut

from ...endpoint import Endpoint
from ...nodes import Node
from ...storage import Disk
from ..flaws import ProjectionFlaws
from ..log import Batch, Commit, read_commits
from .applying import apply_commit
from .read_model import ReadModel, Rows
from .settings import Checkpointing, ProjectionSettings
from .stored_rows import START, Checkpoint, StoredRows


@dataclass(slots=True, kw_only=True)
class ViewCounts:
    """What has happened to the views of a projection so far: an observer's, who adds it up.

    Of `applied_count` commits `doubled_count` were in the rows already; `passed_over_count` were known, and
    `lost_count` were written down as known and are not in the rows. `skipped_count` events could not be
    applied. `batch_count` batches with commits were read, `failed_count` requests to the log failed, and
    `diverged_count` times the log had lost what was applied.
    """

    applied_count: int = 0
    doubled_count: int = 0
    passed_over_count: int = 0
    lost_count: int = 0
    skipped_count: int = 0
    batch_count: int = 0
    failed_count: int = 0
    diverged_count: int = 0


class View:
    """The rows of `model`, followed by `owner`, who reads the log through `source`; number `number`.

    `on_applied()` is called when they have come further. `stored` is what they are; `is_stopped`, whether it
    stands before an event that it cannot apply.
    """

    __slots__ = (
        "_counts",
        "_flaws",
        "_on_applied",
        "_owner",
        "_settings",
        "_source",
        "_written_off",
        "is_stopped",
        "model",
        "number",
        "stored",
    )

    def __init__(
        self,
        number: int,
        owner: Node,
        source: Endpoint,
        disk: Disk,
        model: ReadModel,
        settings: ProjectionSettings,
        flaws: ProjectionFlaws,
        counts: ViewCounts,
        on_applied: Callable[[View], Generator[Any, Any, None]],
    ) -> None:
        self.number = number
        self.model = model
        self.stored = StoredRows(owner, disk, settings.durability)
        self.is_stopped = False
        self._written_off = 0  # up to where losses are counted
        self._owner = owner
        self._source = source
        self._settings = settings
        self._flaws = flaws
        self._counts = counts
        self._on_applied = on_applied

    @property
    def position(self) -> int:
        """How far it has come."""
        return self.stored.checkpoint.position

    def recover(self) -> Generator[Any, Any, None]:
        """Have again what the disk has."""
        self.is_stopped = False
        yield from self.stored.recover()
        self._counts.lost_count += max(0, self.position - max(self.stored.applied, self._written_off))
        self._written_off = max(self._written_off, self.position)

    def follow(self) -> Generator[Any, Any, None]:
        """Follow the log, for ever, or until there is an event that cannot be applied."""
        settings, host, env = self._settings, self._owner.host, self._owner.env
        while not self.is_stopped:
            asked_at = env.now
            try:
                batch = yield from self._read()
            except CallFailed:
                self._counts.failed_count += 1
                yield settings.retry_pause / host.clock_rate
                continue
            if batch.is_diverged:
                self._counts.diverged_count += 1
                self._written_off = 0
                yield from self.stored.write({}, START, applied=0, clears=True)
            elif batch.commits:
                self._counts.batch_count += 1
                yield from self._take(batch.commits)
            elif settings.interval:
                yield settings.interval / host.clock_rate
            elif (left := asked_at + settings.wait / host.clock_rate - env.now) > 0.0:
                yield left  # the log does not let anybody wait
            yield from self._on_applied(self)

    def _read(self) -> Generator[Any, Any, Batch]:
        settings, env = self._settings, self._owner.env
        known = self.stored.checkpoint
        request = read_commits(
            known.position, epoch=known.epoch, limit=settings.batch_max, wait=settings.wait
        )
        with env.move_on_after((settings.wait + settings.patience) / self._owner.host.clock_rate):
            return (yield from self._source.call(request)).value  # type: ignore[no-any-return]
        raise TimedOut(f"{self._owner.name}: the log does not answer")

    def _take(self, commits: Sequence[Commit]) -> Generator[Any, Any, None]:
        """Apply a batch, as far as it can be applied, and write that down."""
        event_count = sum(len(commit.events) for commit in commits)
        if self._settings.event_work and event_count:
            yield from self._owner.work(self._settings.event_work * event_count)
        rows, last = Rows(self.stored.rows), None
        known, counts = self.position, self._counts
        for commit in commits:
            if commit.position <= known and not self._flaws.ignores_positions:
                counts.passed_over_count += 1
                continue
            skipped_count = apply_commit(self.model, commit, rows, self._settings.on_poison)
            if skipped_count is None:
                self.is_stopped = True
                break
            last = commit
            counts.applied_count += 1
            counts.skipped_count += skipped_count
            counts.doubled_count += commit.position <= self.stored.applied
        if last is not None:
            yield from self._write(rows, Checkpoint(last.position, last.epoch))

    def _write(self, rows: Rows, checkpoint: Checkpoint) -> Generator[Any, Any, None]:
        stored, changes, position = self.stored, rows.changes, checkpoint.position
        order = self._settings.checkpointing
        if order is Checkpointing.TOGETHER:
            yield from stored.write(changes, checkpoint, applied=position)
        elif order is Checkpointing.AFTER:
            yield from stored.write(changes, None, applied=position)
            yield from stored.write({}, checkpoint, applied=None)
        else:
            yield from stored.write({}, checkpoint, applied=None)
            yield from stored.write(changes, None, applied=position)
