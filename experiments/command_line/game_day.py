"""`gameday game-day FILE [--seed N] [--out DIR] [--json]`: play a game day, print its report, and judge.

The exit code is the verdict: 0 the hypothesis holds, 1 it does not, 3 it cannot be told. With --out the
report (report.md) and its figures are written there. JSON: {"title", "seed", "holds", "phases", "seen",
"faults", "impact", "orders", "time_to_detect", "detections", "time_to_recover", "time_line", "figures":
[path], "replay"}.

What was played is never lost to a disk that is full or a figure that cannot be drawn: the report is printed
whatever becomes of them, and the exit code is 1 then. A folder that cannot be written is told before.
"""

import os
import shlex
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..misuse import Misuse
from ..replication import failure_text
from .exit_codes import DONE, FAILED, INTERRUPTED, UNDECIDED
from .output import JsonFlag, draw, note, print_json
from .study_options import read_whole_number

if TYPE_CHECKING:
    from ..game_day import GameDayReport


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("game-day")(game_day)


def game_day(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A game day in TOML.", show_default=False)],
    seed: Annotated[
        str | None, typer.Option(metavar="N", help="In place of the file's seed; >= 0.", show_default=False)
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write the report and its figures here.")
    ] = None,
    json: JsonFlag = False,
) -> int:
    """Play the game day in FILE once: what held, what users saw, how soon it was noticed and over."""
    from ..game_day import play, read_game_day  # models and pydantic tables: only who plays waits for them
    from ..game_day.report_text import report_text

    number = None if seed is None else read_whole_number("seed", seed, 0)
    plan = read_game_day(file)
    replay = _replay(file, plan.seed if number is None else number)
    if out is not None:
        _require_folder(out)
    try:
        report = play(plan, seed=number)
    except Misuse as error:
        raise Misuse(f"{file}: {error}") from None
    except KeyboardInterrupt:
        note(f"gameday: interrupted; to play it again: {replay}")
        return INTERRUPTED
    except Exception as error:
        traceback.print_exception(error, file=sys.stderr)
        note(f"gameday: run failed: {failure_text(error)}")
        note(f"replay: {replay}")
        return FAILED
    text = report_text(report, replay)
    if not json:
        typer.echo(text, nl=False)
    paths, is_written = ([], True) if out is None else _write(report, text, out)
    if json:
        print_json({**report.as_json(), "figures": paths, "replay": replay})
    for path in () if json else paths:
        typer.echo(f"figure: {path}")
    return _exit_code(report.holds) if is_written else FAILED


def _exit_code(holds: bool | None) -> int:
    return UNDECIDED if holds is None else DONE if holds else FAILED


def _replay(file: Path, seed: int) -> str:
    return f"gameday game-day {shlex.quote(str(file))} --seed {seed}"


def _require_folder(out: Path) -> None:
    """Raise Misuse for what cannot become a folder to write in; nothing is made yet."""
    place = next(each for each in (out.absolute(), *out.absolute().parents) if each.exists())
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise Misuse(f"--out must be a folder that can be written, got {out}: {place} is none")


def _write(report: "GameDayReport", text: str, out: Path) -> tuple[list[Path], bool]:
    """Write report and figures; return the figures' paths, and whether all went well."""
    from ..game_day.game_day_figures import figures_of_report

    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.md").write_text(text, encoding="utf-8")
        return draw(lambda: figures_of_report(report), out)
    except (OSError, Misuse) as error:
        note(f"gameday: report could not be written: {error}")
        return [], False
