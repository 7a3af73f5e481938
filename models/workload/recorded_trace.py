"""A recorded trace in columns: when requests came and what they asked for; what of the file was unusable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt


@dataclass(frozen=True, slots=True, kw_only=True)
class MalformedLine:
    """A line that was left out, with its number (from 1) and the reason; as a string `file:line: reason`."""

    file: str
    line: int
    reason: str

    def __str__(self) -> str:
        """Return where it is and why."""
        return f"{self.file}:{self.line}: {self.reason}"


@dataclass(frozen=True, slots=True, kw_only=True)
class TraceSummary:
    """What a trace holds; as a string, one line that can be printed before a run.

    `rate_mean` is requests per second over the `duration` in seconds (nan where that is 0), `rate_max` the
    most in any one second.
    """

    file: str
    format: str
    request_count: int
    duration: float
    rate_mean: float
    rate_max: int
    operation_counts: dict[str, int]
    key_count: int
    bytes_total: int
    malformed_count: int
    malformed: tuple[MalformedLine, ...]
    out_of_order_count: int

    def __str__(self) -> str:
        """Return one line, and one for each of the first five malformed lines."""
        operations = ", ".join(f"{name} {count:,}" for name, count in self.operation_counts.items())
        text = (
            f"{self.file} ({self.format}): {self.request_count:,} requests in {self.duration:,.0f} s, "
            f"mean {self.rate_mean:.3g}/s, at most {self.rate_max:,} in one second; {operations}; "
            f"{self.key_count:,} keys; {self.bytes_total:,} bytes; "
            f"{self.out_of_order_count:,} out of order; {self.malformed_count:,} malformed lines left out"
        )
        return text + self.malformed_text()

    def malformed_text(self, shown: int = 5) -> str:
        """Return a line for each of the first `shown` malformed lines, each after a line break."""
        named = "".join(f"\n  {line}" for line in self.malformed[:shown])
        return f"{named}\n  ..." if self.malformed_count > shown else named


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RecordedTrace:
    """Requests that were really made, sorted by time; made by `load_trace`.

    Columns have shape (requests,): `times` in seconds since the first request, `operation` and `key` as codes
    (indices into the names `operations` and `keys`), `size_bytes`, and for access logs the `status` of the
    answer (0 otherwise). An empty key is `None`; keys of binary cache traces are numbers. `resolution` is
    that of the clock that wrote the times, in seconds: 1 for access logs, 0 where times are exact. The size
    is that of the request in a CSV file, and of the answer's body in an access log. `malformed` are the
    first thousand of the `malformed_count` lines that were left out; `out_of_order_count` lines were earlier
    than one before them.
    """

    file: str
    format: str
    times: npt.NDArray[np.float64]
    operation: npt.NDArray[np.uint16]
    key: npt.NDArray[np.int32]
    size_bytes: npt.NDArray[np.int64]
    status: npt.NDArray[np.uint16]
    operations: tuple[str, ...]
    keys: tuple[str | int | None, ...]
    resolution: float = 0.0
    malformed_count: int = 0
    malformed: tuple[MalformedLine, ...] = field(default=())
    out_of_order_count: int = 0

    @classmethod
    def sorted_by_time(cls, *, times: npt.NDArray[np.float64], **fields: Any) -> RecordedTrace:
        """Make one of columns in the order of a file; `times` are since any epoch, `fields` all other fields.

        Requests of one time keep their order. The columns are read-only from then on.
        """
        order = np.argsort(times, kind="stable")
        late = times[1:] < np.maximum.accumulate(times)[:-1]
        columns = {name: fields.pop(name)[order] for name in ("operation", "key", "size_bytes", "status")}
        columns["times"] = times[order] - times[order[0]]
        for column in columns.values():
            column.flags.writeable = False
        return cls(**columns, **fields, out_of_order_count=int(np.count_nonzero(late)))

    def __len__(self) -> int:
        """Count the requests."""
        return len(self.times)

    @property
    def duration(self) -> float:
        """Seconds from the first request to the last."""
        return float(self.times[-1])

    def summary(self) -> TraceSummary:
        """Return what the trace holds, in numbers."""
        counts = np.bincount(self.operation, minlength=len(self.operations)).tolist()
        _, per_second = np.unique(np.floor(self.times), return_counts=True)
        return TraceSummary(
            file=self.file,
            format=self.format,
            request_count=len(self),
            duration=self.duration,
            rate_mean=len(self) / self.duration if self.duration > 0.0 else float("nan"),
            rate_max=int(per_second.max()),
            operation_counts=dict(zip(self.operations, counts, strict=True)),
            key_count=sum(key is not None for key in self.keys),
            bytes_total=int(self.size_bytes.sum()),
            malformed_count=self.malformed_count,
            malformed=self.malformed,
            out_of_order_count=self.out_of_order_count,
        )
