"""The designs of stores that a plan may name. A new one is a file, and an entry here."""

from __future__ import annotations

from collections.abc import Mapping

from ..design import StoreDesign
from .locks import LocksDesign
from .multi_primary import MultiPrimaryDesign
from .primary_replica import PrimaryReplicaDesign
from .quorums import QuorumsDesign
from .raft import RaftDesign
from .sharded import ShardedDesign
from .single import SingleDesign

DESIGNS: Mapping[str, StoreDesign] = {
    "raft": RaftDesign(),
    "primary_replica": PrimaryReplicaDesign(),
    "quorums": QuorumsDesign(),
    "multi_primary": MultiPrimaryDesign(),
    "single": SingleDesign(),
    "locks": LocksDesign(),
    "sharded": ShardedDesign(),
}
