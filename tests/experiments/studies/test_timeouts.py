"""The study of timeouts: threads run out without one, and the log says which one to set."""

import math
from functools import lru_cache
from typing import Any

import pytest

from experiments import Run
from experiments.studies.timeouts import HEAD_ROOM, timeouts
from models.faults import OUTAGE_MODES

from .short_runs import DURATION


@lru_cache
def short(timeout: float | None, **parameters: Any) -> Run:
    return timeouts(seed=1, timeout=timeout, duration=DURATION, **parameters)


@pytest.mark.slow
def test_without_timeout_browsing_fails_in_silence_and_never_recovers() -> None:
    measures = short(None).measures
    assert measures["browse_available"] < 0.7
    assert measures["recover_time"] == math.inf
    assert measures["browse_p99"] == math.inf


@pytest.mark.slow
def test_with_a_timeout_browsing_survives_silence_and_slowness() -> None:
    for fault in ("silent", "slow"):
        measures = short(0.5, fault=fault).measures
        assert measures["browse_available"] > 0.99
        assert measures["recover_time"] == 0.0
        assert measures["browse_p99"] < 0.5


@pytest.mark.slow
def test_short_timeout_cuts_off_healthy_payments() -> None:
    assert short(0.1).measures["cut_off"] > 0.2
    assert short(2.0).measures["cut_off"] < 0.02
    assert short(0.1).measures["buy_healthy"] < short(2.0).measures["buy_healthy"]


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["errors", "refused"])
def test_failures_that_are_fast_need_no_timeout(fault: str) -> None:
    measures = short(None, fault=fault).measures
    assert measures["browse_available"] > 0.99
    assert measures["recover_time"] == 0.0
    assert measures["threads_waiting"] < 1.0


@pytest.mark.slow
def test_timeouts_waste_the_work_of_a_slow_payment() -> None:
    assert short(0.5, fault="slow").measures["wasted_work"] > 0.8
    assert short(None, fault="slow").measures["wasted_work"] == 0.0


@pytest.mark.slow
@pytest.mark.parametrize("fault", OUTAGE_MODES)
def test_where_nobody_waits_for_payment_all_its_finished_work_is_wasted(fault: str) -> None:
    run = short(0.001, fault=fault)
    cut_short = run.detail.shop.payment_work.latencies("cancelled")
    assert (cut_short.sum() > 0.0) == (fault == "refused")
    assert run.measures["wasted_work"] == pytest.approx(1.0)


@pytest.mark.slow
def test_recommended_timeout_does_not_hang_on_the_timeout_of_the_run() -> None:
    recommended = [short(timeout).measures["recommended"] for timeout in (0.1, 2.0)]
    assert recommended[0] == pytest.approx(recommended[1], rel=0.05)
    run = short(2.0)
    healthy = run.detail.shop.payment_work.sample(0.0, run.detail.start)
    assert recommended[1] == HEAD_ROOM * healthy.percentiles([99.0])[0]


@pytest.mark.slow
def test_ceiling_is_threads_over_payment_rate() -> None:
    assert short(2.0).measures["ceiling"] == pytest.approx(48 / 18, rel=0.4)
    assert short(2.0, threads=4).measures["ceiling"] == pytest.approx(
        short(2.0).measures["ceiling"] / 4, rel=0.05
    )


@pytest.mark.slow
def test_threads_waiting_grow_with_the_timeout() -> None:
    waiting = [short(timeout).measures["threads_waiting"] for timeout in (0.1, 0.5, 2.0)]
    assert waiting == sorted(waiting)
    assert waiting[2] > 5 * waiting[0]


@pytest.mark.slow
def test_same_seed_same_measures() -> None:
    assert dict(short(0.5).measures) == dict(timeouts(seed=1, timeout=0.5, duration=DURATION).measures)


def test_users_who_were_never_in_trouble_are_back_after_exactly_no_time() -> None:
    # 15.06 s: here two windows before the third begin a rounding before the end of the fault.
    run = timeouts(seed=1, timeout=0.5, duration=15.06, rate=5.0)
    assert run.measures["recover_time"] == 0.0
