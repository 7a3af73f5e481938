"""Each kind of fault strikes whom it names, or whoever leads when it begins, and is over in time."""

from __future__ import annotations

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.choices import Names, completed
from experiments.swarm.plan import FaultPlan
from experiments.swarm.stores import (
    DESIGNS,
    STORE_FAULTS,
    build_store,
    draw_store,
    promises_of,
    run_store_trial,
)

from .plans import fault, plan

STRUCK: dict[str, dict[str, object]] = {
    "cut": {"inside": ("leader", "client-1")},
    "cut_link": {"source": "node-1", "target": "node-2"},
    "loss": {"inside": ("leader",)},
    "delay": {"inside": ("node-2",)},
    "hunt": {},
    "pause": {"host": "client-1"},
    "client_crash": {"host": "client-1"},
    "slow_link": {"source": "node-1", "target": "node-2"},
    "new_goal": {},
    "second_mover": {},
    "directory_loss": {},
    "power_outage": {},
}


def struck(kind: str) -> FaultPlan:
    return fault(kind, 1.0, 1.6, **STRUCK.get(kind, {"host": "leader"}))  # type: ignore[arg-type]


@pytest.mark.parametrize("kind", STORE_FAULTS)
def test_every_kind_strikes_and_heals(kind: str) -> None:
    live = build_store(plan("primary_replica", struck(kind)))
    live.env.run(until=4.0)
    times = {record.kind: record.time for record in live.env.event_log if record.kind.startswith("fault.")}
    assert times == {"fault.start": 1.0, "fault.end": 1.6}
    assert all(host.is_up for host in live.hosts.values())


@pytest.mark.parametrize("kind", sorted(set(STORE_FAULTS) - {"disk_loss"}))
def test_raft_survives_every_kind(kind: str) -> None:
    verdict = run_store_trial(plan("raft", struck(kind)), thorough=False)
    assert isinstance(verdict, Passed), verdict


def test_leader_is_whoever_leads_when_the_fault_begins() -> None:
    live = build_store(plan("raft", fault("host_crash", 1.0, 2.5, host="leader")))
    live.env.run(until=1.0)
    leader = live.host_of("leader")
    assert leader is not None
    live.env.run(until=1.1)
    assert not leader.is_up
    assert sum(host.is_up for host in live.hosts.values()) == len(live.hosts) - 1


def test_where_nobody_leads_nothing_is_struck() -> None:
    # The first leader of a Raft cluster is elected after 150 ms, at the earliest.
    live = build_store(plan("raft", fault("host_crash", 0.05, 2.0, host="leader")))
    live.env.run(until=1.0)
    assert all(host.is_up for host in live.hosts.values())


def test_a_crash_at_sync_comes_in_the_middle_of_one_and_takes_what_was_written() -> None:
    struck = fault("crash_at_sync", 0.9, 2.0, host="node-1", down=0.2)
    live = build_store(plan("single", struck, nodes=1, clients=1, parameters={"sync_time": 0.03}))
    live.env.run(until=2.9)
    assert live.hosts["node-1"].crash_count >= 3
    assert live.store.statistics().lost_count >= 3  # type: ignore[attr-defined]


def test_a_crash_after_a_sync_takes_nothing_that_was_written() -> None:
    struck = fault("crash_at_sync", 0.9, 2.0, host="node-1", down=0.2, after=True)
    live = build_store(plan("single", struck, nodes=1, clients=1, parameters={"sync_time": 0.03}))
    live.env.run(until=2.9)
    assert live.hosts["node-1"].crash_count >= 3
    assert live.store.statistics().lost_count == 0  # type: ignore[attr-defined]


def test_a_hunt_strikes_one_leader_after_the_other() -> None:
    live = build_store(plan("raft", fault("hunt", 0.5, 2.9, down=0.1, up=0.5)))
    live.env.run(until=2.9)
    assert sum(host.crash_count for host in live.hosts.values()) >= 3
    assert sum(host.crash_count > 0 for host in live.hosts.values()) >= 2


def test_a_busy_disk_lets_syncs_wait() -> None:
    def delays(*faults: FaultPlan) -> float:
        live = build_store(plan("single", *faults, nodes=1, clients=1))
        live.env.run(until=2.9)
        return max(each.ended_at - each.invoked_at for each in live.history() if each.kind == "write")

    assert delays(fault("busy_disk", 1.0, 2.0, host="node-1", users_count=20)) > delays() + 0.01


def test_a_lost_disk_is_empty_and_nothing_is_promised_of_it() -> None:
    live = build_store(plan("single", fault("disk_loss", 1.0, 1.2, host="node-1"), nodes=1, clients=1))
    assert live.laws == {"works_again", "converges"}
    live.env.run(until=1.3)
    assert live.store.statistics().lost_count > 0  # type: ignore[attr-defined]
    assert not isinstance(run_store_trial(live.plan), Failed)


def test_a_clock_that_drifts_otherwise_for_a_while_is_within_the_bound_of_both() -> None:
    base = plan("raft", fault("drift", 1.0, 2.0, host="node-1", drift=-0.02))
    first = base.hosts[0].model_copy(update={"drift": 0.02})
    live = build_store(base.model_copy(update={"hosts": (first, *base.hosts[1:])}))
    host = live.hosts["node-1"]
    rates = []
    for time in (0.5, 1.5, 2.5):
        live.env.run(until=time)
        rates.append(host.clock_rate)
    assert rates == pytest.approx([1.02, 0.98, 1.02])
    assert host.monotonic_clock() == pytest.approx(1.02 + 0.98 + 0.5 * 1.02)


def test_of_two_changes_of_one_clock_at_a_time_the_second_does_nothing() -> None:
    changes = fault("drift", 1.0, 2.0, host="node-1"), fault("drift", 1.5, 2.5, host="node-1", drift=-0.02)
    live = build_store(plan("raft", *changes))
    live.env.run(until=1.7)
    assert live.hosts["node-1"].clock_rate == pytest.approx(1.02)
    live.env.run(until=2.2)
    assert live.hosts["node-1"].clock_rate == 1.0


def test_leases_promise_nothing_where_a_clock_comes_to_drift_beyond_their_bound() -> None:
    for drift, is_promised in ((0.02, True), (-0.03, False)):
        change = fault("drift", 1.0, 2.0, host="leader", drift=drift)
        leased = plan("raft", change, parameters={"reads": "lease"})
        assert ("is_linearizable" in promises_of(leased)) == is_promised


@pytest.mark.slow
def test_clocks_that_drift_are_drawn_to_change_within_what_leases_allow() -> None:
    found = 0
    for seed in range(1, 200):
        drawn = draw_store(seed)
        if any(each.kind == "drift" for each in drawn.faults):
            given = completed(DESIGNS[drawn.store].parameters, drawn.parameters, "", Names())
            assert drawn.drift_max <= DESIGNS[drawn.store].drift_allowed(given)
            found += 1
    assert found > 5
