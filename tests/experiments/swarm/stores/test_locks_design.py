"""A resource behind locks: what is promised of it, what its laws allow, and who strikes its clients."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from experiments.swarm import BrokenInvariant, Passed
from experiments.swarm.plan import Value
from experiments.swarm.stores import LAWS, StorePlan, build_store, draw_store, promises_of, run_store_trial
from experiments.swarm.stores.designs.locks import LocksDesign
from experiments.swarm.stores.locked_store import Grant, LockedStore, Sections
from models import Host
from models.consensus.lock_service import fenced_write
from simulator import Environment

from .plans import fault, plan

SERVICE = {"converges", "gives_everything_back", "has_one_holder", "tokens_grow", "works_again"}
FENCED = {
    "is_linearizable",
    "keeps_sessions",
    "keeps_what_it_acknowledges",
    "keeps_what_it_shows",
    "lets_in_nothing_late",
}


@pytest.mark.parametrize(
    ("parameters", "laws"),
    [
        ({}, SERVICE | FENCED),
        ({"fencing": "writes"}, SERVICE),
        ({"fencing": "none"}, SERVICE),
        ({"ttl": 2.0}, (SERVICE | FENCED) - {"gives_everything_back"}),
    ],
)
def test_tokens_and_leases_promise_what_they_can(parameters: dict[str, Value], laws: set[str]) -> None:
    assert promises_of(plan("locks", parameters=parameters)) == laws


def test_where_clocks_drift_too_much_two_may_hold_a_lock_and_tokens_stand_all_the_same() -> None:
    drifting = fault("drift", 1.0, 2.0, host="node-1", drift=0.05)
    assert promises_of(plan("locks", drifting)) == (SERVICE | FENCED) - {"has_one_holder"}


def test_where_an_answer_takes_long_nothing_need_come_back() -> None:
    base = plan("locks")
    slow = base.model_copy(update={"latency": base.latency.model_copy(update={"mean": 0.2})})
    assert promises_of(slow) & {"works_again", "gives_everything_back", "converges"} == set()


# -- laws


def checked(law: str, *grants: Grant, **others: Any) -> None:
    """Check a law of a store where locks were given so."""
    store: Any = LockedStore.__new__(LockedStore)
    store.sections = Sections(SimpleNamespace(now=9.0), list(grants))  # type: ignore[arg-type]
    for name, value in others.items():
        setattr(store, name, value)
    live = SimpleNamespace(store=store, plan=SimpleNamespace(store="locks"), env=SimpleNamespace(now=9.0))
    LAWS[law](live)  # type: ignore[arg-type] # all that it looks at


def given(asked_at: float, given_at: float, token: int) -> Grant:
    return Grant("lock", "somebody", asked_at, given_at, token)


def test_tokens_may_be_given_in_any_order_to_those_who_ask_at_the_same_time() -> None:
    checked("tokens_grow", given(0.0, 1.0, 2), given(0.5, 2.0, 1), given(2.0, 3.0, 3))


@pytest.mark.parametrize(
    ("grants", "says"),
    [
        ((given(0.0, 1.0, 1), given(0.0, 2.0, 1)), "got token 1, which somebody had got"),
        ((given(0.0, 1.0, 2), given(1.5, 2.0, 1)), "got token 1, where 2 had been given before"),
    ],
)
def test_a_token_that_is_given_twice_or_too_late_is_told(grants: tuple[Grant, ...], says: str) -> None:
    with pytest.raises(BrokenInvariant, match=says):
        checked("tokens_grow", *grants)


def test_what_is_let_in_late_is_told() -> None:
    counted = SimpleNamespace(statistics=lambda: SimpleNamespace(late_count=0, lost_update_count=1))
    with pytest.raises(BrokenInvariant, match=r"lets_in_nothing_late .* 1 writes have overwritten"):
        checked("lets_in_nothing_late", resource=counted)


def test_a_lock_that_two_hold_is_told_when_it_comes_to_be_so_and_not_while_one_knows_better() -> None:
    env = Environment(seed=1)
    sections = Sections(env)
    first, second = (SimpleNamespace(lock="lock", token=number, is_held=True) for number in (1, 2))
    first.is_held = False
    sections.enter("one", "key", first, 0.0)  # type: ignore[arg-type] # all that is looked at
    sections.enter("two", "key", second, 0.0)  # type: ignore[arg-type]
    env.run(until=0.1)
    assert sections.two_held is None
    first.is_held = True  # its session was renewed after all
    env.run(until=0.2)
    assert sections.two_held is not None
    time, who = sections.two_held
    assert 0.1 <= time < 0.11
    assert who == "'lock' is held by one (1) and by two (2)"


@pytest.mark.slow
def test_a_lock_that_nobody_gives_back_is_told() -> None:
    live = build_store(plan("locks", clients=1))
    assert isinstance(live.store, LockedStore)
    live.env.run(until=2.0)
    with pytest.raises(BrokenInvariant, match=r"gives_everything_back .* locks-1 has session 1 of"):
        LAWS["gives_everything_back"](live)


# -- clients


def while_thinking(*, looks: bool) -> StorePlan:
    """Return a plan in which a client stands still while it thinks, for longer than its lease."""
    pause = fault("pause", 0.6, 1.9, host="client-1")
    thinking = plan("locks", pause, clients=2, parameters={"think": 0.05, "looks": looks})
    patient = [each.model_copy(update={"patience": 2.0}) for each in thinking.clients]
    return thinking.model_copy(update={"clients": tuple(patient)})


def test_a_client_that_crashes_asks_nothing_until_it_is_back_and_then_again() -> None:
    live = build_store(plan("locks", fault("client_crash", 0.6, 1.2, host="client-1"), clients=1))
    live.env.run(until=3.0)
    times = [each.invoked_at for each in live.history()]
    assert any(time > 1.25 for time in times)
    assert [time for time in times if 0.6 < time < 1.2] == []


@pytest.mark.slow
def test_a_client_that_stands_still_is_late_and_the_resource_refuses_what_it_writes_then() -> None:
    paused = while_thinking(looks=False)
    live = build_store(paused)
    assert isinstance(live.store, LockedStore)
    live.env.run(until=3.0)
    assert live.store.resource.statistics().refused_count == 1
    assert live.store.service.statistics().expired_count == 1
    assert isinstance(run_store_trial(paused), Passed)


def test_a_write_that_looks_first_is_not_made_by_whoever_may_hold_nothing_any_more() -> None:
    live = build_store(while_thinking(looks=True))
    assert isinstance(live.store, LockedStore)
    live.env.run(until=3.0)
    assert live.store.resource.statistics().refused_count == 0
    assert any(each.ending.name == "FAILED" and each.kind == "write" for each in live.history())


@pytest.mark.slow
def test_pauses_and_crashes_of_clients_are_drawn_where_clients_matter() -> None:
    assert LocksDesign.suffers == ("pause", "client_crash")
    kinds = {each.kind for seed in range(1, 15) for each in draw_store(seed, "ignores_tokens").faults}
    others = {each.kind for seed in range(1, 15) for each in draw_store(seed, "no_fencing").faults}
    assert set(LocksDesign.suffers) <= kinds
    assert not set(LocksDesign.suffers) & others


def test_what_the_resource_holds_is_seen_by_its_keys() -> None:
    live = build_store(plan("locks", clients=1))
    assert isinstance(live.store, LockedStore)
    live.env.run(until=3.0)
    web = Host(live.env, "web")
    way = live.network.connect(web, live.store.resource)
    live.env.process(way.call(fenced_write("a", "mine", 10**6)))
    live.env.run(until=3.5)
    assert live.store.contents() == {"resource": {"a": "mine"}}
