"""Read models against folds that are written here a second time, over random histories and troubles."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import CallFailed
from models.cqrs import Projection, ProjectionSettings
from models.cqrs.items import (
    BestSellers,
    Cancelled,
    OrdersPerCustomer,
    Reserved,
    Restocked,
    StockPerItem,
    best_sellers,
)
from models.cqrs.log import Commit, append_commit
from models.storage import GroupCommit, PeriodicSync, SyncEachWrite

from .cqrs_plant import CqrsPlant, on_disk

END = 0.4
"""Until then there is trouble; afterwards all is healed."""

STEP = 0.01

Trouble = tuple[float, str, str, float]
"""When, of whom, what, and how long."""

histories = st.lists(
    st.tuples(
        st.floats(0.0, END),
        st.lists(
            st.tuples(st.sampled_from("rrsc"), st.integers(1, 3), st.integers(0, 2), st.integers(1, 4)),
            max_size=3,
        ),
    ),
    max_size=25,
)
"""Commits by their time: restocks, reservations and cancellations, of an item, by a customer, of units."""

troubles = st.lists(
    st.tuples(
        st.floats(0.0, END),
        st.sampled_from(["log", "stock", "orders", "sellers"]),
        st.sampled_from(["host", "process", "cut", "rebuild"]),
        st.floats(0.001, 0.1),
    ),
    max_size=8,
)


def events_of(number: int, wanted: Sequence[Any], open_orders: list[Reserved]) -> list[Any]:
    """Return the events of a commit; only what the log is known to have is cancelled, and once."""
    events: list[Any] = []
    for place, (kind, item, customer, units) in enumerate(wanted):
        if kind == "r":
            events.append(Restocked(item, units))
        elif kind == "s":
            events.append(Reserved(item, f"{number}-{place}", customer, units))
        elif open_orders:
            gone = open_orders.pop(units % len(open_orders))
            events.append(Cancelled(gone.item, gone.order, gone.customer, gone.units))
    return events


def units_of(commits: Sequence[Commit], item: Any, *, kinds: tuple[tuple[type, int], ...]) -> int:
    """Sum up what events of some kinds did to an item."""
    signs = dict(kinds)
    events = [event for commit in commits for event in commit.events]
    return sum(signs.get(type(event), 0) * event.units for event in events if event.item == item)


def by_hand(name: str, commits: Sequence[Commit]) -> dict[Any, Any]:
    """Return what a view of that name should hold, without empty rows."""
    events = [event for commit in commits for event in commit.events]
    if name == "orders":
        gone = {event.order for event in events if isinstance(event, Cancelled)}
        held: dict[Any, Any] = {}
        for event in events:
            if isinstance(event, Reserved) and event.order not in gone:
                held.setdefault(event.customer, []).append((event.order, event.item, event.units))
        return {customer: tuple(orders) for customer, orders in held.items()}
    signs = {Restocked: 1, Reserved: -1, Cancelled: 1} if name == "stock" else {Reserved: 1, Cancelled: -1}
    sums = {item: units_of(commits, item, kinds=tuple(signs.items())) for item in (1, 2, 3)}
    return {item: units for item, units in sums.items() if units}


def held_by(view: Projection) -> dict[Any, Any]:
    """Return the rows of a view that say anything."""
    return {key: value for key, value in view.rows().items() if value}


def strike(plant: CqrsPlant, views: dict[str, Projection], trouble: Trouble) -> None:
    at, victim, kind, duration = trouble
    node: Any = views.get(victim, plant.log.nodes[0])
    host = node.host

    def begin() -> None:
        if kind == "rebuild" and victim != "log":
            if node.is_awake and not node.is_rebuilding:
                node.rebuild()
        elif kind == "cut" and victim != "log":
            cut = plant.network.partition(host, plant.hosts["log"])
            plant.at(plant.env.now + duration, plant.network.heal, cut)
        elif kind in ("host", "process") and node.is_awake:
            (host if kind == "host" else node).crash()
            plant.at(plant.env.now + duration, end)

    def end() -> None:
        if not host.is_up:
            host.restart()
        elif not host.runs(node):
            node.restart()

    plant.at(at, begin)


def append(
    plant: CqrsPlant, number: int, wanted: Sequence[Any], open_orders: list[Reserved]
) -> Generator[Any, Any, None]:
    """Append a commit, and note which orders the log has then."""
    request = append_commit("all", events_of(number, wanted, open_orders), command=number)
    with contextlib.suppress(CallFailed):
        commit = (yield from plant.log_client(plant.web).call(request)).value
        open_orders += [event for event in commit.events if isinstance(event, Reserved)]


def played(
    policy: Any, history: Sequence[Any], schedule: Sequence[Trouble], batch_max: int
) -> tuple[CqrsPlant, dict[str, Projection]]:
    """Return a log with three views, to which a history comes while there is trouble."""
    plant = CqrsPlant(on_disk(policy))
    setting = ProjectionSettings(
        batch_max=batch_max,
        wait=0.0,
        interval=0.005,
        retry_pause=0.01,
        patience=0.05,
        durability=SyncEachWrite(),
    )
    models = {"stock": StockPerItem(), "orders": OrdersPerCustomer(), "sellers": BestSellers()}
    views = {name: plant.add_projection(model, name, settings=setting) for name, model in models.items()}
    open_orders: list[Reserved] = []
    for number, (at, wanted) in enumerate(history):
        writer = append(plant, number, wanted, open_orders)
        plant.at(at, lambda each=writer: plant.env.process(each))
    for trouble in schedule:
        strike(plant, views, trouble)
    return plant, views


def settle(plant: CqrsPlant, views: dict[str, Projection]) -> None:
    plant.env.run(until=END + 1.0)
    commits = plant.commits()
    for name, view in views.items():
        assert (view.position, held_by(view)) == (len(commits), by_hand(name, commits))
    sold = by_hand("sellers", commits)
    best = plant.now(plant.way(views["sellers"]), best_sellers(3))
    told = [sold.get(item, 0) for item in best]
    assert told == sorted(sold.values(), reverse=True) + [0] * (len(told) - len(sold))


@pytest.mark.slow
@given(histories, troubles, st.sampled_from([GroupCommit(), SyncEachWrite()]), st.sampled_from([1, 3, 100]))
@settings(max_examples=60)
def test_rows_are_what_a_fold_by_hand_makes_of_the_log_at_every_look(
    history: list[Any], schedule: list[Trouble], policy: Any, batch_max: int
) -> None:
    plant, views = played(policy, history, schedule, batch_max)
    seen = dict.fromkeys(views, 0)
    while plant.env.now < END + 0.3:
        plant.run_on(STEP)
        commits = plant.commits()
        for name, view in views.items():
            if view.is_awake and view.position <= len(commits):
                assert held_by(view) == by_hand(name, commits[: view.position]), name
                assert view.position >= seen[name]  # nor does it ever go back
                seen[name] = view.position
    settle(plant, views)


@pytest.mark.slow
@given(histories, troubles, st.sampled_from([1, 3, 100]))
@settings(max_examples=40)
def test_rows_come_to_be_the_fold_of_a_log_that_loses_what_it_has_told(
    history: list[Any], schedule: list[Trouble], batch_max: int
) -> None:
    # What was cancelled may be lost, and not its cancellation: of that no fold knows what to do.
    kept = [(at, [each for each in wanted if each[0] != "c"]) for at, wanted in history]
    plant, views = played(PeriodicSync(interval=0.05), kept, schedule, batch_max)
    settle(plant, views)
