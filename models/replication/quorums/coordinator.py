"""A coordinator: takes a client's request to the replicas of its key, and answers when enough have answered.

Writes:

1. Where fewer replicas are trusted than the level wants, it is `Unavailable` at once, and nothing was done.
2. The write gets its version: a timestamp, or the next dot of the coordinator, which must then be a replica
   of the key; one that is not passes the request on to the nearest replica that it trusts, in its own region
   if the level is local. In a sloppy quorum that trusts none, it coordinates all the same.
3. It is sent to all replicas that are trusted, at the same time, and to itself without a message; for those
   that are suspected a hint is kept, or, in a sloppy quorum, somebody else of the preference list keeps it,
   for as long as hints are kept for such a replica at all.
4. It is acknowledged when as many have acknowledged as the level wants. If that takes longer than the
   time-out it is `TimedOut`: the write is where it is, will stay there, and will spread.
5. For replicas that have not acknowledged by the time-out a hint is kept.

Reads:

1. As above, `Unavailable` where too few are trusted.
2. As many of the nearest replicas as the level wants are asked, the first for data, the others for digests;
   or all, for data (see `ReadsFrom`). Where that takes long, one more may be asked (see `speculation`).
3. Where all agree, that is the answer. Otherwise all that were asked are asked for data.
4. The newest version of those is the answer. With blocking read repair, whoever of them has another one is
   written to first, and has to acknowledge; but not who only stands in for another. The time-out is over
   all of this. With background read repair they are written to and not waited for, and so is whoever answers
   within the time-out what turns out to be old.

A scan is as many reads at once, without repair: see `scan`.

The timestamps of one coordinator grow, by a microsecond at least, as long as its process lives: after a
restart they are what its clock says. Source: Cassandra's `StorageProxy`, `AbstractReadExecutor`,
`BlockingReadRepair` and `ClientState`; DeCandia et al., "Dynamo" (SOSP 2007), section 4.5.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Generator, Mapping, Sequence
from functools import partial
from math import inf
from typing import Any

from simulator import PARKED, Environment, LatencyHistogram, TimedOut

from ...failures import Refused, ServerError, Unavailable
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...request import Request, Response
from ..operations import DELETE, READ, SCAN, WRITE
from ..scans import KeySet
from ..versions import Cell, Siblings, VersionVector, next_timestamp
from .cluster import Cluster, region_of
from .levels import LOCAL, Demand, Level, name_of
from .messages import (
    DIGEST_BYTES,
    ReadRequest,
    ReadResponse,
    ScanRequest,
    ScanResponse,
    WriteAcknowledgement,
    WriteRequest,
)
from .preference_lists import Preference
from .read import LateAnswers, ReadRound, Repair
from .requests import QuorumRequest, SiblingsRead
from .scan import ScanRound, scanned
from .settings import ReadRepair, ReadsFrom, Versioning
from .speculation import AfterDelay, AfterPercentile, Always
from .write import Write

_NONE_SEEN = VersionVector()
_RELATIVE_ERROR = 0.02
_RECOUNTED = 64
"""After how many reads the percentile for speculation is looked up again."""


class Coordinator(Node):
    """A coordinator of the store that `cluster` describes; alone it is a client's, which holds no data."""

    def __init__(
        self, env: Environment, host: Host, network: Network, cluster: Cluster, *, name: str, **settings: Any
    ) -> None:
        self.cluster = cluster
        self.region = region_of(host)
        # A number of a message must not come twice, and a crash does not set it back: that is what the
        # generation of a node is for in a real one.
        self._last_number = 0
        super().__init__(env, host, network, name=name, **settings)

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Await nothing, and know nothing of latencies."""
        self._awaited: dict[int, Any] = {}
        self._last_timestamp = -inf
        self._latencies = LatencyHistogram(_RELATIVE_ERROR)
        self._speculation_delay = self.cluster.settings.read_timeout / 2.0
        self.on(WriteAcknowledgement, self._write_acknowledged)
        self.on(ReadResponse, self._read_answered)
        self.on(ScanResponse, self._scan_answered)

    def next_number(self) -> int:
        """Return a number that this node has never used."""
        self._last_number += 1
        return self._last_number

    # -- what nodes that hold data do otherwise -------------------------------------------------------------

    def trusts(self, peer: Coordinator) -> bool:
        """Return whether `peer` is taken to be alive."""
        return True

    def _absent(self, replicas: Sequence[Coordinator]) -> Sequence[Coordinator]:
        """Return who of them is suspected to be down."""
        return ()

    def keeps_hints_for(self, replica: Coordinator) -> bool:
        """Return whether hints for `replica` are kept now."""
        return False

    def keep_hint(
        self, replica: Coordinator, key: Any, version: Any, then: Callable[[], object] | None = None
    ) -> None:
        """Keep a hint for `replica` if hints are kept here, and call `then()` when it is durable."""

    # -- messages -------------------------------------------------------------------------------------------

    def send_write(self, target: Coordinator, key: Any, version: Any, awaited: Any) -> None:
        """Send a write of its own to `target`, and let `awaited` hear of the acknowledgement."""
        number = self.next_number()
        self._awaited[number] = awaited
        self._send_write(target, number, key, version)
        timeout = self.cluster.settings.write_timeout
        if timeout < inf:
            self.after(timeout, self.awaits_no_more, number)

    def _send_write(
        self, target: Coordinator, number: int, key: Any, version: Any, instead_of: Any = None
    ) -> None:
        message = WriteRequest(number, self, key, version, instead_of)
        self.send_leg(target, message, version.weight(), self.cluster.legs.write_request)

    def send_read(self, target: Coordinator, reading: ReadRound, *, is_digest: bool) -> None:
        """Ask `target` for what it has of the key that is being read."""
        message = ReadRequest(reading.number, self, reading.key, is_digest)
        self.send_leg(target, message, DIGEST_BYTES, self.cluster.legs.read_request)

    def send_scan(self, target: Coordinator, scanning: ScanRound, number: int, keys: KeySet) -> None:
        """Ask `target` for what it has of all `keys`."""
        self.send_leg(target, ScanRequest(number, self, keys), DIGEST_BYTES, self.cluster.legs.read_request)

    def send_leg(
        self, target: Coordinator, message: Any, size_bytes: int, leg: Callable[[], float] | None
    ) -> None:
        """Send a message, which takes as long as its `leg` says on top of the network's latency."""
        if leg is None:
            self.send(target, message, size_bytes=size_bytes)
        else:
            self.sent_count += 1
            self.network.send(
                self.host,
                target.host,
                target.arrive,
                leg(),
                message,
                size_bytes=size_bytes,
                transport=self._transport,
            )

    def arrive(self, delay: float, message: Any) -> None:
        """Receive a message `delay` seconds after the network has brought it; for the network."""
        self.env.call_later(delay, self.deliver, message)

    def awaits(self, number: int, awaited: Any) -> None:
        """Let `awaited` hear of answers to the message of that number."""
        self._awaited[number] = awaited

    def awaits_no_more(self, number: int) -> None:
        """Let answers to the message of that number be ignored."""
        self._awaited.pop(number, None)

    def _write_acknowledged(self, message: WriteAcknowledgement) -> None:
        awaited = self._awaited.get(message.number)
        if awaited is not None:
            awaited.acknowledged(message.sender)

    def _read_answered(self, message: ReadResponse) -> None:
        awaited = self._awaited.get(message.number)
        if awaited is not None:
            awaited.answered(message.sender, message.version, is_digest=message.is_digest)

    def _scan_answered(self, message: ScanResponse) -> None:
        awaited = self._awaited.get(message.number)
        if awaited is not None:
            awaited.answered(message.sender, message.versions)

    # -- requests -------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a client's `request`: read, scan, write or delete."""
        operation = request.operation
        doing: Generator[Any, Any, Any]
        if operation == READ:
            doing = self._read(request)
        elif operation in (WRITE, DELETE):
            doing = self._write(request)
        elif operation == SCAN:
            doing = scanned(self, request, self._level(request, is_read=True))
        else:
            raise ServerError(f"{self.cluster.name} knows no {operation!r}")
        return self._work_and(doing) if self.cluster.settings.work else doing

    def _work_and(self, doing: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        yield from self.work(self.cluster.settings.work)
        return (yield from doing)

    def _level(self, request: Request, *, is_read: bool) -> Level | int:
        settings = self.cluster.settings
        if isinstance(request, QuorumRequest) and request.level is not None:
            return request.level
        return settings.read_level if is_read else settings.write_level

    def refuse_unless(self, demand: Demand, trusted: Collection[Coordinator], level: Level | int) -> None:
        """Raise `Unavailable` if those that are `trusted` are too few."""
        if not demand.is_met_by(trusted):
            self.cluster.counts.unavailable += 1
            raise Unavailable(f"{name_of(level)} wants {demand.needed}, of {len(trusted)} that are alive")

    # -- writes ---------------------------------------------------------------------------------------------

    def _write(self, request: Request) -> Generator[Any, Any, Response]:
        cluster = self.cluster
        preference = cluster.preference(request.key)
        level = self._level(request, is_read=False)
        if cluster.settings.versioning is Versioning.SIBLINGS and self not in preference.replicas:
            others = self._with_dots(preference, level)
            if others or not cluster.settings.sloppy:
                return (yield from self._pass_on(request, others))
        cluster.counts.writes += 1
        demand = cluster.demand(level, preference, self.region)
        absent = self._absent(preference.replicas)
        targets = self._targets(preference, absent) if absent else preference.themselves
        counts_hints = self._counts_hints(level)
        if not counts_hints:
            self.refuse_unless(demand, targets, level)
        key, version = request.key, self._new_version(request)
        write = Write(self, self.next_number(), key, version, demand, targets)
        self._start(write, targets, key, version)
        if absent:
            then = partial(write.count, self.region) if counts_hints else None
            stood_for = tuple(targets.values())
            for replica in absent:
                if replica not in stood_for:
                    self.keep_hint(replica, key, version, then)
        written = Response(version=_version_told(version))
        if write.is_done or cluster.flaws.acknowledges_before_quorum:
            return written
        write.waiter = self.env.active_process
        try:
            is_done = yield PARKED
        finally:
            write.waiter = None
        if not is_done:
            cluster.counts.timed_out += 1
            raise TimedOut(f"{name_of(level)}: {write.missing_count} of {demand.needed} did not acknowledge")
        return written

    def _targets(
        self, preference: Preference, absent: Sequence[Coordinator]
    ) -> dict[Coordinator, Coordinator]:
        """Return who is sent a write, and the replica that each stands for."""
        targets = {replica: replica for replica in preference.replicas if replica not in absent}
        if self.cluster.settings.sloppy:
            standing_in = (other for other in preference.others if self.trusts(other))
            stood_for = filter(self.keeps_hints_for, absent)
            targets.update(zip(standing_in, stood_for, strict=False))
        return targets

    def _start(
        self, write: Write, targets: Mapping[Coordinator, Coordinator], key: Any, version: Any
    ) -> None:
        number = write.number
        self._awaited[number] = write
        timeout = self.cluster.settings.write_timeout
        if timeout < inf:
            write.timer = self.after(timeout, write.expire)
        for target, replica in targets.items():
            self._send_write(target, number, key, version, None if target is replica else replica)

    def _counts_hints(self, level: Level | int) -> bool:
        is_enough = level is Level.ANY or self.cluster.flaws.counts_hints
        return is_enough and self.cluster.settings.hints is not None

    def _new_version(self, request: Request) -> Any:
        timestamp = request.timestamp if isinstance(request, QuorumRequest) else None
        if timestamp is None:
            timestamp = self._last_timestamp = next_timestamp(self.host.clock(), self._last_timestamp)
        return Cell(request.value, timestamp, request.operation == DELETE, request.size_bytes)

    def _with_dots(self, preference: Preference, level: Level | int) -> list[Coordinator]:
        """Return which replicas may give a new version its dot, nearest first."""
        return [
            replica
            for replica in self.cluster.nearest_first(self.host, preference)
            if self.trusts(replica) and (level not in LOCAL or replica.region == self.region)
        ]

    def _pass_on(self, request: Request, replicas: Sequence[Coordinator]) -> Generator[Any, Any, Response]:
        """Let the first of these that does not refuse coordinate."""
        for replica in replicas:
            try:
                with self.env.fail_after(self.cluster.settings.write_timeout / self.host.clock_rate):
                    return (yield from self.network.connect(self.host, replica).call(request))
            except Refused:
                continue
        raise Unavailable("no replica is alive")

    # -- reads ----------------------------------------------------------------------------------------------

    def _read(self, request: Request) -> Generator[Any, Any, Response]:
        cluster = self.cluster
        cluster.counts.reads += 1
        level = self._level(request, is_read=True)
        preference = cluster.preference(request.key)
        demand = cluster.demand(level, preference, self.region)
        candidates = self.candidates(preference, level)
        self.refuse_unless(demand, candidates, level)
        started_at = self.host.monotonic_clock()
        rounds: list[Any] = []
        scope = self.env.move_on_after(cluster.settings.read_timeout / self.host.clock_rate)
        version: Any = None
        with scope:
            version = yield from self._consult(request.key, demand, candidates, rounds)
        if scope.expired:
            cluster.counts.timed_out += 1
            raise TimedOut(f"{name_of(level)}: {rounds[-1].missing_count} answers are missing")
        self._learn(self.host.monotonic_clock() - started_at)
        return self.response_of(version)

    def candidates(self, preference: Preference, level: Level | int) -> Sequence[Coordinator]:
        """Return who may be asked, nearest first."""
        replicas: Sequence[Coordinator] = self.cluster.nearest_first(self.host, preference)
        absent = self._absent(replicas)
        if absent:
            replicas = [replica for replica in replicas if replica not in absent]
            if self.cluster.settings.sloppy:
                standing_in = [other for other in preference.others if self.trusts(other)]
                replicas += standing_in[: len(absent)]
        if level in LOCAL:
            return [replica for replica in replicas if replica.region == self.region]
        return replicas

    def _consult(
        self, key: Any, demand: Demand, candidates: Sequence[Coordinator], rounds: list[Any]
    ) -> Generator[Any, Any, Any]:
        """Return the version to answer with; `rounds` are what was waited for, for whoever gives up."""
        settings, counts = self.cluster.settings, self.cluster.counts
        if settings.reads_from is ReadsFrom.ALL:
            first = yield from self._ask(key, demand, candidates, len(candidates), (), rounds)
        else:
            is_eager = isinstance(settings.speculation, Always) and len(candidates) > demand.needed
            counts.speculations += is_eager
            asked, further = candidates[: demand.needed + is_eager], candidates[demand.needed + is_eager :]
            first = yield from self._ask(key, demand, asked, 1 + is_eager, further, rounds)
        if self.cluster.flaws.answers_first:
            return first.first()
        if first.agreed():
            full, newest = first, first.first()
        else:
            counts.mismatches += 1
            full = first
            if not first.is_all_data:
                full = yield from self._ask(key, demand, first.asked, len(first.asked), (), rounds)
            newest = full.newest()
            if settings.read_repair is ReadRepair.BLOCKING:
                yield from self._repair(key, newest, self._behind(full, newest), rounds)
        if settings.read_repair is ReadRepair.BACKGROUND:
            self._repair_later(full, newest)
        return newest

    def _ask(
        self,
        key: Any,
        demand: Demand,
        asked: Sequence[Coordinator],
        data_count: int,
        further: Sequence[Coordinator],
        rounds: list[Any],
    ) -> Generator[Any, Any, ReadRound]:
        """Go through one round: ask, the first `data_count` for data, and wait for enough answers."""
        reading = ReadRound(self, self.next_number(), key, demand, further)
        rounds.append(reading)
        self._awaited[reading.number] = reading
        timer = None
        try:
            for place, replica in enumerate(asked):
                reading.ask(replica, is_digest=place >= data_count)
            if not reading.is_over:
                delay = self._speculates_after() if further else inf
                if delay < inf:
                    timer = self.after(delay, self._speculate, reading)
                yield from self.wait_for(reading)
        finally:
            self.awaits_no_more(reading.number)
            if timer is not None:
                timer.cancel()
        return reading

    def wait_for(self, awaited: ReadRound | Repair | ScanRound) -> Generator[Any, Any, None]:
        """Wait until it is over, which it is not yet."""
        awaited.waiter = self.env.active_process
        try:
            yield PARKED
        finally:
            awaited.waiter = None

    def _repair(
        self, key: Any, newest: Any, behind: Sequence[Coordinator], rounds: list[Any]
    ) -> Generator[Any, Any, None]:
        """Write the newest version to those who have another one, and wait for them."""
        repair = Repair(self, behind)
        rounds.append(repair)
        number = self.next_number()
        self._awaited[number] = repair
        self.cluster.counts.repairs += len(behind)
        try:
            for replica in behind:
                self._send_write(replica, number, key, newest)
            if not repair.is_over:
                yield from self.wait_for(repair)
        finally:
            self.awaits_no_more(number)

    def _behind(self, reading: ReadRound, newest: Any) -> list[Coordinator]:
        """Return the replicas that have answered with something else than the newest version."""
        replicas = self.cluster.replicas_of(reading.key)
        return [replica for replica in reading.behind(newest) if replica in replicas]

    def _repair_later(self, reading: ReadRound, newest: Any) -> None:
        """Write to those that are behind, now and when they answer, and wait for nobody."""
        for replica in self._behind(reading, newest):
            self.repair(replica, reading.key, newest)
        if reading.unanswered_count:
            self._awaited[reading.number] = LateAnswers(self, reading, newest)
            timeout = self.cluster.settings.read_timeout
            if timeout < inf:
                self.after(timeout, self.awaits_no_more, reading.number)

    def repair(self, replica: Coordinator, key: Any, version: Any) -> None:
        """Write `version` to a replica that is behind, and do not wait for it."""
        if replica in self.cluster.replicas_of(key):
            self.cluster.counts.repairs += 1
            self._send_write(replica, self.next_number(), key, version)

    def response_of(self, version: Any) -> Response:
        """Return what a client is told of a key with this `version`."""
        if self.cluster.settings.versioning is not Versioning.SIBLINGS:
            if version is None:
                return Response()
            return Response(version.shown(), (), version.weight(), _version_told(version))
        if version is None:
            return Response(SiblingsRead(None, _NONE_SEEN))
        return Response(SiblingsRead(version.shown(), version.context), (), version.weight())

    # -- speculation ----------------------------------------------------------------------------------------

    def _speculate(self, reading: ReadRound) -> None:
        if reading.ask_further():
            self.cluster.counts.speculations += 1

    def _speculates_after(self) -> float:
        policy = self.cluster.settings.speculation
        if isinstance(policy, AfterDelay):
            return policy.delay
        if isinstance(policy, AfterPercentile):
            return min(max(self._speculation_delay, policy.at_least), policy.at_most)
        return inf

    def _learn(self, latency: float) -> None:
        policy = self.cluster.settings.speculation
        if isinstance(policy, AfterPercentile):
            self._latencies.record(latency)
            if self._latencies.count % _RECOUNTED == 0:
                # Rounded up: where all reads take the same time, none is to be tried again.
                percentile = self._latencies.percentile(policy.percentile)
                self._speculation_delay = percentile / (1.0 - _RELATIVE_ERROR)


def _version_told(version: Cell | Siblings) -> float | VersionVector:
    """Return what a client is told of a version: by which it is older or newer than others of its key."""
    return version.timestamp if isinstance(version, Cell) else version.context
