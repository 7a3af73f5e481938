"""`gameday plot FILE.sqlite [--out DIR]`: the figures of a sweep, drawn again from its results file.

JSON: {"study", "results", "figures": [path]}. Works on a file that a sweep is still writing to.
"""

from pathlib import Path
from typing import Annotated

import typer

from ..result import SweepResult, load_sweep
from ..study import no_figures
from .exit_codes import DONE, FAILED
from .output import JsonFlag, draw, note, print_json


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("plot")(plot_sweep)


def plot_sweep(
    file: Annotated[Path, typer.Argument(metavar="FILE.sqlite", help="A results file.")],
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help="Folder for the figures; FILE without its ending if not given."),
    ] = None,
    json: JsonFlag = False,
) -> int:
    """Draw the figures of a sweep from its results file."""
    result = load_sweep(file)
    paths, drawn = draw_sweep(result, figures_folder(file) if out is None else out)
    if drawn and not paths:
        note(f"gameday: study {result.study.name} draws no figure of such a sweep")
    if json:
        print_json({"study": result.study.name, "results": file, "figures": paths})
    else:
        for path in paths:
            typer.echo(f"figure: {path}")
    return DONE if drawn else FAILED


def figures_folder(results: Path) -> Path:
    """Where the figures of a results file go unless asked otherwise: beside it, by its name."""
    return results.with_suffix("") if results.suffix else results.with_name(f"{results.name}-figures")


def draw_sweep(result: SweepResult, folder: Path) -> tuple[list[Path], bool]:
    """Write the study's figures of a sweep, if any, into `folder`; returns paths, and whether it worked."""
    make = result.study.figures_of_sweep
    if make is no_figures:
        return [], True
    if len(result.failures) == len(result.rows):
        note("gameday: figures could not be drawn: no run has been finished")
        return [], False
    return draw(lambda: make(result), folder)
