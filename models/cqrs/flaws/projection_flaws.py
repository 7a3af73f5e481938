"""Bugs to plant in a projection, for tests; two more are choices that people make (`Checkpointing`)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ProjectionFlaws:
    """Flaws of a projection: one that `ignores_positions` applies what it is given, known or not."""

    ignores_positions: bool = False


NO_PROJECTION_FLAWS = ProjectionFlaws()
