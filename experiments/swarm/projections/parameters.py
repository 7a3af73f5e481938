"""What may be set of an event log and of those who use it, and the flaws that can be planted, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from models.cqrs.flaws import NO_COMMAND_FLAWS, NO_PROJECTION_FLAWS, CommandFlaws, ProjectionFlaws
from models.cqrs.projections import Checkpointing

from ..choices import Choice, Parameter
from ..plan import Value
from ..stores.design import DISK_PARAMETERS

PARAMETERS: Mapping[str, Parameter] = {
    "durability": Choice("group", "each", "periodic"),
    "row_durability": Choice("group", "each", "periodic"),
    "queue": Choice("group", "none"),
    "workers": Choice(1, 2),
    "conflicts_max": Choice(10, 0, 2),
    "records_rejections": Choice(True, False),
    "command_work": Choice(0.0, 0.001),
    "batch_max": Choice(100, 1, 3),
    "wait": Choice(0.2, 0.0),
    "log_patience": Choice(0.3, 0.1),
    "event_work": Choice(0.0, 0.001),
    "delivered_again": Choice(0, 1, 5),
    **DISK_PARAMETERS,
}
"""Of the log, of all handlers and of all projections; `delivered_again` commits come with each batch anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bugs:
    """What is wrong with handlers, with projections, or with when these write down how far they have come.

    To show, a plan has to have the parameters that it `needs`, each one of some values.
    """

    command: CommandFlaws = NO_COMMAND_FLAWS
    projection: ProjectionFlaws = NO_PROJECTION_FLAWS
    checkpointing: Checkpointing | None = None
    needs: Mapping[str, tuple[Value, ...]] | None = None


FLAWS: Mapping[str, Bugs] = {
    "ignores_versions": Bugs(command=CommandFlaws(ignores_versions=True)),
    "forgets_ids": Bugs(command=CommandFlaws(forgets_ids=True)),
    "ignores_positions": Bugs(
        projection=ProjectionFlaws(ignores_positions=True), needs={"delivered_again": (1, 5)}
    ),
    "checkpoints_after": Bugs(checkpointing=Checkpointing.AFTER, needs={"sync_time": (0.005, 0.03)}),
    "checkpoints_before": Bugs(checkpointing=Checkpointing.BEFORE, needs={"sync_time": (0.005, 0.03)}),
}
