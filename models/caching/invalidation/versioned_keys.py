"""Versioned keys: content under a key of its own for each version, and a pointer that says which one it is.

What is under (key, version) never changes, so any cache may have it for ever, and no invalidation is needed;
what changes is small: the pointer, which is asked for every time, or kept for a short while. So it is done
with assets whose names have a hash in them, and the page that names them. Rules:

1. A read asks for the pointer and then for the content that it names: two questions, one after the other,
   where the second is answered by a cache nearly always. What it tells is as old as the pointer was
   (`Response.as_of`), since the content is what it has always been.
2. A write puts the content under a new version first, and then turns the pointer: who reads meanwhile is told
   the old value whole, or the new one, as at a single key. A write that fails between the two has done
   nothing that anybody sees.
3. A version is drawn at random from 2^63, so that no client needs to know of others, and a client that has
   restarted cannot use one again. A write that has an idempotency key gets its version from that: done twice,
   it is the same write.
4. A pointer to a content that is not there (a replica that lags, content that was cleaned up) is
   `Unavailable`: to say that there is no value would be wrong. What caches content must not keep that it was
   not there (`CacheStore(negative_ttl=0.0)`).
5. A deletion turns the pointer to nothing. What needs the old value to make the new one (`add`, a
   compare-and-set) is a `ServerError`.

Old contents stay where they are: nobody knows who still reads them. Leaves out: cleaning them up. Source:
RFC 8246, section 1, and Archibald, "Caching best practices & max-age gotchas" (2016), on names that change
with what they name; Heinemeier Hansson, "How key-based cache expiration works" (2012).
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from typing import Any

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper, require_endpoint
from ...failures import ServerError, Unavailable
from ...hashing import hash_of
from ...request import Request
from ...validation import require_each
from ..patterns import PUTS, READS

_DELETE = "delete"
_VERSIONS = 2**63


def pointer_key(key: Hashable) -> tuple[Hashable, str]:
    """Return the key under which the present version of `key` is told."""
    return key, "pointer"


def content_key(key: Hashable, version: int) -> tuple[Hashable, int]:
    """Return the key under which the content of a version of `key` is."""
    return key, version


@dataclass(frozen=True, slots=True, kw_only=True)
class VersionedKeysStatistics:
    """What has become of the calls so far.

    Of `read_count` reads `absent_count` found no pointer, and `dangling_count` one to a content that was not
    there. `write_count` writes were begun, and `turned_count` pointers turned, deletions included.
    """

    read_count: int
    absent_count: int
    dangling_count: int
    write_count: int
    turned_count: int


class VersionedKeys(Wrapper):
    """Reads and writes as a store does, whose pointers are at `pointers` and contents at `contents`.

    Both are asked with the operations that they are given here, and with keys that `pointer_key` and
    `content_key` make. They may be the same store, the one with a short-lived cache before it or none, the
    other with a cache for ever. It lives where `pointers`, its target, does. `reads` and `puts` are the
    operations that read and that write a whole value; besides these there is `delete`. Versions are drawn
    from the stream "versioned keys/<name>".

    Example::

        store = network.connect(web, origin)
        forever = Cache(env, store, CacheStore(env, Lru(10_000), negative_ttl=0.0))
        pages = VersionedKeys(env, store, forever, name="web")
    """

    def __init__(
        self,
        env: Environment,
        pointers: Endpoint,
        contents: Endpoint,
        *,
        reads: Iterable[str] = READS,
        puts: Iterable[str] = PUTS,
        name: str,
    ) -> None:
        """Know of no version."""
        require_endpoint("pointers", pointers)
        require_endpoint("contents", contents)
        if contents.host is not pointers.host:
            raise ValueError(
                f"contents must be on the host of pointers, {pointers.host}, got {contents.host}"
            )
        super().__init__(pointers, name=name)
        self.contents = contents
        self._reads = frozenset(require_each("reads", reads, str))
        self._puts = frozenset(require_each("puts", puts, str))
        if both := sorted(self._reads & self._puts):
            raise ValueError(f"an operation must not be in both reads and puts, got {both}")
        self._draw = env.stream(f"versioned keys/{name}").integers
        self._read_count = 0
        self._absent_count = 0
        self._dangling_count = 0
        self._write_count = 0
        self._turned_count = 0

    def call(self, request: Request) -> Call:
        """Answer a read, or do a write; raise `ServerError` for anything else."""
        operation = request.operation
        if operation in self._reads:
            return self._read(request)
        if operation in self._puts:
            return self._write(request)
        if operation == _DELETE:
            return self._turn(request, None)
        raise ServerError(f"{self.name}: a versioned key takes no {operation}")

    def _read(self, request: Request) -> Call:
        self._read_count += 1
        pointer = yield from self.target.call(replace(request, key=pointer_key(request.key)))
        if pointer.value is None:
            self._absent_count += 1
            return pointer
        content_request = replace(request, key=content_key(request.key, pointer.value))
        content = yield from self.contents.call(content_request)
        if content.value is None:
            self._dangling_count += 1
            raise Unavailable(f"{self.name}: no content of {request.key!r} under version {pointer.value}")
        degraded = (*pointer.degraded, *content.degraded)
        return replace(content, degraded=degraded, version=pointer.version, as_of=pointer.as_of)

    def _write(self, request: Request) -> Call:
        self._write_count += 1
        token = request.idempotency_key
        if token is None:
            version = int(self._draw(_VERSIONS))
        else:
            version, token = hash_of(token) % _VERSIONS, f"{token}/content"
        key = content_key(request.key, version)
        yield from self.contents.call(replace(request, key=key, idempotency_key=token))
        return (yield from self._turn(request, version))

    def _turn(self, request: Request, version: int | None) -> Call:
        value: Any = version
        response = yield from self.target.call(
            replace(request, key=pointer_key(request.key), value=value, size_bytes=0)
        )
        self._turned_count += 1
        return response

    def statistics(self) -> VersionedKeysStatistics:
        """Return what has happened so far."""
        return VersionedKeysStatistics(
            read_count=self._read_count,
            absent_count=self._absent_count,
            dangling_count=self._dangling_count,
            write_count=self._write_count,
            turned_count=self._turned_count,
        )
