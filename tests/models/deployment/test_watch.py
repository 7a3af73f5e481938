"""What counts as progress: Kubernetes' `DeploymentProgressing`, one thing at a time."""

from __future__ import annotations

import pytest

from models.deployment import AgainstOld, Stock, Tally
from models.deployment.watch import Watch
from models.requirements import AvailabilityObjective


@pytest.mark.parametrize(
    ("new", "old", "ready_count", "has_moved"),
    [
        (Stock(2, 1), Stock(3, 2), 4, False),
        (Stock(3, 1), Stock(3, 2), 4, True),  # one more is new
        (Stock(2, 1), Stock(2, 2), 4, True),  # one fewer is old
        (Stock(2, 2), Stock(3, 2), 4, True),  # a new one is available
        (Stock(2, 1), Stock(3, 3), 4, True),  # an old one is available again
        (Stock(2, 1), Stock(3, 2), 5, True),  # one is ready
        (Stock(1, 1), Stock(4, 2), 4, False),
        (Stock(2, 0), Stock(3, 2), 3, False),
        (Stock(2, 2), Stock(3, 1), 4, False),  # for one that comes one has gone
    ],
)
def test_progress_is_one_step_nearer_in_any_way(
    new: Stock, old: Stock, ready_count: int, has_moved: bool
) -> None:
    watch = Watch(0.0)
    watch.has_moved(1.0, Stock(2, 1), Stock(3, 2), 4)
    assert watch.has_moved(7.0, new, old, ready_count) is has_moved
    assert watch.stands_still_for(9.0) == (2.0 if has_moved else 8.0)


def test_verdict_is_on_what_all_monitors_have_counted_each_by_its_last_word() -> None:
    judge = AgainstOld(objective=AvailabilityObjective(at_least=0.99), requests_min=100)
    watch = Watch(0.0)
    watch.reached_at = 1.0
    watch.hear("one", (Tally(60, 0), Tally(60, 0)))
    watch.hear("one", (Tally(60, 6), Tally(60, 0)))
    assert watch.verdict(judge) is None
    watch.hear("other", (Tally(60, 6), Tally(60, 0)))
    assert watch.verdict(judge) is False, "12 of 12 bad calls, of which half should be the new version's"
    watch.hear("one", (Tally(60, 0), Tally(60, 0)))
    assert watch.verdict(judge) is True
