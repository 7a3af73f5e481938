"""Users of two regions who change the same carts, counters and names, and what of that is there in the end.

What a user does is put an item into a cart (every item is another one), take one out that he sees there,
count one up, or give something another name (every name is another one); or he reads a name. How the
application does that depends on what the store is for:

    operations   the store is asked to do it, at the node: add this item, add 1, write this
    merging      the store keeps values and their siblings: read, merge what is found, write the whole
                 back. Carts are merged by union, counters by the larger, names are replaced

What was acknowledged is written down by an observer, and compared with what all nodes hold when they agree.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count
from typing import Any, Protocol

from models import CallFailed, Endpoint
from models.consistency import Ending, HistoryRecorder, Operation, lost_writes, staleness_of_reads
from models.replication import add, read, set_add, set_remove, write
from simulator import Environment
from simulator.randomness import Exponential, Uniform

Doing = Generator[Any, Any, Any]


class Application(Protocol):
    """How the application does what a user asks for."""

    def cart(self, client: Endpoint, key: str) -> Doing:
        """Return the items of a cart."""

    def put(self, client: Endpoint, key: str, item: int) -> Doing:
        """Put an item into a cart."""

    def take(self, client: Endpoint, key: str, item: int) -> Doing:
        """Take an item out of a cart."""

    def count(self, client: Endpoint, key: str) -> Doing:
        """Count one up."""

    def name(self, client: Endpoint, key: str, name: int) -> Doing:
        """Give a thing another name."""


class ByOperations:
    """The store does it."""

    def cart(self, client: Endpoint, key: str) -> Doing:
        """Return what the store says is in it."""
        return (yield from client.call(read(key))).value or frozenset()

    def put(self, client: Endpoint, key: str, item: int) -> Doing:
        """Let the store add it."""
        return client.call(set_add(key, item))

    def take(self, client: Endpoint, key: str, item: int) -> Doing:
        """Let the store remove it."""
        return client.call(set_remove(key, item))

    def count(self, client: Endpoint, key: str) -> Doing:
        """Let the store add 1."""
        return client.call(add(key, 1))

    def name(self, client: Endpoint, key: str, name: int) -> Doing:
        """Write it, whatever is there."""
        return client.call(write(key, name))


class ByMerging:
    """The application reads, merges and writes."""

    def cart(self, client: Endpoint, key: str) -> Doing:
        """Return the union of what is found."""
        return frozenset().union(*values_of((yield from client.call(read(key))).value))

    def put(self, client: Endpoint, key: str, item: int) -> Doing:
        """Write the union with the item in it."""
        items = yield from self.cart(client, key)
        yield from client.call(write(key, items | {item}))

    def take(self, client: Endpoint, key: str, item: int) -> Doing:
        """Write the union without the item."""
        items = yield from self.cart(client, key)
        yield from client.call(write(key, items - {item}))

    def count(self, client: Endpoint, key: str) -> Doing:
        """Write one more than the largest that is found."""
        found = values_of((yield from client.call(read(key))).value)
        yield from client.call(write(key, max(found, default=0) + 1))

    def name(self, client: Endpoint, key: str, name: int) -> Doing:
        """Write it in the place of what is found."""
        yield from client.call(read(key))
        yield from client.call(write(key, name))


def values_of(shown: Any) -> tuple[Any, ...]:
    """Return the values that a read shows: none, one, or siblings."""
    if shown is None:
        return ()
    return shown if isinstance(shown, tuple) else (shown,)


CART, COUNTER, NAME = "cart", "counter", "name"

_READ_UNTIL, _NAME_UNTIL, _COUNT_UNTIL, _PUT_UNTIL = 0.4, 0.6, 0.8, 0.95
"""Of what users do 40 % is to read a name, 20 % to give one, 20 % to count, 15 % to put, 5 % to take."""


@dataclass(slots=True)
class Books:
    """What users have done, as an observer writes it down; each by key."""

    asked_count: int = 0
    answered_count: int = 0
    put: dict[str, list[int]] = field(default_factory=dict)
    taken: dict[str, list[int]] = field(default_factory=dict)
    maybe_taken: dict[str, list[int]] = field(default_factory=dict)
    counted: dict[str, int] = field(default_factory=dict)

    def lost_items(self, contents: Mapping[str, Any]) -> float:
        """Return the share of the items put, and by nobody taken, that are not there."""
        put = {(key, item) for key, items in self.put.items() for item in items}
        taken = {(key, item) for key, items in self.maybe_taken.items() for item in items}
        there = {(key, item) for key in self.put for item in items_of(contents.get(key))}
        return _share(len(put - taken - there), len(put - taken))

    def returned_items(self, contents: Mapping[str, Any]) -> float:
        """Return the share of the items taken that are there again."""
        taken = {(key, item) for key, items in self.taken.items() for item in items}
        there = {(key, item) for key in self.taken for item in items_of(contents.get(key))}
        return _share(len(taken & there), len(taken))

    def lost_counts(self, contents: Mapping[str, Any]) -> float:
        """Return the share of what was counted that is missing; of siblings the largest is what is there."""
        held = sum(max(values_of(contents.get(key)), default=0) for key in self.counted)
        counted = sum(self.counted.values())
        return _share(max(counted - held, 0), counted)


def items_of(shown: Any) -> frozenset[int]:
    """Return the items of a cart, of all siblings together."""
    return frozenset().union(*values_of(shown))


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


class Users:
    """Makes users of one application, who think `think_time` s on average between what they do.

    There are `key_count` carts, as many counters and as many names.
    """

    def __init__(
        self,
        env: Environment,
        application: Application,
        *,
        key_count: int,
        think_time: float,
        until: float,
    ) -> None:
        self.books = Books()
        self.recorder = HistoryRecorder(env)
        self._env = env
        self._application = application
        self._key_count = key_count
        self._think_time = think_time
        self._until = until
        self._numbers = count(1)

    def admit(self, client: Endpoint, name: str, site: str) -> None:
        """Let a user come who goes by `client`."""
        recorded = self.recorder.around(client, site=site)
        draw = self._env.sampler(f"{name}/choice", Uniform(0.0, 1.0))
        think = self._env.sampler(f"{name}/think", Exponential(self._think_time))
        self._env.process(self._work(recorded, draw, think), name)

    def _work(self, client: Endpoint, draw: Any, think: Any) -> Doing:
        env, books = self._env, self.books
        yield think()
        while env.now < self._until:
            choice, place = draw(), draw()
            books.asked_count += 1
            try:
                yield from self._do(client, choice, int(place * self._key_count), draw)
                books.answered_count += 1
            except CallFailed:
                pass
            yield think()

    def _do(self, client: Endpoint, choice: float, number: int, draw: Any) -> Doing:
        application, books = self._application, self.books
        if choice < _READ_UNTIL:
            yield from client.call(read(f"{NAME} {number}"))
        elif choice < _NAME_UNTIL:
            yield from application.name(client, f"{NAME} {number}", next(self._numbers))
        elif choice < _COUNT_UNTIL:
            key = f"{COUNTER} {number}"
            yield from application.count(client, key)
            books.counted[key] = books.counted.get(key, 0) + 1
        elif choice < _PUT_UNTIL:
            key, item = f"{CART} {number}", next(self._numbers)
            yield from application.put(client, key, item)
            books.put.setdefault(key, []).append(item)
        else:
            yield from self._take(client, f"{CART} {number}", draw)

    def _take(self, client: Endpoint, key: str, draw: Any) -> Doing:
        books = self.books
        items = sorted((yield from self._application.cart(client, key)))
        if items:
            item = items[int(draw() * len(items))]
            books.maybe_taken.setdefault(key, []).append(item)
            yield from self._application.take(client, key, item)
            books.taken.setdefault(key, []).append(item)


# -- names, by their history


def history_of_names(history: Sequence[Operation]) -> list[Operation]:
    """Return what was done to names."""
    return [each for each in history if str(each.key).startswith(NAME)]


def lost_names(history: Sequence[Operation], contents: Mapping[str, Any]) -> float:
    """Return the share of the names given that an older one has replaced, or all of several."""
    given = sum(each.kind == "write" and each.ending is Ending.OK for each in history)
    shown = {key: values_of(value) for key, value in contents.items() if key.startswith(NAME)}
    most = max(map(len, shown.values()), default=1)
    # One sibling of each key at a time: what is not older than each of them is there, or was replaced well.
    lost = None
    for place in range(most):
        held = {key: values[min(place, len(values) - 1)] for key, values in shown.items() if values}
        found = {each.value for each in lost_writes(history, held)}
        lost = found if lost is None else lost & found
    return _share(len(lost or ()), given)


def staleness_of_names(history: Sequence[Operation]) -> list[float]:
    """Return how stale each read of a name was, in seconds; of siblings the freshest counts."""
    found: dict[int, float] = {}
    most = max((len(values_of(each.result)) for each in history if each.kind == "read"), default=1)
    for place in range(max(most, 1)):
        for each in staleness_of_reads([_with_one_value(each, place) for each in history]):
            order = each.read.invoked_order
            found[order] = min(each.seconds, found.get(order, each.seconds))
    return list(found.values())


def _with_one_value(operation: Operation, place: int) -> Operation:
    values = values_of(operation.result)
    if operation.kind != "read" or len(values) < 2:
        return operation
    return replace(operation, result=values[min(place, len(values) - 1)])
