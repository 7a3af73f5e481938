"""What users ask for: a mix of operations, each with a weight, and the source of the requests that follow it.

Operations are drawn independently; sequences of them (sessions) are left out. Keys come from any callable
without arguments, such as `UniformKeys` or `ZipfKeys`.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Generator, Iterable
from dataclasses import dataclass
from functools import partial
from itertools import accumulate
from math import inf
from typing import Any

from simulator import Environment, RequestTable, Sampler
from simulator.randomness import Uniform

from ..request import Request
from .client import Client

_MADE_MAX = 10_000  # keys whose requests are kept

KeySource = Callable[[], Any]
"""A callable that returns the key of the next request."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One kind of request.

    `weight` (> 0) is relative to the others', `size_bytes` (>= 0) is on the wire, `priority`: higher is more
    important.
    """

    name: str
    weight: float = 1.0
    size_bytes: int = 0
    priority: int = 0

    def __post_init__(self) -> None:
        """Check the fields."""
        if not self.name:
            raise ValueError(f"name must not be empty, got {self.name!r}")
        if not 0.0 < self.weight < inf:
            raise ValueError(f"weight of operation {self.name!r} must be finite and > 0, got {self.weight!r}")
        if self.size_bytes < 0:
            raise ValueError(f"size_bytes of operation {self.name!r} must be >= 0, got {self.size_bytes!r}")


class OperationMix:
    """Operations with distinct names, drawn in proportion to their weights.

    Raises `ValueError` for no operations or a name given twice. Example::

        OperationMix(Operation(name="get", weight=9.0), Operation(name="put", size_bytes=2_000))
    """

    __slots__ = ("_bounds", "operations")

    def __init__(self, *operations: Operation) -> None:
        """Check that names are distinct."""
        names = [operation.name for operation in operations]
        if not names or len(set(names)) != len(names):
            raise ValueError(f"operations must be distinct and at least one, got {names}")
        self.operations = operations
        total = sum(operation.weight for operation in operations)
        # The last bound is left out: whatever lies above the others is the last operation, also after
        # rounding.
        self._bounds = list(accumulate(operation.weight / total for operation in operations[:-1]))

    @property
    def probabilities(self) -> dict[str, float]:
        """The share of each operation, by name."""
        total = sum(operation.weight for operation in self.operations)
        return {operation.name: operation.weight / total for operation in self.operations}

    def index(self, uniform: float) -> int:
        """Return the index of the operation that a number in [0, 1) stands for."""
        return bisect_right(self._bounds, uniform)


class RequestSource:
    """Makes the requests of one workload: a callable that returns a request and its operation's code.

    `mix` is an `OperationMix`, or `None` for a single operation `get`; `keys` gives each request its key, or
    `None` none. Without keys all requests of an operation are one object, and so are those of one key that is
    a number, for the first few thousand keys: that is what treating them as immutable is good for. The
    operation is drawn on the stream `name/operation`.
    """

    __slots__ = ("_keys", "_made", "_mix", "_prepared", "_uniform")

    def __init__(
        self,
        env: Environment,
        name: str,
        table: RequestTable,
        mix: OperationMix | None,
        keys: KeySource | None,
    ) -> None:
        """Give each operation its code."""
        self._mix = OperationMix(Operation(name="get")) if mix is None else mix
        self._prepared = list(_prepare(self._mix.operations, table))
        self._uniform: Sampler | None = None
        if len(self._prepared) > 1:
            self._uniform = env.sampler(f"{name}/operation", Uniform(0.0, 1.0))
        self._keys = keys
        self._made: list[dict[int, tuple[Request, int]]] = [{} for _ in self._prepared]

    def sender(self, client: Client) -> Callable[[], Generator[Any, Any, Any]]:
        """Return a callable that makes a generator which sends the next request through `client`.

        What is asked is decided when the generator begins to run, so that keys may depend on the time.
        """
        if self._uniform is None and self._keys is None:
            return partial(client.send, *self._prepared[0])
        return partial(client.send, self)

    def __call__(self) -> tuple[Request, int]:
        """Return the next request and the code of its operation."""
        place = 0 if self._uniform is None else self._mix.index(self._uniform())
        if self._keys is None:
            return self._prepared[place]
        key = self._keys()
        if type(key) is not int:  # what is equal is not always alike: True, 1 and 1.0
            return self._make(place, key)
        made = self._made[place]
        known = made.get(key)
        if known is None:
            known = self._make(place, key)
            if len(made) < _MADE_MAX:
                made[key] = known
        return known

    def _make(self, place: int, key: Any) -> tuple[Request, int]:
        request, code = self._prepared[place]
        return Request(request.operation, key, None, request.size_bytes, request.priority), code


def _prepare(operations: Iterable[Operation], table: RequestTable) -> Iterable[tuple[Request, int]]:
    for operation in operations:
        request = Request(operation.name, size_bytes=operation.size_bytes, priority=operation.priority)
        yield request, table.operation(operation.name)
