"""The program `gameday`: puts the commands together and decides what becomes of errors.

Misuse is one line on standard error and exit code 2, whoever noticed it (Typer, a study's parameters, the
results file); a traceback is only ever shown for a defect of GameDay or of a study that was run by itself.
"""

import sqlite3
import sys
import warnings
from collections.abc import Sequence
from typing import TextIO

import typer

from ..misuse import Misuse, Remark
from . import bench, cache_trace, check_history, game_day, listing, plot, run, swarm, sweep, validate
from .checkout import require_one_checkout
from .exit_codes import DONE, FAILED, INTERRUPTED, MISUSE
from .output import note

COMMANDS = (listing, run, sweep, plot, game_day, swarm, check_history, cache_trace, bench, validate)
"""The commands' modules, each with a function `register(app)`; a new command is a new module in this list."""

# Typer's own base of all misuse has had several homes and no public name; this is it wherever it lives.
_USAGE_ERROR: type[Exception] = typer.BadParameter.__mro__[1]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command (`sys.argv` if None) and return its exit code; see `exit_codes`."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    try:
        require_one_checkout()
        with warnings.catch_warnings():
            warnings.showwarning = _print_warning
            code = build_app()(given, prog_name="gameday", standalone_mode=False, obj=given)
    except Misuse as error:
        return _complain(str(error), MISUSE)
    except _USAGE_ERROR as error:
        return _complain(_usage_text(error), MISUSE)
    except sqlite3.Error as error:
        return _complain(f"the results file failed: {error}; rows stored before are kept", FAILED)
    except (KeyboardInterrupt, typer.Abort):
        return _complain("interrupted", INTERRUPTED)
    return code if isinstance(code, int) else DONE


def build_app() -> typer.Typer:
    """The Typer application with all commands."""
    app = typer.Typer(
        name="gameday",
        help="A laboratory for distributed systems: run studies, sweep parameters, plot results.",
        add_completion=False,
        no_args_is_help=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
    )
    for command in COMMANDS:
        command.register(app)
    return app


def _complain(text: str, code: int) -> int:
    typer.echo(f"gameday: {text}", err=True)
    return code


def _print_warning(
    message: Warning | str,
    category: type[Warning],
    filename: str,
    lineno: int,
    file: TextIO | None = None,
    line: str | None = None,
) -> None:
    """Print a remark as one to a user, and any other warning as Python does."""
    if isinstance(message, Remark):
        note(f"gameday: {message}")
    else:
        (file or sys.stderr).write(warnings.formatwarning(message, category, filename, lineno, line))


def _usage_text(error: Exception) -> str:
    said = getattr(error, "format_message", lambda: str(error))()
    context = getattr(error, "ctx", None)
    hint = f" (see: {context.command_path} --help)" if context is not None else ""
    return " ".join(f"{said}{hint}".split())
