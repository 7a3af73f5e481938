"""What servers do for a mover: exports, imports, drops, loads; throttled, and harmless whoever asks."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models import CallFailed, FunctionEndpoint, Request, Response
from models.failures import ConnectionLost, Refused, Rejected, ServerError, Unavailable, in_doubt
from models.replication import delete, read, scan, write
from models.replication.scans import AllKeys, GivenKeys, KeyRange, KeySet, Scanned
from models.sharding import LOWEST, Assignment, Move, Phase, RangePartitioner, RoutingTable, StoredKey
from models.sharding.requests import (
    Drop,
    Export,
    Import,
    drop_range,
    export_range,
    import_items,
    loads,
)
from models.sharding.server_transfers import DeadKeys, TransferSettings

from .building import SETTINGS, SYNC, WAY, Told, World, copying, frozen, given_up, handed_over

ROUND_TRIP = 2 * WAY


class Transferring(World):
    """A world in which servers are asked directly; "a" to "e" are at shard "one"."""

    def __init__(self, transfers: TransferSettings | None = None, **settings: Any) -> None:
        super().__init__(settings=replace(SETTINGS, **settings))
        self.ways = {
            shard: self.network.connect(self.web, self.store.servers_of(shard)[0]) for shard in ("one", "two")
        }
        if transfers is not None:
            for shard in ("one", "two"):
                self.store.servers_of(shard)[0]._transfers._settings = transfers
        for number, key in enumerate("abcde"):
            self.now(write(key, number))
        self.run(10.0)

    def tell(self, shard: str, request: Any) -> Told:
        """Ask a server, run until it has answered, and return how."""
        told = self.ask(request, client=self.ways[shard])
        end = self.env.now + 60.0
        while told.at < 0.0 and self.env.now < end:
            self.env.step()
        return told

    def items(self, after: Any = None, *, start: Any = LOWEST, end: Any = "m", epoch: int = 0) -> Any:
        """Return what an export tells: items and a mark."""
        told = self.tell("one", export_range(Export(start, end, epoch, after)))
        return told.outcome

    def begin_move(self, key: str = "a") -> int:
        """Let the range of a key be copied to shard two; return its epoch there."""
        self.change(lambda table: copying(table, key, "two"))
        self.run(self.env.now + 0.5)
        return self.store.table.version

    def held(self, shard: str) -> dict[Any, Any]:
        """Return what the node of a shard holds."""
        return {
            key: value for key, value in self.shards[shard].contents()[shard].items() if value is not None
        }


def import_all(epoch: int) -> Request:
    """Return the import of what shard "one" has."""
    return import_items(Import(epoch, tuple(zip("abcde", range(5), strict=True))))


# -- exports ------------------------------------------------------------------------------------------------


def test_export_tells_a_range_under_an_epoch_as_clients_call_its_keys() -> None:
    world = Transferring()
    assert dict(world.items().items) == dict(zip("abcde", range(5), strict=True))
    assert dict(world.items(start="b", end="d").items) == {"b": 1, "c": 2}
    assert world.items(epoch=1).items == ()


def test_export_after_a_mark_tells_what_has_changed_and_what_was_deleted() -> None:
    world = Transferring()
    mark = world.items().mark
    assert world.items(mark).items == ()
    world.now(write("b", "new"))
    world.now(delete("c"))
    world.now(write("y", "of another shard"))
    assert dict(world.items(mark).items) == {"b": "new", "c": None}


def test_mark_that_the_store_does_not_know_is_a_server_error() -> None:
    world = Transferring()
    assert world.items((99, 3)) == "ServerError"


def test_export_asks_nobody_whose_the_range_is() -> None:
    world = Transferring()
    told = world.tell("two", export_range(Export(LOWEST, "m", 0)))
    assert told.outcome.items == ()  # it is not there, that is all


# -- imports ------------------------------------------------------------------------------------------------


def test_import_is_written_under_its_epoch_and_none_is_a_deletion() -> None:
    world = Transferring()
    epoch = world.begin_move()
    assert world.tell("two", import_items(Import(epoch, (("a", 1), ("b", 2))))).outcome is None
    assert world.tell("two", import_items(Import(epoch, (("a", None), ("c", 3))))).outcome is None
    assert world.held("two") == {StoredKey(epoch, "b"): 2, StoredKey(epoch, "c"): 3}


@pytest.mark.parametrize("shard", ["one", "two"])
def test_import_is_refused_where_no_such_move_is_under_way(shard: str) -> None:
    world = Transferring()
    request = import_items(Import(0, (("a", "wrong"),)))
    assert world.tell(shard, request).outcome == "Moved"
    epoch = world.begin_move()
    if shard == "one":
        assert world.tell(shard, import_items(Import(epoch, (("a", "wrong"),)))).outcome == "Moved"
    for items in ((("z", "wrong"),), (("a", "wrong"), ("z", "wrong"))):
        assert world.tell(shard, import_items(Import(epoch, items))).outcome == "Moved"
    assert "wrong" not in [*world.held("one").values(), *world.held("two").values()]


def test_import_hears_of_its_move_and_is_refused_when_that_is_over() -> None:
    world = Transferring(renewal_interval=3.9)
    epoch = world.begin_move()
    request = import_items(Import(epoch, (("a", 1),)))
    assert world.tell("two", request).outcome is None  # it has read the directory for that
    world.change(lambda table: given_up(table, "a"))
    world.run(world.env.now + 5.0)
    assert world.tell("two", request).outcome == "Moved"


def test_import_of_an_attempt_that_was_given_up_is_refused_while_the_next_is_under_way() -> None:
    world = Transferring()
    first = world.begin_move()
    world.change(lambda table: given_up(table, "a"))
    world.run(world.env.now + 0.5)
    second = world.begin_move()
    assert world.tell("two", import_items(Import(second, (("a", 1),)))).outcome is None
    assert world.tell("two", import_items(Import(first, (("a", 2),)))).outcome == "Moved"
    assert world.held("two") == {StoredKey(second, "a"): 1}


def test_import_of_a_table_that_is_not_there_is_unavailable() -> None:
    world = Transferring()
    assert world.tell("two", import_items(Import(77, (("a", 1),)))).outcome == "Unavailable"


def test_import_that_does_not_reach_the_store_is_unavailable_and_may_be_asked_for_again() -> None:
    world = Transferring()
    epoch = world.begin_move()
    node = world.shards["two"].nodes[0]
    node.crash()
    request = import_items(Import(epoch, (("a", 1), ("b", 2))))
    assert world.tell("two", request).outcome == "Unavailable"
    node.restart()
    assert world.tell("two", request).outcome is None


def test_import_of_whose_writes_nobody_knows_is_timed_out() -> None:
    world = Transferring(TransferSettings(patience=1.0))
    epoch = world.begin_move()
    told = world.ask(import_all(epoch), client=world.ways["two"])
    node: Any = world.shards["two"].nodes[0]
    while not node.stored.log.last_position:
        world.env.step()
    node.crash()  # the writes are in its log, and not durable yet
    world.run(world.env.now + 5.0)
    assert told.outcome == "TimedOut"


@pytest.mark.parametrize(
    ("failure", "told"),
    [
        (ServerError("broken"), "TimedOut"),
        (ConnectionLost("gone"), "TimedOut"),
        (Refused("down"), "Unavailable"),
        (Rejected("the store"), "Unavailable"),
        (Unavailable("no quorum"), "Unavailable"),
        (in_doubt(Refused("down, after an attempt that was silent")), "TimedOut"),
        (in_doubt(Unavailable("no quorum, after an attempt that was silent")), "TimedOut"),
    ],
)
def test_import_fails_as_its_write_does(failure: CallFailed, told: str) -> None:
    world = Transferring()
    epoch = world.begin_move()

    def fail(request: Request) -> Generator[Any, Any, None]:
        yield 0.1
        raise failure

    world.store.servers_of("two")[0].store_client = FunctionEndpoint(fail)
    assert world.tell("two", import_all(epoch)).outcome == told


@pytest.mark.parametrize(("unknown_after", "refused_after"), [(0.1, 0.2), (0.2, 0.1)])
def test_import_of_which_one_write_is_unknown_and_another_was_not_done_is_timed_out(
    unknown_after: float, refused_after: float
) -> None:
    world = Transferring()
    epoch = world.begin_move()

    def fail(request: Request) -> Generator[Any, Any, None]:
        is_unknown = request.key.key == "a"
        yield unknown_after if is_unknown else refused_after
        raise ConnectionLost("gone") if is_unknown else Refused("down")

    world.store.servers_of("two")[0].store_client = FunctionEndpoint(fail)
    assert world.tell("two", import_items(Import(epoch, (("a", 1), ("b", 2))))).outcome == "TimedOut"


def test_what_a_stand_in_answers_is_neither_an_import_nor_an_export() -> None:
    """Else the move would go on, and what was not copied would be dropped with its source."""
    world = Transferring()
    epoch = world.begin_move()

    def stand_in(request: Request) -> Generator[Any, Any, Response]:
        yield 0.1
        return Response(Scanned(()), ("store",))

    (source,), (target,) = (world.store.servers_of(shard) for shard in ("one", "two"))
    target.store_client = source._transfers._copying = FunctionEndpoint(stand_in)
    assert world.tell("two", import_all(epoch)).outcome == "TimedOut"
    assert world.items() == "TimedOut"


def test_servers_process_that_crashes_in_the_middle_leaves_nothing_running() -> None:
    world = Transferring(TransferSettings(batch_size=1, pause=0.1))
    epoch = world.begin_move()
    world.ask(import_all(epoch), client=world.ways["two"])
    world.run(world.env.now + 0.3)
    held = world.held("two")
    assert 0 < len(held) < 5
    world.store.servers_of("two")[0].crash()
    world.run(world.env.now + 5.0)
    assert world.held("two") == held


# -- drops --------------------------------------------------------------------------------------------------


def test_drop_deletes_what_no_table_names_and_nothing_that_lives() -> None:
    world = Transferring()
    world.begin_move()
    world.change(lambda table: frozen(table, "a"))
    world.run(world.env.now + 0.5)
    version = world.store.table.version
    assert world.tell("one", drop_range(Drop(LOWEST, None, version))).outcome == 0
    world.change(lambda table: handed_over(table, "a"))
    world.run(world.env.now + 0.5)
    assert world.tell("one", drop_range(Drop("b", "d", version + 1))).outcome == 2
    assert {key.key for key in world.held("one")} == set("ade")
    assert world.tell("one", drop_range(Drop(LOWEST, None, version + 1))).outcome == 3
    assert world.held("one") == {}


def test_drop_that_is_asked_for_what_lives_does_nothing() -> None:
    world = Transferring()
    for shard in ("one", "two"):
        assert world.tell(shard, drop_range(Drop(LOWEST, None, 0))).outcome == 0
    assert world.now(read("a")) == 0


def test_drop_waits_for_the_table_that_makes_it_dead() -> None:
    world = Transferring(renewal_interval=3.9)
    server = world.store.servers_of("one")[0]
    asked_count = server.read_count
    while server.read_count == asked_count:
        world.env.step()  # and the next time in 3.9 s
    world.run(world.env.now + 0.5)
    for step in (
        lambda table: copying(table, "a", "two"),
        lambda table: frozen(table, "a"),
        lambda table: handed_over(table, "a"),
    ):
        world.change(step)
        world.run(world.env.now + 0.5)
    assert server.table.version < world.store.table.version
    told = world.tell("one", drop_range(Drop(LOWEST, None, world.store.table.version)))
    assert told.outcome == 5


EPOCHS = st.integers(0, 6)
TABLES = st.builds(
    lambda version, one, two, move, key: RoutingTable(
        RangePartitioner(),
        (LOWEST, "m"),
        (
            Assignment(
                "one", min(one, version), Move("two", min(move, version), Phase.COPYING) if key else None
            ),
            Assignment("two", min(two, version)),
        ),
        version,
    ),
    EPOCHS,
    EPOCHS,
    EPOCHS,
    EPOCHS,
    st.booleans(),
)


@pytest.mark.slow
@given(TABLES, EPOCHS, st.sampled_from(["a", "l", "m", "z"]), st.sampled_from(["one", "two"]))
def test_key_is_dead_where_the_table_could_know_it_and_does_not(
    table: RoutingTable, epoch: int, key: str, shard: str
) -> None:
    _, assignment = table.find(key)
    move = assignment.move
    is_named = (assignment.shard, assignment.epoch) == (shard, epoch) or (
        move is not None and (move.shard, move.epoch) == (shard, epoch)
    )
    is_dead = StoredKey(epoch, key) in DeadKeys(table, shard, LOWEST, None)
    assert is_dead == (not is_named and epoch <= table.version)
    assert StoredKey(epoch, key) not in DeadKeys(table, shard, LOWEST, key)
    assert "another kind of key" not in DeadKeys(table, shard, LOWEST, None)


# -- loads and throttle -------------------------------------------------------------------------------------


def test_loads_say_how_many_and_of_which_tokens_the_last_were() -> None:
    world = Transferring()
    told = world.tell("one", loads()).outcome
    assert (told.count, told.recent) == (5, tuple("abcde"))
    assert world.tell("two", loads()).outcome.count == 0


@pytest.mark.parametrize(
    ("keys", "first"),
    [
        (KeyRange("b", "d"), "b"),
        (KeyRange(None, "c"), LOWEST),
        (GivenKeys(["c", "b"]), "b"),
        (KeyRange("b"), None),
        (GivenKeys(["b", "z"]), None),
        (AllKeys(), None),
    ],
    ids=["a range", "from the first", "keys", "two ranges", "keys of two", "all"],
)
def test_scan_of_one_range_is_a_request_for_its_first_token_and_one_of_more_is_none(
    keys: KeySet, first: Any
) -> None:
    world = Transferring()
    before = world.tell("one", loads()).outcome
    world.now(scan(keys))
    after = world.tell("one", loads()).outcome
    assert after.count - before.count == (first is not None)
    assert after.recent[len(before.recent) :] == (() if first is None else (first,))


def taken(request_of: Any, transfers: TransferSettings) -> float:
    world = Transferring(transfers)
    epoch = world.begin_move()
    start = world.env.now
    told = world.tell("two" if request_of is import_items else "one", _request(request_of, epoch))
    return told.at - start


def _request(request_of: Any, epoch: int) -> Any:
    if request_of is import_items:
        return import_all(epoch)
    return export_range(Export(LOWEST, "m", 0))


FREE = TransferSettings(parallel_writes=5)


@pytest.mark.parametrize("request_of", [import_items, export_range])
def test_items_cost_work_and_portions_a_pause(request_of: Any) -> None:
    free = taken(request_of, FREE)
    assert taken(request_of, replace(FREE, item_work=0.5)) == pytest.approx(free + 2.5)
    paused = replace(FREE, pause=1.0, batch_size=100)
    assert taken(request_of, paused) == pytest.approx(free)  # there is nothing after it
    portions = taken(request_of, replace(paused, batch_size=2))
    more_round_trips = 2 * (ROUND_TRIP + 2 * SYNC) if request_of is import_items else 0.0
    assert portions == pytest.approx(free + 2.0 + more_round_trips, abs=2 * SYNC)


@pytest.mark.parametrize(("parallel", "rounds"), [(5, 1), (3, 2), (1, 5)])
def test_so_many_writes_are_under_way_at_a_time(parallel: int, rounds: int) -> None:
    all_at_once = taken(import_items, FREE)
    some = taken(import_items, replace(FREE, parallel_writes=parallel))
    assert some == pytest.approx(all_at_once + (rounds - 1) * ROUND_TRIP, abs=5 * SYNC)


def test_request_that_is_none_of_these_is_a_server_error() -> None:
    world = Transferring()

    def ask() -> Generator[Any, Any, None]:
        yield from world.ways["one"].call(read("a"))

    with pytest.raises(CallFailed):
        world.env.run(until=world.env.process(ask()))


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"item_work": -1.0}, "item_work"),
        ({"item_size_bytes": -1}, "item_size_bytes"),
        ({"batch_size": 0}, "batch_size"),
        ({"pause": float("inf")}, "pause"),
        ({"parallel_writes": 0}, "parallel_writes"),
        ({"patience": 0.0}, "patience"),
    ],
)
def test_settings_that_make_no_sense_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=says):
        TransferSettings(**given)
