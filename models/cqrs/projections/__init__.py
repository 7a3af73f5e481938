"""The query side: read models, made from the log by processes that follow it.

read_model    ReadModel: what a kind of question needs; Rows, PoisonEvent
settings      ProjectionSettings; Checkpointing and OnPoison, the choices that can be mistakes
stored_rows   StoredRows: rows on a disk, in transactions, with how far they have come
applying      how a commit is applied to rows
view          View: rows that follow the log
projection    Projection: the process that has them, answers from them, and rebuilds them
requests      at_least: a question that is to be answered by rows that are new enough
"""

from .applying import apply_commit
from .projection import Projection
from .read_model import PoisonEvent, ReadModel, Rows
from .requests import AtLeast, at_least
from .settings import Checkpointing, OnPoison, ProjectionSettings
from .stored_rows import Checkpoint, StoredRows
from .view import ViewCounts

__all__ = [
    "AtLeast",
    "Checkpoint",
    "Checkpointing",
    "OnPoison",
    "PoisonEvent",
    "Projection",
    "ProjectionSettings",
    "ReadModel",
    "Rows",
    "StoredRows",
    "ViewCounts",
    "apply_commit",
    "at_least",
]
