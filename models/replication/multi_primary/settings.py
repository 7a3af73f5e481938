"""The settings of a multi-primary store."""

from __future__ import annotations

from dataclasses import dataclass

from simulator.randomness import Distribution

from ...storage import DurabilityPolicy, GroupCommit
from ...validation import require_count, require_delay, require_finite_duration, require_kind
from .failover import Failover
from .last_writer_wins import LastWriterWins
from .resolution import Resolution


@dataclass(frozen=True, slots=True, kw_only=True)
class MultiPrimarySettings:
    """How a multi-primary store works.

    `resolution`: what becomes of two updates of a key; `failover`: when clients go to another node, `None`:
    never.
    `exchange_interval`: seconds (> 0) after which a node says again what it has; longer than a round trip.
    `window`: updates (>= 1) that are on their way to a peer at most, `batch_max` (>= 1) those in a message.
    `durability`, `sync_time`, `read_time`: of each node's log and disk.
    `work`: seconds on a core for each request, `message_work` for each message. `threads`: requests that a
    node has under way at a time (>= 1). `transport`: of messages between nodes, "tcp" or "datagram".
    `start_time`: of a node.
    """

    resolution: Resolution = LastWriterWins()
    failover: Failover | None = Failover()
    exchange_interval: float = 1.0
    window: int = 1000
    batch_max: int = 100
    durability: DurabilityPolicy = GroupCommit()
    sync_time: Distribution | float = 0.001
    read_time: Distribution | float = 0.0
    work: float = 0.0
    message_work: float = 0.0
    threads: int = 1000
    transport: str = "tcp"
    start_time: float = 0.0

    def __post_init__(self) -> None:
        """Check each that would be found out about later."""
        require_kind("resolution", self.resolution, Resolution)
        if self.failover is not None:
            require_kind("failover", self.failover, Failover)
        require_finite_duration("exchange_interval", self.exchange_interval)
        require_count("window", self.window)
        require_count("batch_max", self.batch_max)
        require_delay("work", self.work)
        require_delay("message_work", self.message_work)
        if not isinstance(self.durability, DurabilityPolicy):
            raise TypeError(f"durability must be a durability policy, got {self.durability!r}")
