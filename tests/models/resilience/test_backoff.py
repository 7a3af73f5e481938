"""Backoff: one contract for the family, and each member's formula."""

from collections.abc import Callable
from dataclasses import fields
from itertools import accumulate, islice
from math import inf, sqrt, tanh
from statistics import mean, median

import numpy as np
import pytest

from models.resilience import (
    Backoff,
    ConstantBackoff,
    DecorrelatedJitter,
    EqualJitter,
    ExponentialBackoff,
    FullJitter,
    PollyJitter,
)

FAMILY: list[Backoff] = [
    ConstantBackoff(delay=0.5),
    ExponentialBackoff(base=0.1, cap=3.0),
    EqualJitter(base=0.1, cap=3.0),
    FullJitter(base=0.1, cap=3.0),
    DecorrelatedJitter(base=0.1, cap=3.0),
    PollyJitter(base=0.1, cap=3.0),
]


def uniform(seed: int = 1) -> Callable[[], float]:
    return np.random.Generator(np.random.PCG64(seed)).random


def never() -> float:
    raise AssertionError("asked for a random number")


def first(backoff: Backoff, count: int, source: Callable[[], float]) -> list[float]:
    return list(islice(backoff.delays(source), count))


@pytest.mark.parametrize("backoff", FAMILY, ids=lambda backoff: type(backoff).__name__)
class TestContract:
    def test_delays_go_on_for_ever_between_zero_and_the_cap(self, backoff: Backoff) -> None:
        assert all(0.0 <= delay <= 3.0 for delay in first(backoff, 2_000, uniform()))

    def test_two_calls_do_not_share_state(self, backoff: Backoff) -> None:
        one, other = backoff.delays(lambda: 0.5), backoff.delays(lambda: 0.5)
        alone = first(backoff, 4, lambda: 0.5)
        assert [next(generator) for _ in range(4) for generator in (one, other)][::2] == alone

    def test_equal_numbers_give_equal_delays(self, backoff: Backoff) -> None:
        assert first(backoff, 20, uniform(7)) == first(backoff, 20, uniform(7))

    def test_one_that_is_not_random_draws_nothing(self, backoff: Backoff) -> None:
        if not backoff.is_random:
            first(backoff, 20, never)

    def test_it_is_a_value(self, backoff: Backoff) -> None:
        assert hash(backoff) == hash(backoff)
        with pytest.raises(AttributeError):
            setattr(backoff, fields(backoff)[0].name, 1.0)  # type: ignore[arg-type]


def test_constant_backoff_waits_the_same_each_time() -> None:
    assert first(ConstantBackoff(delay=0.5), 3, never) == [0.5, 0.5, 0.5]


def test_exponential_backoff_doubles_from_the_base_up_to_the_cap() -> None:
    assert first(ExponentialBackoff(base=1.0, cap=5.0), 5, never) == [1.0, 2.0, 4.0, 5.0, 5.0]


def test_exponential_backoff_grows_by_its_factor() -> None:
    assert first(ExponentialBackoff(base=0.5, factor=1.5), 3, never) == [0.5, 0.75, 1.125]


def test_equal_jitter_keeps_half_and_draws_half() -> None:
    assert first(EqualJitter(base=1.0, cap=5.0), 4, lambda: 0.5) == [0.75, 1.5, 3.0, 3.75]


def test_full_jitter_draws_from_zero_to_the_exponential_delay() -> None:
    assert first(FullJitter(base=1.0, cap=5.0), 4, lambda: 0.5) == [0.5, 1.0, 2.0, 2.5]


def test_decorrelated_jitter_draws_between_the_base_and_three_times_the_delay_before() -> None:
    numbers = iter([0.5, 1.0, 0.0, 0.5])
    delays = first(DecorrelatedJitter(base=1.0, cap=5.0), 4, lambda: next(numbers))
    assert delays == [2.0, 5.0, 1.0, 2.0]  # U(1, 3), U(1, 6) capped, U(1, 15), U(1, 3)


def test_polly_jitter_is_the_increment_of_the_smoothed_exponential() -> None:
    def x(t: float) -> float:
        return float(2**t * tanh(sqrt(4 * t)))

    numbers = iter([0.25, 0.75])
    delays = first(PollyJitter(base=1.4), 2, lambda: next(numbers))
    assert delays == pytest.approx([x(0.25), x(1.75) - x(0.25)], rel=1e-12)


def test_polly_retries_have_median_times_near_one_two_and_four_times_the_base() -> None:
    source = uniform()
    runs = [list(accumulate(first(PollyJitter(base=1.0), 3, source))) for _ in range(4_000)]
    for retry, expected in enumerate([1.0, 2.0, 4.0]):
        assert median(run[retry] for run in runs) == pytest.approx(expected, rel=0.12)


def test_full_jitter_halves_the_mean_delay_and_equal_jitter_quarters_it_less() -> None:
    source = uniform()
    full = mean(first(FullJitter(base=1.0, factor=1.0), 20_000, source))
    equal = mean(first(EqualJitter(base=1.0, factor=1.0), 20_000, source))
    assert full == pytest.approx(0.5, abs=0.01)
    assert equal == pytest.approx(0.75, abs=0.01)


@pytest.mark.parametrize("base", [0.0, -1.0, inf])
@pytest.mark.parametrize(
    "kind", [ExponentialBackoff, FullJitter, EqualJitter, DecorrelatedJitter, PollyJitter]
)
def test_the_base_must_be_finite_and_positive(kind: type[Backoff], base: float) -> None:
    with pytest.raises(ValueError, match="base must be finite and > 0 s, got"):
        kind(base=base)  # type: ignore[call-arg]


def test_the_cap_must_not_be_below_the_base() -> None:
    with pytest.raises(ValueError, match=r"cap must be >= base \(1.0 s\), got 0.5"):
        FullJitter(base=1.0, cap=0.5)


def test_the_factor_must_not_shrink_delays() -> None:
    with pytest.raises(ValueError, match=r"factor must be finite and >= 1, got 0.5"):
        FullJitter(base=1.0, factor=0.5)


def test_a_constant_delay_must_be_finite_and_not_negative() -> None:
    with pytest.raises(ValueError, match="delay must be finite and >= 0 s, got -1"):
        ConstantBackoff(delay=-1)
