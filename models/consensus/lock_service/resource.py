"""What locks protect, and how it helps to protect itself: a store that looks at fencing tokens.

Whoever reads or writes shows the token of his lock. With `Fencing.READS_AND_WRITES` the resource remembers,
for each key, the highest that it was ever shown, and rejects what comes with a lower one: it is late, and
somebody else has begun. `Fencing.WRITES` looks at the tokens of writes alone, as the picture of this idea has
it mostly; then a late write is accepted after the new holder has read and before he has written, and what he
writes overwrites it unseen. `Fencing.NONE` looks at nothing.

It counts, as an observer of itself: accesses with a lower token than one that was let in before (late), and
writes that replace another value than their writer has read (lost updates). The resource could refuse those
as well: compare-and-set needs no lock. It must know what was read then, and hold nothing that cannot be
compared: a file, a device, mails.

The tokens are remembered with the data, and are as durable; here nothing of it is lost in a crash. Leaves
out: tokens that are checked with the service that gave them, as Chubby's servers may. Source: Kleppmann, "How
to do distributed locking" (2016); Burrows 2006, section 2.4, for sequencers.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any

from ...endpoint import Call, Endpoint
from ...failures import Rejected, ServerError
from ...infrastructure import Host
from ...replication import READ, WRITE
from ...request import Request, Response
from ...validation import require_count, require_delay, require_kind, require_name


class Fencing(Enum):
    """Whose tokens a resource looks at."""

    NONE = "none"
    WRITES = "writes"
    READS_AND_WRITES = "reads and writes"


@dataclass(frozen=True, slots=True)
class Versioned:
    """What a read is answered with: a value, and the how manieth it is; 0 where none was written."""

    value: Any
    version: int


@dataclass(frozen=True, slots=True)
class _Access:
    token: int | None
    value: Any = None
    version: int | None = None


def fenced_read(key: Any, token: int | None) -> Request:
    """Return the request that reads `key` under a lock's `token`; answered with a `Versioned`."""
    _require_token(token)
    return Request(READ, key, _Access(token))


def fenced_write(key: Any, value: Any, token: int | None, version: int | None = None) -> Request:
    """Return the request that writes `value`; `version` is what the writer has read, for counting alone."""
    _require_token(token)
    return Request(WRITE, key, _Access(token, value, version))


def _require_token(token: int | None) -> None:
    """Raise `ValueError` unless `token` is a lock's, or that of nobody: others could not be compared."""
    if token is not None:
        require_count("token", token)


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceStatistics:
    """What has become of the accesses so far.

    `read_count` reads and `write_count` writes were let in, and `refused_count` rejected for their tokens.
    `late_count` were let in with a lower token than another before them; `lost_update_count` writes have
    replaced another value than their writer had read.
    """

    read_count: int
    write_count: int
    refused_count: int
    late_count: int
    lost_update_count: int


class FencedResource(Endpoint):
    """A resource on `host`; each access costs `work` (s, >= 0) on a core there.

    Example::

        files = FencedResource(host)
        way = network.connect(web, files)
        read = (yield from way.call(fenced_read("stock", held.token))).value
        yield from way.call(fenced_write("stock", read.value - 1, held.token, read.version))
    """

    def __init__(
        self,
        host: Host,
        *,
        fencing: Fencing = Fencing.READS_AND_WRITES,
        work: float = 0.0,
        name: str = "resource",
    ) -> None:
        require_kind("host", host, Host)
        require_kind("fencing", fencing, Fencing)
        require_name("name", name)
        require_delay("work", work)
        self.host: Host = host
        self.name = name
        self.is_listening = True
        self._fencing = fencing
        self._work = work
        self._values: dict[Any, Versioned] = {}
        self._fences: dict[Any, int] = {}  # the highest token that is looked at
        self._highest: dict[Any, int] = {}  # the highest token that was let in
        self._counts = dict.fromkeys(ResourceStatistics.__dataclass_fields__, 0)

    def call(self, request: Request) -> Call:
        """Read or write, unless the token is too old."""
        access = request.value
        if not isinstance(access, _Access):
            raise ServerError(f"{self.name} takes a fenced_read or a fenced_write, got {request.operation!r}")
        if self._work:
            yield from self.host.work(self._work)
        is_write = request.operation == WRITE
        if self._fencing is Fencing.READS_AND_WRITES or (self._fencing is Fencing.WRITES and is_write):
            self._check(request.key, access.token)
        self._count_late(request.key, access.token)
        if is_write:
            self._write(request.key, access)
            return Response()
        self._counts["read_count"] += 1
        return Response(self.value(request.key))

    def _check(self, key: Any, token: int | None) -> None:
        fence = self._fences.get(key, 0)
        if token is None or token < fence:
            self._counts["refused_count"] += 1
            raise Rejected(self.name, f"token {token} is older than {fence}")
        self._fences[key] = token

    def _count_late(self, key: Any, token: int | None) -> None:
        if token is not None:
            highest = self._highest.get(key, 0)
            self._counts["late_count"] += token < highest
            self._highest[key] = max(highest, token)

    def _write(self, key: Any, access: _Access) -> None:
        before = self.value(key)
        self._counts["write_count"] += 1
        self._counts["lost_update_count"] += access.version not in (None, before.version)
        self._values[key] = Versioned(access.value, before.version + 1)

    def value(self, key: Any) -> Versioned:
        """Return what `key` holds now."""
        return self._values.get(key, _NOTHING)

    def statistics(self) -> ResourceStatistics:
        """Return what has become of the accesses so far."""
        return ResourceStatistics(**self._counts)


_NOTHING = Versioned(None, 0)
