"""A client of a primary-replica store: it finds the primary, and reads where its policy says.

It is the driver in the client's process. What it knows of the store it has from answers:

1. It calls whom it takes for the primary: the first member to begin with. One that is not says who is, as far
   as it knows, and the client calls that one next, since nothing was done.
2. When a call has failed or was given up, it asks others before the next one: the monitor, where there is
   one, then the members in turn, each for up to `discovery_timeout`; the first who knows of a primary that is
   no older than the client's is believed. (libpq tries its hosts in turn for one that is read-write; Kafka's
   clients fetch metadata from the brokers.)
3. It has no timeout for the calls themselves: whoever wants one puts it around the client. A write is sent
   once.
4. Reads and scans go to the primary, to a member at random or to the nearest, with the marks that the policy
   asks for (see `ReadPolicy`), which whoever is asked has to have seen; as a scan's `after` has to be, too. A
   member that does not answer is not replaced by another.
5. What it knows it has in memory: it begins anew when its host does, with the first member and no marks.

With `Told.UNASKED` a write is a message to the primary, and done as soon as it is sent. So a client that only
writes never learns of another primary. (Kafka's broker closes the connection on such a producer, which is
left out.)
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ...endpoint import Call, Endpoint
from ...failures import CallFailed, ServerError, Unavailable
from ...infrastructure import Host
from ...network import Locality, locality
from ...request import Request, Response
from ..operations import READING, SCAN
from .requests import START, WHERE, Behind, Demand, Mark, NotPrimary, Reply, ScanDemand
from .settings import IfBehind, ReadPolicy, Source, Told

if TYPE_CHECKING:
    from .store import PrimaryReplicaStore

_DISTANCE = {where: distance for distance, where in enumerate(Locality)}
_ASK_WHERE = Request(WHERE)


class PrimaryReplicaClient(Endpoint):
    """A client on `host`; made by `PrimaryReplicaStore.client`. `reads` may differ from client to client."""

    def __init__(
        self,
        store: PrimaryReplicaStore,
        host: Host,
        reads: ReadPolicy,
        *,
        discovery_timeout: float,
        name: str,
    ) -> None:
        self.host: Host = host
        self.name = name
        self._env = store.env
        self._network = store.network
        self._members = store.nodes
        self._told = store.settings.told
        self._reads = reads
        self._timeout = discovery_timeout
        self._ways = [store.network.connect(host, member) for member in self._members]
        monitor = store.monitor
        self._monitor = None if monitor is None else store.network.connect(host, monitor)
        self._nearest = min(
            range(len(self._ways)),
            key=lambda index: (_DISTANCE[locality(host, self._members[index].host)], index),
        )
        self._stream = store.env.stream(f"client/{name}") if reads.source is Source.ANY else None
        self._start_afresh()
        host.on_restart(self._start_afresh, endpoint=self.serving)

    def _start_afresh(self) -> None:
        self._primary = 0
        self._epoch = 0
        self._is_suspect = False
        self._own: Mark = START
        self._seen: Mark = START

    def call(self, request: Request) -> Call:
        """Answer `request` as the store does."""
        if request.operation in READING:
            reply = yield from self._read(request)
            self._seen = max(self._seen, reply.mark)
        elif self._told is Told.UNASKED:
            member = self._members[self._primary]
            self._network.send(
                self.host,
                member.host,
                member.deliver,
                request,
                size_bytes=request.size_bytes,
                transport="tcp",
            )
            return Response()
        else:
            reply = yield from self._ask_primary(request)
            self._own = max(self._own, reply.mark)
        return Response(reply.value, version=reply.mark)

    # -- reading --------------------------------------------------------------------------------------------

    def _read(self, request: Request) -> Generator[Any, Any, Reply]:
        reads = self._reads
        mark = max(self._own if reads.own_writes else START, self._seen if reads.is_monotonic else START)
        if reads.source is not Source.PRIMARY:
            waits = reads.if_behind is IfBehind.WAIT
            demand = _demand(request, of_primary=False, mark=mark, waits=waits, wait_max=reads.wait_max)
            way = self._ways[self._pick()]
            answer = (yield from way.call(replace(request, value=demand))).value
            if not isinstance(answer, Behind):
                assert isinstance(answer, Reply)
                return answer
        demand = _demand(request, of_primary=True, mark=mark, waits=True, wait_max=reads.wait_max)
        return (yield from self._ask_primary(replace(request, value=demand)))

    def _pick(self) -> int:
        if self._stream is None:
            return self._nearest
        return int(self._stream.integers(len(self._ways)))

    # -- finding the primary --------------------------------------------------------------------------------

    def _ask_primary(self, request: Request) -> Generator[Any, Any, Reply]:
        """Call the primary, and whoever it says is that; each says that it is not before it does anything."""
        for _ in range(len(self._ways) + 1):
            if self._is_suspect:
                yield from self._discover()
            asked = self._primary
            try:
                answer = (yield from self._ways[asked].call(request)).value
            except BaseException:
                self._is_suspect = True
                raise
            if isinstance(answer, Reply):
                return answer
            assert isinstance(answer, NotPrimary)
            self._learn(answer)
            if self._primary == asked:
                self._is_suspect = True
                break
        raise Unavailable(f"{self.name} knows of no primary")

    def _learn(self, answer: NotPrimary) -> bool:
        """Believe who says who the primary is, unless that is older than what is known."""
        if answer.primary is None or answer.epoch < self._epoch:
            return False
        self._primary, self._epoch = answer.primary, answer.epoch
        return True

    def _discover(self) -> Generator[Any, Any, None]:
        """Ask who the primary is, until somebody knows or all were asked."""
        first, *others = self._ways
        for way in [*([] if self._monitor is None else [self._monitor]), *others, first]:
            with self._env.move_on_after(self._timeout / self.host.clock_rate):
                try:
                    answer = (yield from way.call(_ASK_WHERE)).value
                except CallFailed:
                    continue
                if self._learn(answer):
                    self._is_suspect = False
                    return


def _demand(request: Request, *, of_primary: bool, mark: Mark, waits: bool, wait_max: float) -> Demand:
    """Return what is to be said with a read. Raises `ServerError` for a scan after what is no mark."""
    if request.operation != SCAN:
        return Demand(of_primary, mark, waits, wait_max)
    after = request.value
    if after is None:
        return ScanDemand(of_primary, mark, waits, wait_max, None)
    if not isinstance(after, tuple):
        raise ServerError(f"a scan must be after a mark of this store, got {after!r}")
    return ScanDemand(of_primary, max(mark, after), waits, wait_max, after)
