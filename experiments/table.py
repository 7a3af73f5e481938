"""The summary of a sweep as aligned text for a terminal.

A half-width is shown with two significant digits and its mean to the same place: more would claim precision
that is not there. Columns in seconds whose means are all below one second are shown in milliseconds (only
here and on axes does GameDay use them).
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .summary import Estimate

if TYPE_CHECKING:
    from .result import SweepResult

_GAP = "  "

_ROUNDING = 1e-12  # of a mean: what is left of a half-width where all replications give one value


def summary_table(result: "SweepResult", width: int, measures: Iterable[str]) -> str:
    """Title, one line per point, and each failure with its replay command; at most `width` wide if possible.

    Measures that do not fit beside each other continue in a second block of lines, with the parameters
    repeated.
    """
    left = [_parameter_column(result, name) for name in result.varied or result.study.space.names[:1]]
    left += _failed_column(result)
    right = [_measure_column(result, name) for name in measures]
    blocks = [_lines([*left, *block]) for block in _fitting(left, right, width)]
    return "\n\n".join([_title(result, width), *("\n".join(block) for block in blocks), *_failures(result)])


def parameter_text(value: Any) -> str:
    """A parameter's value as a table shows it."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:.6g}"
    return value.name if isinstance(value, Path) else str(value)


def estimate_text(found: Estimate) -> tuple[str, str]:
    """Mean and half-width as text of one precision: `("0.123", "0.045")`; "-" and "" where there is none."""
    if math.isnan(found.mean):
        return "-", ""
    if not math.isfinite(found.half_width):
        return f"{found.mean:.4g}", ""
    if found.half_width <= _ROUNDING * abs(found.mean):
        return f"{found.mean:.6g}", "0"
    decimals = 1 - math.floor(math.log10(found.half_width))
    if decimals > 6:
        return f"{found.mean:.6g}", f"{found.half_width:.1e}"
    decimals = max(0, decimals)
    return f"{found.mean:.{decimals}f}", f"{found.half_width:.{decimals}f}"


def _title(result: "SweepResult", width: int) -> str:
    varied = result.varied
    fixed = [
        f"{name} = {parameter_text(value)}" for name, value in result.points[0].items() if name not in varied
    ]
    counts = [sum(row.point == index for row in result.rows) for index in range(len(result.points))]
    per_point = f"{min(counts)} to {max(counts)}" if min(counts) != max(counts) else str(counts[0])
    return "\n".join(
        [
            f"{result.study.name}: {result.study.question}",
            f"{len(counts)} points x {per_point} replications; mean ± half-width of the 95 % interval",
            *textwrap.wrap(f"everywhere: {', '.join(fixed)}" if fixed else "", width, subsequent_indent="  "),
        ]
    )


def _parameter_column(result: "SweepResult", name: str) -> list[str]:
    unit = result.study.space.unit(name)
    cells = [parameter_text(point[name]) for point in result.points]
    return _right_aligned([f"{name} [{unit}]" if unit else name, *cells])


def _failed_column(result: "SweepResult") -> list[list[str]]:
    if not result.failures:
        return []
    failed = [str(sum(row.point == index for row in result.failures)) for index in range(len(result.points))]
    return [_right_aligned(["failed", *failed])]


def _measure_column(result: "SweepResult", name: str) -> list[str]:
    found = [result.estimate(index, name) for index in range(len(result.points))]
    unit = result.study.measures[name].unit
    means = [abs(item.mean) for item in found if math.isfinite(item.mean)]
    if unit == "s" and means and max(means) < 1:
        unit, found = "ms", [_scaled(item, 1000.0) for item in found]
    pairs = [estimate_text(item) for item in found]
    mean_width, half_width = (max(len(pair[part]) for pair in pairs) for part in (0, 1))
    cells = []
    for item, (mean, half) in zip(found, pairs, strict=True):
        sign = "±" if half else " "
        cell = f"{mean:>{mean_width}} {sign} {half:<{half_width}}" if half_width else f"{mean:>{mean_width}}"
        cells.append(
            f"{cell} ({item.count} of {item.count + item.missing_count})" if item.missing_count else cell
        )
    if any(item.missing_count for item in found):
        widest = max(map(len, cells))
        cells = [cell.ljust(widest) for cell in cells]
    return _right_aligned([f"{name} [{unit}]" if unit else name, *cells])


def _scaled(item: Estimate, factor: float) -> Estimate:
    return replace(
        item,
        mean=item.mean * factor,
        half_width=item.half_width * factor,
        standard_deviation=item.standard_deviation * factor,
    )


def _right_aligned(cells: Sequence[str]) -> list[str]:
    width = max(map(len, cells))
    return [cell.rjust(width) for cell in cells]


def _fitting(left: list[list[str]], right: list[list[str]], width: int) -> list[list[list[str]]]:
    """Split the measure columns into blocks that fit beside the parameters; each has at least one."""
    taken = sum(len(column[0]) + len(_GAP) for column in left)
    blocks: list[list[list[str]]] = []
    room = 0
    for column in right:
        needed = len(column[0]) + len(_GAP)
        if not blocks or needed > room:
            blocks.append([])
            room = width - taken + len(_GAP)
        blocks[-1].append(column)
        room -= needed
    return blocks


def _lines(columns: list[list[str]]) -> list[str]:
    lines = [_GAP.join(cells).rstrip() for cells in zip(*columns, strict=True)]
    rule = "-" * max(map(len, lines))
    return [lines[0], rule, *lines[1:]]


def _failures(result: "SweepResult") -> list[str]:
    if not result.failures:
        return []
    shown = [
        f"point {row.point}, replication {row.replication}: {row.error}\n  replay: {row.replay}"
        for row in result.failures[:10]
    ]
    more = len(result.failures) - len(shown)
    said = [f"{len(result.failures)} of {len(result.rows)} runs failed:", *shown]
    return ["\n".join([*said, *([f"... and {more} more"] if more > 0 else [])])]
