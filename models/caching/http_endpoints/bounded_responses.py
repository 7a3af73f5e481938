"""The memory of an HTTP cache: the stored responses of each URI, under an eviction policy.

All variants of a URI are one key to the policy: they come and go together, and are as much together as each
is by itself, one item or its bytes. So a page that varies by what each user sends fills the cache, as it does
elsewhere.
To decide is to look at them several times, and so looking is no use of them: an answer from the store is one
(`use`), and to store is one.
"""

from __future__ import annotations

from dataclasses import dataclass
from weakref import WeakKeyDictionary

from ...validation import require_kind
from ..eviction import EvictionPolicy
from ..http import StoredResponse
from ..ownership import take
from ..stores import UNITS
from .exchange import weight

Variants = tuple[StoredResponse, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class BoundedResponsesStatistics:
    """`held_count` URIs are held and weigh `used` of the capacity; `evicted_count` had to make room.

    `refused_count` did not fit at all, and `cleared_count` were lost with the process.
    """

    held_count: int
    used: int
    evicted_count: int
    refused_count: int
    cleared_count: int


class BoundedResponses:
    """Variants by primary key, up to the capacity of `policy`, which counts `unit`: "items" or "bytes".

    `as_of` has the simulated time in seconds as of which each stored response is. Example::

        responses = BoundedResponses(Lru(50 * 2**20), unit="bytes")
    """

    __slots__ = (
        "_cleared_count",
        "_evicted_count",
        "_refused_count",
        "_variants",
        "as_of",
        "owner",
        "policy",
        "unit",
    )

    def __init__(self, policy: EvictionPolicy, *, unit: str = "items") -> None:
        require_kind("policy", policy, EvictionPolicy)
        if unit not in UNITS:
            raise ValueError(f"unit must be one of {', '.join(UNITS)}, got {unit!r}")
        if len(policy):
            raise ValueError(f"policy must be one of its own, got one that holds {len(policy)} keys")
        take("policy", policy, "a BoundedResponses")
        self.owner: str | None = None
        self.policy = policy
        self.unit = unit
        # Weak: a response that has left the store may still be validated. Looked up, never gone through.
        self.as_of: WeakKeyDictionary[StoredResponse, float] = WeakKeyDictionary()
        self._variants: dict[str, Variants] = {}
        self._evicted_count = 0
        self._refused_count = 0
        self._cleared_count = 0

    def get(self, key: str, default: Variants = ()) -> Variants:
        """Return the variants of a key, or the default."""
        return self._variants.get(key, default)

    def use(self, key: str) -> None:
        """Take note that a request was answered with what is under the key, if it is still there."""
        self.policy.access(key)

    def __setitem__(self, key: str, variants: Variants) -> None:
        """Hold these under the key, in place of all that was there, if they fit."""
        size = len(variants)
        if self.unit == "bytes":
            size = sum(weight(each.response.headers, each.response.body) for each in variants)
        policy = self.policy
        evicted = policy.resize(key, size) if policy.access(key) else policy.insert(key, size)
        self._variants[key] = variants
        for victim in evicted:
            del self._variants[victim]  # type: ignore[arg-type] # what was inserted were texts
            if victim == key:
                self._refused_count += 1
            else:
                self._evicted_count += 1

    def pop(self, key: str, default: Variants = ()) -> Variants:
        """Let go of a key, and return what was there."""
        self.policy.discard(key)
        return self._variants.pop(key, default)

    def clear(self) -> None:
        """Let go of everything: the process has died."""
        self._cleared_count += len(self._variants)
        self._variants.clear()
        self.policy.clear()

    def __len__(self) -> int:
        """How many keys are held."""
        return len(self._variants)

    def __contains__(self, key: object) -> bool:
        """Whether a key is held; that is no use of it."""
        return key in self._variants

    def statistics(self) -> BoundedResponsesStatistics:
        """Return what is held, and what had to go."""
        return BoundedResponsesStatistics(
            held_count=len(self._variants),
            used=self.policy.used,
            evicted_count=self._evicted_count,
            refused_count=self._refused_count,
            cleared_count=self._cleared_count,
        )
