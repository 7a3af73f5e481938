"""Windows of runs that never were, made by hand: so many requests of such latencies and outcomes."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from models.requirements import Evidence
from models.workload import request_table
from simulator import RequestTable
from simulator.measurement import RequestSample

START, END = 10.0, 20.0
"""The window, in seconds."""


def table_of(rows: Iterable[tuple[float, str]], *, operation: str = "request") -> RequestTable:
    """Return a table of requests sent at `START`, one per (latency in s, outcome)."""
    table = request_table()
    add(table, rows, operation=operation)
    return table


def add(table: RequestTable, rows: Iterable[tuple[float, str]], *, operation: str = "request") -> None:
    """Add such requests to `table`."""
    code = table.operation(operation)
    for latency, outcome in rows:
        table.issued += 1
        table.record(START, START + latency, table.outcomes.index(outcome), code)


def seen(*rows: tuple[float, str], **more: Any) -> Evidence:
    """Return a window with these requests and nothing in flight, unless `more` says otherwise."""
    return Evidence(start=START, end=END, requests=sample_of(table_of(rows)), **more)


def sample_of(table: RequestTable) -> RequestSample:
    """Return the requests of the window."""
    return table.sample(START, END, by="start")


def writes(acknowledged: int, lost: int) -> Evidence:
    """Return a window in which somebody looked for acknowledged writes."""
    return Evidence(start=START, end=END, acknowledged_count=acknowledged, lost_count=lost)


def reads(*staleness: float) -> Evidence:
    """Return a window in which reads were so many seconds behind."""
    return Evidence(start=START, end=END, staleness=staleness)  # type: ignore[arg-type]  # made an array there
