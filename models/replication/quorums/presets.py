"""Named settings, after the systems and the model that they are taken from.

cassandra   the defaults: node coordinates, last writer wins, blocking read repair, hints at the coordinator
dynamo      siblings, reads from all, repair after the answer, Merkle trees, and a sloppy quorum, where hints
            are kept however long it takes
wars        partial quorums and nothing else: no repair, no hints, legs drawn independently
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from ...storage import PeriodicSync
from .anti_entropy import AntiEntropy
from .hints import HintedHandoff
from .membership import Detection, News
from .message_legs import MessageLegs
from .settings import Coordination, QuorumSettings, ReadRepair, ReadsFrom, Versioning
from .speculation import Never


def cassandra(**changes: Any) -> QuorumSettings:
    """Return Cassandra's settings, with gossip, and `changes` to them."""
    return replace(QuorumSettings(detection=Detection(news=News.GOSSIP)), **changes)


def dynamo(**changes: Any) -> QuorumSettings:
    """Return the settings of the Dynamo of 2007, (N, R, W) = (3, 2, 2), and `changes` to them."""
    settings = QuorumSettings(
        read_level=2,
        write_level=2,
        versioning=Versioning.SIBLINGS,
        reads_from=ReadsFrom.ALL,
        read_repair=ReadRepair.BACKGROUND,
        speculation=Never(),
        hints=HintedHandoff(window=inf),
        sloppy=True,
        anti_entropy=AntiEntropy(),
        detection=Detection(news=News.GOSSIP),
    )
    return replace(settings, **changes)


def wars(
    legs: MessageLegs, *, replicas: int = 3, read_level: int = 1, write_level: int = 1, **changes: Any
) -> QuorumSettings:
    """Return the settings of the WARS model, for a network without latency, and `changes` to them."""
    settings = QuorumSettings(
        replicas=replicas,
        read_level=read_level,
        write_level=write_level,
        coordination=Coordination.CLIENT,
        versioning=Versioning.CLIENT_CLOCK,
        reads_from=ReadsFrom.ALL,
        read_repair=ReadRepair.NONE,
        speculation=Never(),
        write_timeout=inf,
        read_timeout=inf,
        detection=None,
        hints=None,
        durability=PeriodicSync(interval=inf),
        legs=legs,
    )
    return replace(settings, **changes)
