"""Which replication of which point runs next, and when a point has had enough of them.

Replications go round all points before the next begins (point 0, 1, 2, ... with seed 0, then with seed 1), so
that a sweep that is cut short is balanced. With `Until`, a point goes on until its interval is narrow; the
decision after n replications looks at exactly the first n, so it is the same for any number of workers and
after any resume.
"""

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from .misuse import Misuse
from .store import Row
from .summary import estimate

Task = tuple[int, int]
"""A point's index and a replication's number, which is its seed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Until:
    """Replicate a point until the 95 % half-width of `measure` is <= `half_width`, or `replications_max`.

    Stopping by what one has seen makes the stated confidence slightly optimistic; start from 5 or more
    replications (Law, Simulation Modeling and Analysis, 5th ed., 9.4.1).
    """

    measure: str
    half_width: float
    replications_max: int = 100

    def __post_init__(self) -> None:
        if not self.half_width > 0:
            raise Misuse(f"half_width must be > 0, got {self.half_width}")
        if self.replications_max < 1:
            raise Misuse(f"replications_max must be >= 1, got {self.replications_max}")


class Schedule:
    """The tasks of a sweep that are still to do, given the rows that a results file holds already.

    `replications` >= 1 is the number for every point, with `until` the number before the first look. Failed
    rows among `known` are tried again: a crash may have been the machine's.
    """

    def __init__(
        self, points_count: int, replications: int, known: Iterable[Row] = (), until: Until | None = None
    ) -> None:
        if until is not None and replications < 2:
            raise Misuse(f"replications must be >= 2 for an interval to exist, got {replications}")
        self._until = until
        self._due = [replications] * points_count
        self._rows: list[dict[int, Row]] = [{} for _ in range(points_count)]
        for row in known:
            if not row.failed:
                self._rows[row.point][row.replication] = row
        self._ready = deque(
            (point, replication)
            for replication in range(replications)
            for point in range(points_count)
            if replication not in self._rows[point]
        )
        for point in range(points_count):
            self._extend(point)

    @property
    def remaining_count(self) -> int:
        """How many tasks can be handed out now; more may come as results arrive."""
        return len(self._ready)

    def next(self) -> Task | None:
        """The next task to run, or None while there is none."""
        return self._ready.popleft() if self._ready else None

    def record(self, row: Row) -> None:
        """Take note of a finished replication; it may make the point's next one due."""
        self._rows[row.point][row.replication] = row
        self._extend(row.point)

    def _extend(self, point: int) -> None:
        rows = self._rows[point]
        while self._until is not None and self._due[point] < self._until.replications_max:
            first = [rows.get(replication) for replication in range(self._due[point])]
            if any(row is None or row.failed for row in first):
                return  # still running; or failed, and a point that fails is not tried with ever more seeds
            values = [row.measures[self._until.measure] for row in first if row is not None]
            if estimate(values).half_width <= self._until.half_width:
                return
            if self._due[point] not in rows:
                self._ready.append((point, self._due[point]))
            self._due[point] += 1
