"""Scans of a store of one process: at one instant, with marks that outlive crashes; and what it has first."""

from __future__ import annotations

import gc
import tracemalloc
from typing import Any

import pytest

from models import Host, Network
from models.failures import ConnectionLost, ServerError
from models.replication import SingleNodeStore, add, delete, read, scan, write
from models.replication.scans import AllKeys, GivenKeys, KeyRange, Scanned
from models.storage import Disk, GroupCommit, PeriodicSync
from simulator import Environment

from .test_single import Shop

EVERYTHING = scan(AllKeys())


def items(ends: list[Any]) -> dict[Any, Any]:
    """What a scan has told."""
    assert isinstance(ends[1], Scanned), ends
    return dict(ends[1].items)


def scanned(shop: Shop, after: Any = None) -> Scanned:
    """What a scan tells now."""
    ends = shop.ask(scan(AllKeys(), after), at=shop.env.now)
    shop.env.run(until=shop.env.now + 0.1)
    assert isinstance(ends[1], Scanned), ends
    return ends[1]


def put(shop: Shop, **values: Any) -> None:
    """Write values, or delete where one is `None`, and wait until it is done."""
    for key, value in values.items():
        shop.ask(delete(key) if value is None else write(key, value), at=shop.env.now)
    shop.env.run(until=shop.env.now + 0.1)


def test_scan_tells_what_is_shown_when_it_comes_and_not_what_waits_for_the_disk() -> None:
    shop = Shop()
    put(shop, a=1)
    start = shop.env.now
    shop.ask(write("b", 2), at=start)
    early, late = shop.ask(EVERYTHING, at=start + 0.003), shop.ask(EVERYTHING, at=start + 0.006)
    shop.env.run(until=start + 1.0)
    assert early == [round(start + 0.005, 6), Scanned((("a", 1),), (0, 1))]
    assert items(late) == {"a": 1, "b": 2}


def test_scan_works_for_each_key_that_it_tells_and_tells_what_was_there_before_it_worked() -> None:
    shop = Shop(scan_work=0.1)
    put(shop, a=1, b=2, c=3)
    start = shop.env.now
    told = shop.ask(scan(KeyRange("b")), at=start)
    wrote = shop.ask(write("b", 9), at=start + 0.05)
    shop.env.run(until=start + 1.0)
    assert (told[0], wrote[0]) == (pytest.approx(start + 0.202), pytest.approx(start + 0.056))
    assert told[1] == Scanned((("b", 2), ("c", 3)), (0, 3))


def test_scan_that_tells_nothing_costs_what_any_request_does() -> None:
    shop = Shop(scan_work=0.1, request_work=0.01)
    told = shop.ask(scan(GivenKeys(["x"])))
    shop.env.run(until=1.0)
    assert told == [0.012, Scanned((), (0, 0))]


def test_change_that_waits_for_the_disk_is_none_yet() -> None:
    shop = Shop()
    put(shop, a=1, b=1)
    mark, start = scanned(shop).mark, shop.env.now
    shop.ask(write("a", 2), at=start)
    early = shop.ask(scan(AllKeys(), mark), at=start + 0.002)
    shop.env.run(until=start + 1.0)
    assert early[1] == Scanned((), mark)
    assert scanned(shop, mark).items == (("a", 2),)


@pytest.mark.parametrize("work", [-1.0, float("nan"), float("inf")])
def test_work_of_a_scan_that_is_none_is_refused(work: float) -> None:
    with pytest.raises(ValueError, match="scan_work must be"):
        Shop(scan_work=work)


@pytest.mark.parametrize("snapshot_interval", [1, 3, float("inf")])
@pytest.mark.parametrize("crashed", ["host", "process"])
def test_mark_is_good_across_crashes_and_where_the_log_is_dropped(
    snapshot_interval: float, crashed: str
) -> None:
    shop = Shop(snapshot_interval=snapshot_interval)
    put(shop, a=1, b=1, c=1)
    mark = scanned(shop).mark
    put(shop, b=2, c=None)
    put(shop, d=4, b=3)
    what = shop.host if crashed == "host" else shop.store.node
    what.crash()
    what.restart()
    shop.env.run(until=shop.env.now + 1.0)
    assert dict(scanned(shop, mark).items) == {"b": 3, "c": None, "d": 4}
    put(shop, a=None)
    assert dict(scanned(shop, mark).items) == {"a": None, "b": 3, "c": None, "d": 4}


def test_mark_ends_with_its_disk() -> None:
    shop = Shop()
    put(shop, a=1, b=1)
    mark = scanned(shop).mark
    shop.disk.destroy()
    shop.host.restart()
    shop.env.run(until=shop.env.now + 1.0)
    put(shop, c=1, d=1, e=1)  # positions as before, and beyond
    refused = shop.ask(scan(AllKeys(), mark), at=shop.env.now)
    shop.env.run(until=shop.env.now + 1.0)
    assert refused[1] is ServerError
    assert dict(scanned(shop).items) == {"c": 1, "d": 1, "e": 1}


def test_mark_ends_with_the_process_where_what_is_shown_may_be_lost() -> None:
    shop = Shop(PeriodicSync(interval=10.0))
    put(shop, a=1, b=1)
    mark = scanned(shop).mark
    assert dict(scanned(shop, mark).items) == {}
    shop.host.crash()
    shop.host.restart()
    shop.env.run(until=shop.env.now + 1.0)
    put(shop, c=1, d=1, e=1)  # at the positions of what is lost
    refused = shop.ask(scan(AllKeys(), mark), at=shop.env.now)
    shop.env.run(until=shop.env.now + 1.0)
    assert refused[1] is ServerError


def test_crash_ends_a_scan_under_way() -> None:
    shop = Shop(scan_work=1.0)
    put(shop, a=1)
    told = shop.ask(EVERYTHING, at=shop.env.now)
    shop.env.call_later(0.5, shop.host.crash)
    shop.env.call_later(0.6, shop.host.restart)
    shop.env.run(until=shop.env.now + 2.0)
    assert told[1] in (ConnectionLost, "silence")


# -- contents ---------------------------------------------------------------------------------------------


def test_what_the_disk_holds_at_the_beginning_is_read_changed_and_deleted_like_all_else() -> None:
    shop = Shop(contents={"a": 1, "b": 2, "c": 3})
    assert shop.contents == {"a": 1, "b": 2, "c": 3}
    put(shop, b=None, d=4)
    shop.ask(add("a", 10), at=shop.env.now)
    saw, missed = shop.ask(read("c"), at=shop.env.now), shop.ask(read("b"), at=shop.env.now)
    shop.env.run(until=shop.env.now + 1.0)
    assert (saw[1], missed[1]) == (3, None)
    first = scanned(shop)
    assert dict(first.items) == {"a": 11, "c": 3, "d": 4}
    assert dict(scanned(shop, (0, 0)).items) == {"a": 11, "b": None, "d": 4}


@pytest.mark.parametrize("snapshot_interval", [1, float("inf")])
@pytest.mark.parametrize("crashed", ["host", "process"])
def test_it_is_there_again_after_each_restart_which_reads_it(snapshot_interval: float, crashed: str) -> None:
    shop = Shop(contents={"a": 1, "b": 2, "c": 3}, snapshot_interval=snapshot_interval)
    put(shop, b=5, d=4)
    for _ in range(2):
        what = shop.host if crashed == "host" else shop.store.node
        what.crash()
        assert shop.contents == {"a": 1, "b": 5, "c": 3, "d": 4}
        what.restart()
        shop.env.run(until=shop.env.now + 1.0)
        assert shop.contents == {"a": 1, "b": 5, "c": 3, "d": 4}
    # A value a key of the snapshot, and each record after it, a millisecond each; twice.
    records = 0 if snapshot_interval == 1 else 2
    keys = 4 if snapshot_interval == 1 else 3
    assert shop.store.statistics().recovery_time == pytest.approx(2 * 0.001 * (keys + records))
    assert shop.store.statistics().lost_count == 0


def test_it_is_there_when_a_host_that_was_down_boots() -> None:
    env = Environment(seed=1)
    host = Host(env, "server")
    host.crash()
    store = SingleNodeStore(env, Network(env), host, contents={"a": 1})
    host.restart()
    env.run(until=1.0)
    assert store.contents() == {"single": {"a": 1}}


def test_destroyed_disk_takes_it_and_it_counts_as_no_record() -> None:
    shop = Shop(contents={"a": 1})
    put(shop, b=2)
    shop.disk.destroy()
    assert shop.contents == {}
    shop.host.restart()
    shop.env.run(until=shop.env.now + 1.0)
    assert shop.contents == {}
    statistics = shop.store.statistics()
    assert (statistics.lost_count, statistics.lost_acknowledged_count) == (1, 1)


@pytest.mark.parametrize("contents", [["a"], "a", 5])
def test_contents_that_are_no_mapping_are_refused(contents: Any) -> None:
    with pytest.raises(TypeError, match="contents must be a Mapping, got"):
        Shop(contents=contents)


@pytest.mark.slow
def test_it_is_not_copied_however_many_keys_there_are() -> None:
    """Not for the table, nor for a snapshot of it, nor at a restart."""
    contents = dict.fromkeys(range(100_000), "value")
    gc.collect()
    tracemalloc.start()
    shop = Shop(contents=contents, policy=GroupCommit(), snapshot_interval=1)
    put(shop, a=1)
    shop.store.node.crash()
    shop.store.node.restart()
    shop.env.run(until=shop.env.now + 200.0)
    assert shop.store.node.stored.table.value(99_999) == "value"
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert size < 1_000_000  # a copy of the dict alone would be three times that


def test_disk_of_another_host_is_refused_with_contents_too() -> None:
    env = Environment(seed=1)
    host, other = Host(env, "server"), Host(env, "other")
    with pytest.raises(ValueError, match="disk must be one of host"):
        SingleNodeStore(env, Network(env), host, disk=Disk(other), contents={"a": 1})
