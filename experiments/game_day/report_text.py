"""The report of a game day as text: Markdown that reads as it stands."""

import math

from .report import FeatureView, GameDayReport

_VERDICTS = {True: "holds", False: "does not hold", None: "undecided"}


def report_text(report: GameDayReport, replay: str) -> str:
    """Return the whole report; `replay` is the command that plays it again."""
    sections = [
        f"# {report.title}",
        f"The hypothesis {_verdict(report.holds)}. Seed {report.seed}; to play it again: `{replay}`.",
        "## Hypothesis\n\n" + _hypothesis(report),
        "## What users saw\n\n" + _seen(report),
        "## How it went\n\n" + _course(report),
        "## Time line\n\n" + _time_line(report),
    ]
    return "\n\n".join(sections) + "\n"


def _verdict(holds: bool | None) -> str:
    return "is undecided" if holds is None else _VERDICTS[holds]


def _hypothesis(report: GameDayReport) -> str:
    rows = [["phase", "from (s)", "to (s)", "objective", "measured", "verdict"]]
    for phase in report.phases:
        times = [phase.name, f"{phase.start:g}", f"{phase.end:g}"]
        if phase.judgement is None:
            rows.append([*times, "none", "", ""])
            continue
        for verdict in phase.judgement.verdicts:
            measured = f"{_number(verdict.value)} {verdict.unit}".rstrip()
            rows.append([*times, verdict.name, measured, _VERDICTS[verdict.holds]])
    return _table(rows)


def _seen(report: GameDayReport) -> str:
    names = [phase.name for phase in report.phases]
    rows = [["", *(f"{what} {name}" for what in ("answered", "degraded", "p99 (s)") for name in names)]]
    rows += [
        [
            _title(view),
            *(_share(view.seen[name].answered) for name in names),
            *(_share(view.seen[name].degraded) for name in names),
            *(_number(view.seen[name].p99) for name in names),
        ]
        for view in report.features
    ]
    text = _table(rows)
    said = "Operations are what users asked for; a feature is what a part of them came to."
    return f"{text}\n\n{said}"


def _title(view: FeatureView) -> str:
    return view.name if view.is_operation else f"feature {view.name}"


def _course(report: GameDayReport) -> str:
    lines = []
    if report.detections:
        first = [
            f"{found.kind} {found.delay:.2f} s after it began ({found.subject})"
            for found in report.detections
        ]
        lines.append(f"Noticed: {'; '.join(first)}.")
    else:
        lines.append("Noticed: by nobody. No timeout and no breaker spoke while the trouble lasted.")
    if math.isinf(report.time_to_recover):
        lines.append("Recovered: not while users came.")
    else:
        lines.append(
            f"Recovered: users were served again {report.time_to_recover:g} s after the last healing."
        )
    orders = report.orders
    lines.append(
        f"Orders: {orders.acknowledged_count:,} accepted, {orders.distinct_count:,} charged, "
        f"{orders.applied_more_than_once_count:,} of them more than once, {report.lost_orders_count:,} lost."
    )
    return "\n".join(f"- {line}" for line in lines)


def _time_line(report: GameDayReport) -> str:
    rows = [["time (s)", "what happened"]]
    for happening in report.time_line:
        times = f" ({happening.count:,} times in all)" if happening.count > 1 else ""
        rows.append([f"{happening.time:.2f}", f"{happening.text}{times}"])
    return _table(rows)


def _number(value: float) -> str:
    return "never" if math.isinf(value) else "-" if math.isnan(value) else f"{value:.4g}"


def _share(value: float) -> str:
    return "-" if math.isnan(value) else f"{value:.1%}"


def _table(rows: list[list[str]]) -> str:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)
