from __future__ import annotations

from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models import Endpoint, Host, Request, Response
from models.cqrs import (
    Lag,
    Projection,
    ProjectionSettings,
    differences,
    fold,
    has_converged,
    lag,
)
from models.cqrs.flaws import ProjectionFlaws
from models.cqrs.items import (
    BestSellers,
    Cancelled,
    OrdersPerCustomer,
    Reserve,
    Reserved,
    Restock,
    Restocked,
    StockPerItem,
    best_sellers,
)
from models.cqrs.log import Batch, Commit, append_commit
from models.cqrs.projections import Checkpointing, OnPoison, PoisonEvent, Rows, apply_commit, at_least
from models.endpoint import Call, Wrapper
from models.replication import read
from models.storage import Disk, PeriodicSync, SyncEachWrite

from .cqrs_plant import HOP, MODELS, SYNC, CqrsPlant, on_disk, on_raft, sell

COUNTING = BestSellers()


def test_commit_is_seen_two_hops_and_two_syncs_after_its_append() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection()
    client = plant.log.client(plant.web)
    plant.ask(client, append_commit(7, [Restocked(7, 5)]), at=0.1)
    shown_at = 0.1 + HOP + SYNC + HOP + SYNC
    plant.env.run(until=shown_at - 0.0001)
    assert (stock.position, dict(stock.rows())) == (0, {})
    plant.env.run(until=shown_at + 0.0001)
    assert (stock.position, dict(stock.rows())) == (1, {7: 5})
    told = plant.told(plant.way(stock), read(7))
    assert (told.end, told.version) == (5, 1)


def test_each_event_and_each_question_costs_work_on_a_core() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection(settings=ProjectionSettings(event_work=0.01, query_work=0.02))
    plant.ask(plant.log.client(plant.web), append_commit(7, [Restocked(7, 1)] * 3), at=0.1)
    shown_at = 0.1 + HOP + SYNC + HOP + 0.03 + SYNC
    plant.env.run(until=shown_at - 0.0001)
    assert stock.position == 0
    plant.env.run(until=shown_at + 0.0001)
    assert stock.position == 1
    start = plant.env.now
    assert plant.told(plant.way(stock), read(7)).time == pytest.approx(start + 2 * HOP + 0.02)


@pytest.mark.parametrize("make_log", [on_disk(), on_raft], ids=["disk", "raft"])
def test_several_projections_of_one_log_answer_other_questions(make_log: Any) -> None:
    plant = CqrsPlant(make_log)
    settings = (
        ProjectionSettings() if make_log is not on_raft else ProjectionSettings(wait=0.0, interval=0.05)
    )
    stock, orders, sellers = (
        plant.add_projection(model, f"view-{number}", settings=settings)
        for number, model in enumerate(MODELS)
    )
    plant.add_handler()
    plant.env.run(until=2.0)
    for item in (7, 8):
        plant.command(item, Restock(10))
    plant.command(7, Reserve("o1", "ann", 2))
    plant.command(8, Reserve("o2", "ann", 5))
    plant.command(8, Reserve("o3", "bob", 50))  # declined
    plant.run_on(0.5)
    assert plant.now(plant.way(stock), read(7)) == 8
    assert plant.now(plant.way(orders), read("ann")) == (("o1", 7, 2), ("o2", 8, 5))
    assert plant.now(plant.way(orders), read("bob")) is None
    assert plant.now(plant.way(sellers), best_sellers(1)) == (8,)
    assert plant.now(plant.way(stock), best_sellers(1)) == "ServerError"
    assert all(has_converged(each, plant.commits()) for each in plant.projections)


def test_batches_are_as_large_as_may_be_and_make_catching_up_faster() -> None:
    took = []
    for batch_max in (1, 50):
        plant = CqrsPlant()
        sell(plant, 100, every=0.0)
        plant.env.run(until=1.0)
        stock = plant.add_projection(settings=ProjectionSettings(batch_max=batch_max))
        while stock.position < 100:
            plant.run_on(0.001)
        took.append((stock.counts.batch_count, plant.env.now - 1.0))
    (ones, slow), (fifties, fast) = took
    assert (ones, fifties) == (100, 2)
    assert (slow, fast) == (pytest.approx(100 * 0.006, abs=0.002), pytest.approx(2 * 0.006, abs=0.002))


def test_short_polls_come_as_often_as_they_are_told() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection(settings=ProjectionSettings(wait=0.0, interval=0.5))
    plant.env.run(until=10.0)
    assert plant.log.statistics().read_count == 20  # type: ignore[attr-defined]
    sell(plant, 1, start=10.0)
    plant.env.run(until=10.6)
    assert stock.position == 1


def test_pauses_are_by_the_hosts_clock_as_it_goes_now() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection(settings=ProjectionSettings(wait=0.0, interval=0.5))
    plant.env.run(until=10.0)
    stock.host.skew_clock("a fault", 0.0, drift=1.0)
    plant.env.run(until=20.0)
    assert plant.log.statistics().read_count == pytest.approx(20 + 40, abs=1)  # type: ignore[attr-defined]
    plant.log.nodes[0].crash()
    plant.env.run(until=30.0)
    assert stock.counts.failed_count == pytest.approx(10.0 / (0.1 / 2.0 + 2 * HOP), abs=5)


def test_log_on_raft_lets_nobody_wait_and_is_asked_no_more_often_for_that() -> None:
    """Else it would be asked without end: where nothing takes time, for ever at one instant."""
    plant = CqrsPlant(on_raft)
    asked: list[float] = []

    class Noting(Wrapper):
        def call(self, request: Request) -> Call:
            asked.append(plant.env.now)
            return self.target.call(request)

    stock = plant.add_projection(source=lambda client: Noting(client, name="noting"))
    plant.env.run(until=2.0)
    asked.clear()
    plant.env.run(until=12.0)
    assert len(asked) == pytest.approx(10, abs=1)
    asked.clear()
    stock.host.skew_clock("a fault", 0.0, drift=1.0)
    plant.env.run(until=22.0)
    assert len(asked) == pytest.approx(20, abs=1)
    plant.now(plant.log.client(plant.web), append_commit(7, [Restocked(7, 5)]))
    plant.run_on(1.1)
    assert stock.position == 1


class Redelivering(Wrapper):
    """A source that delivers each batch from `again` commits earlier on: at least once, that is."""

    def __init__(self, target: Endpoint, again: int = 2) -> None:
        super().__init__(target, name="redelivering")
        self._again = again

    def call(self, request: Request) -> Call:
        asked = request.value
        response = yield from self.target.call(request)
        if not response.value.commits or not asked.after:
            return response
        earlier = replace(asked, after=max(0, asked.after - self._again), wait=0.0)
        return (yield from self.target.call(replace(request, value=earlier)))


@pytest.mark.parametrize("ignores", [False, True], ids=["by position", "whatever comes"])
def test_what_is_delivered_twice_has_its_effect_once_by_its_position(ignores: bool) -> None:
    plant = CqrsPlant()
    flaws = ProjectionFlaws(ignores_positions=ignores)
    stock = plant.add_projection(source=Redelivering, flaws=flaws)
    sell(plant, 20, every=0.02)
    plant.env.run(until=2.0)
    assert stock.position == 20
    assert has_converged(stock, plant.commits()) == (not ignores)
    if ignores:
        assert stock.counts.doubled_count > 10
        assert sum(stock.rows().values()) > 20
    else:
        assert stock.counts.passed_over_count > 10
        assert stock.counts.doubled_count == 0


@pytest.mark.slow
@pytest.mark.parametrize("crashed", ["host", "process"])
@pytest.mark.parametrize("order", Checkpointing)
def test_crash_at_any_step_shows_what_the_order_of_two_writes_is_worth(
    order: Checkpointing, crashed: str
) -> None:
    doubled = lost = 0
    for step in range(50):
        plant = CqrsPlant()
        stock = plant.add_projection(settings=ProjectionSettings(checkpointing=order))
        sell(plant, 20)
        victim: Any = stock.host if crashed == "host" else stock
        plant.at(0.001 + 0.001 * step, victim.crash)
        plant.at(0.2, victim.restart)
        plant.at(1.0, stock.crash)  # of which nothing comes, and nothing is counted twice
        plant.at(1.1, stock.restart)
        plant.env.run(until=2.0)
        assert stock.position == 20
        held, counts = sum(stock.rows().values()), stock.counts
        assert held == 20 + counts.doubled_count - counts.lost_count
        assert has_converged(stock, plant.commits()) == (held == 20)
        doubled += counts.doubled_count
        lost += counts.lost_count
    assert (doubled > 0) == (order is Checkpointing.AFTER)
    assert (lost > 0) == (order is Checkpointing.BEFORE)


@pytest.mark.slow
@pytest.mark.parametrize("policy", [SyncEachWrite(), PeriodicSync(interval=0.02)])
def test_projection_holds_the_fold_of_its_position_at_every_instant(policy: Any) -> None:
    plant = CqrsPlant()
    stock = plant.add_projection(settings=ProjectionSettings(durability=policy, batch_max=3))
    sell(plant, 60, every=0.003)
    crashes = [0.03, 0.07, 0.11]
    for number, at in enumerate(crashes):
        victim: Any = (stock, stock.host, stock)[number]
        plant.at(at, victim.crash)
        plant.at(at + 0.02, victim.restart)
    seen = []
    while plant.env.now < 1.0:
        plant.run_on(0.0007)
        if stock.is_awake and stock.is_listening:
            assert not differences(stock, plant.commits())
            seen.append(stock.position)
    assert seen[-1] == 60
    assert stock.counts.doubled_count == stock.counts.lost_count == 0 or isinstance(policy, PeriodicSync)


def test_rows_that_were_read_after_one_crash_are_there_after_the_next() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection(settings=ProjectionSettings(durability=PeriodicSync(interval=10.0)))
    sell(plant, 10)
    plant.env.run(until=1.0)
    stock.crash()
    stock.restart()
    plant.run_on(0.1)
    assert plant.told(plant.way(stock), read(0)).version == 10
    sell(plant, 5, start=1.2)
    plant.run_on(0.3)
    assert (stock.position, sum(stock.rows().values())) == (15, 15)
    plant.hosts["log"].crash()
    stock.host.crash()
    assert sum(stock.rows().values()) == 10  # what is on its disk
    stock.host.restart()
    plant.run_on(0.1)
    assert plant.told(plant.way(stock), read(0)).version == 10


def test_projection_whose_disk_is_destroyed_begins_anew() -> None:
    plant = CqrsPlant()
    disk = Disk(plant.new_host("stock"), sync_time=SYNC)
    stock = plant.add_projection(disk=disk)
    sell(plant, 10)
    plant.env.run(until=1.0)
    disk.destroy()
    assert stock.rows() == {}
    disk.host.restart()
    plant.run_on(1.0)
    assert has_converged(stock, plant.commits())
    assert stock.counts.doubled_count == 0


def test_projection_of_a_log_that_has_lost_its_tail_begins_anew_and_holds_what_is_left() -> None:
    plant = CqrsPlant(on_disk(PeriodicSync(interval=0.1)))
    stock = plant.add_projection()
    sell(plant, 10)
    plant.env.run(until=1.0)
    sell(plant, 10, start=1.0, every=0.001)
    plant.at(1.05, plant.hosts["log"].crash)
    plant.at(1.1, plant.hosts["log"].restart)
    sell(plant, 30, start=1.2, every=0.001)
    plant.env.run(until=5.0)
    assert plant.log.statistics().lost_shown_count > 0  # type: ignore[attr-defined]
    assert stock.counts.diverged_count == 1
    assert has_converged(stock, plant.commits())


def test_log_that_is_down_or_cut_off_is_asked_again_and_readers_are_answered_meanwhile() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection()
    sell(plant, 10)
    plant.env.run(until=1.0)
    cut = plant.network.partition(plant.hosts["log"], stock.host)
    sell(plant, 5, start=1.0)
    plant.run_on(10.0)
    told = plant.told(plant.way(stock), read(0))
    assert (told.end, told.version) == (4, 10)
    assert stock.counts.failed_count == pytest.approx(10.0 / 2.1, abs=1.0)
    plant.network.heal(cut)
    plant.run_on(3.0)
    assert has_converged(stock, plant.commits())


# -- questions that demand a position -----------------------------------------------------------------------


def test_question_waits_for_the_position_that_it_demands_and_not_longer_than_it_says() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection()
    way = plant.way(stock)
    in_time = plant.ask(way, at_least(read(0), 1, wait=1.0))
    too_late = plant.ask(way, at_least(read(0), 1, wait=0.05))
    sell(plant, 1, start=0.1)
    plant.env.run(until=2.0)
    assert (too_late.end, too_late.time) == ("Unavailable", pytest.approx(0.05 + 2 * HOP))
    assert (in_time.end, in_time.version) == (1, 1)
    assert in_time.time == pytest.approx(0.1 + HOP + SYNC + HOP + SYNC + HOP)
    assert stock.behind_count == 1
    assert plant.now(way, at_least(read(0), 1, wait=0.0)) == 1
    start = plant.env.now
    assert plant.told(way, at_least(read(0), 1, wait=1.0)).time == pytest.approx(start + 2 * HOP)
    assert plant.now(way, at_least(at_least(read(0), 2, wait=0.0), 1, wait=0.0)) == "Unavailable"
    assert at_least(Request("q", 1, "own"), 1, wait=0.0).value.value == "own"


# -- poison -------------------------------------------------------------------------------------------------


def poisoned(on_poison: OnPoison) -> tuple[CqrsPlant, Projection]:
    """Commits of which the third has two events, the second one of them poison; and two more after it."""
    plant = CqrsPlant()
    plant.add_handler()
    orders = plant.add_projection(
        OrdersPerCustomer(), "orders", settings=ProjectionSettings(on_poison=on_poison)
    )
    plant.command(7, Restock(10))
    plant.command(7, Reserve("o1", "ann"))
    bad = [Reserved(8, "o8", "bob", 1), Cancelled(8, "o9", "bob", 1)]
    plant.now(plant.log.client(plant.web), append_commit(8, bad))
    plant.command(7, Reserve("o2", "ann"))
    plant.run_on(1.0)
    return plant, orders


def test_projection_that_stops_at_poison_stands_still_and_answers_what_it_has() -> None:
    plant, orders = poisoned(OnPoison.STOP)
    assert (orders.is_stopped, orders.position) == (True, 2)
    assert plant.now(plant.way(orders), read("ann")) == (("o1", 7, 1),)
    assert plant.now(plant.way(orders), read("bob")) is None  # nor half of what cannot be applied
    assert lag(orders.position, plant.commits(), plant.env.now).commit_count == 2
    batch_count = orders.counts.batch_count
    orders.crash()
    orders.restart()
    plant.run_on(1.0)
    assert orders.counts.batch_count == batch_count + 1  # it has tried
    assert (orders.is_stopped, orders.position) == (True, 2)
    assert not differences(orders, plant.commits())


def test_projection_that_skips_poison_goes_on_and_counts() -> None:
    plant, orders = poisoned(OnPoison.SKIP)
    assert (orders.is_stopped, orders.position, orders.counts.skipped_count) == (False, 4, 1)
    assert plant.now(plant.way(orders), read("bob")) == (("o8", 8, 1),)
    assert has_converged(orders, plant.commits())


class HalfWay(StockPerItem):
    """One that finds out late that an event is poison."""

    __slots__ = ()

    def apply(self, event: Any, rows: Rows) -> None:
        rows[event.item] = "half"
        if event.units > 1:
            raise PoisonEvent("too many")


def test_event_that_fails_half_way_has_no_effect() -> None:
    rows = Rows({})
    commit = Commit(1, "a", 2, None, (Restocked(1, 1), Restocked(2, 2)))
    assert apply_commit(HalfWay(), commit, rows, OnPoison.STOP) is None
    assert rows.changes == {}
    assert apply_commit(HalfWay(), commit, rows, OnPoison.SKIP) == 1
    assert rows.changes == {1: "half"}


# -- observers ----------------------------------------------------------------------------------------------


def test_lag_counts_commits_events_and_the_age_of_the_oldest_that_is_missing() -> None:
    plant = CqrsPlant()
    client = plant.log.client(plant.web)
    for number in range(3):
        events = [Restocked(7, 1)] * (number + 1)
        plant.now(client, append_commit(7, events, time=float(number)))
    assert lag(3, plant.commits(), 10.0) == Lag(0, 0, 0.0)
    assert lag(1, plant.commits(), 10.0) == Lag(2, 5, 9.0)


def test_differences_name_what_is_held_and_what_should_be() -> None:
    plant = CqrsPlant()
    stock = plant.add_projection()
    sell(plant, 51)
    plant.env.run(until=1.0)
    rows: Any = stock._views.serving.stored.rows
    rows[0] = 99
    assert differences(stock, plant.commits()) == {0: (99, 17)}
    assert not has_converged(stock, plant.commits())
    assert fold(StockPerItem(), plant.commits())[0] == 17


class Silent(Endpoint):
    """A source that has nothing."""

    def __init__(self, host: Host) -> None:
        self.host = host

    def call(self, request: Request) -> Call:
        return self._nothing()

    def _nothing(self) -> Generator[Any, Any, Response]:
        yield 0.01
        return Response(Batch((), 0))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda host: {"source": "log"}, "source must be an Endpoint, got 'log'"),
        (lambda host: {"model": "stock"}, "model must be a ReadModel, got 'stock'"),
        (lambda host: {"settings": 1}, "settings must be a ProjectionSettings, got 1"),
        (
            lambda host: {"source": Silent(Host(host.env, "far"))},
            r"source must be a client on Host\('h'\) as the projection is, got one on Host\('far'\)",
        ),
        (
            lambda host: {"disk": Disk(Host(host.env, "far"))},
            "disk must be one of host 'h', got that of 'far'",
        ),
        (lambda _: {"disk": 3}, "disk must be a Disk, got 3"),
        (lambda _: {"flaws": ProjectionFlaws(ignores_positions=None)}, "ignores_positions must be a bool"),
        (lambda _: at_least("read", 1, wait=1.0), "request must be a Request, got 'read'"),
        (lambda _: ProjectionSettings(batch_max=0), "batch_max must be a whole number >= 1, got 0"),
        (lambda _: ProjectionSettings(wait=0.0), "interval must be > 0 s where wait is 0 s, got 0"),
        (lambda _: ProjectionSettings(retry_pause=0.0), "retry_pause must be finite and > 0 s, got 0.0"),
        (lambda _: ProjectionSettings(checkpointing="after"), "checkpointing must be a Checkpointing"),
        (lambda _: ProjectionSettings(on_poison=None), "on_poison must be an OnPoison, got None"),
        (lambda _: ProjectionSettings(durability=0.1), "durability must be a durability policy, got 0.1"),
        (lambda _: at_least(read(1), -1, wait=1.0), "position must be a whole number >= 0, got -1"),
        (lambda _: at_least(read(1), 1, wait=float("inf")), "wait must be finite and >= 0 s, got inf"),
    ],
)
def test_misuse_is_one_clear_line(make: Any, message: str) -> None:
    plant = CqrsPlant()
    host = plant.new_host("h")

    def build() -> Projection:
        given = {"source": Silent(host), "model": MODELS[0], **make(host)}
        places = (given.pop(name) for name in ("source", "model"))
        return Projection(plant.env, host, plant.network, *places, **given)

    with pytest.raises((ValueError, TypeError), match=message):
        build()
