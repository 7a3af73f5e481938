"""What one metric asks for, case by case as Kubernetes' documentation and source have it."""

from __future__ import annotations

import pytest

from models.autoscaling.kubernetes import CpuMetric, InstanceMetric, MetricTarget, Tolerance, TotalMetric
from models.autoscaling.observation import InstanceView, Observation

from ..observing import observed, view

TOLERANCE = Tolerance()


def asked(values: list[float | None], target: float, *, pending: int = 0) -> int | None:
    return InstanceMetric(name="load", target=target).proposal(observed(values, pending=pending), TOLERANCE)


@pytest.mark.parametrize(
    ("count", "value", "target", "wanted"),
    [
        (50, 90, 75, 60),
        (10, 110, 100, 10),
        (10, 111, 100, 12),
        (10, 89, 100, 9),
        (10, 90, 100, 10),
        (1, 200, 100, 2),  # the documentation's: 200m against 100m doubles
        (2, 50, 100, 1),  # and 50m halves
        (3, 0, 100, 0),
        (50, 0.9, 0.75, 60),  # 60.00000000000001 in floats
        (20, 0.55, 0.5, 20),  # 1.1 and a rounding is within 10 %
        (7, 1.3, 1.0, 10),
    ],
)
def test_the_ratio_times_the_instances_rounded_up_and_nothing_within_ten_percent(
    count: int, value: float, target: float, wanted: int
) -> None:
    assert asked([value] * count, target) == wanted


def test_the_mean_counts_not_any_one_instance() -> None:
    assert asked([300, 500, 700], 300) == 5  # 500 / 300 * 3
    assert asked([100, 0, 0, 0], 50) == 2


def test_missing_count_as_idle_when_it_would_grow() -> None:
    # 2 of 3 say 200 against 100: with the third at 0, 133 * 3 / 100 = 4, and not 6 or 4 of 2.
    assert asked([200, 200, None], 100) == 4


def test_missing_count_as_at_their_target_when_it_would_shrink() -> None:
    # 4 of 5 say 50 against 100; the fifth counts 100: (200 + 100) / 100 = 3.
    assert asked([50, 50, 50, 50, None], 100) == 3


def test_missing_may_end_in_no_change_within_tolerance_or_on_the_other_side() -> None:
    assert asked([120, 120, 120, 120, 120, None], 100) == 6  # 100 on average
    assert asked([150, None, None], 100) == 3  # 50: it would shrink now
    assert asked([80, None], 100) == 2  # 90: within tolerance


def test_missing_do_nothing_where_the_others_are_at_their_target_exactly() -> None:
    assert asked([100] * 5 + [None] * 5, 100) == 10


def test_nobody_who_tells_anything_is_no_answer() -> None:
    assert asked([None, None], 100) is None
    assert asked([], 100) is None
    assert asked([], 100, pending=3) is None


def test_pending_count_as_idle_when_it_would_grow() -> None:
    # 3 ready at 170 against 100 would be 6; two more are on their way: 510 / 5 = 102, within tolerance.
    assert asked([170] * 3, 100, pending=2) == 5
    assert asked([300] * 3, 100, pending=2) == 9
    assert asked([120] * 3, 100, pending=2) == 5  # 72: the direction flips


def test_pending_do_not_count_when_it_would_shrink() -> None:
    assert asked([50] * 4, 100, pending=4) == 2
    assert asked([95] * 4, 100, pending=4) == 8  # within tolerance


def test_growth_is_never_answered_by_a_smaller_number() -> None:
    """Fewer may be counted than are wanted: some that are wanted are not there yet."""
    few = observed([150, 150, None], current=10)
    assert InstanceMetric(name="load", target=80).proposal(few, TOLERANCE) == 10


def test_each_direction_has_a_tolerance_of_its_own() -> None:
    metric = InstanceMetric(name="load", target=100)
    careful = Tolerance(down=0.3, up=0.0)
    assert metric.proposal(observed([101] * 10), careful) == 11
    assert metric.proposal(observed([70] * 10), careful) == 10
    assert metric.proposal(observed([69] * 10), careful) == 7


# -- cpu


def cpu(*views: InstanceView, now: float = 1_000.0) -> int | None:
    observation = Observation(now=now, current=len(views), instances=views)
    return CpuMetric(target=0.5).proposal(observation, TOLERANCE)


def of(
    value: float | None, *, started: float = 0.0, ready: bool = True, changed: float = 10.0
) -> InstanceView:
    return view(
        "i",
        value,
        metric="utilisation",
        started_at=started,
        changed_at=changed,
        is_ready=ready,
        sampled_at=990.0,
        window=30.0,
    )


def test_cpu_of_those_that_are_not_ready_counts_as_idle_when_it_would_grow() -> None:
    # 1.0 alone would double; the two that start count 0: 1/3 against 0.5, the direction flips.
    assert cpu(of(1.0), of(1.0, started=900.0, ready=False), of(1.0, started=900.0, ready=False)) == 3
    # Out of the initialisation period and never ready within the readiness delay: still starting.
    assert cpu(of(1.0), of(1.0, ready=False, changed=20.0)) == 2
    # It was ready once, for longer than that: its load is load.
    assert cpu(of(1.0), of(1.0, ready=False, changed=500.0)) == 4


def test_cpu_is_not_trusted_while_its_sample_began_before_it_was_ready() -> None:
    young = {"started": 900.0}
    assert cpu(of(1.0), of(1.0, changed=970.0, **young)) == 2  # 990 - 30 < 970
    assert cpu(of(1.0), of(1.0, changed=955.0, **young)) == 4
    assert cpu(of(1.0), of(1.0, changed=970.0)) == 4  # long past its initialisation
    assert cpu(of(1.0), of(1.0, started=700.0, changed=970.0)) == 4  # just past it
    assert cpu(of(1.0), of(1.0, started=700.1, changed=970.0)) == 2


def test_missing_cpu_counts_as_all_of_it_when_it_would_shrink() -> None:
    """As the source has it: all that was requested, which is more than the target of the documentation."""
    assert cpu(of(0.1), of(0.1), of(0.1), of(None)) == 3  # (0.3 + 1) / 0.5 = 2.6; at the target it were 2
    high = CpuMetric(target=1.5)
    views = (*[of(0.2)] * 4, of(None))
    assert high.proposal(Observation(now=1_000.0, current=5, instances=views), TOLERANCE) == 2


# -- of the whole


@pytest.mark.parametrize(
    ("current", "total", "wanted"),
    [(5, 100, 10), (5, 52, 5), (5, 45, 5), (5, 44, 5), (5, 40, 4), (5, 0, 0), (0, 25, 3), (0, 0, 0)],
)
def test_a_total_per_instance(current: int, total: float, wanted: int) -> None:
    metric = TotalMetric(name="queue", target=10)
    assert metric.proposal(observed([None] * current, queue=total), TOLERANCE) == wanted


def test_a_total_of_all_scales_those_that_are_ready() -> None:
    metric = TotalMetric(name="queue", target=100, per_instance=False)
    assert metric.proposal(observed([None] * 4, queue=150), TOLERANCE) == 6
    assert metric.proposal(observed([None] * 4, pending=2, queue=150), TOLERANCE) == 6
    assert metric.proposal(observed([None] * 4, queue=109), TOLERANCE) == 4
    assert metric.proposal(observed([], queue=150), TOLERANCE) == 2


def test_a_total_of_all_is_no_answer_where_no_instance_is_known_that_could_be_scaled() -> None:
    """Without instances to look at, none ready would be a reason to shrink to nothing."""
    metric = TotalMetric(name="queue", target=100, per_instance=False)
    assert metric.proposal(observed([], current=4, queue=150), TOLERANCE) is None
    assert metric.proposal(observed([], current=4, queue=105), TOLERANCE) == 4
    assert metric.proposal(observed([], current=4, pending=4, queue=150), TOLERANCE) == 0  # as the source


def test_a_total_that_is_missing_is_no_answer() -> None:
    assert TotalMetric(name="queue", target=10).proposal(observed([1.0]), TOLERANCE) is None


@pytest.mark.parametrize(
    ("wrong", "error", "text"),
    [
        ({"name": "load", "target": 0.0}, ValueError, "target of 'load' must be finite and > 0, got 0.0"),
        ({"name": "load", "target": float("nan")}, ValueError, "must be finite and > 0"),
        ({"name": "load", "target": "60%"}, TypeError, "must be a number, got '60%'"),
        ({"name": "", "target": 1.0}, ValueError, "name of a metric must not be empty"),
    ],
)
def test_misuse(wrong: dict[str, object], error: type[Exception], text: str) -> None:
    for kind in (InstanceMetric, TotalMetric, CpuMetric):
        made: type[MetricTarget] = kind
        with pytest.raises(error, match=text):
            made(**wrong)  # type: ignore[arg-type]


def test_misuse_of_cpu() -> None:
    with pytest.raises(ValueError, match="initial_readiness_delay must be finite and >= 0 s, got -1"):
        CpuMetric(target=0.5, initial_readiness_delay=-1)
