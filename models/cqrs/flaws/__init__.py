"""Bugs to plant: that a checker finds nothing means little until it has found something.

command_flaws      CommandFlaws: of a handler
projection_flaws   ProjectionFlaws: of a projection
"""

from .command_flaws import NO_COMMAND_FLAWS, CommandFlaws
from .projection_flaws import NO_PROJECTION_FLAWS, ProjectionFlaws

__all__ = ["NO_COMMAND_FLAWS", "NO_PROJECTION_FLAWS", "CommandFlaws", "ProjectionFlaws"]
