"""Writes of unique values: what a workload asks for has none, and a history of equal values proves little.

A workload draws an operation and a key. `UniqueWrites` gives each write, append and set-add the next of some
distinct values, so that each read names its write: then staleness can be told in seconds and versions, losses
one by one, and linearizability is decided fast and exactly (Gibbons and Korach, "Testing Shared Memories",
SIAM J. Comput. 1997, for reads that name their writes). A request that has a value keeps it.

It stands outermost: around the recorder, which is to see the value, and around retries, which send one write
again and not another one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..endpoint import Call, Endpoint, Wrapper
from ..request import Request
from .operations import APPEND, SET_ADD, WRITE

_WITH_A_VALUE = (WRITE, APPEND, SET_ADD)


class UniqueWrites(Wrapper):
    """Gives each write without a value the next of `values`, an iterator that all clients of a store share.

    Raises `TypeError` for what is no iterator. Example::

        numbers = itertools.count(1)
        users = OpenLoop(env, UniqueWrites(recorder.around(client), numbers), rate=20, mix=mix, keys=keys)
    """

    def __init__(self, target: Endpoint, values: Iterator[Any]) -> None:
        super().__init__(target, name=target.name)
        if not isinstance(values, Iterator):
            raise TypeError(f"values must be an iterator, which clients can share, got {values!r}")
        self._values = values

    def call(self, request: Request) -> Call:
        """Call the target, with a value if it is a write."""
        if request.value is None and request.operation in _WITH_A_VALUE:
            request = replace(request, value=next(self._values))
        return self.target.call(request)
