"""A salted key: a counter that is too hot for one shard, kept as several that are added up.

No table can split one key: whatever its range, it is in one place, and one place has so much throughput. So
the key is made several, its *sub-keys*, which a partitioner scatters:

1. An `add` goes to one of them, at random: each has its share of the adds. One with an idempotency key goes
   to where the same went before, or nobody could know it again; without one, an add that is asked for once
   more after a failure may be added twice, as on any counter.
2. A read is a scan of all of them, and tells their sum; `None` where none was ever written. It costs as much
   as all of them: what salting takes from writes it puts on reads.
3. Anything else is a `ServerError`, before anything is done: of a value that is no sum of parts there is no
   reading it back together. Other keys are not touched.

A read is as fresh as a scan: what was acknowledged before it began is in it, and of what happens meanwhile
some may be. So two reads at a time may each miss what the other has seen, and the counter is not linearizable
even where the store is: of two adds of 1 and 2 one may tell 1 and the other 2.

Leaves out: keys that are found to be hot and salted then; for that all its clients would have to agree when.
Source: Amazon DynamoDB's developer guide, "Using write sharding to distribute workloads evenly"; sharded
counters in Google's documentation of Firestore, "Distributed counters".
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from numbers import Real
from typing import Any

from simulator import Environment

from ..endpoint import Call, Endpoint, Wrapper
from ..failures import ServerError
from ..hashing import hash_of
from ..replication import ADD, READ, SCAN
from ..replication.scans import GivenKeys, Scanned
from ..request import Request, Response
from ..validation import require_count, require_name
from .requests import with_key

SALT_MAX = 10_000
"""Sub-keys that a key may have: each read asks for all of them, so that more is a mistake."""


class SaltedKey(Wrapper):
    """Keeps the counter at `key` of the store behind `target` as `salt_count` (>= 2) sub-keys.

    `sub_key(key, number)` is how they are called, by default the pair of the two; where keys are of one kind,
    as under a `RangePartitioner`, they must be of that. Salts come from the stream "salted/<name>".

    Example::

        counter = SaltedKey(env, store.client(web), "likes of video 17", salt_count=16, name="web-1")
        yield from counter.call(add("likes of video 17", 1))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        key: Any,
        *,
        salt_count: int = 8,
        sub_key: Callable[[Any, int], Any] = lambda key, number: (key, number),
        name: str = "salted key",
    ) -> None:
        require_count("salt_count", salt_count, 2)
        if salt_count > SALT_MAX:
            raise ValueError(f"salt_count must be at most {SALT_MAX}, got {salt_count!r}")
        if not callable(sub_key):
            raise TypeError(f"sub_key must be a function of a key and a number, got {sub_key!r}")
        require_name("name", name)
        super().__init__(target, name=name)
        self.key = key
        self.sub_keys = tuple(sub_key(key, number) for number in range(salt_count))
        if len(set(self.sub_keys)) < salt_count:
            raise ValueError(f"sub_key must tell sub-keys apart, got {self.sub_keys!r}")
        self._stream = env.stream(f"salted/{name}")
        self._all = GivenKeys(self.sub_keys)

    def call(self, request: Request) -> Call:
        """Answer `request` for the key from its sub-keys, and any other as the target does."""
        if request.key != self.key:
            return (yield from self.target.call(request))
        if request.operation == READ:
            response = yield from self.target.call(
                replace(request, operation=SCAN, key=self._all, value=None)
            )
            total = self._sum(response.value)
            return Response(total, response.degraded, response.size_bytes, None, response.as_of)
        if request.operation != ADD:
            raise ServerError(f"{self.name}: {self.key!r} is a counter, and takes no {request.operation}")
        return (yield from self.target.call(with_key(request, self._sub_key_of(request))))

    def _sum(self, scanned: Scanned) -> float | None:
        for sub_key, count in scanned.items:
            if not isinstance(count, Real):
                raise ServerError(f"{self.name}: {self.key!r} is a counter, but {sub_key!r} holds {count!r}")
        return sum(count for _, count in scanned.items) if scanned.items else None

    def _sub_key_of(self, request: Request) -> Any:
        count = len(self.sub_keys)
        if request.idempotency_key is None:
            return self.sub_keys[int(self._stream.integers(count))]
        return self.sub_keys[hash_of(request.idempotency_key) % count]
