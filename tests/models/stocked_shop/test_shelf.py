"""The shelf: units are somewhere, break at the rate that is said, and are miscounted as often as is said."""

from __future__ import annotations

from math import exp

import pytest

from models.stocked_shop import Shelf
from simulator import Environment


def test_units_are_delivered_picked_and_gone() -> None:
    shelf = Shelf(Environment(), [1, 2])
    shelf.deliver(1, 2)
    assert [shelf.pick(1), shelf.pick(1), shelf.pick(1), shelf.pick(2)] == [True, True, False, False]
    statistics = shelf.statistics()
    assert (statistics.delivered_count, statistics.picked_count, statistics.present_count) == (2, 2, 0)


def test_each_unit_breaks_by_itself_after_an_exponential_time() -> None:
    env = Environment(seed=1)
    shelf = Shelf(env, [1], breakage_rate=0.1)
    shelf.deliver(1, 4000)
    env.run(until=5.0)
    left = exp(-0.5)
    assert shelf.present(1) / 4000 == pytest.approx(left, abs=3.5 * (left * (1 - left) / 4000) ** 0.5)
    assert shelf.statistics().broken_count == 4000 - shelf.present(1)


def test_unit_that_has_left_the_shelf_does_not_break() -> None:
    env = Environment(seed=1)
    shelf = Shelf(env, [1], breakage_rate=10.0)
    shelf.deliver(1, 10)
    assert all(shelf.pick(1) for _ in range(10))
    env.run()
    assert shelf.statistics().broken_count == 0


def test_count_is_off_by_one_either_way_as_often_as_is_said_and_never_below_nothing() -> None:
    shelf = Shelf(Environment(seed=1), [1, 2], miscount_probability=0.2)
    shelf.deliver(1, 5)
    counts = [shelf.count(1) for _ in range(4000)]
    assert set(counts) == {4, 5, 6}
    for wrong in (4, 6):
        assert counts.count(wrong) / 4000 == pytest.approx(0.1, abs=3.5 * (0.09 / 4000) ** 0.5)
    assert {shelf.count(2) for _ in range(100)} == {0, 1}
    assert Shelf(Environment(), [1]).count(1) == 0


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"breakage_rate": -1.0}, "breakage_rate must be finite and >= 0 per s, got -1.0"),
        ({"miscount_probability": 1.5}, r"miscount_probability must lie in \[0, 1\], got 1.5"),
    ],
)
def test_rates_are_checked(settings: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Shelf(Environment(), [1], **settings)
