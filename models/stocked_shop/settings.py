"""The numbers of the stocked shop, and three ways to choose between consistency and availability."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from ..consensus import RaftClientSettings, RaftSettings
from ..replication.quorums import Level
from ..shop import Protection
from ..validation import (
    require_count,
    require_each,
    require_finite_duration,
    require_from_zero,
    require_kind,
    require_name,
    require_positive,
    require_unit_interval,
)
from .warehouse import WarehouseSettings


class Consistency(Enum):
    """What a store gives up when it is cut in two."""

    AP = "AP"
    """Consistency: a leaderless store, at low levels. Both sides read and write."""
    CP = "CP"
    """Availability: a store on consensus. The side without a majority is refused."""


class StockCount(Enum):
    """Who says how many are left to sell."""

    AGREED = "agreed"
    """All together: one record, changed by compare-and-set, on a CP store."""
    SPLIT = "split"
    """Each side for itself: it adds up what it knows of all; on an AP store."""
    OVERWRITTEN = "overwritten"
    """Whoever wrote last: one record, read and written, on an AP store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StockedShopSettings:
    """Who keeps what how, and how much is going on; times in seconds, rates per second.

    - `catalogue`, `payment`: the store of each; `stock`: see `StockCount`. It shares the store of the
      payments where that is of the same kind.
    - Of an AP catalogue: `page_level` at which pages read, `order_level` at which orders read the price, and
      `edit_level` of writes. `keeps_sessions`: whether each client of an AP store sees its own writes, never
      goes back, and asks other nodes than the one at hand. Stock is one client on each side, of the catalogue
      there are three: pages, prices and edits do not see each other's.
    - `zones`: at least one; a side of the shop in each, with a node of each store. `items` (>= 1) are sold.
    - `order_rate` (> 0), `page_rate` (>= 0): of the users on each side, who wait for `patience` (> 0);
      `popularity` (>= 0): the exponent of Zipf's law for what they want, 0 for all items alike.
    - `edit_rate` (>= 0): of changes of the catalogue, made on the last side; `withdrawn_share` ([0, 1]) of
      them take an item out.
    - `price` (> 0): about what an item costs.
    - `buffer` (>= 0): so many units of an item are not sold, in case the record is wrong.
    - `warehouse`, which stands in the last zone; `breakage_rate`, `miscount_probability` of its shelf.
    - `protection`: what stands around the calls of each side to the stores.
    - `raft`, `raft_client`: of CP stores.
    """

    catalogue: Consistency = Consistency.AP
    stock: StockCount = StockCount.AGREED
    payment: Consistency = Consistency.CP
    page_level: Level | int = Level.ONE
    order_level: Level | int = Level.QUORUM
    edit_level: Level | int = Level.QUORUM
    keeps_sessions: bool = True
    zones: tuple[str, ...] = ("zone-a", "zone-b", "zone-c")
    items: int = 10
    page_rate: float = 10.0
    order_rate: float = 1.0
    popularity: float = 0.0
    edit_rate: float = 0.5
    withdrawn_share: float = 0.3
    patience: float = 3.0
    price: float = 20.0
    buffer: int = 0
    warehouse: WarehouseSettings = WarehouseSettings()
    breakage_rate: float = 0.0
    miscount_probability: float = 0.0
    protection: Protection = Protection(timeout=1.0, attempts=2)
    raft: RaftSettings = RaftSettings(
        election_timeout_min=0.6, election_timeout_max=1.2, heartbeat_interval=0.2, snapshot_after=1000
    )
    raft_client: RaftClientSettings = RaftClientSettings(patience=0.8, attempt_timeout=0.4)

    def __post_init__(self) -> None:
        """Check what no part of the shop checks for itself."""
        for name, kind in _KINDS.items():
            require_kind(name, getattr(self, name), kind)
        for name in ("page_level", "order_level", "edit_level"):
            if not isinstance(level := getattr(self, name), Level):
                require_count(name, level)
        for zone in require_each("zones", self.zones, str):
            require_name("each of zones", zone)
        if not self.zones or len(set(self.zones)) < len(self.zones):
            raise ValueError(f"zones must be distinct names, at least one, got {self.zones!r}")
        require_count("items", self.items)
        require_count("buffer", self.buffer, 0)
        for name in ("order_rate", "price"):
            require_positive(name, getattr(self, name))
        for name in ("page_rate", "edit_rate", "popularity"):
            require_from_zero(name, getattr(self, name))
        require_unit_interval("withdrawn_share", self.withdrawn_share)
        require_finite_duration("patience", self.patience)


_KINDS: dict[str, type] = {
    "catalogue": Consistency,
    "stock": StockCount,
    "payment": Consistency,
    "keeps_sessions": bool,
    "warehouse": WarehouseSettings,
    "protection": Protection,
    "raft": RaftSettings,
    "raft_client": RaftClientSettings,
}


def all_cp(**changes: object) -> StockedShopSettings:
    """Return a shop that is consistent throughout, and `changes` to it."""
    return _with(changes, catalogue=Consistency.CP, stock=StockCount.AGREED, payment=Consistency.CP)


def all_ap(**changes: object) -> StockedShopSettings:
    """Return a shop that always answers, and `changes` to it: the lowest level for everything."""
    return _with(
        changes,
        catalogue=Consistency.AP,
        stock=StockCount.SPLIT,
        payment=Consistency.AP,
        order_level=Level.ONE,
        edit_level=Level.ONE,
    )


def mixed(**changes: object) -> StockedShopSettings:
    """Return a shop that chooses for each operation, and `changes` to it.

    Everybody looks at the catalogue wherever there is a copy; orders read the price at a quorum, and stock
    and payment are agreed on.
    """
    return _with(changes)


def _with(changes: dict[str, object], **chosen: object) -> StockedShopSettings:
    return StockedShopSettings(**{**chosen, **changes})  # type: ignore[arg-type] # checked by the class
