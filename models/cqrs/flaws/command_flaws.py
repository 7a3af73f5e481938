"""Bugs to plant in a command handler, for tests."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandFlaws:
    """Flaws of a handler.

    With `ignores_versions` it appends whatever the stream's version, and so by a state that may be old; with
    `forgets_ids` it does not tell the log whose commit it is.
    """

    ignores_versions: bool = False
    forgets_ids: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)


NO_COMMAND_FLAWS = CommandFlaws()
