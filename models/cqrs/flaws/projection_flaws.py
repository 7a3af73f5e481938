"""Bugs to plant in a projection, for tests; two more are choices that people make (`Checkpointing`)."""

from __future__ import annotations

from dataclasses import dataclass, fields

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionFlaws:
    """Flaws of a projection: one that `ignores_positions` applies what it is given, known or not."""

    ignores_positions: bool = False

    def __post_init__(self) -> None:
        """Check the kinds."""
        for each in fields(self):
            require_kind(each.name, getattr(self, each.name), bool)


NO_PROJECTION_FLAWS = ProjectionFlaws()
