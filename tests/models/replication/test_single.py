from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from itertools import count
from math import sqrt
from typing import Any

import pytest

from models import Host, Network, Request
from models.consistency import Ending, HistoryRecorder
from models.consistency.linearizability import Verdict, check_linearizability
from models.failures import CallFailed, ConnectionLost, Refused, ServerError
from models.replication import SingleNodeStore, add, append, compare_and_set, delete, read, write
from models.storage import Disk, DurabilityPolicy, GroupCommit, PeriodicSync, SyncEachWrite
from simulator import Environment

ONE_WAY = 0.001
SYNC_TIME = 0.004
GROUP_COMMIT = GroupCommit()


class Shop:
    """A store of one process, and a client 1 ms away."""

    def __init__(self, policy: DurabilityPolicy = GROUP_COMMIT, *, seed: int = 1, **settings: Any) -> None:
        self.env = Environment(seed=seed)
        network = Network(self.env, latencies=ONE_WAY)
        self.host = Host(self.env, "server")
        self.disk = Disk(self.host, sync_time=SYNC_TIME, read_time=0.001)
        self.store = SingleNodeStore(self.env, network, self.host, disk=self.disk, policy=policy, **settings)
        self.client = self.store.client(Host(self.env, "client"))

    def ask(self, request: Request, at: float = 0.0) -> list[Any]:
        """Return a list that will hold when the call ended, and how."""
        ends: list[Any] = []

        def call() -> Generator[Any, Any, None]:
            end: Any = "silence"
            try:
                with self.env.move_on_after(1.0):
                    end = (yield from self.client.call(request)).value
            except CallFailed as failure:
                end = type(failure)
            ends.extend([round(self.env.now, 6), end])

        self.env.call_later(at - self.env.now, lambda: self.env.process(call()))
        return ends

    @property
    def contents(self) -> Any:
        return self.store.contents()["single"]


def test_operations_do_what_they_say() -> None:
    shop = Shop()
    asked = [
        (read("a"), None),
        (write("a", 1), None),
        (read("a"), 1),
        (compare_and_set("a", 1, 2), True),
        (compare_and_set("a", 1, 3), False),
        (read("a"), 2),
        (add("a", 5), None),
        (read("a"), 7),
        (append("list", "x"), None),
        (append("list", "y"), None),
        (read("list"), ("x", "y")),
        (compare_and_set("new", None, 1), True),
        (add("counter", 2), None),
        (append("a", 1), ServerError),
        (add("list", 1), ServerError),
        (delete("new"), None),
        (read("new"), None),
        (compare_and_set("new", None, 3), True),
        (delete("list"), None),
        (append("list", "z"), None),
        (delete("counter"), None),
        (Request("forget", "a"), ServerError),
    ]
    ends = [(shop.ask(request, at=0.1 * number), result) for number, (request, result) in enumerate(asked)]
    shop.env.run(10)
    assert [end[1] for end, _ in ends] == [result for _, result in ends]
    assert shop.contents == {"a": 7, "list": ("z",), "new": 3, "counter": None}


def test_write_takes_two_hops_and_a_sync_and_a_read_two_hops() -> None:
    shop = Shop()
    wrote, saw = shop.ask(write("a", 1)), shop.ask(read("a"), at=0.1)
    shop.env.run(1)
    assert wrote == [0.006, None]
    assert saw == [0.102, 1]


def test_nobody_sees_what_a_crash_may_still_take() -> None:
    shop = Shop()
    shop.ask(write("a", 1))
    early, late = shop.ask(read("a"), at=0.0015), shop.ask(read("a"), at=0.005)
    shop.env.run(1)
    assert (early[1], late[1]) == (None, 1)


def test_compare_and_set_is_judged_by_the_newest_write_and_waits_for_it() -> None:
    shop = Shop()
    shop.ask(write("a", 1))
    good = shop.ask(compare_and_set("a", 1, 2), at=0.0001)
    bad = shop.ask(compare_and_set("a", 1, 3), at=0.0002)
    shop.env.run(1)
    assert good == [0.010, True]  # the second sync: the first had begun without it
    assert bad == [0.010, False]  # what it found had to be durable


@pytest.mark.parametrize("policy", [SyncEachWrite(), GroupCommit(), PeriodicSync(interval=0.01)])
@pytest.mark.parametrize("crashed", ["host", "process"])
def test_crash_at_any_instant_loses_exactly_what_was_not_durable(
    policy: DurabilityPolicy, crashed: str
) -> None:
    for step in range(40):
        at = 0.00025 + 0.0005 * step
        shop = Shop(policy)
        ends = {value: shop.ask(write(value, value), at=0.001 * value) for value in range(3)}
        node = shop.store.node
        shop.env.call_later(at, shop.host.crash if crashed == "host" else node.crash)
        shop.env.call_later(1.0, shop.host.restart if crashed == "host" else node.restart)
        shop.env.run(at)
        log = node.stored.log
        kept = log.durable_position if crashed == "host" else log.written_position
        last = log.last_position
        shop.env.run(3)
        assert shop.contents == {value: value for value in range(kept)}
        statistics = shop.store.statistics()
        assert statistics.lost_count == last - kept
        told = [value for value, end in ends.items() if end[1] is None and end[0] <= at]
        if shop.store.is_linearizable or crashed == "process":
            assert set(told) <= set(range(kept))
            assert statistics.lost_acknowledged_count == 0
        else:
            assert statistics.lost_acknowledged_count == last - kept


def test_callers_of_a_process_that_crashes_learn_of_it_and_those_of_a_host_do_not() -> None:
    ends = {}
    for crashed in ("host", "process"):
        shop = Shop()
        ends[crashed] = shop.ask(write("a", 1))
        shop.env.call_later(0.003, shop.host.crash if crashed == "host" else shop.store.node.crash)
        shop.env.run(5)
    assert ends == {"host": [1.0, "silence"], "process": [0.004, ConnectionLost]}


def test_restart_makes_durable_what_it_shows() -> None:
    """What nobody has acknowledged is read after a crash of the process: the next crash may not take it."""
    shop = Shop()
    shop.ask(write("a", 1))
    shop.env.call_later(0.003, shop.store.node.crash)
    shop.env.call_later(0.1, shop.store.node.restart)
    saw = shop.ask(read("a"), at=0.2)
    shop.env.call_later(0.3, shop.host.crash)
    shop.env.call_later(0.4, shop.host.restart)
    saw_again = shop.ask(read("a"), at=0.6)
    shop.env.run(2)
    assert (saw[1], saw_again[1]) == (1, 1)


@pytest.mark.parametrize(("interval", "time"), [(float("inf"), 0.204), (10, 0.005)])
def test_restart_takes_time_by_record_which_snapshots_bound(interval: float, time: float) -> None:
    shop = Shop(snapshot_interval=interval)
    for number in range(204):
        shop.ask(write("a", number), at=0.01 * number)
    shop.env.call_later(5.0, shop.store.node.crash)
    shop.env.call_later(6.0, shop.store.node.restart)
    refused = shop.ask(read("a"), at=6.0)
    shop.env.run(10)
    assert refused[1] is Refused
    assert shop.store.statistics().recovery_time == pytest.approx(time)  # a value, and the records since
    assert shop.contents == {"a": 203}


def test_host_that_is_down_still_holds_its_data_and_a_destroyed_disk_does_not() -> None:
    shop = Shop()
    shop.ask(write("a", 1))
    shop.env.call_later(0.1, shop.host.crash)
    shop.env.run(0.2)
    assert shop.contents == {"a": 1}
    shop.disk.destroy()
    assert shop.contents == {}
    shop.host.restart()
    saw = shop.ask(read("a"), at=0.5)
    shop.env.run(2)
    assert saw[1] is None
    assert shop.store.statistics().lost_acknowledged_count == 1


@pytest.mark.parametrize(("interval", "in_log"), [(float("inf"), 25), (10, 5)])
def test_what_a_lost_snapshot_held_is_counted_as_lost_too(interval: float, in_log: int) -> None:
    shop = Shop(snapshot_interval=interval)
    for number in range(25):
        shop.ask(write("a", number), at=0.01 * number)
    shop.env.call_later(1.0, shop.disk.destroy)
    shop.env.call_later(1.1, shop.host.restart)
    shop.env.run(2)
    statistics = shop.store.statistics()
    assert shop.store.node.stored.log.lost_count == in_log
    assert (statistics.lost_count, statistics.lost_acknowledged_count) == (25, 25)


def test_a_write_that_survived_its_process_and_was_told_nobody_is_not_lost_as_acknowledged() -> None:
    shop = Shop()
    shop.ask(write("a", "told nobody"))
    shop.env.call_later(0.003, shop.store.node.crash)
    shop.env.call_later(0.1, shop.store.node.restart)
    shop.ask(write("b", "told"), at=0.2)
    shop.env.call_later(0.3, shop.disk.destroy)
    shop.env.call_later(0.4, shop.host.restart)
    shop.ask(write("c", "told"), at=0.5)
    shop.env.call_later(0.6, shop.disk.destroy)
    shop.env.call_later(0.7, shop.host.restart)
    shop.env.run(2)
    statistics = shop.store.statistics()
    assert (statistics.appended_count, statistics.acknowledged_count) == (3, 2)
    assert (statistics.lost_count, statistics.lost_acknowledged_count) == (3, 2)


def test_what_comes_in_the_place_of_lost_writes_is_counted_for_itself() -> None:
    shop = Shop()
    for key in "ab":
        shop.ask(write(key, "told nobody"))
    shop.env.call_later(0.003, shop.host.crash)
    shop.env.call_later(0.1, shop.host.restart)
    shop.ask(write("c", "told"), at=0.2)
    shop.env.call_later(0.3, shop.disk.destroy)
    shop.env.call_later(0.4, shop.host.restart)
    shop.env.run(2)
    statistics = shop.store.statistics()
    assert (statistics.lost_count, statistics.lost_acknowledged_count) == (3, 1)


def periodic_loss(rate: float, interval: float, seed: int) -> int:
    """Return how many acknowledged writes a crash of the host takes, at a random phase of the syncs."""
    env = Environment(seed=seed)
    host = Host(env, "server")
    store = SingleNodeStore(
        env,
        Network(env, latencies=0.0),
        host,
        disk=Disk(host, sync_time=0.0),
        policy=PeriodicSync(interval=interval),
    )
    stream = env.stream("writes")
    client = store.client(Host(env, "client"))

    def writes() -> Generator[Any, Any, None]:
        for number in count():
            yield stream.exponential(1 / rate)
            env.process(client.call(write(number, number)))

    env.process(writes())
    # The first sync comes an interval after the first write: which phase is struck is uniform.
    env.run(2 * interval + interval * env.stream("crash").random())
    host.crash()
    host.restart()
    env.run(env.now + 1e-9)
    return store.statistics().lost_acknowledged_count


@pytest.mark.slow
def test_periodic_sync_loses_what_came_since_the_last_one() -> None:
    """Poisson writes at 200/s, a sync of no length each 0.1 s, a crash in between, at a time t after it.

    What is lost is Poisson with mean 200 t: with t uniform its mean is 10, its variance 10 + 20^2 / 12.
    """
    rate, interval, runs = 200.0, 0.1, 120
    losses = [periodic_loss(rate, interval, seed) for seed in range(runs)]
    mean = sum(losses) / runs
    expected, variance = rate * interval / 2, rate * interval / 2 + (rate * interval) ** 2 / 12
    assert abs(mean - expected) < 2.58 * sqrt(variance / runs)
    spread = sum((loss - mean) ** 2 for loss in losses) / (runs - 1)
    assert 0.6 * variance < spread < 1.5 * variance


def test_it_claims_to_be_linearizable_only_where_it_acknowledges_what_is_durable() -> None:
    claims = {policy: Shop(policy).store.is_linearizable for policy in (SyncEachWrite(), GroupCommit())}
    assert all(claims.values())
    assert not Shop(PeriodicSync()).store.is_linearizable


def test_disk_of_another_host_is_refused() -> None:
    env = Environment(seed=1)
    with pytest.raises(ValueError, match="disk must be one of host 'a', got that of 'b'"):
        SingleNodeStore(env, Network(env), Host(env, "a"), disk=Disk(Host(env, "b")))


@pytest.mark.slow
@pytest.mark.parametrize("policy", [SyncEachWrite(), GroupCommit(), GroupCommit(delay=0.002)])
def test_history_is_linearizable_whatever_crashes_and_whenever(policy: DurabilityPolicy) -> None:
    shop = Shop(policy, seed=7, snapshot_interval=10)
    recorder = HistoryRecorder(shop.env)
    client = recorder.around(shop.client)
    dice = shop.env.stream("dice")

    def use(number: int) -> Generator[Any, Any, None]:
        for turn in range(150):
            value = 1000 * number + turn
            requests = (read("a"), write("a", value), compare_and_set("a", value - 3, value))
            with suppress(CallFailed), shop.env.move_on_after(0.05):
                yield from client.call(requests[int(dice.integers(3))])
            yield float(dice.exponential(0.003))

    def crashes() -> Generator[Any, Any, None]:
        while True:
            yield float(dice.exponential(0.05))
            crashed = shop.host if dice.random() < 0.5 else shop.store.node
            crashed.crash()
            yield float(dice.exponential(0.01))
            crashed.restart()
            yield 0.001

    for number in range(4):
        shop.env.process(use(number))
    shop.env.process(crashes())
    shop.env.run(5.0)
    history = recorder.history()
    assert len(history) == 600
    assert sum(operation.ending is Ending.UNKNOWN for operation in history) > 10
    found = check_linearizability(history, "cas-register")
    assert found.verdict is Verdict.LINEARIZABLE, found
    assert shop.store.statistics().lost_count > 0  # of what nobody was told
    assert shop.store.statistics().lost_acknowledged_count == 0
