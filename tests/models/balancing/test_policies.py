"""What is different about each policy: orders exactly, probabilities against what can be computed by hand."""

from collections import Counter
from itertools import pairwise, permutations, product
from typing import Any

import pytest

from models.balancing import (
    LeastOutstanding,
    Policy,
    PowerOfTwoChoices,
    Random,
    RoundRobin,
    Targets,
    Weighted,
)
from simulator import Environment

from .made_targets import REQUEST, chosen, lettered, numbered, show

DRAWS = 20_000


def names(policy: Policy, targets: Targets, count: int) -> str:
    return "".join(chosen(policy.chooser(Environment(seed=5), targets, "b"), count))


def assert_shares(policy: Policy, outstanding: tuple[int, ...], expected: list[float]) -> None:
    """Check the shares of many choices; five standard deviations of a share of 1/2 are 0.0177."""
    counts = Counter(names(policy, lettered(*outstanding), DRAWS))
    for name, probability in zip("abcdefg", expected, strict=False):
        assert counts[name] / DRAWS == pytest.approx(probability, abs=0.0177)
        if probability in (0, 1):
            assert counts[name] == probability * DRAWS


def test_round_robin_takes_turns_and_looks_at_nothing_else() -> None:
    assert names(RoundRobin(), lettered(9, 0, 4), 7) == "abcabca"


@pytest.mark.parametrize(
    ("removed", "after"), [("a", "cbcb"), ("b", "caca"), ("c", "abab")], ids=["earlier", "the last", "later"]
)
def test_round_robin_keeps_the_turn_when_a_target_goes(removed: str, after: str) -> None:
    targets = lettered(0, 0, 0)
    choose = RoundRobin().chooser(Environment(), targets, "b")
    assert [choose(REQUEST).endpoint.name for _ in range(2)] == ["a", "b"]
    show(targets, [target for target in targets if target.endpoint.name != removed])
    assert "".join(choose(REQUEST).endpoint.name for _ in range(4)) == after


def test_round_robin_keeps_the_turn_when_one_comes_as_another_goes() -> None:
    targets = lettered(0, 0, 0, 0)
    *members, newcomer = targets
    show(targets, members)
    choose = RoundRobin().chooser(Environment(), targets, "b")
    assert [choose(REQUEST).endpoint.name for _ in range(3)] == ["a", "b", "c"]
    show(targets, [*members[:2], newcomer])
    assert "".join(choose(REQUEST).endpoint.name for _ in range(4)) == "dabd"


def test_random_does_not_look_at_what_is_outstanding() -> None:
    assert_shares(Random(), (9, 0), [1 / 2, 1 / 2])


def test_weighted_is_smooth_as_nginx_is() -> None:
    """The example in nginx's own commit message."""
    assert names(Weighted(), lettered(0, 0, 0, weights=(5, 1, 1)), 14) == "aabacaa" * 2


def test_weighted_gives_exact_shares_in_every_round() -> None:
    weights = (4.0, 3.0, 2.0, 1.0)
    order = names(Weighted(), lettered(0, 0, 0, 0, weights=weights), 100)
    for start in range(0, 100, 10):
        assert Counter(order[start : start + 10]) == {"a": 4, "b": 3, "c": 2, "d": 1}
    assert not any(one == other for one, other in pairwise(names(Weighted(), lettered(0, 0), 20)))


def test_least_outstanding_takes_the_idlest() -> None:
    assert set(names(LeastOutstanding(), lettered(3, 1, 2), 50)) == {"b"}


def test_least_outstanding_breaks_ties_evenly() -> None:
    assert_shares(LeastOutstanding(), (1, 0, 2, 0, 0), [0, 1 / 3, 0, 1 / 3, 1 / 3])


def probabilities(outstanding: tuple[int, ...], choices_count: int, *, replacement: bool) -> list[float]:
    """Return the probability of each target by going through all that can be drawn, in each order."""
    indexes = range(len(outstanding))
    drawn: Any = (
        product(indexes, repeat=choices_count) if replacement else permutations(indexes, choices_count)
    )
    counts = Counter(min(draw, key=lambda index: outstanding[index]) for draw in drawn)
    return [counts[index] / counts.total() for index in indexes]


@pytest.mark.parametrize("replacement", [False, True], ids=["different", "any"])
@pytest.mark.parametrize("choices_count", [1, 2, 3, 4])
@pytest.mark.parametrize("outstanding", [(0, 1, 2, 3), (2, 0, 0, 1), (1, 1, 1, 0), (5, 5, 5, 5)])
def test_power_of_choices_has_the_probabilities_that_counting_gives(
    outstanding: tuple[int, ...], choices_count: int, replacement: bool
) -> None:
    policy = PowerOfTwoChoices(choices_count=choices_count, replacement=replacement)
    assert_shares(policy, outstanding, probabilities(outstanding, choices_count, replacement=replacement))


def test_two_choices_among_three_as_worked_out_by_hand() -> None:
    assert_shares(PowerOfTwoChoices(), (0, 1, 2), [2 / 3, 1 / 3, 0])
    assert_shares(PowerOfTwoChoices(replacement=True), (0, 1, 2), [5 / 9, 3 / 9, 1 / 9])


@pytest.mark.parametrize("count", [32, 33, 40])
def test_among_many_targets_each_is_drawn_as_often_and_never_twice(count: int) -> None:
    """Few pairs are listed, many are computed: each target wins where the other one is busier."""
    targets = numbered(count)
    choose = PowerOfTwoChoices().chooser(Environment(seed=5), targets, "b")
    counts = Counter(chosen(choose, DRAWS))
    # A share of 1/count has a standard deviation of 4 % of itself at most: five are 22 %.
    assert max(abs(each * count / DRAWS - 1) for each in counts.values()) < 0.22
    assert len(counts) == count
    targets[7].outstanding = 1
    # Both draws the same would let it win once in so many.
    assert "target-7" not in chosen(choose, DRAWS)


def test_two_choices_of_two_always_find_the_idler() -> None:
    assert set(names(PowerOfTwoChoices(), lettered(1, 0), 50)) == {"b"}
    assert_shares(PowerOfTwoChoices(replacement=True), (1, 0), [1 / 4, 3 / 4])


def test_more_choices_than_targets_are_all_of_them() -> None:
    assert_shares(PowerOfTwoChoices(choices_count=9), (1, 0, 0), [0, 1 / 2, 1 / 2])


@pytest.mark.parametrize("choices_count", [0, -1, 1.5, True])
def test_the_number_of_choices_must_be_a_whole_number(choices_count: Any) -> None:
    with pytest.raises(ValueError, match="choices_count must be a whole number >= 1, got"):
        PowerOfTwoChoices(choices_count=choices_count)
