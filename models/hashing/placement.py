"""The contract of placements: keys go to nodes, and which node depends on the key and the set of nodes alone.

Nodes have names, and are spoken of by their place in the list that the placement was built from. What differs
is how many keys move when a node comes or goes, how even the shares are, and what a lookup and a change cost:

    ring        n/(n+1) stay; uneven by 1/sqrt(points per node); lookup log(points); any node may go
    jump        n/(n+1) stay; as even as can be; lookup log n, no memory; only the last node may go
    maglev      nearly n/(n+1) stay; even; lookup one step; a change builds the table anew
    modulo      1/(n+1) stay; even

Leaves out: rendezvous hashing (a lookup costs a pass over all nodes), multi-probe hashing.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Sequence

import numpy as np
import numpy.typing as npt

from ..validation import require_kind, require_positive
from .stable_hash import Hashes, Key, hash_of, hashes_of

Indices = npt.NDArray[np.int64]

_BLOCK = 1 << 15
_NO_PLACES: Indices = np.zeros(0, dtype=np.int64)


class Placement(ABC):
    """Says which of `nodes`, a tuple of different names, a key belongs to.

    Raises `ValueError` for no nodes, and for a name that is there twice.
    """

    __slots__ = ("nodes",)

    def __init__(self, nodes: Sequence[str]) -> None:
        if isinstance(nodes, str):
            raise TypeError(f"nodes must be a collection of names, got one, {nodes!r}")
        if not isinstance(nodes, Iterable):
            raise TypeError(f"nodes must be a collection of names, got {nodes!r}")
        self.nodes = tuple(nodes)
        if not self.nodes:
            raise ValueError("nodes must be at least one, got none")
        if len(set(self.nodes)) != len(self.nodes):
            twice = next(name for name in self.nodes if self.nodes.count(name) > 1)
            raise ValueError(f"names of nodes must differ, got {twice!r} twice")

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self.nodes)} nodes)"

    @abstractmethod
    def index_of(self, hashed: int) -> int:
        """Return the node of a key by its hash: a place in `nodes`."""

    @abstractmethod
    def indices_of(self, hashes: Hashes) -> Indices:
        """Return `index_of` each of an array of hashes; same shape."""

    def node_of(self, key: Key) -> str:
        """Return the name of the node that `key` belongs to."""
        return self.nodes[self.index_of(hash_of(key))]

    def place(self, keys: npt.ArrayLike | Iterable[Key]) -> Indices:
        """Return the nodes of many keys, as places in `nodes`; see `hashes_of` for their shape."""
        hashes = hashes_of(keys)
        blocks = [self.indices_of(block) for block in _blocks(hashes)]
        return np.concatenate([_NO_PLACES, *blocks]).reshape(hashes.shape)

    def shares_of(self, keys: npt.ArrayLike | Iterable[Key]) -> npt.NDArray[np.float64]:
        """Return the share of `keys` that each node has, shape `(number of nodes,)`.

        Raises `ValueError` for no keys.
        """
        hashes = _some_hashes(keys)
        counts = np.zeros(len(self.nodes))
        for block in _blocks(hashes):
            counts += np.bincount(self.indices_of(block), minlength=len(self.nodes))
        return counts / hashes.size


def moved_share(before: Placement, after: Placement, keys: npt.ArrayLike | Iterable[Key]) -> float:
    """Return the share of `keys` that another node has `after` than `before`. Raises `ValueError` for none.

    Example::

        >>> moved_share(HashRing(["a", "b"]), HashRing(["a", "b", "c"]), range(10_000))  # about a third
        0.3152
    """
    require_kind("before", before, Placement)
    require_kind("after", after, Placement)
    hashes = _some_hashes(keys)
    places = {name: place for place, name in enumerate(after.nodes)}
    translated = np.array([places.get(name, -1) for name in before.nodes])
    moved = [
        np.count_nonzero(translated[before.indices_of(block)] != after.indices_of(block))
        for block in _blocks(hashes)
    ]
    return sum(moved) / hashes.size


def _some_hashes(keys: npt.ArrayLike | Iterable[Key]) -> Hashes:
    hashes = hashes_of(keys)
    if not hashes.size:
        raise ValueError("keys must be at least one, got none")
    return hashes


def _blocks(hashes: Hashes) -> Iterator[Hashes]:
    """Yield all, a few at a time: what a lookup needs besides stays small, and in the processor's cache."""
    flat = hashes.ravel()
    for start in range(0, flat.size, _BLOCK):
        yield flat[start : start + _BLOCK]


def checked_weights(weights: Sequence[float] | None, count: int) -> tuple[float, ...]:
    """Return the weights of `count` nodes, by default 1 each.

    Raises `ValueError` unless they are finite, > 0 and as many as the nodes.
    """
    if weights is None:
        return (1.0,) * count
    if not isinstance(weights, Iterable):
        raise TypeError(f"weights must be a list of numbers, got {weights!r}")
    if len(weights) != count:
        raise ValueError(f"weights must be as many as nodes ({count}), got {len(weights)}")
    for weight in weights:
        require_positive("weight", weight)
    return tuple(weights)
