"""`gameday validate [--only TEXT] [--quick] [--seed N]`: compare simulations with what theory knows.

JSON: {"seed", "effort", "confidence", "holds", "checks": [{"check", "group", "source", "replications",
"holds", "claims": [{"claim", "expected", "bias", "note", "simulated", "low", "high", "half_width", "verdict",
"error"}]}]}. `low` and `high` are the ends of the claim's own 99 % interval; `half_width` is that of the
interval behind the verdict, which is wider since all claims stand or fall together.
"""

from collections import Counter
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..misuse import Misuse
from ..table import estimate_text
from .exit_codes import DONE, FAILED, INTERRUPTED
from .output import JsonFlag, is_watched, note, print_json
from .study_options import read_whole_number

if TYPE_CHECKING:
    from ..validation import CheckResult, Judged, TheoryCheck

QUICK_EFFORT = 0.12
"""With --quick, runs are so much shorter."""

_HEADINGS = ("claim", "expected", "simulated", "99 % interval", "verdict")


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("validate")(validate)


def validate(
    only: Annotated[
        str | None, typer.Option(metavar="TEXT", help="Only this group, or checks whose name contains TEXT.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Shorter runs, wider intervals, less precision asked for.")
    ] = False,
    seed: Annotated[str, typer.Option(metavar="N", help="Determines every random draw; >= 0.")] = "0",
    workers: Annotated[
        str | None, typer.Option(metavar="N", help="Worker processes; all cores if not given.")
    ] = None,
    json: JsonFlag = False,
) -> int:
    """Simulate systems whose behaviour is known, and compare; exit code 1 if a verdict does not hold."""
    number = read_whole_number("seed", seed, 0)
    count = None if workers is None else read_whole_number("workers", workers, 1)
    effort = QUICK_EFFORT if quick else 1.0
    from ..validation import run_checks  # it solves equations, which no other command should wait for

    chosen = _chosen(only)
    try:
        results = run_checks(chosen, seed=number, effort=effort, workers=count, progress=is_watched())
    except KeyboardInterrupt:
        note("gameday: interrupted; a verdict needs all replications, so there is none")
        return INTERRUPTED
    if json:
        print_json(_document(results, number, effort))
    else:
        typer.echo(report(results))
    return DONE if all(result.holds for result in results) else FAILED


def _chosen(only: str | None) -> "list[TheoryCheck]":
    from ..validation import all_checks

    checks = all_checks()
    if only is None:
        return list(checks)
    text = only.strip().lower()
    groups = list(dict.fromkeys(check.group for check in checks))
    named = [check for check in checks if text and text in check.name.lower()]
    chosen = [check for check in checks if check.group == text] or named
    if not chosen:
        raise Misuse(f"only must be a group ({', '.join(groups)}) or part of a check's name, got {only!r}")
    return chosen


def report(results: "list[CheckResult]") -> str:
    """A heading for each check, with its source, and a line for each claim; then how many hold."""
    rows = [[_cells(judged) for judged in result.judged] for result in results]
    every = [_HEADINGS, *(row for of_check in rows for row in of_check)]
    widths = [max(len(row[column]) for row in every) for column in range(len(_HEADINGS))]
    lines = [_line(_HEADINGS, widths)]
    for result, of_check in zip(results, rows, strict=True):
        check = result.check
        lines += [
            "",
            check.name,
            f"  {check.group}; {check.replications} replications; source: {check.source}",
        ]
        for judged, row in zip(result.judged, of_check, strict=True):
            lines += [_line(row, widths), *_remarks(judged)]
    return "\n".join([*lines, "", *_totals(results)])


def _cells(judged: "Judged") -> tuple[str, ...]:
    found = judged.simulated
    mean, half = estimate_text(found)
    interval = f"{found.low:.6g} .. {found.high:.6g}" if half else "-"
    return judged.claim.name, f"{judged.claim.expected:.6g}", mean, interval, judged.verdict


def _line(cells: tuple[str, ...], widths: list[int]) -> str:
    name, *numbers, verdict = cells
    columns = [cell.rjust(width) for cell, width in zip(numbers, widths[1:-1], strict=True)]
    return "  ".join(["  " + name.ljust(widths[0]), *columns, verdict])


def _remarks(judged: "Judged") -> list[str]:
    claim = judged.claim
    said = (
        [f"may be off by {claim.bias:g}: {claim.note}"] if claim.bias else [claim.note] if claim.note else []
    )
    return [f"    {text}" for text in [*said, *([judged.error] if judged.error else [])]]


def _totals(results: "list[CheckResult]") -> list[str]:
    counts = Counter(judged.verdict for result in results for judged in result.judged)
    total = sum(counts.values())
    told = ", ".join(f"{verdict} {count}" for verdict, count in counts.most_common())
    return [
        f"{len(results)} checks, {total} claims: {told}",
        "verdicts rest on wider intervals than those shown, so that all hold at once with probability 99 %",
    ]


def _document(results: "list[CheckResult]", seed: int, effort: float) -> dict[str, Any]:
    from ..validation.verdict import CONFIDENCE

    return {
        "seed": seed,
        "effort": effort,
        "confidence": CONFIDENCE,
        "holds": all(result.holds for result in results),
        "checks": [
            {
                "check": result.check.name,
                "group": result.check.group,
                "source": result.check.source,
                "replications": result.check.replications,
                "holds": result.holds,
                "claims": [_claim_document(judged) for judged in result.judged],
            }
            for result in results
        ],
    }


def _claim_document(judged: "Judged") -> dict[str, Any]:
    claim, found = judged.claim, judged.simulated
    return {
        "claim": claim.name,
        "expected": claim.expected,
        "bias": claim.bias,
        "note": claim.note,
        "simulated": found.mean,
        "low": found.low,
        "high": found.high,
        "half_width": judged.half_width,
        "verdict": judged.verdict,
        "error": judged.error or None,
    }
