"""Versions: which of two values of a key is newer, where several nodes take writes.

    cell              Cell: a value with a timestamp, or a tombstone; of two the last writer's wins
    version_vector    VersionVector: how much of each writer's history is known
    siblings          Siblings: values of which none has seen the other, with what has been seen
    timestamps        next_timestamp: timestamps of one writer that grow

`Cell` and `Siblings` are merged alike: `mine.merged(theirs)` is what both know, whatever the order and
however often, and is `mine` itself where there is nothing new.
"""

from .cell import Cell, larger
from .siblings import Siblings
from .timestamps import next_timestamp
from .version_vector import VersionVector

__all__ = ["Cell", "Siblings", "VersionVector", "larger", "next_timestamp"]
