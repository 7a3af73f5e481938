"""Taking an instance out: the race between the news of it and its refusals, and what is under way.

An instance is taken out of the registry at a time T, and is told to stop in a message that takes 10 ms. A
balancer hears of it at T + delay, and what it has sent by then arrives 10 ms later. So the instance refuses
from T + 0.01 + linger on what arrives until T + 0.01 + delay: nothing is lost where the linger is not
shorter than the delay, and otherwise all that falls between.
"""

from __future__ import annotations

import pytest

from models.deployment import BlueGreen, Bounds, Draining, RollingUpgrade
from models.faults import ProcessCrash

from .building import GAP, Town, version

OFFSET = 0.02  # so that no request meets anything else at the same instant


def town_with(
    *, linger: float, delay: float, grace: float = 30.0, count: int = 1, is_routed: bool = False
) -> Town:
    town = Town(
        count, draining=Draining(linger=linger, grace=grace), discovery_delay=delay, is_routed=is_routed
    )
    town.users_come(since=OFFSET, until=40.0 + OFFSET)
    return town


@pytest.mark.parametrize(
    ("linger", "delay"),
    [(0.0, 0.0), (2.0, 2.0), (2.0, 1.0), (5.0, 0.0), (0.0, 1.0), (1.0, 3.0), (2.0, 2.5), (0.0, 8.0)],
)
def test_lost_are_those_between_the_linger_and_the_discovery_delay(linger: float, delay: float) -> None:
    town = town_with(linger=linger, delay=delay)
    town.at(10.0, town.deployment.upgrade, version())
    town.env.run()
    # The new instance is ready at 12.01, the balancer hears of it at 12.01 + delay, and asks both by turns;
    # the old one is taken out at T = 12.06, and sent to until T + delay.
    taken_out, hears_of_new = 12.06, 12.01 + delay
    sent_at = [number * GAP + OFFSET + 0.01 for number in range(800)]
    refused = [at for at in sent_at if taken_out + linger <= at < taken_out + delay]
    alone = [at for at in refused if at < hears_of_new]
    by_turns = [at for at in refused if at >= hears_of_new]
    lost = len(alone) + len(by_turns) / 2
    assert abs(town.lost_count - lost) <= 0.5
    assert (town.lost_count == 0) == (linger >= delay)
    assert town.client.table.counts()["refused"] == town.lost_count


def test_what_is_under_way_is_finished_within_the_grace() -> None:
    town = town_with(linger=0.0, delay=0.0, grace=30.0)
    town.at(10.0, town.deployment.upgrade, version())
    town.env.run()
    assert town.lost_count == 0


def test_without_draining_what_is_under_way_is_cut_off() -> None:
    town = town_with(linger=0.0, delay=0.0, grace=0.0)
    town.at(10.0, town.deployment.upgrade, version())
    town.env.run()
    # An answer takes 0.1 s: two of every 50 ms are under way, of which one by turns is with the new one.
    assert town.client.table.counts()["unknown"] == town.lost_count
    assert 1 <= town.lost_count <= 2


@pytest.mark.parametrize(("grace", "cut_off"), [(0.02, 1), (0.07, 0)])
def test_grace_ends_what_takes_too_long(grace: float, cut_off: int) -> None:
    town = town_with(linger=0.0, delay=0.0, grace=grace)
    bounds = Bounds(max_surge=0, max_unavailable=1)
    town.at(10.0, town.deployment.upgrade, version(), RollingUpgrade(bounds=bounds))
    town.env.run()
    # Told to stop at 10.03; the last request before that is under way from 9.99 to 10.09.
    assert town.client.table.counts()["unknown"] == cut_off


def test_blue_green_has_no_race_while_the_old_set_is_kept() -> None:
    kept, at_once = (
        town_with(linger=0.0, delay=3.0, is_routed=True),
        town_with(linger=0.0, delay=3.0, is_routed=True),
    )
    kept.at(10.0, kept.deployment.upgrade, version(), BlueGreen(keep=5.0))
    at_once.at(10.0, at_once.deployment.upgrade, version(), BlueGreen(keep=0.0))
    kept.env.run()
    at_once.env.run()
    assert kept.lost_count == 0
    assert at_once.lost_count > 50, "3 s of all requests, from the switch until balancers hear of it"


@pytest.mark.parametrize("delay", [0.0, 1.0])
def test_planned_and_drained_loses_nobody_and_unplanned_loses_who_is_sent_there(delay: float) -> None:
    """The same instances are away for the same time: what differs is that somebody says so first."""
    planned = town_with(linger=2.0, delay=delay, count=3)
    planned.at(10.0, planned.deployment.upgrade, version(), RollingUpgrade())
    planned.env.run()
    unplanned = town_with(linger=2.0, delay=delay, count=3)
    for number, instance in enumerate(unplanned.shop.instances):
        fault = ProcessCrash(instance)
        unplanned.at(10.0 + 2.08 * number, fault.inject)
        unplanned.at(10.0 + 2.08 * number + 0.001, fault.heal)
    unplanned.env.run()
    assert planned.lost_count == 0
    # Each is down for its 2 s to start: of 20 requests a second a third, and what was under way.
    assert unplanned.client.table.counts()["refused"] == pytest.approx(3 * 2.0 / GAP / 3, abs=3)
    assert unplanned.client.table.counts()["unknown"] in (2, 3)


@pytest.mark.parametrize(
    ("linger", "grace", "message"),
    [
        (-1.0, 30.0, "linger must be finite and >= 0 s, got -1.0"),
        (float("nan"), 30.0, "linger must be finite and >= 0 s, got nan"),
        (float("inf"), float("inf"), "linger must be finite and >= 0 s, got inf"),
        (31.0, 30.0, "linger must be at most grace = 30.0 s, which includes it, got 31.0"),
        (0.0, float("nan"), "grace must be >= 0 s, got nan"),
    ],
)
def test_draining_that_makes_no_sense_is_refused(linger: float, grace: float, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Draining(linger=linger, grace=grace)


def test_grace_may_last_for_ever() -> None:
    assert Draining(grace=float("inf")).linger == 5.0
