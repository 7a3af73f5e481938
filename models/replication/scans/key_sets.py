"""Sets of keys, by which a scan says what it is about.

    AllKeys      every key there is
    GivenKeys    those that are listed
    KeyRange     those from a `start` on and before an `end`, among keys that can be compared

A set need not know the keys that are in it, only to say of a key whether it is: so a range can be asked for
of which nobody knows what it holds, and who shards a store makes sets of his own (`KeySet`). It travels with
a request to every node: it is immutable, and has a hash.

Leaves out: indexes. A node goes through the keys that it has, and asks the set about each; or through those
that are listed, and asks itself.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Any


class KeySet(ABC):
    """A set of keys; derive from it, and say which are in it."""

    __slots__ = ()

    @abstractmethod
    def __contains__(self, key: object) -> bool:
        """Return whether `key` is in the set."""

    @property
    def listed(self) -> Collection[Any] | None:
        """The keys that are in the set, where they are known one by one, or else `None`."""
        return None

    def among(self, keys: Collection[Any]) -> Iterable[Any]:
        """Return those of `keys`, a set or mapping, that are in this one: in an order that runs repeat."""
        listed = self.listed
        if listed is None:
            return (key for key in keys if key in self)
        return (key for key in listed if key in keys)


@dataclass(frozen=True, slots=True)
class AllKeys(KeySet):
    """Every key."""

    def __contains__(self, key: object) -> bool:
        """Return True."""
        return True

    def among(self, keys: Collection[Any]) -> Iterable[Any]:
        """Return all of them."""
        return keys


class GivenKeys(KeySet):
    """The `keys` that are listed, in the order in which they were. Raises `TypeError` for one without a hash.

    Example: `scan(GivenKeys(["cart 1", "cart 2"]))`.
    """

    __slots__ = ("_keys",)

    def __init__(self, keys: Iterable[Any]) -> None:
        self._keys = dict.fromkeys(keys)

    @property
    def listed(self) -> Collection[Any]:
        """The keys."""
        return self._keys

    def __contains__(self, key: object) -> bool:
        """Return whether it is listed."""
        return key in self._keys

    def __eq__(self, other: object) -> bool:
        return isinstance(other, GivenKeys) and self._keys == other._keys

    def __hash__(self) -> int:
        return hash(frozenset(self._keys))

    def __repr__(self) -> str:
        return f"GivenKeys({list(self._keys)!r})"


@dataclass(frozen=True, slots=True)
class KeyRange(KeySet):
    """The keys from `start` on and before `end`; `None` is before, and after, all of them.

    A key that cannot be compared with these two is not in it. Example: `scan(KeyRange("cart ", "cart!"))`.
    """

    start: Any = None
    end: Any = None

    def __contains__(self, key: object) -> bool:
        """Return whether `key` is between the two."""
        try:
            return bool((self.start is None or self.start <= key) and (self.end is None or key < self.end))
        except TypeError:
            return False
