"""Whatever happens to shards, servers, routers and the directory, every history is linearizable."""

from __future__ import annotations

import pytest

from models.consistency import Ending
from models.consistency.linearizability import Verdict, check_linearizability

from .schedules import KEYS, Schedule

MODELS = {"list": "list-append", "number": "counter", "register": "cas-register"}


def check(seed: int) -> Schedule:
    """Run a schedule and check what must hold."""
    schedule = Schedule(seed)
    schedule.env.run(schedule.until + 10.0)
    history = schedule.recorder.history()
    for key in KEYS:
        of_key = [each for each in history if each.key == key]
        found = check_linearizability(of_key, MODELS.get(key, "register"))
        assert found.verdict is Verdict.LINEARIZABLE, f"seed {seed}, {key}"
        # All is well again, and everybody is served.
        late = [each for each in of_key if each.invoked_at > schedule.until + 2.5]
        assert any(each.ending is Ending.OK and each.kind != "read" for each in late), f"seed {seed}, {key}"
    return schedule


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_history_is_linearizable_while_ranges_are_frozen_and_moves_given_up(seed: int) -> None:
    check(seed)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4, 40))
def test_history_is_linearizable_under_many_schedules(seed: int) -> None:
    check(seed)


@pytest.mark.slow
def test_schedules_are_hard_enough() -> None:
    """Each way of being turned away, and of not knowing, is taken, and the table changes often."""
    schedules = [check(seed) for seed in range(100, 106)]
    statistics = [schedule.store.statistics() for schedule in schedules]
    assert sum(schedule.change_count for schedule in schedules) > 60
    for name in ("moved_count", "unleased_count", "unknown_count", "unavailable_count"):
        assert sum(getattr(each, name) for each in statistics) > 0, name
