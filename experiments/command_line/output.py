"""What the commands have in common when they speak: JSON on standard output, figures into a folder.

With --json, standard output carries one JSON document and nothing else, strict JSON too: nan is null,
infinity is "inf". Progress, notes and complaints go to standard error.
"""

import json
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..figures import write_figures
from ..misuse import Misuse
from ..parameters import to_json
from ..replication import failure_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure

JsonFlag = Annotated[bool, typer.Option("--json", help="Print one JSON document on standard output.")]


def print_json(document: Mapping[str, Any]) -> None:
    """Print one document, its keys in the order given."""
    typer.echo(json.dumps(to_json(document), indent=2, allow_nan=False))


def is_watched() -> bool:
    """Whether a person watches standard error: a progress bar would fill a log."""
    return sys.stderr.isatty()


def note(text: str) -> None:
    """One line for the person at the terminal, on standard error."""
    typer.echo(text, err=True)


def draw(make: "Callable[[], Mapping[str, Figure]]", folder: Path) -> tuple[list[Path], bool]:
    """Make figures without a display and write them; returns the paths, and whether that worked.

    A figure that cannot be drawn costs no results: it is noted, and the exit code will say so.
    """
    import matplotlib as mpl  # late, as in experiments.figures

    mpl.use("Agg")
    try:
        return write_figures(make(), folder), True
    except Misuse:
        raise
    except Exception as error:
        note(f"gameday: figures could not be drawn: {failure_text(error)}")
        return [], False
