"""The settings of a quorum store; the defaults are Cassandra's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf

from simulator.randomness import Distribution

from ...storage import DurabilityPolicy, PeriodicSync
from ...validation import (
    require_count,
    require_delay,
    require_duration,
    require_each,
    require_kind,
    require_time,
)
from .anti_entropy import AntiEntropy
from .hints import HintedHandoff
from .levels import FOR_WRITES_ONLY, Level
from .membership import Detection
from .message_legs import MessageLegs
from .speculation import AfterPercentile, Never, Speculation


class Coordination(Enum):
    """Who coordinates: the node that a client calls, or the client itself."""

    NODE = "node"
    CLIENT = "client"


class Versioning(Enum):
    """What becomes of two writes of a key of which none has seen the other.

    The last by its timestamp wins, where the timestamp is of the coordinator's clock or of the client's; or
    both stay, as siblings.
    """

    COORDINATOR_CLOCK = "coordinator clock"
    CLIENT_CLOCK = "client clock"
    SIBLINGS = "siblings"


class ReadsFrom(Enum):
    """Whom a read asks: as many as the level wants, one for data and the others for digests; or all."""

    LEVEL = "level"
    ALL = "all"


class ReadRepair(Enum):
    """What becomes of replicas that a read found to be behind.

    They are written to before the answer; or after it, and so are those whose answers come later; or nothing.
    """

    BLOCKING = "blocking"
    BACKGROUND = "background"
    NONE = "none"


_KINDS_OF_PARTS = {
    "detection": Detection,
    "hints": HintedHandoff,
    "anti_entropy": AntiEntropy,
    "legs": MessageLegs,
}
"""Of what kind the parts are that a store may do without."""


@dataclass(frozen=True, slots=True, kw_only=True)
class QuorumSettings:
    """How a quorum store works.

    `replicas`: N, the copies of each key (>= 1), or such a number for each region by its name.
    `read_level`, `write_level`: R and W as numbers in 1..N, or levels; for requests that say nothing else.
    `coordination`, `versioning`, `reads_from`, `read_repair`, `speculation`: see there.
    `write_timeout`, `read_timeout`: seconds (> 0, may be infinite) until a coordinator gives up.
    `detection`: how nodes know who is alive; `None`: everybody is taken to be.
    `hints`: how they are kept; `None`: none are. `sloppy`: others stand in for replicas that are suspected.
    `anti_entropy`: how often replicas compare; `None`: never.
    `tombstone_grace`: seconds (>= 0, may be infinite) for which the deleted is remembered.
    `durability`, `sync_time`, `read_time`: of each node's log and disk.
    `snapshot_interval`: records (>= 1, or infinite: never) after which the log is replaced by a snapshot.
    `legs`: latencies of each kind of message, beside the network's; `None`: the network's alone.
    `virtual_nodes`: points of each node on the ring (>= 1).
    `work`: seconds on a core that a coordinator works for each request, `message_work` a node for each
    message. `threads`: requests that a coordinator has under way at a time (>= 1). `start_time`: of a node.
    """

    replicas: int | Mapping[str, int] = 3
    read_level: Level | int = Level.QUORUM
    write_level: Level | int = Level.QUORUM
    coordination: Coordination = Coordination.NODE
    versioning: Versioning = Versioning.COORDINATOR_CLOCK
    reads_from: ReadsFrom = ReadsFrom.LEVEL
    read_repair: ReadRepair = ReadRepair.BLOCKING
    speculation: Speculation = AfterPercentile()
    write_timeout: float = 2.0
    read_timeout: float = 5.0
    detection: Detection | None = Detection()
    hints: HintedHandoff | None = HintedHandoff()
    sloppy: bool = False
    anti_entropy: AntiEntropy | None = None
    tombstone_grace: float = 864_000.0
    durability: DurabilityPolicy = PeriodicSync(interval=10.0)
    sync_time: Distribution | float = 0.001
    read_time: Distribution | float = 0.0
    snapshot_interval: float = inf
    legs: MessageLegs | None = None
    virtual_nodes: int = 16
    work: float = 0.0
    message_work: float = 0.0
    threads: int = 1000
    start_time: float = 0.0

    def __post_init__(self) -> None:
        """Check each setting, and that they go together."""
        self._check_kinds()
        require_duration("write_timeout", self.write_timeout)
        require_duration("read_timeout", self.read_timeout)
        require_time("tombstone_grace", self.tombstone_grace)
        for name in ("work", "message_work", "start_time"):
            require_delay(name, getattr(self, name))
        if self.snapshot_interval != inf:
            require_count("snapshot_interval", self.snapshot_interval)
        require_count("virtual_nodes", self.virtual_nodes)
        require_count("threads", self.threads)
        self._check_replicas()
        self._check_what_goes_together()
        self.require_level("read_level", self.read_level, is_read=True)
        self.require_level("write_level", self.write_level, is_read=False)

    @property
    def replica_count(self) -> int:
        """N: how many replicas a key has in all."""
        return self.replicas if isinstance(self.replicas, int) else sum(self.replicas.values())

    @property
    def meeting_level(self) -> Level | int:
        """The lowest read level that meets every write at `write_level`: N - W + 1; ALL if W is no number."""
        count = self.replica_count
        written = {Level.ONE: 1, Level.TWO: 2, Level.THREE: 3, Level.QUORUM: count // 2 + 1, Level.ALL: count}
        level = self.write_level
        met = level if isinstance(level, int) else written.get(level)
        return Level.ALL if met is None or self.sloppy else max(1, count - met + 1)

    def require_level(self, name: str, level: object, *, is_read: bool) -> None:
        """Raise unless `level` is one that a read, or a write, can meet with so many replicas, and hints."""
        if isinstance(level, Level):
            if is_read and level in FOR_WRITES_ONLY:
                raise ValueError(f"{name} must not be {level.name}: it is for writes")
            if level is Level.ANY and self.hints is None:
                raise ValueError(f"{name} ANY needs hints, got None")
            level = level.value if isinstance(level.value, int) else 1
        require_count(name, level)
        assert isinstance(level, int)
        if level > self.replica_count:
            raise ValueError(f"{name} must be at most the {self.replica_count} replicas, got {level!r}")

    def _check_kinds(self) -> None:
        for name in ("coordination", "versioning", "reads_from", "read_repair", "sloppy"):
            require_kind(name, getattr(self, name), type(self.__dataclass_fields__[name].default))
        for name, kind in _KINDS_OF_PARTS.items():
            if getattr(self, name) is not None:
                require_kind(name, getattr(self, name), kind)
        if not isinstance(self.speculation, Speculation):
            raise TypeError(f"speculation must be a way to speculate, got {self.speculation!r}")
        if not isinstance(self.durability, DurabilityPolicy):
            raise TypeError(f"durability must be a durability policy, got {self.durability!r}")

    def _check_replicas(self) -> None:
        if isinstance(self.replicas, Mapping):
            if not self.replicas:
                raise ValueError("replicas must name at least one region, got none")
            require_each("regions of replicas", list(self.replicas), str)
            for region, count in self.replicas.items():
                require_count(f"replicas in {region!r}", count)
        else:
            require_count("replicas", self.replicas)

    def _check_what_goes_together(self) -> None:
        if self.coordination is Coordination.CLIENT:
            if self.hints is not None or self.sloppy:
                raise ValueError(
                    "hints must be None and sloppy False where clients coordinate, who keep nothing, "
                    f"got {self.hints!r} and {self.sloppy!r}"
                )
            if self.versioning is not Versioning.CLIENT_CLOCK:
                raise ValueError(
                    f"versioning must be CLIENT_CLOCK where clients coordinate, got {self.versioning.name}"
                )
        if self.sloppy and (self.hints is None or self.detection is None):
            raise ValueError("sloppy needs detection and hints: who stands in keeps hints, got None")
        if self.reads_from is ReadsFrom.ALL and not isinstance(self.speculation, Never):
            raise ValueError(
                f"speculation must be Never() where reads ask all replicas, got {self.speculation!r}"
            )
