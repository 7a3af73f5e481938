"""What claims to be linearizable is, whatever happens; and what is flawed is found out so.

Few schedules here, so that all is seen to work; `gameday swarm` runs as many as wanted.
"""

from __future__ import annotations

from dataclasses import replace

import pytest

from models.consistency.linearizability import Verdict
from models.replication.primary_replica import (
    AnyOf,
    Asynchronous,
    ReplicationFlaws,
    ReplicationSettings,
    postgres,
)

from .schedules import RULES, Schedule, safe_settings


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(len(RULES)))
def test_no_schedule_of_faults_yields_a_history_that_is_not_linearizable(seed: int) -> None:
    schedule = Schedule(seed, duration=12.0)
    assert schedule.cluster.store.is_linearizable
    found = schedule.run()
    assert found.verdict is Verdict.LINEARIZABLE, found
    statistics = schedule.cluster.store.statistics()
    assert statistics.lost_count == 0
    assert statistics.failover_count > 0  # there was something to survive
    assert statistics.acknowledged_count > 20


@pytest.mark.slow
@pytest.mark.parametrize(
    "settings",
    [
        replace(safe_settings(0), commit_rule=Asynchronous(), failover=None),
        postgres("on", AnyOf(1), heartbeat_interval=0.3, snapshot_interval=15),
    ],
)
def test_one_primary_for_ever_is_linearizable_as_far_as_it_answers(settings: ReplicationSettings) -> None:
    for seed in range(2):
        schedule = Schedule(seed, settings, duration=12.0)
        assert schedule.cluster.store.is_linearizable
        found = schedule.run()
        assert found.verdict is Verdict.LINEARIZABLE, found


@pytest.mark.slow
def test_what_makes_no_claim_is_found_out() -> None:
    """Asynchronous with failover: reads of what was acknowledged, and then not of what was lost."""
    settings = replace(safe_settings(0), commit_rule=Asynchronous())
    assert not settings.is_linearizable
    verdicts = (Schedule(seed, settings).run().verdict for seed in range(10))
    assert Verdict.NOT_LINEARIZABLE in verdicts


@pytest.mark.slow
@pytest.mark.parametrize(
    ("flaw", "first_seed"),
    [("no_fencing", 6), ("reads_without_lease", 10), ("acknowledges_before_standby", 1)],
)
def test_a_few_schedules_find_flaws_that_strike_often(flaw: str, first_seed: int) -> None:
    seeds = range(first_seed, first_seed + 15)
    schedules = (Schedule(seed, flaws=ReplicationFlaws(**{flaw: True})) for seed in seeds)
    assert any(schedule.run().verdict is Verdict.NOT_LINEARIZABLE for schedule in schedules)


@pytest.mark.slow
def test_same_seed_is_the_same_run() -> None:
    histories = []
    for _ in range(2):
        schedule = Schedule(3, duration=5.0)
        schedule.run()
        histories.append(schedule.cluster.recorder.history())
    assert histories[0] == histories[1]
