"""MSER-5 on series whose transient is known, made from seeded generators."""

import numpy as np
import numpy.typing as npt
import pytest

from simulator.measurement import detect_warm_up, detect_warm_up_end, marginal_standard_error

LENGTH = 2_000


def _autoregressive(
    seed: int, *, transient: npt.ArrayLike = 0.0, correlation: float = 0.7
) -> npt.NDArray[np.float64]:
    """Return an AR(1) series in its steady state, of mean 10 and unit innovations, plus a transient."""
    noise = np.random.Generator(np.random.PCG64(seed)).standard_normal(LENGTH)
    series = np.empty(LENGTH)
    level = noise[0] / np.sqrt(1.0 - correlation**2)
    for index in range(LENGTH):
        level = correlation * level + noise[index] if index else level
        series[index] = level
    return 10.0 + series + np.asarray(transient)


def _decaying(size: float, time_constant: float) -> npt.NDArray[np.float64]:
    return size * np.exp(-np.arange(LENGTH) / time_constant)


@pytest.mark.parametrize("seed", range(5))
def test_a_step_is_cut_off_where_it_ends(seed: int) -> None:
    transient = np.where(np.arange(LENGTH) < 300, -15.0, 0.0)

    assert detect_warm_up(_autoregressive(seed, transient=transient)) == pytest.approx(300, abs=40)


@pytest.mark.parametrize("seed", range(5))
def test_a_decaying_transient_is_cut_when_it_has_sunk_into_the_noise(seed: int) -> None:
    cut = detect_warm_up(_autoregressive(seed, transient=_decaying(30.0, 60.0)))

    assert cut is not None
    assert 60 <= cut <= 500
    assert _decaying(30.0, 60.0)[cut] < 12.0


def test_cutting_brings_the_mean_nearer_to_the_true_one() -> None:
    errors = []
    for seed in range(20):
        series = _autoregressive(seed, transient=_decaying(-30.0, 60.0))
        cut = detect_warm_up(series)
        assert cut is not None
        errors.append((abs(series.mean() - 10.0), abs(series[cut:].mean() - 10.0)))

    raw, truncated = np.mean(errors, axis=0)
    assert truncated < raw / 4.0


def test_a_series_in_steady_state_loses_little() -> None:
    cuts = [detect_warm_up(_autoregressive(seed)) for seed in range(20)]

    settled = [cut for cut in cuts if cut is not None]
    assert len(settled) >= 17
    assert np.median(settled) <= LENGTH / 10


def test_an_overloaded_queue_never_settles() -> None:
    assert detect_warm_up(_autoregressive(1, transient=0.05 * np.arange(LENGTH))) is None


def test_a_constant_series_has_no_warm_up() -> None:
    assert detect_warm_up([0.1] * 100) == 0


def test_a_cut_is_a_whole_number_of_batches() -> None:
    transient = np.where(np.arange(LENGTH) < 303, 50.0, 0.0)

    assert detect_warm_up(_autoregressive(1, transient=transient)) % 5 == 0
    assert detect_warm_up(_autoregressive(1, transient=transient), batch_size=7) % 7 == 0


def test_the_end_of_the_warm_up_is_a_time_whatever_the_order() -> None:
    series = _autoregressive(3, transient=_decaying(30.0, 60.0))
    times = 0.5 * np.arange(LENGTH)
    shuffled = np.random.Generator(np.random.PCG64(4)).permutation(LENGTH)

    assert detect_warm_up_end(times[shuffled], series[shuffled]) == times[detect_warm_up(series)]
    assert detect_warm_up_end(times, np.arange(LENGTH)) is None


def test_the_statistic_is_the_variance_of_what_is_left_by_its_number() -> None:
    values = np.random.Generator(np.random.PCG64(5)).exponential(size=12)

    expected = [np.var(values[cut:]) / len(values[cut:]) for cut in range(12)]
    np.testing.assert_allclose(marginal_standard_error(values), expected, atol=1e-12)


def test_a_huge_transient_does_not_drown_what_follows() -> None:
    values = np.concatenate([np.full(20, 1e12), np.resize([0.0, 1.0], 180)])

    assert detect_warm_up(values) == 20


def test_too_few_values_are_misuse() -> None:
    with pytest.raises(ValueError, match="values must be at least 10 batches of 5, got 49"):
        detect_warm_up(np.ones(49))
    with pytest.raises(ValueError, match="values must be finite, got nan"):
        detect_warm_up([1.0] * 99 + [float("nan")])
    with pytest.raises(ValueError, match="batch_size must be >= 1, got 0"):
        detect_warm_up(np.ones(100), batch_size=0)
    with pytest.raises(ValueError, match="values must pair with times"):
        detect_warm_up_end(np.ones(100), np.ones(99))
