"""`gameday game-day FILE [--seed N] [--out DIR] [--json]`: play a game day, print its report, and judge.

The exit code is the verdict: 0 the hypothesis holds, 1 it does not, 3 it cannot be told. With --out the
report (report.md) and its figures are written there. JSON: {"title", "seed", "holds", "phases", "seen",
"orders", "time_to_detect", "detections", "time_to_recover", "time_line", "figures": [path], "replay"}.
"""

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
    paths, written = _write(report, text, out)
    if json:
        print_json({**report.as_json(), "figures": paths, "replay": replay})
    else:
        typer.echo(text, nl=False)
        for path in paths:
            typer.echo(f"figure: {path}")
    return _exit_code(report.holds) if written else FAILED


def _exit_code(holds: bool | None) -> int:
    return UNDECIDED if holds is None else DONE if holds else FAILED


def _replay(file: Path, seed: int) -> str:
    return f"gameday game-day {shlex.quote(str(file))} --seed {seed}"


def _write(report: "GameDayReport", text: str, out: Path | None) -> tuple[list[Path], bool]:
    if out is None:
        return [], True
    try:
        out.mkdir(parents=True, exist_ok=True)
        (out / "report.md").write_text(text, encoding="utf-8")
    except OSError as error:
        raise Misuse(f"--out must be a folder that can be written, got {out}: {error.strerror}") from None
    from ..game_day.game_day_figures import figures_of_report

    return draw(lambda: figures_of_report(report), out)
