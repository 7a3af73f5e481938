"""Weighted least request, its schedule and slow start: orders exactly, shares as the formula says."""

from collections import Counter
from itertools import pairwise
from typing import Any

import pytest

from models.balancing import Balancer, SlowStart, Weighted, WeightedLeastRequest
from models.balancing.earliest_deadline import EarliestDeadline
from simulator import Environment
from tests.models.services.building import Probe, call

from .made_targets import chosen, lettered, show, target


def test_turns_are_in_proportion_to_weights() -> None:
    turns: EarliestDeadline[str] = EarliestDeadline({"a": 5.0, "b": 3.0, "c": 2.0}.__getitem__)
    turns.keep("abc")
    order = [turns.turn() for _ in range(1000)]
    assert Counter(order) == {"a": 500, "b": 300, "c": 200}
    assert Counter(order[:10]) == {"a": 5, "b": 3, "c": 2}


def test_equal_weights_are_round_robin() -> None:
    turns: EarliestDeadline[str] = EarliestDeadline(lambda item: 1.0)
    turns.keep("abc")
    assert "".join(turns.turn() for _ in range(9)) == "abcabcabc"


def test_who_comes_waits_for_a_turn_and_who_goes_is_not_missed() -> None:
    turns: EarliestDeadline[str] = EarliestDeadline(lambda item: 1.0)
    turns.keep("ab")
    assert "".join(turns.turn() for _ in range(3)) == "aba"
    turns.keep("abc")
    assert "".join(turns.turn() for _ in range(3)) == "bac"
    turns.keep("bc")
    assert "".join(turns.turn() for _ in range(4)) == "bcbc"


def test_weights_beyond_all_reason_stop_no_clock() -> None:
    """A target that weighs next to nothing has had its turn, and the others take theirs as before."""
    weights = {"a": 1e-320, "b": 1.0, "c": 1.0}
    turns: EarliestDeadline[str] = EarliestDeadline(weights.__getitem__)
    turns.keep("a")
    assert turns.turn() == "a"
    turns.keep("abc")
    assert Counter(turns.turn() for _ in range(20)) == {"b": 10, "c": 10}
    targets = lettered(10**9, 0, weights=(2.0, 1.0))
    choose = WeightedLeastRequest(bias=32.0).chooser(Environment(seed=1), targets, "b")
    assert set(chosen(choose, 100)) == {"b"}


def test_with_equal_weights_the_better_of_two_is_taken() -> None:
    choose = WeightedLeastRequest().chooser(Environment(seed=1), lettered(5, 5, 0), "b")
    counts = Counter(chosen(choose, 6000))
    # Envoy draws with replacement: both are busy ones with probability 4/9. Five standard deviations.
    assert counts["c"] / 6000 == pytest.approx(5 / 9, abs=0.032)


@pytest.mark.parametrize(("bias", "expected"), [(0.0, 2.0), (1.0, 0.4), (2.0, 0.08)])
def test_effective_weight_is_that_of_envoys_formula(bias: float, expected: float) -> None:
    """Envoy's own example: weight 2 with 4 calls under way counts 0.4; against a weight of 1 without any."""
    choose = WeightedLeastRequest(bias=bias).chooser(
        Environment(seed=1), lettered(4, 0, weights=(2.0, 1.0)), "b"
    )
    counts = Counter(chosen(choose, 10_000))
    assert counts["a"] / counts["b"] == pytest.approx(expected, rel=0.01)


def test_weights_may_become_equal_and_unequal_again() -> None:
    targets = lettered(0, 0, weights=(3.0, 1.0))
    choose = WeightedLeastRequest().chooser(Environment(seed=1), targets, "b")
    for weight, expected in ((3.0, 0.75), (1.0, 0.5), (3.0, 0.75)):
        targets[0].weight = weight
        show(targets, targets.members)
        assert chosen(choose, 4000).count("a") / 4000 == pytest.approx(expected, abs=0.04)


@pytest.mark.parametrize("kind", [Weighted, WeightedLeastRequest])
def test_a_slow_start_is_one_or_none(kind: Any) -> None:
    with pytest.raises(TypeError, match="slow_start must be a SlowStart or none, got 30"):
        kind(slow_start=30)


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="choices_count must be a whole number >= 1, got 0"):
        WeightedLeastRequest(choices_count=0)
    for bias in (-1, 33.0, float("nan")):
        with pytest.raises(ValueError, match=rf"bias must be in \[0, 32\], got {bias}"):
            WeightedLeastRequest(bias=bias)
    with pytest.raises(ValueError, match="window must be finite and > 0 s, got 0"):
        SlowStart(window=0)
    with pytest.raises(ValueError, match="aggression must be finite and > 0, got 0"):
        SlowStart(window=1, aggression=0)
    with pytest.raises(ValueError, match=r"share_min must lie in \(0, 1\], got 0"):
        SlowStart(window=1, share_min=0)


# -- slow start


@pytest.mark.parametrize(
    ("age", "aggression", "expected"),
    [
        (0.0, 1.0, 0.1),  # the least share
        (6.0, 1.0, 0.1),
        (30.0, 1.0, 0.5),
        (59.0, 1.0, 59 / 60),
        (60.0, 1.0, 1.0),
        (1e9, 1.0, 1.0),
        (15.0, 2.0, 0.5),
        (30.0, 0.5, 0.25),
        (0.0, 2.0, 0.1),
        (0.6, 2.0, 0.1),
        (0.9, 2.0, 0.015**0.5),
    ],
)
def test_share_grows_as_envoys_formula_says(age: float, aggression: float, expected: float) -> None:
    assert SlowStart(window=60.0, aggression=aggression).share(age) == pytest.approx(expected)


def test_window_of_less_than_a_second_acts_too() -> None:
    assert [SlowStart(window=0.5).share(age) for age in (0.0, 0.25, 0.4, 0.5)] == [0.1, 0.5, 0.8, 1.0]


def test_share_never_falls_with_age_and_is_never_above_one() -> None:
    for window in (0.5, 1.0, 10.0):
        shares = [SlowStart(window=window, aggression=1.5).share(age / 10) for age in range(150)]
        assert all(one <= other for one, other in pairwise(shares))
        assert shares[-1] == max(shares) == 1.0


@pytest.mark.parametrize("kind", [Weighted, WeightedLeastRequest])
def test_new_target_gets_its_share_slowly(kind: type[Weighted | WeightedLeastRequest]) -> None:
    env = Environment(seed=1)
    targets = lettered(0, 0)
    choose = kind(slow_start=SlowStart(window=100.0)).chooser(env, targets, "b")
    env.run(until=1000.0)
    newcomer = target("new")
    newcomer.healthy_since = env.now
    show(targets, [*targets.members, newcomer])
    for age, weight in ((0.0, 0.1), (25.0, 0.25), (50.0, 0.5), (100.0, 1.0)):
        env.run(until=1000.0 + age + 1e-9)
        chosen(choose, 50)  # turns that were planned by the weight of before
        share = chosen(choose, 6000).count("new") / 6000
        assert share == pytest.approx(weight / (2.0 + weight), abs=0.03)


def test_targets_that_are_all_new_are_all_alike() -> None:
    for policy in (Weighted(slow_start=SlowStart(window=100.0)), Weighted()):
        assert "".join(chosen(policy.chooser(Environment(), lettered(0, 0), "b"), 6)) == "ababab"


def test_balancer_starts_a_target_that_comes_back_slowly() -> None:
    env = Environment(seed=1)
    probes = [Probe(0.0, name) for name in "ab"]
    balancer = Balancer(env, probes, policy=Weighted(slow_start=SlowStart(window=100.0)))
    env.run(until=500.0)
    balancer.remove(probes[1])
    balancer.add(probes[1])
    for _ in range(110):
        call(env, balancer)
    env.run()
    assert [probe.begun for probe in probes] == [100, 10]
