"""Verdicts: an interval with the expected value in it holds, one without differs, a wide one says nothing."""

from math import inf, nan

import numpy as np
import pytest

from experiments.validation import Claim, TheoryCheck, judge
from experiments.validation.verdict import CONFIDENCE, confidence_per_claim


def around(centre, spread, count=20):
    """Values with exactly that mean and standard deviation."""
    values = np.linspace(-1.0, 1.0, count)
    return (centre + spread * values / values.std(ddof=1)).tolist()


def test_expected_value_within_the_interval_holds():
    found = judge(Claim("wait", 1.0), around(1.01, 0.03))
    assert found.verdict == "holds"
    assert found.holds
    assert found.simulated.low < 1.0 < found.simulated.high


def test_expected_value_outside_the_interval_differs():
    found = judge(Claim("wait", 1.0), around(1.05, 0.03))
    assert found.verdict == "differs"
    assert not found.holds


def test_interval_is_students():
    # The 99.5 % quantile of t with 19 degrees of freedom is 2.8609.
    found = judge(Claim("wait", 1.0), around(1.0, 0.05))
    assert found.half_width == pytest.approx(2.8609 * 0.05 / 20**0.5, rel=1e-4)


def test_bias_widens_the_interval():
    values = around(1.05, 0.03)
    assert judge(Claim("wait", 1.0, bias=0.04, note="finite"), values).verdict == "holds"
    assert judge(Claim("wait", 1.0, bias=0.01, note="finite"), values).verdict == "differs"


def test_wide_interval_is_imprecise_although_it_holds_the_value():
    assert judge(Claim("wait", 1.0), around(1.0, 0.2)).verdict == "imprecise"
    assert judge(Claim("wait", 1.0, precision=0.2), around(1.0, 0.2)).verdict == "holds"
    assert judge(Claim("wait", 1.0), around(1.0, 0.2), precision_factor=3.0).verdict == "holds"


def test_wide_interval_that_misses_the_value_differs():
    assert judge(Claim("wait", 1.0), around(3.0, 0.5)).verdict == "differs"


def test_precision_of_an_expected_zero_is_absolute():
    assert judge(Claim("drift", 0.0), around(0.0, 0.01)).verdict == "holds"
    assert judge(Claim("drift", 0.0), around(0.0, 1.0)).verdict == "imprecise"


def test_many_claims_widen_the_interval_of_each_but_not_the_plain_one():
    alone = judge(Claim("wait", 1.0), around(1.02, 0.03))
    among = judge(Claim("wait", 1.0), around(1.02, 0.03), claims_count=200)
    assert (alone.verdict, among.verdict) == ("differs", "holds")
    assert alone.simulated == among.simulated


@pytest.mark.parametrize("count", [1, 7, 500])
def test_all_claims_together_are_found_true_with_the_confidence(count):
    assert confidence_per_claim(count) ** count == pytest.approx(CONFIDENCE)


@pytest.mark.slow
def test_one_run_in_a_hundred_finds_something_false_in_a_true_family():
    generator = np.random.default_rng(5)
    claims = [Claim(f"claim {number}", 1.0, precision=1.0) for number in range(10)]
    false_runs = 0
    for _ in range(300):
        samples = generator.normal(1.0, 0.1, size=(10, 10)).tolist()
        judged = [
            judge(claim, sample, claims_count=10) for claim, sample in zip(claims, samples, strict=True)
        ]
        false_runs += any(each.verdict == "differs" for each in judged)
    # 3 expected; beyond 10 with probability below 10^-3.
    assert false_runs <= 10


def test_values_without_chance_must_be_equal():
    assert judge(Claim("attempts", 4.0), [4.0] * 5).verdict == "holds"
    assert judge(Claim("attempts", 4.0), [4.0 * (1.0 + 1e-10)] * 5).verdict == "holds"
    assert judge(Claim("attempts", 4.0), [4.0 * (1.0 + 1e-8)] * 5).verdict == "differs"
    assert judge(Claim("attempts", 4.0, bias=0.1, note="rounded"), [4.05] * 5).verdict == "holds"


@pytest.mark.parametrize("values", [[1.0, nan], [1.0, inf], [1.0], []])
def test_values_that_are_none_fail(values):
    found = judge(Claim("wait", 1.0), values)
    assert found.verdict == "failed"
    assert "values must be finite and at least 2" in found.error


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"expected": nan}, "expected of claim 'wait' must be finite, got nan"),
        ({"expected": 1.0, "bias": -1.0}, "bias of claim 'wait' must be finite and >= 0, got -1.0"),
        ({"expected": 1.0, "bias": 0.1}, "note of claim 'wait' must say why there is a bias"),
        ({"expected": 1.0, "precision": 0.0}, "precision of claim 'wait' must be finite and > 0, got 0.0"),
    ],
)
def test_bad_claim_is_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        Claim("wait", **arguments)


@pytest.mark.parametrize(
    "changes, said",
    [
        ({"group": "queuing"}, "group of check 'queue' must be one of queueing, balancing, tail"),
        ({"claims": ()}, "claims of check 'queue' must be distinct and at least one"),
        ({"claims": (Claim("a", 1.0), Claim("a", 2.0))}, "must be distinct and at least one, got .'a', 'a'"),
        ({"replications": 1}, "replications of check 'queue' must be >= 2, got 1"),
    ],
)
def test_bad_check_is_refused(changes, said):
    good = {"name": "queue", "group": "queueing", "source": "book", "claims": (Claim("a", 1.0),)}
    with pytest.raises(ValueError, match=said):
        TheoryCheck(**{**good, "simulate": lambda seed, effort: (1.0,), **changes})
