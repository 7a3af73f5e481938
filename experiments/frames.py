"""Tidy pandas frames of a sweep or of a run's requests, and files of them.

pandas is imported in each function: it takes half a second, and worker processes and `gameday list` never
need it.
"""

import math
from importlib.util import find_spec
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from simulator import RequestTable

from .misuse import Misuse

if TYPE_CHECKING:
    import pandas as pd

    from .result import SweepResult


def tidy_frame(result: "SweepResult") -> "pd.DataFrame":
    """One row per point and replication: point, replication, seed, parameters, status, error, measures."""
    import pandas as pd

    names = list(result.study.measures)
    records = [
        {
            "point": row.point,
            "replication": row.replication,
            "seed": row.seed,
            **result.points[row.point],
            "status": "failed" if row.failed else "done",
            "error": row.error,
            **{name: row.measures.get(name, float("nan")) for name in names},
        }
        for row in result.rows
    ]
    columns = ["point", "replication", "seed", *result.study.space.names, "status", "error", *names]
    return pd.DataFrame.from_records(records, columns=columns)


def summary_frame(result: "SweepResult") -> "pd.DataFrame":
    """One row per point and measure: parameters, unit, mean, half_width, low, high, deviation, counts."""
    import pandas as pd

    records = []
    for index, point in enumerate(result.points):
        for name, measure in result.study.measures.items():
            found = result.estimate(index, name)
            records.append(
                {
                    "point": index,
                    **point,
                    "measure": name,
                    "unit": measure.unit,
                    "mean": found.mean,
                    "half_width": found.half_width,
                    "low": found.low,
                    "high": found.high,
                    "standard_deviation": found.standard_deviation,
                    "count": found.count,
                    "missing_count": found.missing_count,
                }
            )
    return pd.DataFrame.from_records(records)


def request_frame(table: RequestTable) -> "pd.DataFrame":
    """One row per completed request, in order of completion, with names in place of codes.

    Columns: start, end, latency (seconds), operation, outcome. Requests still in flight have no row.

    Example: `request_frame(users.table).groupby("operation")["latency"].median()`
    """
    import pandas as pd

    sample = table.sample(since=-math.inf)
    return pd.DataFrame(
        {
            "start": sample.start,
            "end": sample.end,
            "latency": sample.latency,
            "operation": np.array(sample.operations, dtype=object)[sample.operation],
            "outcome": np.array(sample.outcomes, dtype=object)[sample.outcome],
        }
    )


def write_frame(frame: "pd.DataFrame", path: str | PathLike[str]) -> Path:
    """Write a frame to `path`, as .csv or .parquet (which needs pyarrow); returns the path.

    Raises Misuse for another ending, and for .parquet where pyarrow is not installed.
    """
    target = Path(path)
    if target.suffix == ".csv":
        frame.to_csv(target, index=False)
    elif target.suffix == ".parquet":
        if find_spec("pyarrow") is None:  # pandas' own message about this is a page long
            raise Misuse(f"writing {target} needs pyarrow, got none: pip install pyarrow, or write .csv")
        frame.to_parquet(target, index=False)
    else:
        raise Misuse(f"a frame's file must end in .csv or .parquet, got {target}")
    return target
