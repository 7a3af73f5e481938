"""The table of completed requests: one compact row each, in order of completion.

A row is 24 bytes (start, end, outcome code, operation code) appended to one buffer; a million requests take
about 25 MB. Left out: anything per attempt or per hop (that is the event log's), and requests still in
flight, which are only counted. What is asked of the rows is answered by `RequestSample`; the methods here are
shorthands for a sample of one window.
"""

import math
import struct
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from .request_sample import RequestSample, TimeColumn

UNNAMED_OPERATION = "request"

# One packed row and one `+=` per request: measured at half the cost of four `array.append` calls (145 against
# 280 ns).
_ROW = struct.Struct("@ddHH4x")
_pack_row = _ROW.pack
_ROW_BYTES = _ROW.size
_ROW_DTYPE = np.dtype([("start", "f8"), ("end", "f8"), ("outcome", "u2"), ("operation", "u2")], align=True)
_COLUMNS = ("start", "end", "outcome", "operation")
_CODES_MAX = 2**16


class RequestTable:
    """Completed requests in columns: when they started and ended, how they ended, what they asked for.

    `outcomes` are the names of the outcome codes 0, 1, 2...: the simulator knows no model's family of
    outcomes. `successes` are the outcomes that count as available (default: the first one only). `issued` is
    a plain counter which the client increments when it sends, so that `in_flight` is known.

    >>> table = RequestTable(["ok", "degraded", "timed_out"], successes=["ok", "degraded"])
    >>> table.issued += 1
    >>> table.record(start=1.0, end=1.5, outcome_code=0)
    >>> table.availability(), table.percentiles([50.0]).tolist()
    (1.0, [0.5])
    """

    __slots__ = ("_operation_codes", "_rows", "issued", "outcomes", "successes")

    def __init__(self, outcomes: Sequence[str], *, successes: Sequence[str] | None = None) -> None:
        """Raise ValueError where the names are empty, repeated or unknown."""
        self.outcomes = tuple(outcomes)
        self.successes = tuple(self.outcomes[:1] if successes is None else successes)
        self.issued = 0
        self._rows = bytearray()
        self._operation_codes = {UNNAMED_OPERATION: 0}
        if isinstance(outcomes, str) or not self.outcomes or len(set(self.outcomes)) != len(self.outcomes):
            raise ValueError(f"outcomes must be distinct names, at least one, got {outcomes!r}")
        unknown = [name for name in self.successes if name not in self.outcomes]
        if isinstance(successes, str) or unknown:
            raise ValueError(f"successes must be among the outcomes {list(self.outcomes)}, got {successes!r}")

    def __repr__(self) -> str:
        return f"RequestTable({len(self)} completed, {self.in_flight} in flight)"

    def record(self, start: float, end: float, outcome_code: int, operation_code: int = 0) -> None:
        """Append one request, sent at `start` and answered, or given up, at `end` (simulated seconds)."""
        try:
            self._rows += _pack_row(start, end, outcome_code, operation_code)
        except struct.error as error:
            raise ValueError(
                "a row must be two times in seconds and two codes in [0, 65535], "
                f"got {(start, end, outcome_code, operation_code)}"
            ) from error

    def operation(self, name: str) -> int:
        """Return the code of the operation called `name`, a new one at first sight.

        Look it up once, not for each request. Code 0 is the operation `request`, for tables that do not tell
        operations apart.
        """
        code = self._operation_codes.setdefault(name, len(self._operation_codes))
        if code >= _CODES_MAX:
            raise ValueError(f"a table holds at most {_CODES_MAX} operations, {name!r} is one too many")
        return code

    @property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations, in order of their codes."""
        return tuple(self._operation_codes)

    def __len__(self) -> int:
        """Count the completed requests."""
        return len(self._rows) // _ROW_BYTES

    @property
    def in_flight(self) -> int:
        """Requests issued and not yet recorded."""
        return self.issued - len(self)

    def sample(
        self,
        since: float = 0.0,
        until: float = math.inf,
        *,
        outcome: str | None = None,
        operation: str | None = None,
        by: TimeColumn = "end",
    ) -> RequestSample:
        """Return the requests of the window [since, until), of one outcome or operation if named.

        A request belongs to the window in which it ended, as in a monitor's graphs; with `by="start"` to the
        one in which it was sent. Beware of the latter near the end of a run: the slow requests of the last
        moments are still missing.
        """
        if not since < until:
            raise ValueError(f"until must be > since = {since} s, got {until}")
        if by not in ("start", "end"):
            raise ValueError(f"by must be 'start' or 'end', got {by!r}")
        # No view of the growing buffer may leave this method: while one lives, the next `record` could not
        # grow it.
        rows = np.frombuffer(self._rows, dtype=_ROW_DTYPE)
        if (since, until, outcome, operation) == (-math.inf, math.inf, None, None):
            # A plain copy of all costs a fifth of a choice that leaves nothing out.
            columns = [rows[name].copy() for name in _COLUMNS]
        else:
            kept = (rows[by] >= since) & (rows[by] < until)
            if outcome is not None:
                kept &= rows["outcome"] == _code_of(outcome, self.outcomes, "outcome")
            if operation is not None:
                kept &= rows["operation"] == _code_of(operation, self.operations, "operation")
            columns = [rows[name][kept] for name in _COLUMNS]
        start, end, outcomes, operations = columns
        return RequestSample(
            start=start,
            end=end,
            outcome=outcomes,
            operation=operations,
            outcomes=self.outcomes,
            operations=self.operations,
            successes=self.successes,
            since=since,
            until=until,
        )

    def rows(self) -> list[tuple[float, float, int, int]]:
        """Return the rows, each with its start and end (s) and the codes of its outcome and its operation.

        For a few: they cost a tenth of columns then, and ten times as much where there are many.
        """
        return list(_ROW.iter_unpack(bytes(self._rows)))

    def columns(self) -> dict[str, npt.NDArray[np.generic]]:
        """Return copies of the columns, shape (requests,): times and latency in seconds, and the codes."""
        sample = self.sample(since=-math.inf)
        return {
            "start": sample.start,
            "end": sample.end,
            "latency": sample.latency,
            "outcome": sample.outcome,
            "operation": sample.operation,
        }

    def counts(self, since: float = 0.0, until: float = math.inf) -> dict[str, int]:
        """Return the number of requests per outcome, zeros included."""
        return self.sample(since, until).counts()

    def shares(self, since: float = 0.0, until: float = math.inf) -> dict[str, float]:
        """Return the share of each outcome, in [0, 1]; nan in an empty window."""
        return self.sample(since, until).shares()

    def availability(self, since: float = 0.0, until: float = math.inf, *, within: float = math.inf) -> float:
        """Return the share of requests that succeeded `within` so many seconds, in [0, 1]; nan if empty."""
        return self.sample(since, until).availability(within=within)

    def throughput(self, since: float, until: float) -> float:
        """Return the requests completed per second, whatever their outcome."""
        return self.sample(since, until).throughput

    def goodput(self, since: float, until: float, *, within: float = math.inf) -> float:
        """Return how many requests per second succeeded `within` so many seconds."""
        return self.sample(since, until).goodput(within=within)

    def latencies(
        self,
        outcome: str | None = None,
        since: float = 0.0,
        until: float = math.inf,
        *,
        operation: str | None = None,
    ) -> npt.NDArray[np.float64]:
        """Return end - start in seconds, shape (requests,), in order of completion."""
        return self.sample(since, until, outcome=outcome, operation=operation).latency

    def percentiles(
        self,
        qs: Sequence[float],
        *,
        outcome: str | None = None,
        operation: str | None = None,
        since: float = 0.0,
        until: float = math.inf,
    ) -> npt.NDArray[np.float64]:
        """Return percentiles of latency in seconds, shape (len(qs),), for `qs` in [0, 100]; nan if empty."""
        return self.sample(since, until, outcome=outcome, operation=operation).percentiles(qs)


def _code_of(name: str, names: tuple[str, ...], what: str) -> int:
    if name not in names:
        raise ValueError(f"{what} must be one of {list(names)}, got {name!r}")
    return names.index(name)
