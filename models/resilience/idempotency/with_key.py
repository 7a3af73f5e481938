"""The caller's half of idempotency: one key per call, the same for all its attempts.

It stands outside the retry. Inside, each attempt would be given a key of its own, and the server could not
tell a repetition from a second order: which is a mistake that is made in earnest.

A request that has a key keeps it: a server that passes requests on passes on whose repetition they are.

Leaves out: randomness. Real keys are random (UUIDs), so that nobody else's are the same and nobody guesses
them; numbers under a name that is unique in its environment are distinct for certain, and repeat from run to
run. The count outlives a crash of the caller's host, as random keys would. Source: the IETF draft "The
Idempotency-Key HTTP Header Field" (draft-ietf-httpapi-idempotency-key-header), section 2.2.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from weakref import WeakKeyDictionary

from simulator import Environment

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request


@dataclass(frozen=True, slots=True, kw_only=True)
class KeyStatistics:
    """Of `call_count` calls, `keyed_count` were given a key; the others had one."""

    call_count: int
    keyed_count: int


class WithIdempotencyKey(Wrapper):
    """Calls `target` with a copy of the request that has an idempotency key: "<name> 1", then "<name> 2".

    The second of a `name` in an environment counts as "<name>#2", and so on, as samplers do: two callers with
    the same keys would be taken for one. Not for requests that may well take effect twice, such as reads: the
    server would remember each of them for nothing.

    Example::

        payment = WithIdempotencyKey(env, Retry(env, Timeout(env, network.connect(web, bank), 0.5)))
    """

    def __init__(self, env: Environment, target: Endpoint, *, name: str = "key") -> None:
        """Give keys to what is sent to `target`."""
        super().__init__(target, name=name)
        names = _names_of.setdefault(env, Counter())
        names[name] += 1
        self._prefix = name if names[name] == 1 else f"{name}#{names[name]}"
        self._call_count = 0
        self._keyed_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` as the target answers it with a key."""
        self._call_count += 1
        if request.idempotency_key is None:
            self._keyed_count += 1
            request = replace(request, idempotency_key=f"{self._prefix} {self._keyed_count}")
        return self.target.call(request)

    def statistics(self) -> KeyStatistics:
        """Return what has happened so far."""
        return KeyStatistics(call_count=self._call_count, keyed_count=self._keyed_count)


# The names in use, by environment, so that what is built in one does not depend on what was built in another.
_names_of: WeakKeyDictionary[Environment, Counter[str]] = WeakKeyDictionary()
