"""Bugs to plant in a command handler, for tests."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFlaws:
    """Flaws of a handler.

    With `ignores_versions` it appends whatever the stream's version, and so by a state that may be old; with
    `forgets_ids` it does not tell the log whose commit it is.
    """

    ignores_versions: bool = False
    forgets_ids: bool = False


NO_COMMAND_FLAWS = CommandFlaws()
