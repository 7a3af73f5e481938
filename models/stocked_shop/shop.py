"""The stocked shop: a shop in several zones whose catalogue, stock and payments are in replicated stores.

    users in each zone --> side of the shop in that zone --+--> catalogue      a page, an order
                                                           +--> stock          an order
                                                           +--> payments       an order
                                                           +--> outbox --> warehouse --> the shelf

Users come to the side in their own zone, and stay there; what is behind it is one system. Each store has a
node in each zone. The warehouse, and who edits the catalogue, are in the last zone. So a cut between the
first zone and the others leaves a side with users, a copy of the catalogue and no majority.

How consistent each part is, is chosen for each (`StockedShopSettings`): AP parts are in a `QuorumStore` at
low levels, CP parts in a `RaftStore`. Above both there is the same code, and below all there is the shelf,
which asks nobody.

It is another shop than `models.shop`, which has no state to be consistent about and one way in: what is to be
seen here are the two sides of a cut. Source: Newman, "Building Microservices" (1st ed. 2015), chapter 11,
"It's Not All or Nothing" and "And the Real World".
"""

from __future__ import annotations

from collections.abc import Sequence
from math import inf
from typing import Any

from simulator import Environment, RequestTable
from simulator.randomness import Exponential, Uniform

from ..consensus import RaftStore
from ..endpoint import Endpoint
from ..infrastructure import Host, Zone
from ..replication import QuorumStore, Store, write
from ..replication.quorums import QuorumSettings, Versioning
from ..replication.sessions import Session
from ..resilience import Outbox, Timeout
from ..services import Service, Work, by_operation, in_sequence
from ..storage import GroupCommit
from ..system import System
from ..validation import require_kind, require_number
from ..workload import OpenLoop, Operation, OperationMix, UniformKeys, ZipfKeys, request_table
from .books import Books, Entry
from .one_record import AgreedStock, OverwrittenStock
from .order import Order
from .settings import Consistency, StockCount, StockedShopSettings
from .shelf import Shelf
from .side import EDIT, ORDER, PAGE, Edit, Side, Visit, Ways
from .split_stock import WAREHOUSE, SplitStock
from .warehouse import Warehouse

_WORK = Exponential(0.002)
_WAY_TIMEOUT = 0.4  # how long one node of an AP store is waited for, before the next is asked


class StockedShop:
    """A shop of some `settings`, in an environment with a seed; nobody uses it before `admit_users`.

    - `system`: its zones, hosts and services by name: "shop in zone-a", "catalogue in zone-a", "orders in
      zone-a" (stock and payments; "stock in ..." and "payments in ..." where these are two stores),
      "warehouse".
    - `sides` by zone; `stores` by what is in them: "catalogue", "stock", "payments".
    - `warehouse`, its `shelf`, and `books`, in which an observer finds what was shown, sold and shipped.

    Example::

        env = Environment(seed=1)
        shop = StockedShop(env, mixed())
        users = shop.admit_users(since=5.0, until=120.0)
        cut = NetworkPartition(shop.system.network, shop.zones[0], shop.zones[1:])
        FaultPlan(env).at(40.0, cut, duration=30.0)
        env.run(until=150.0)
        shop.warehouse.fates
    """

    def __init__(self, env: Environment, settings: StockedShopSettings | None = None) -> None:
        settings = StockedShopSettings() if settings is None else settings
        require_kind("settings", settings, StockedShopSettings)
        self.env = env
        self.settings = settings
        self.system = System(env)
        region = self.system.add_region("region")
        self.zones: list[Zone] = [self.system.add_zone(name, region) for name in settings.zones]
        self.books = Books()
        self.stores = self._stores()
        items = range(settings.items)
        self.shelf = Shelf(
            env,
            items,
            breakage_rate=settings.breakage_rate,
            miscount_probability=settings.miscount_probability,
        )
        self.warehouse = self._warehouse(items)
        self.sides = {zone.name: self._side(zone) for zone in self.zones}

    # -- users ----------------------------------------------------------------------------------------------

    def admit_users(self, *, since: float = 0.0, until: float = inf) -> dict[str, RequestTable]:
        """Let the public in on all sides, and the editors, from `since` until `until` (s).

        Returns what users on each side were told, by zone. Raises `ValueError` for a `since` that is past.
        """
        if not self.env.now <= require_number("since", since, "a number of seconds") < inf:
            raise ValueError(f"since must be finite and >= {self.env.now} s, which is now, got {since!r}")
        tables = {name: request_table() for name in self.sides}
        for name, table in tables.items():
            self.env.call_later(since - self.env.now, self._admit, name, table, until)
        if self.settings.edit_rate:
            self.env.call_later(since - self.env.now, self._admit_editors, until)
        return tables

    def _admit(self, name: str, table: RequestTable, until: float) -> None:
        settings = self.settings
        rates = {PAGE: settings.page_rate, ORDER: settings.order_rate}
        OpenLoop(
            self.env,
            self._entrance(self.system.zone(name), f"users in {name}"),
            rate=sum(rates.values()),
            mix=OperationMix(*(Operation(name=name, weight=rate) for name, rate in rates.items() if rate)),
            keys=_Visits(self.env, settings, name),
            until=until,
            table=table,
            name=f"users in {name}",
        )

    def _admit_editors(self, until: float) -> None:
        settings = self.settings
        OpenLoop(
            self.env,
            self._entrance(self.zones[-1], "editors"),
            rate=settings.edit_rate,
            mix=OperationMix(Operation(name=EDIT, weight=1.0)),
            keys=_Edits(self.env, settings),
            until=until,
            name="editors",
        )

    def _entrance(self, zone: Zone, name: str) -> Endpoint:
        """Return the way into the shop for those who are in a zone."""
        users = self.system.add_host(name, zone)
        way = self.system.network.connect(users, self._service(zone).instances[0])
        return Timeout(self.env, way, self.settings.patience, name=f"patience of {name}")

    def _service(self, zone: Zone) -> Service:
        return self.system.service(f"shop in {zone.name}")

    # -- stores ---------------------------------------------------------------------------------------------

    def _stores(self) -> dict[str, Store]:
        settings = self.settings
        is_agreed = settings.stock is StockCount.AGREED
        stock = Consistency.CP if is_agreed else Consistency.AP
        stores = {"catalogue": self._store("catalogue", settings.catalogue)}
        if stock is settings.payment:
            stores["stock"] = stores["payments"] = self._store("orders", stock)
        else:
            stores["stock"] = self._store("stock", stock)
            stores["payments"] = self._store("payments", settings.payment)
        return stores

    def _store(self, name: str, consistency: Consistency) -> Store:
        env, system, settings = self.env, self.system, self.settings
        hosts = [system.add_host(f"{name} in {zone.name}", zone) for zone in self.zones]
        if consistency is Consistency.CP:
            return RaftStore(
                env,
                system.network,
                hosts,
                settings=settings.raft,
                client_settings=settings.raft_client,
                name=name,
            )
        quorums = QuorumSettings(
            replicas=len(hosts),
            read_level=1,
            write_level=1,
            versioning=Versioning.CLIENT_CLOCK,  # see `split_stock`, rule 1
            durability=GroupCommit(),
        )
        return QuorumStore(env, system.network, hosts, settings=quorums, name=name)

    def _client(self, store: Store, host: Host, **levels: Any) -> Endpoint:
        """Return a client of a store on `host`: of an AP one with a session, and other nodes to ask."""
        if not isinstance(store, QuorumStore):
            return store.client(host)
        if not self.settings.keeps_sessions:
            return store.client(host, **levels)
        nodes = sorted(store.nodes, key=lambda node: node.host.zone is not host.zone)
        ways = [
            Timeout(self.env, store.client(host, contacts=[node], **levels), _WAY_TIMEOUT) for node in nodes
        ]
        return Session(self.env, ways, patience=_WAY_TIMEOUT, name=f"session of {host.name}")

    def _protected(self, endpoint: Endpoint, host: Host, what: str) -> Endpoint:
        return self.settings.protection.around(self.env, endpoint, name=f"{host.name} to {what}")

    def _stock(self, host: Host, side: str) -> Endpoint:
        settings, client = self.settings, self._client(self.stores["stock"], host)
        buffer = settings.buffer
        stock: Endpoint
        if settings.stock is StockCount.AGREED:
            stock = AgreedStock(client, buffer=buffer)
        elif settings.stock is StockCount.OVERWRITTEN:
            stock = OverwrittenStock(client, buffer=buffer)
        else:
            stock = SplitStock(self.env, client, side=side, sides=settings.zones, buffer=buffer)
        return self._protected(stock, host, "stock")

    # -- who stands where -----------------------------------------------------------------------------------

    def _warehouse(self, items: Sequence[int]) -> Warehouse:
        host = self.system.add_host("warehouse", self.zones[-1])
        payments = self._protected(self._client(self.stores["payments"], host), host, "payments")
        refunds = Outbox(
            self.env, _Refunds(payments), host=host, in_order=False, capacity=inf, name="refunds"
        )
        return Warehouse(
            self.env,
            host,
            self.system.network,
            self.shelf,
            self._stock(host, WAREHOUSE),
            self.system.add_part("refunds", refunds),
            items=items,
            settings=self.settings.warehouse,
        )

    def _side(self, zone: Zone) -> Side:
        env, settings, network = self.env, self.settings, self.system.network
        host = self.system.add_host(f"shop in {zone.name}", zone, cores=4)
        catalogue, payments = self.stores["catalogue"], self.stores["payments"]

        def entries(level: Any, what: str) -> Endpoint:
            return self._protected(self._client(catalogue, host, read_level=level), host, what)

        ways = Ways(
            pages=entries(settings.page_level, "pages"),
            prices=entries(settings.order_level, "prices"),
            edits=self._protected(
                self._client(catalogue, host, write_level=settings.edit_level), host, "edits"
            ),
            stock=self._stock(host, zone.name),
            money=self._protected(self._client(payments, host), host, "payments"),
            warehouse=self._protected(network.connect(host, self.warehouse), host, "warehouse"),
        )
        first = Entry(0, settings.price, True)
        side = Side(env, host, ways, self.books, first, name=zone.name)
        self.system.add_part(side.outbox.name, side.outbox)
        step = in_sequence(Work(_WORK), by_operation(side.handlers))
        service = self.system.add_service(f"shop in {zone.name}", [host], lambda host: step)
        side.watch(service.instances[0])
        return side


class _Refunds(Endpoint):
    """Gives the money of an order back, by writing that down."""

    name = "refunds"

    def __init__(self, payments: Endpoint) -> None:
        self.host = payments.host
        self._payments = payments

    def call(self, request: Any) -> Any:
        order: Order = request.key
        return self._payments.call(write(("refund", order.number), True))


class _Visits:
    """What the users of one side come for, each with an order's number of his own."""

    def __init__(self, env: Environment, settings: StockedShopSettings, side: str) -> None:
        self._items = ZipfKeys(env, settings.items, exponent=settings.popularity, name=f"{side}/items")
        self._side = side
        self._count = 0

    def __call__(self) -> Visit:
        self._count += 1
        return Visit(f"{self._side}/{self._count}", self._items())


class _Edits:
    """What editors write: now and then an item is withdrawn, or comes back; and its price is another."""

    def __init__(self, env: Environment, settings: StockedShopSettings) -> None:
        self._items = UniformKeys(env, settings.items, name="editors/items")
        self._chance = env.sampler("editors/chance", Uniform(0.0, 1.0))
        self._settings = settings
        self._count = 0

    def __call__(self) -> Edit:
        self._count += 1
        settings = self._settings
        price = round(settings.price * (0.8 + 0.4 * self._chance()), 2)
        return Edit(self._items(), Entry(self._count, price, self._chance() >= settings.withdrawn_share))
