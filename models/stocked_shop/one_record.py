"""One record for each item, shared by all sides: agreed on, or overwritten.

Both read the record, change it, and put it back; they differ in how. `AgreedStock` puts it back by
compare-and-set: if somebody was faster it begins again with what that one has left. On a linearizable store
no unit is then sold twice, and a side that cannot reach the store's majority sells nothing.
`OverwrittenStock` writes it: of two who have read the same record the last one wins, and the other's order
has never been. That needs no cut, only two orders at a time; across a cut each side has a record of its own,
until one of the two is thrown away.

A compare-and-set whose answer is lost may be asked again by whoever stands around: the record names the
order, and an order that is in it has its unit. Source: optimistic concurrency control (Kung and Robinson,
1981); Dynamo's shopping cart (DeCandia et al., SOSP 2007, section 4.4) for what happens to those who
overwrite.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any

from ..endpoint import Call, Endpoint, Wrapper
from ..failures import Rejected
from ..replication import compare_and_set, read, write
from ..request import Request, Response
from ..validation import require_count
from .stock_record import StockRecord, changed, on_behalf_of

_NOTHING = StockRecord()


class OneRecord(Wrapper):
    """Keeps stock in `target`, a client of a store, one record for each item; derive from it.

    The last `buffer` (>= 0) units of an item are not sold. After `attempts` (>= 1) in which others were
    faster a request is `Rejected`, and nothing was done.
    """

    def __init__(self, target: Endpoint, *, buffer: int = 0, attempts: int = 10, name: str = "stock") -> None:
        super().__init__(target, name=name)
        require_count("buffer", buffer, 0)
        require_count("attempts", attempts)
        self._buffer = buffer
        self._attempts = attempts
        self.contended_count = 0

    def call(self, request: Request) -> Call:
        """Do what `request` says to the record of its item."""
        key = "stock", request.key
        for _ in range(self._attempts):
            stored = (yield from self.target.call(on_behalf_of(request, read(key)))).value
            record = _NOTHING if stored is None else stored
            new, answer = changed(record, request, self._buffer)
            if new is record:
                return Response(answer)
            told = yield from self.target.call(on_behalf_of(request, self._put(key, stored, new)))
            if self._was_put(told):
                return Response(answer)
            self.contended_count += 1
        raise Rejected(self.name, "contended")

    @abstractmethod
    def _put(self, key: Any, stored: Any, new: StockRecord) -> Request:
        """Return the request that puts `new` in the place of `stored`."""

    @abstractmethod
    def _was_put(self, told: Response) -> bool:
        """Return whether the answer to that says that `stored` was still there."""


class AgreedStock(OneRecord):
    """Stock whose record is changed by compare-and-set: needs a store that has it.

    Example::

        stock = Retry(env, Timeout(env, AgreedStock(raft_store.client(web)), 1.0), attempts=2)
        has_one = (yield from stock.call(take(order))).value
    """

    def _put(self, key: Any, stored: Any, new: StockRecord) -> Request:
        return compare_and_set(key, stored, new)

    def _was_put(self, told: Response) -> bool:
        return bool(told.value)


class OverwrittenStock(OneRecord):
    """Stock whose record is simply written: whoever writes last has counted right, and nobody else."""

    def _put(self, key: Any, stored: Any, new: StockRecord) -> Request:
        return write(key, new)

    def _was_put(self, told: Response) -> bool:
        return True
