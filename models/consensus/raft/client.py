"""A client of a Raft cluster: it finds the leader, and asks again where that is safe.

It begins with the node that answered last, at first the first. A node that does not lead names the leader,
if it knows it, and that one is asked next; otherwise the next in order that has not been asked, and when all
have been, all again after `retry_pause`. A node that does not answer within `attempt_timeout`, or for as long
as the caller has patience, is left for the next.

Asking again after silence is safe: a query changes nothing, and a command carries the client's session (see
`replica`), so that it is applied once however often it is sent, and the answer is that of the first time. One
that was given up may be applied later, though not after a later command of this client.

After `patience` seconds it gives up. If no attempt can have done anything (all were refused, or it was a
query) the call ends in `Unavailable`: nothing was done and nothing will be. Otherwise in `TimedOut`: the
command may be in a log, and be committed later. A command that was refused so far is not sent once more when
less time is left than a refusal of it has taken: it would be cut short, and all that is known with it. Where
the last answer takes longer than all before it, or never comes, the call ends in `TimedOut` nevertheless.

Times are of the client's host's clock. Source: Ongaro 2014, sections 6.2 (finding the leader) and 6.3
(sessions).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from simulator import Cancelled, Environment

from ...endpoint import Call, Endpoint
from ...failures import ConnectionLost, Refused, Rejected, TimedOut, Unavailable
from ...infrastructure import Host
from ...network import Network
from ...request import Request
from ...validation import require_duration, require_finite_duration
from .entries import Command
from .failures import NotLeader
from .node import COMMAND, RaftNode


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftClientSettings:
    """How long a client tries: for `patience` (> 0 s; infinite: for ever), each node `attempt_timeout` (> 0).

    Between rounds through all nodes it waits for `retry_pause` (> 0 s).
    """

    patience: float = 5.0
    attempt_timeout: float = 0.5
    retry_pause: float = 0.05

    def __post_init__(self) -> None:
        """Check the times."""
        require_duration("patience", self.patience)
        require_finite_duration("attempt_timeout", self.attempt_timeout)
        require_finite_duration("retry_pause", self.retry_pause)


DEFAULT_CLIENT_SETTINGS = RaftClientSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class RaftClientStatistics:
    """Of `call_count` calls so far `unavailable_count` and `unknown_count` were given up.

    They took `attempt_count` attempts in all.
    """

    call_count: int
    attempt_count: int
    unavailable_count: int
    unknown_count: int


class RaftClient(Endpoint):
    """Client number `number` of a cluster, on `host`; made by `RaftCluster.client`.

    `queries` are the operations that change nothing.
    """

    __slots__ = (
        "_attempt_count",
        "_believed",
        "_call_count",
        "_connections",
        "_env",
        "_given_up",
        "_number",
        "_open",
        "_places",
        "_queries",
        "_sequence",
        "_settings",
        "_unavailable_count",
        "_unknown_count",
        "host",
        "name",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        nodes: Sequence[RaftNode],
        queries: Collection[str],
        settings: RaftClientSettings,
        *,
        number: int,
        name: str,
    ) -> None:
        self.host: Host = host
        self.name = name
        self._env = env
        self._connections = [network.connect(host, node) for node in nodes]
        self._places = {node.name: place for place, node in enumerate(nodes)}
        self._queries = queries
        self._settings = settings
        self._number = number
        self._believed = 0
        self._sequence = 0
        self._open: dict[int, None] = {}  # commands that have not ended, in their order
        self._given_up: list[int] = []  # commands that have ended without an answer
        self._call_count = 0
        self._attempt_count = 0
        self._unavailable_count = 0
        self._unknown_count = 0

    def call(self, request: Request) -> Call:
        """Let the leader do what `request` asks, once."""
        self._call_count += 1
        if request.operation in self._queries:
            return (yield from self._ask(request, is_query=True))
        self._sequence = sequence = self._sequence + 1
        self._open[sequence] = None
        floor = next(iter(self._open))
        if self._given_up:
            self._given_up = [each for each in self._given_up if each > floor]
        command = Command(self._number, sequence, floor, request, tuple(self._given_up))
        try:
            carried = Request(
                COMMAND, request.key, command, request.size_bytes, request.priority, request.deadline
            )
            return (yield from self._ask(carried, is_query=False))
        except BaseException:
            self._given_up.append(sequence)
            raise
        finally:
            del self._open[sequence]

    def _ask(self, request: Request, *, is_query: bool) -> Call:
        env, host = self._env, self.host
        clock = host.monotonic_clock
        settings = self._settings
        end = clock() + settings.patience
        place = self._believed
        asked: set[int] = set()
        is_known = True  # that nothing was done
        slowest = 0.0  # of the refusals
        # Where a slow clock counts finer than the simulated time, the last of it may be no time at all.
        while (left := end - (sent_at := clock())) > 0.0 and env.now + left / host.clock_rate > env.now:
            if left <= slowest and is_known and not is_query:
                yield left / host.clock_rate
                break
            asked.add(place)
            hint = None
            try:
                answer = yield from self._attempt(place, request, min(settings.attempt_timeout, left))
            except NotLeader as refusal:
                hint = refusal.leader
            except (Refused, Rejected, Unavailable):
                pass
            except (TimedOut, ConnectionLost):
                is_known = is_query
            except (Cancelled, GeneratorExit):
                if self._believed == place:  # nobody has been answered there meanwhile
                    self._believed = (place + 1) % len(self._connections)
                raise
            else:
                self._believed = place
                return answer
            slowest = max(slowest, clock() - sent_at)
            following = self._next(place, hint, asked)
            if following is None:
                asked.clear()
                yield min(settings.retry_pause, max(0.0, end - clock())) / host.clock_rate
                following = (place + 1) % len(self._connections)
            place = following
        self._believed = place
        if is_known:
            self._unavailable_count += 1
            raise Unavailable(f"{self.name}: no leader has answered within {settings.patience} s")
        self._unknown_count += 1
        raise TimedOut(f"{self.name}: no leader has answered within {settings.patience} s: nobody knows")

    def _attempt(self, place: int, request: Request, patience: float) -> Call:
        """Ask one node, and raise `TimedOut` if it does not answer."""
        self._attempt_count += 1
        # What `with env.fail_after(...)` does, without the calls that a `with` costs: this is every call.
        deadline = self._env.open_deadline(patience / self.host.clock_rate)
        try:
            return (yield from self._connections[place].call(request))
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
        finally:
            deadline.process = None
        raise TimedOut(f"{self._connections[place].name}: no answer within {patience} s")

    def _next(self, place: int, hint: str | None, asked: set[int]) -> int | None:
        """Return which node to ask now, `None` when all have been asked."""
        if hint is not None and self._places[hint] not in asked:
            return self._places[hint]
        count = len(self._connections)
        for step in range(1, count):
            if (place + step) % count not in asked:
                return (place + step) % count
        return None

    def statistics(self) -> RaftClientStatistics:
        """Return what has become of the calls so far."""
        return RaftClientStatistics(
            call_count=self._call_count,
            attempt_count=self._attempt_count,
            unavailable_count=self._unavailable_count,
            unknown_count=self._unknown_count,
        )
