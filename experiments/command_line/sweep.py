"""`gameday sweep STUDY|FILE.toml`: points x seeds, into one results file that the same command resumes.

JSON: {"study", "question", "out", "points": [{"point", "parameters", "replications", "failed", "measures":
{name: {"mean", "half_width", "low", "high", "standard_deviation", "count", "missing_count", "unit"}}}],
"rows": {"total", "new", "failed"}, "failures": [{"point", "replication", "seed", "error", "replay"}],
"figures": [path]}.
"""

import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from ..design import Design
from ..misuse import Misuse
from ..registry import find_study
from ..result import SweepResult
from ..runner import sweep
from ..schedule import Until
from ..study import Study
from ..sweep_file import read_sweep_file
from .exit_codes import DONE, FAILED, INTERRUPTED
from .output import JsonFlag, is_watched, note, print_json
from .plot import draw_sweep, figures_folder
from .study_options import PASS_ON, read_grid, read_options, read_settings, read_whole_number

RESULTS = Path("results")
"""Where results files go unless --out says otherwise; git-ignored."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("sweep", context_settings=PASS_ON)(sweep_study)


def sweep_study(
    context: typer.Context,
    study: Annotated[
        str, typer.Argument(metavar="STUDY|FILE.toml", help="A study, or a file that describes a sweep.")
    ],
    grid: Annotated[
        list[str], typer.Option(metavar="NAME=A,B,C", help="Sweep these values; repeat for more parameters.")
    ] = [],  # noqa: B006  # Typer reads it, nobody writes to it
    setting: Annotated[
        list[str],
        typer.Option(
            "--set", metavar="NAME=VALUE", help="The same at every point; --NAME VALUE does it too."
        ),
    ] = [],  # noqa: B006  # as above
    replications: Annotated[
        str | None, typer.Option(metavar="N", help="Runs per point, with seeds 0, 1, 2, ...")
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            metavar="MEASURE=X", help="Replicate until the 95 % half-width of MEASURE is <= X (at most 100)."
        ),
    ] = None,
    jobs: Annotated[
        str | None, typer.Option(metavar="N", help="Worker processes; all cores if not given.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE.sqlite", help="Results file.")] = None,
    renew: Annotated[
        bool,
        typer.Option("--renew", help="Set a file of another design or version aside instead of refusing it."),
    ] = False,
    figures: Annotated[bool, typer.Option(help="Draw the study's figures afterwards.")] = True,
    json: JsonFlag = False,
) -> int:
    """Run STUDY at every point of a design, several times each. The same command resumes what was cut short.

    Each finished row is stored at once; failed rows are tried again. The results file is
    results/STUDY.sqlite, the figures go into a folder beside it.
    """
    workers = None if jobs is None else read_whole_number("jobs", jobs, 1)
    count = None if replications is None else read_whole_number("replications", replications, 1)
    plan = _plan(study, grid, setting, list(context.args), count, until)
    path = RESULTS / f"{plan.study.name}.sqlite" if out is None else out
    try:
        result = sweep(
            plan.study,
            plan.design,
            fixed=plan.fixed,
            replications=plan.replications,
            until=plan.until,
            out=path,
            renew=renew,
            jobs=workers,
            progress=is_watched(),
        )
    except KeyboardInterrupt:
        note(f"gameday: interrupted; finished rows are kept in {path}; to resume: {_command(context)}")
        return INTERRUPTED
    paths, drawn = draw_sweep(result, figures_folder(path)) if figures else ([], True)
    _report(result, paths, json=json)
    return FAILED if result.failures or not drawn else DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class _Plan:
    study: Study
    design: Design | None
    fixed: dict[str, Any]
    replications: int | None
    until: Until | None


def _plan(
    study: str,
    grid: list[str],
    settings: list[str],
    words: list[str],
    replications: int | None,
    until: str | None,
) -> _Plan:
    """What to sweep; options of the command line come before what a sweep file says."""
    file = read_sweep_file(study) if study.endswith(".toml") else None
    found = find_study(study if file is None else file.study)
    space = found.space
    set_there, set_here = read_settings(space, settings), read_options(space, words)
    if both := [name for name in set_there if name in set_here]:
        raise Misuse(f"{both[0]} must be set once, got it twice, by --set and by --{both[0]}")
    fixed = {**(file.set if file else {}), **set_there, **set_here}
    return _Plan(
        study=found,
        design=read_grid(space, grid) or (file.design if file else None),
        fixed=fixed,
        replications=replications if replications is not None or file is None else file.replications,
        until=_until(until) if until is not None or file is None else file.stopping,
    )


def _until(text: str | None) -> Until | None:
    if text is None:
        return None
    measure, _, width = text.partition("=")
    try:
        return Until(measure=measure.strip(), half_width=float(width))
    except Misuse:
        raise
    except ValueError:
        raise Misuse(f"--until must be written measure=half_width, got {text!r}") from None


def _command(context: typer.Context) -> str:
    return shlex.join(["gameday", *context.obj])


def _report(result: SweepResult, paths: list[Path], *, json: bool) -> None:
    if json:
        print_json(_document(result, paths))
        return
    width = max(80, shutil.get_terminal_size((110, 24)).columns)
    typer.echo(result.table(width))
    typer.echo(f"\nresults: {result.path} ({result.new_count} of {len(result.rows)} rows new)")
    for path in paths:
        typer.echo(f"figure: {path}")


def _document(result: SweepResult, paths: list[Path]) -> dict[str, Any]:
    return {
        "study": result.study.name,
        "question": result.study.question,
        "out": result.path,
        "points": [_point(result, index) for index in range(len(result.points))],
        "rows": {"total": len(result.rows), "new": result.new_count, "failed": len(result.failures)},
        "failures": [
            {
                "point": row.point,
                "replication": row.replication,
                "seed": row.seed,
                "error": row.error,
                "replay": row.replay,
            }
            for row in result.failures
        ],
        "figures": paths,
    }


def _point(result: SweepResult, index: int) -> dict[str, Any]:
    mine = [row for row in result.rows if row.point == index]
    measures = {}
    for name, measure in result.study.measures.items():
        found = result.estimate(index, name)
        measures[name] = {
            "mean": found.mean,
            "half_width": found.half_width,
            "low": found.low,
            "high": found.high,
            "standard_deviation": found.standard_deviation,
            "count": found.count,
            "missing_count": found.missing_count,
            "unit": measure.unit,
        }
    return {
        "point": index,
        "parameters": result.points[index],
        "replications": len(mine),
        "failed": sum(row.failed for row in mine),
        "measures": measures,
    }
