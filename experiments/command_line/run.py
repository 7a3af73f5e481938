"""`gameday run STUDY [--parameter value ...] [--seed N] [--out DIR]`: one run, its measures and its figures.

JSON: {"study", "seed", "parameters": {name: value}, "measures": {name: value}, "units": {name: unit},
"figures": [path], "replay": command}. A study that raises leaves standard output empty.
"""

import sys
import traceback
from pathlib import Path
from typing import Annotated

import typer

from ..misuse import Misuse
from ..registry import find_study, replay_command
from ..replication import failure_text
from ..study import Run, Study
from ..table import parameter_text
from .exit_codes import DONE, FAILED, INTERRUPTED
from .listing import describe
from .output import JsonFlag, draw, note, print_json
from .study_options import PASS_ON, read_options, read_whole_number


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    # --help is ours: with a study it also describes that study's parameters.
    app.command("run", context_settings=PASS_ON, add_help_option=False)(run_study)


def run_study(
    context: typer.Context,
    study: Annotated[
        str | None,
        typer.Argument(
            metavar="STUDY", help="A name, module:function or file.py:function.", show_default=False
        ),
    ] = None,
    seed: Annotated[str, typer.Option(metavar="N", help="Determines every random draw; >= 0.")] = "0",
    json: JsonFlag = False,
    out: Annotated[Path | None, typer.Option(metavar="DIR", help="Write the run's figures here.")] = None,
    show_help: Annotated[
        bool, typer.Option("--help", help="Show this, and the parameters of STUDY.")
    ] = False,
) -> int:
    """Run STUDY once. Its parameters are options: --timeout 0.5; `gameday list STUDY` shows them."""
    if show_help:
        return _help(context, study)
    if study is None or study.startswith("-"):
        raise Misuse(f"STUDY must come first and be named, got {study or 'none'} (see: gameday list)")
    number = read_whole_number("seed", seed, 0)
    found = find_study(study)
    values = found.space.values(read_options(found.space, context.args))
    try:
        made = found(seed=number, **values)
    except Misuse:
        raise
    except KeyboardInterrupt:
        # Typer would make an exit code of it, and say nothing.
        note(f"gameday: interrupted; to run it again: {replay_command(found, values, number)}")
        return INTERRUPTED
    except Exception as error:
        traceback.print_exception(error, file=sys.stderr)
        note(f"gameday: run failed: {failure_text(error)}")
        note(f"replay: {replay_command(found, values, number)}")
        return FAILED
    paths, drawn = _figures(found, made, out)
    _report(found, made, paths, json=json)
    return DONE if drawn else FAILED


def _help(context: typer.Context, study: str | None) -> int:
    typer.echo(context.get_help())
    if study is not None:
        typer.echo(f"\n{describe(find_study(study))}")
    return DONE


def _figures(found: Study, made: Run, out: Path | None) -> tuple[list[Path], bool]:
    if out is None:
        return [], True
    paths, drawn = draw(lambda: found.figures_of_run(made), out)
    if drawn and not paths:
        note(f"gameday: study {found.name} draws no figure of such a run")
    return paths, drawn


def _report(found: Study, made: Run, paths: list[Path], *, json: bool) -> None:
    replay = replay_command(found, made.parameters, made.seed)
    units = {name: measure.unit for name, measure in found.measures.items()}
    if json:
        print_json(
            {
                "study": found.name,
                "seed": made.seed,
                "parameters": made.parameters,
                "measures": made.measures,
                "units": units,
                "figures": paths,
                "replay": replay,
            }
        )
        return
    width = max(map(len, units))
    typer.echo(f"{found.name}: {found.question}")
    typer.echo(", ".join(f"{name} = {parameter_text(value)}" for name, value in made.parameters.items()))
    for name, value in made.measures.items():
        typer.echo(f"  {name:<{width}}  {value:.6g} {units[name]}".rstrip())
    for path in paths:
        typer.echo(f"figure: {path}")
    typer.echo(f"replay: {replay}")
