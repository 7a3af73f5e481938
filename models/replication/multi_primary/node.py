"""A node of a multi-primary store: takes reads and updates from clients alone, and tells the others later.

Rules:

1. An update is made from what the node has at that moment, committed or not, as its resolution says, gets the
   next number of this life of the node, and is appended to its log.
2. When the log's durability policy lets it be acknowledged it is shown to readers, sent to the other nodes
   (see `shipping`), and the client is told. Nobody else is asked, and so nobody else can be in the way.
3. Updates from others are appended and committed alike, then shown and acknowledged.
4. A read shows what is committed here. Its version, for sessions, is the vector of all that is; that of an
   update is its own number, and so any node that has it will do. A scan is such a read of many keys. It
   has no mark: there is no one order in which something would be after one.
5. A crash takes what the log had not made durable. A restart makes durable what was only written, reads the
   log, one record after the other (`read_time`), and goes on under another name, since what it has forgotten
   others may have. A node whose disk was destroyed begins with nothing, and gets from its peers what they
   have. What it had acknowledged and not shipped nobody has.

Leaves out: shortening the log. Source: Newman, "Building Microservices", chapter "Microservices at Scale";
the conflict rules are those of `resolution`, the order of commit and show that of `replication.single`.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from math import inf
from typing import Any

from simulator import Environment

from ...failures import ServerError
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...request import Request, Response
from ...storage import Disk, Log
from ..operations import READ, SCAN
from ..scans import Scanned
from ..versions import VersionVector
from .flaws import MultiPrimaryFlaws
from .holdings import Holdings
from .ledger import Ledger
from .messages import Have, Update, Updates
from .resolution import Writer
from .settings import MultiPrimarySettings
from .shipping import Shipping


class PrimaryNode(Node):
    """The `index`-th node of a store, on `host`."""

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        index: int,
        settings: MultiPrimarySettings,
        flaws: MultiPrimaryFlaws,
        ledger: Ledger,
        *,
        name: str,
    ) -> None:
        self.index = index
        self.settings = settings
        self.flaws = flaws
        self.ledger = ledger
        self.disk = Disk(host, sync_time=settings.sync_time, read_time=settings.read_time, name=name)
        self.log: Log[Update] = Log(self, self.disk, settings.durability)
        self.recovery_time = 0.0
        self._peers: Sequence[PrimaryNode] = ()
        super().__init__(
            env,
            host,
            network,
            message_work=settings.message_work,
            transport=settings.transport,
            threads=settings.threads,
            start_time=settings.start_time,
            name=name,
        )

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Have nothing, and know nothing of the peers."""
        self.holdings = Holdings(self.flaws, self.ledger.in_conflict)
        self.writer = Writer(f"{self.name}/{self.incarnation}", self.host.clock, -inf)
        self._earlier_origins: frozenset[str] = frozenset()
        self.shipping = Shipping(self, self._peers)
        self.on(Updates, self._take)
        self.on(Have, self.shipping.hear)

    def recover(self) -> Generator[Any, Any, None]:
        """Make durable what is written, since it will be shown, and read it."""
        start, log = self.env.now, self.log
        log.recover()
        if log.durable_position < log.last_position:
            yield from log.sync()
        yield from self.disk.read(log.last_position)
        self.holdings.replay(log, log.last_position)
        self._earlier_origins = frozenset(
            origin for origin in self.holdings.appended if origin.rpartition("/")[0] == self.name
        )
        self.recovery_time += self.env.now - start

    def wake_up(self) -> None:
        """Tell the others what is there, once they are known."""
        if self._peers:
            self.shipping.begin()

    def meet(self, peers: Sequence[PrimaryNode]) -> None:
        """Know the peers: once all nodes are made."""
        self._peers = peers
        self.shipping = Shipping(self, peers)
        self.on(Have, self.shipping.hear)
        if self.is_awake and peers:
            self.shipping.begin()

    def keeps_to_itself(self, origin: str) -> bool:
        """Return whether updates of `origin` are offered to nobody, which is a flaw."""
        return self.flaws.loses_outbox and origin in self._earlier_origins

    # -- clients --------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a read from what is shown, an update when it is committed here."""
        if self.settings.work:
            yield from self.work(self.settings.work)
        resolution, holdings, log = self.settings.resolution, self.holdings, self.log
        if request.operation == READ:
            found = holdings.shown.get(request.key)
            told = resolution.told(None if found is None else found.version)
            return Response(told, version=VersionVector(holdings.committed))
        if request.operation == SCAN:
            return self._scan(request)
        entry = holdings.latest.get(request.key)
        present = None if entry is None else entry.version
        version, answer = resolution.updated(request, present, self.writer)
        if version is None:
            # What it was judged by has to be safe.
            yield from self._commit(log.last_position)
            return answer
        update = self._made(request.key, version)
        base = None if present is None else resolution.winner(present)
        self.ledger.taken(update, resolution.winner(version), base)
        position = holdings.append(update, log)
        if self.flaws.acknowledges_before_durable:
            log.when_committed(position, self._show_until, position)
        else:
            yield from self._commit(position)
        self.ledger.acknowledged(update)
        return Response(answer, version=VersionVector({update.origin: update.number}))

    def _scan(self, request: Request) -> Response:
        if request.value is not None:
            raise ServerError(f"{self.name} has no marks to scan after, got {request.value!r}")
        shown, resolution = self.holdings.shown, self.settings.resolution
        items = tuple(
            (key, resolution.told(version))
            for key in request.key.among(shown)
            if (version := shown[key].version).shown() is not None
        )
        return Response(Scanned(items), version=VersionVector(self.holdings.committed))

    def _made(self, key: Any, version: Any) -> Update:
        origin, appended = self.writer.name, self.holdings.appended
        return Update(origin, appended.get(origin, 0) + 1, key, version, dict(appended), self.env.now)

    def _commit(self, position: int) -> Generator[Any, Any, None]:
        yield from self.log.commit(position)
        self._show_until(position)

    def _show_until(self, position: int) -> None:
        if position > self.holdings.position:
            self.holdings.show_until(self.log, position)
            self.shipping.push()

    # -- peers ----------------------------------------------------------------------------------------------

    def _take(self, message: Updates) -> None:
        holdings, log, is_news = self.holdings, self.log, False
        for update in message.updates:
            if holdings.is_old(update):
                self.ledger.duplicate_count += 1
                continue
            for each in holdings.in_turn(update):
                holdings.append(each, log)
                is_news = True
        if is_news:
            log.when_committed(log.last_position, self._taken, message.sender, log.last_position)

    def _taken(self, sender: PrimaryNode, position: int) -> None:
        self._show_until(position)
        self.shipping.say(sender)

    # -- for observers --------------------------------------------------------------------------------------

    def held(self) -> Holdings:
        """Return what it has; when it is down, what is on its disk."""
        if self.is_awake:
            return self.holdings
        held = Holdings(self.flaws, _nobody)
        held.replay(self.log, self.log.surviving_position)
        return held

    def contents(self) -> Mapping[Any, Any]:
        """Return the values by key, as a read here would show them."""
        shown = {key: entry.version.shown() for key, entry in self.held().shown.items()}
        return {key: value for key, value in shown.items() if value is not None}


def _nobody(one: Update, other: Update) -> None:
    """Hear of a conflict that was met before."""
