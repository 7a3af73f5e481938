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
            measured = f"{_number(verdict.value, digits=6)} {verdict.unit}".rstrip()
            rows.append([*times, verdict.name, measured, _VERDICTS[verdict.holds]])
    return _table(rows)


def _seen(report: GameDayReport) -> str:
    rows = [["what", "phase", "asked for", "answered", "degraded", "p50 (s)", "p99 (s)"]]
    for view in report.features:
        rows += [
            [
                _title(view) if phase is report.phases[0] else "",
                phase.name,
                f"{seen.count:,}",
                _share(seen.answered),
                _share(seen.degraded),
                _number(seen.p50),
                _number(seen.p99),
            ]
            for phase in report.phases
            for seen in [view.seen[phase.name]]
        ]
    said = (
        "Operations are what users asked for; a feature is what a part of them came to, for who called it. "
        "Percentiles are of the answers; an objective about latency counts a failure as an endless wait."
    )
    return f"{_table(rows)}\n\n{said}"


def _title(view: FeatureView) -> str:
    return view.name if view.is_operation else f"feature {view.name}"


def _course(report: GameDayReport) -> str:
    lines = [_broken(report), _impact(report)]
    if report.course.fault_count:
        lines += [_noticed(report), _recovered(report)]
    lines.append(_orders(report))
    return "\n".join(f"- {line}" for line in lines)


def _broken(report: GameDayReport) -> str:
    course = report.course
    if not course.fault_count:
        return "Broken: nothing. By chance no fault came in the time of chaos."
    faults = "1 fault" if course.fault_count == 1 else f"{course.fault_count:,} faults"
    until = "and until the last user came" if math.isinf(course.healed_at) else f"to {course.healed_at:.2f} s"
    return f"Broken: {faults}, from {course.struck_at:.2f} s {until}."


def _impact(report: GameDayReport) -> str:
    impact = report.impact
    text = f"Users: {impact.failed_count:,} of {impact.sent_count:,} requests failed while the trouble lasted"
    if not math.isnan(impact.first_failure):
        text += f", the first {impact.first_failure:.2f} s after it began"
    if impact.degraded_count:
        text += f"; {impact.degraded_count:,} were answered with something missing"
    return f"{text}."


def _noticed(report: GameDayReport) -> str:
    if not report.detections:
        return "Noticed: by nobody. No signal came from the system itself."
    first = []
    for found in report.detections:
        before = f"; there had been {found.before_count:,} before" if found.before_count else ""
        first.append(f"{found.kind} {found.delay:.2f} s after it began ({found.subject}{before})")
    return f"Noticed: {'; '.join(first)}."


def _recovered(report: GameDayReport) -> str:
    if math.isinf(report.time_to_recover):
        return "Recovered: not while users came."
    if not report.time_to_recover:
        return "Recovered: users were served again as soon as the last fault was healed."
    return f"Recovered: users were served again {report.time_to_recover:g} s after the last healing."


def _orders(report: GameDayReport) -> str:
    orders = report.orders
    text = (
        f"Orders: {orders.acknowledged_count:,} accepted, {report.lost_orders_count:,} of them lost; "
        f"{orders.distinct_count:,} charged, {orders.applied_more_than_once_count:,} of them more than once"
    )
    untold = orders.unacknowledged_count
    return f"{text}, {untold:,} although their users saw a failure." if untold else f"{text}."


def _time_line(report: GameDayReport) -> str:
    rows = [["time (s)", "what happened"]]
    for happening in report.time_line:
        times = f" ({happening.count:,} times in all)" if happening.count > 1 else ""
        rows.append([f"{happening.time:.2f}", f"{happening.text}{times}"])
    return _table(rows)


def _number(value: float, digits: int = 4) -> str:
    return "never" if math.isinf(value) else "-" if math.isnan(value) else f"{value:.{digits}g}"


def _share(value: float) -> str:
    if math.isnan(value):
        return "-"
    # 9,999 of 10,000 are not all, and one of them is not none: more digits, where it takes more to say so.
    is_whole = value in (0.0, 1.0)
    digits = next((n for n in (1, 2, 3) if is_whole or round(value, n + 2) not in (0.0, 1.0)), 4)
    return f"{value:.{digits}%}"


def _table(rows: list[list[str]]) -> str:
    rows = [[cell.replace("|", "\\|") for cell in row] for row in rows]
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |"
        for row in rows
    ]
    lines.insert(1, "| " + " | ".join("-" * width for width in widths) + " |")
    return "\n".join(lines)
