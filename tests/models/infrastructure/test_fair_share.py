"""Fair sharing: schedules worked out by hand, laws, and any schedule against an account in small steps."""

from __future__ import annotations

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.infrastructure import CpuQuota, Host, Share
from simulator import Environment, Process
from tests.models.infrastructure.fair_sharing_by_small_steps import Group, use_by_steps
from tests.models.infrastructure.workers import Worked

Steps = Generator[Any, Any, Any]


class Shared:
    """A host whose cores are shared out among groups; `ends` says when each piece of work ended."""

    def __init__(
        self, cores: int, *groups: float | tuple[float, CpuQuota | None], speed: float = 1.0
    ) -> None:
        self.env = Environment()
        self.host = Host(self.env, "host", cores=cores, scheduling="fair-share", speed=speed)
        self.shares: list[Share] = []
        for group in groups:
            weight, quota = group if isinstance(group, tuple) else (group, None)
            share = self.host.share(weight, quota)
            assert share is not None
            self.shares.append(share)
        self.ends: dict[int, float] = {}
        self.processes: list[Process] = []

    def begin(self, time: float, group: int, demand: float) -> Process:
        number = len(self.processes)
        self.processes.append(self.env.start_delayed(self._work(number, group, demand), time))
        return self.processes[-1]

    def _work(self, number: int, group: int, demand: float) -> Steps:
        yield from self.shares[group].work(demand)
        self.ends[number] = self.env.now

    def run(self, until: float | None = None) -> list[float]:
        self.env.run(until=until)
        return [self.ends[number] for number in sorted(self.ends)]

    def throttled(self, group: int = 0) -> tuple[int, float]:
        statistics = self.shares[group].statistics()
        return statistics.throttled_count, pytest.approx(statistics.throttled_time, abs=1e-9)


# -- weights


def test_two_groups_share_a_core_by_weight() -> None:
    shared = Shared(1, 3.0, 1.0)
    shared.begin(0.0, 0, 3.0)
    shared.begin(0.0, 1, 3.0)
    # At 3/4 the first is done at 4; the other has had 1, and is alone for its other 2.
    assert shared.run() == [4.0, 6.0]


def test_a_group_of_many_pieces_gets_no_more_than_its_weight() -> None:
    shared = Shared(1, 1.0, 1.0)
    for _ in range(9):
        shared.begin(0.0, 0, 1.0)
    shared.begin(0.0, 1, 1.0)
    assert shared.run() == [10.0] * 9 + [2.0]


def test_what_one_group_cannot_use_goes_to_the_others() -> None:
    shared = Shared(4, 100.0, 2.0, 1.0)
    shared.begin(0.0, 0, 1.0)  # one piece uses one core, whatever its weight
    for group in (1, 2):
        for _ in range(4):
            shared.begin(0.0, group, 2.0)
    shared.run(until=0.5)
    assert [share.rate for share in shared.shares] == [1.0, 2.0, 1.0]
    shared.run(until=1.5)
    assert [share.rate for share in shared.shares] == pytest.approx([0.0, 8 / 3, 4 / 3])


def test_weights_do_not_matter_while_there_are_cores_for_all() -> None:
    shared = Shared(4, 1000.0, 0.001)
    shared.begin(0.0, 0, 1.0)
    for _ in range(3):
        shared.begin(0.0, 1, 1.0)
    assert shared.run() == [1.0] * 4


def test_very_unequal_weights_lose_nothing_to_rounding() -> None:
    shared = Shared(2, 1e-9, 1e9, 1.0)
    for group in range(3):
        for _ in range(2):
            shared.begin(0.0, group, 1.0)
    shared.run()
    assert shared.env.now == pytest.approx(3.0, abs=1e-9)
    assert shared.host.statistics().work_done == pytest.approx(6.0, abs=1e-9)


def test_what_has_no_share_of_its_own_is_a_group_of_weight_1() -> None:
    shared = Shared(1, 2.0)
    shared.begin(0.0, 0, 2.0)
    shared.env.process(shared.host.work(1.0))
    shared.env.process(shared.host.work(1.0))
    shared.run()
    assert shared.ends == {0: 3.0}
    assert shared.env.now == 4.0


EIGHTHS = st.integers(0, 40).map(lambda n: n / 8)


@pytest.mark.slow
@given(
    cores=st.integers(1, 3),
    pieces=st.lists(st.tuples(EIGHTHS, st.integers(1, 16).map(lambda n: n / 8)), max_size=12),
)
def test_pieces_of_equal_weight_share_as_under_processor_sharing(
    cores: int, pieces: list[tuple[float, float]]
) -> None:
    """One group, or a group for each piece: where weights are equal both are processor sharing."""
    sharing = Worked(cores, "processor-sharing")
    sharing.begin(*pieces)
    expected = sharing.run()
    alone = Shared(cores, *[1.0] * len(pieces))
    together = Shared(cores, 1.0)
    for number, (time, demand) in enumerate(pieces):
        alone.begin(time, number, demand)
        together.begin(time, 0, demand)
    assert alone.run() == pytest.approx(expected, abs=1e-7)
    assert together.run() == pytest.approx(expected, abs=1e-7)


@pytest.mark.slow
@given(
    weights=st.lists(st.sampled_from([0.5, 1.0, 3.0]), min_size=2, max_size=3),
    pieces=st.lists(
        st.tuples(EIGHTHS, st.integers(0, 2), st.integers(1, 16).map(lambda n: n / 8)),
        min_size=1,
        max_size=10,
    ),
)
@settings(max_examples=50)
def test_no_group_is_worse_off_than_alone_on_its_share_of_a_core(
    weights: list[float], pieces: list[tuple[float, int, float]]
) -> None:
    """The guarantee of generalised processor sharing (Parekh and Gallager 1993), whatever the others do."""
    shared = Shared(1, *weights)
    pieces = [(time, group % len(weights), demand) for time, group, demand in pieces]
    for time, group, demand in pieces:
        shared.begin(time, group, demand)
    ends = shared.run()
    for group, weight in enumerate(weights):
        alone = Worked(1, "processor-sharing", speed=weight / sum(weights))
        alone.begin(*[(time, demand) for time, whose, demand in pieces if whose == group])
        own = [end for end, (_, whose, _) in zip(ends, pieces, strict=True) if whose == group]
        assert all(end <= latest + 1e-7 for end, latest in zip(own, alone.run(), strict=True))


# -- quotas


def test_a_group_is_throttled_until_the_next_period_when_its_quota_is_used_up() -> None:
    shared = Shared(4, (1.0, CpuQuota(0.5)))
    shared.begin(0.0, 0, 0.12)
    # 50 ms in the first period, 50 in the second, 20 in the third; the other cores are idle all the time.
    assert shared.run() == pytest.approx([0.22])
    assert shared.throttled() == (2, 0.1)


def test_more_threads_use_the_quota_up_sooner() -> None:
    shared = Shared(4, (1.0, CpuQuota(1.0)))
    for _ in range(4):
        shared.begin(0.0, 0, 0.05)
    # Each has 25 ms at 25 ms, when 100 ms are used up; then nothing until 100 ms.
    assert shared.run() == pytest.approx([0.125] * 4)
    assert shared.throttled() == (1, 0.075)


def test_a_quota_is_whole_at_each_beginning_of_a_period_and_nothing_is_saved_up() -> None:
    shared = Shared(1, (1.0, CpuQuota(0.5)))
    shared.begin(0.04, 0, 0.08)
    # 50 ms until 0.09, throttled until the period ends at 0.1, and not 100 ms after it began to work.
    assert shared.run() == pytest.approx([0.13])
    shared.begin(10.0, 0, 0.06)
    shared.run()
    assert shared.env.now == pytest.approx(10.21)  # begun at 10.13: 50 ms until 10.18; again at 10.2


def test_work_that_ends_as_the_quota_does_ends_in_time() -> None:
    shared = Shared(1, (1.0, CpuQuota(0.3)))
    for _ in range(3):
        shared.begin(0.0, 0, 0.01)
    assert shared.run() == pytest.approx([0.03] * 3)
    assert shared.throttled() == (0, 0.0)


def test_what_comes_when_the_quota_is_used_up_waits() -> None:
    shared = Shared(2, (1.0, CpuQuota(0.3)))
    shared.begin(0.0, 0, 0.03)
    shared.begin(0.05, 0, 0.01)
    assert shared.run() == pytest.approx([0.03, 0.11])
    assert shared.throttled() == (1, 0.05)


def test_throttling_counts_once_in_a_period() -> None:
    shared = Shared(2, (1.0, CpuQuota(0.3)))
    shared.begin(0.0, 0, 0.03)
    for time in (0.04, 0.06):
        process = shared.begin(time, 0, 0.01)
        shared.env.call_later(time + 0.01, process.cancel)
    shared.run()
    assert shared.throttled() == (1, 0.02)
    shared.run(until=0.35)
    assert shared.throttled() == (1, 0.02), "who has no work is not throttled"


@pytest.mark.slow
@given(
    cores=st.integers(1, 4),
    quota=st.sampled_from([0.1, 0.25, 0.5, 0.9, 1.0, 1.7]),
    period=st.sampled_from([0.01, 0.1, 1.0]),
    threads=st.integers(1, 4),
)
@settings(max_examples=40)
def test_a_quota_caps_use_at_exactly_quota_by_period(
    cores: int, quota: float, period: float, threads: int
) -> None:
    shared = Shared(cores, (1.0, CpuQuota(quota, period)))
    for _ in range(threads):
        shared.begin(0.0, 0, 1_000.0)
    for number in (1, 7, 40):
        shared.run(until=number * period)
        statistics = shared.shares[0].statistics()
        expected = number * period * min(quota, cores, threads)
        assert statistics.busy_time == pytest.approx(expected, abs=1e-6 * period)
        busy = expected / min(cores, threads)
        assert statistics.throttled_time == pytest.approx(number * period - busy, abs=1e-6 * period)


def test_the_time_of_one_that_is_throttled_goes_to_the_others() -> None:
    shared = Shared(1, (1.0, CpuQuota(0.2)), 1.0)
    shared.begin(0.0, 0, 10.0)
    shared.begin(0.0, 1, 10.0)
    shared.run(until=1.0)
    # Half each until 0.04, when 20 ms are used up; the rest of each 100 ms is the other's.
    assert [share.statistics().busy_time for share in shared.shares] == pytest.approx([0.2, 0.8])


def test_a_quota_is_time_on_cores_and_not_work() -> None:
    shared = Shared(1, (1.0, CpuQuota(0.5)), speed=0.5)
    shared.begin(0.0, 0, 0.05)
    shared.run(until=0.02)
    statistics = shared.shares[0].statistics()
    assert (statistics.work_done, statistics.busy_time) == pytest.approx((0.01, 0.02))
    assert shared.run() == pytest.approx([0.15])  # 25 ms of work in 50 ms, then again
    statistics = shared.shares[0].statistics()
    assert (statistics.work_done, statistics.busy_time) == pytest.approx((0.05, 0.1))


def test_a_change_of_speed_is_felt_at_once_and_while_throttled() -> None:
    shared = Shared(1, (1.0, CpuQuota(0.5)))
    shared.begin(0.0, 0, 0.15)
    shared.env.call_later(0.02, setattr, shared.host, "speed", 2.0)
    shared.env.call_later(0.07, setattr, shared.host, "speed", 4.0)
    # 20 ms, then 60 in the other 30 ms of the quota; 70 are left for 17.5 ms from 0.1 on.
    assert shared.run() == pytest.approx([0.1175])


# -- trouble


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
@pytest.mark.parametrize("time", [0.02, 0.07])
def test_a_piece_that_is_given_up_running_or_throttled_leaves_its_share(end: object, time: float) -> None:
    shared = Shared(1, (1.0, CpuQuota(0.5)), 1.0)
    victim = shared.begin(0.0, 0, 1.0)
    shared.begin(0.0, 1, 0.1)
    shared.env.call_later(time, end, victim)
    shared.run()
    lost = time / 2
    assert shared.ends == {1: pytest.approx(0.1 + lost)}
    assert shared.shares[0].statistics().present_count == 0
    assert shared.host.statistics().work_done == pytest.approx(0.1 + lost)


@pytest.mark.parametrize("time", [0.02, 0.07])
def test_a_crash_in_the_middle_of_throttling_leaves_nothing_behind(time: float) -> None:
    shared = Shared(1, (1.0, CpuQuota(0.5)))
    shared.host.start(shared._work(0, 0, 1.0))
    shared.env.call_later(time, shared.host.crash)
    shared.env.call_later(0.085, shared.host.restart)
    shared.begin(0.086, 0, 0.06)
    shared.run()
    # Periods are counted from the boot, and the quota is whole then.
    assert shared.env.now == pytest.approx(0.195)
    assert shared.shares[0].statistics().work_done == pytest.approx(min(time, 0.05) + 0.06)


def test_the_cgroup_of_a_process_that_crashes_alone_goes_on() -> None:
    """Whoever is throttled cannot escape by a crash: the group is the host's."""
    shared = Shared(1, (1.0, CpuQuota(0.5)))
    process = shared.begin(0.0, 0, 1.0)
    shared.env.call_later(0.06, process.kill)
    shared.begin(0.07, 0, 0.01)
    shared.run()
    assert shared.env.now == pytest.approx(0.11)


def test_nothing_is_scheduled_for_groups_without_work() -> None:
    shared = Shared(1, (1.0, CpuQuota(0.5)))
    shared.begin(0.0, 0, 0.12)
    shared.run()
    assert shared.env.peek() == inf


def test_a_group_that_cannot_be_throttled_is_not_looked_at_in_each_period() -> None:
    shared = Shared(1, (1.0, CpuQuota(1.5)))
    shared.begin(0.0, 0, 1_000.0)
    count = 0
    while shared.env.peek() < inf:
        shared.env.step()
        count += 1
    assert shared.ends == {0: 1_000.0}
    assert count < 10


def test_a_quota_that_begins_to_bind_later_is_counted_from_the_beginning_of_the_period() -> None:
    shared = Shared(2, (1.0, CpuQuota(1.0)))
    shared.begin(0.0, 0, 10.0)  # one piece alone never meets its quota
    shared.begin(5.05, 0, 0.06)
    shared.run(until=5.06)
    shared.run(until=5.2)
    # 50 ms alone until 5.05 and two cores from there: 50 ms more last until 5.075.
    # From 5.1 on both until 5.135, and one alone until 5.165.
    assert shared.throttled() == (2, 0.025 + 0.035)
    assert shared.ends == {1: pytest.approx(5.135)}


@pytest.mark.slow
@given(
    cores=st.integers(1, 3),
    groups=st.lists(
        st.tuples(st.sampled_from([0.5, 1.0, 4.0]), st.sampled_from([None, 0.25, 0.5, 1.5])),
        min_size=1,
        max_size=3,
    ),
    pieces=st.lists(
        st.tuples(st.integers(0, 300), st.integers(0, 2), st.integers(1, 200).map(lambda n: n / 1_000)),
        max_size=7,
    ),
)
@settings(max_examples=25)
def test_any_schedule_agrees_with_an_account_in_small_steps(
    cores: int,
    groups: list[tuple[float, float | None]],
    pieces: list[tuple[int, int, float]],
) -> None:
    # In one step of the account a piece may end, or a quota, and what is left of the step is lost.
    step, until = 0.001, 1_000
    pieces = [(at, whose % len(groups), demand) for at, whose, demand in pieces]
    plain = [Group(weight, None if quota is None else quota * 0.1) for weight, quota in groups]
    expected = use_by_steps(cores, plain, pieces, step, until)
    shared = Shared(cores, *[(weight, quota and CpuQuota(quota)) for weight, quota in groups])
    for at, whose, demand in pieces:
        shared.begin(at * step, whose, demand)
    for now in range(49, until, 50):
        shared.run(until=(now + 1) * step)
        use = [share.statistics().busy_time for share in shared.shares]
        assert use == pytest.approx(expected[now], abs=0.03)
    shared.run()
    assert set(shared.ends) == set(range(len(pieces)))
    assert shared.host.statistics().work_done == pytest.approx(sum(demand for *_, demand in pieces), abs=1e-6)


def test_a_long_piece_of_work_does_not_fill_the_schedule_with_looks_at_its_end() -> None:
    shared = Shared(1, 1.0, 1.0)
    shared.begin(0.0, 0, 1e6)
    for second in range(1, 501):
        shared.begin(float(second), 1, 0.25)
    shared.run(until=499.0)
    assert len(shared.ends) == 498
    assert len(shared.env._queue) < 10


@pytest.mark.parametrize("demand", [-1.0, nan, inf])
def test_a_demand_that_is_none_raises_and_disturbs_nobody(demand: float) -> None:
    shared = Shared(1, 1.0)
    shared.begin(0.0, 0, 2.0)
    shared.begin(1.0, 0, demand)
    with pytest.raises(ValueError, match=f"demand must be finite and >= 0 s, got {demand!r}"):
        shared.run()
    assert shared.run() == [2.0]


@pytest.mark.parametrize("scheduling", ["first-come", "processor-sharing"])
def test_a_discipline_without_groups_refuses_what_it_would_not_heed(scheduling: str) -> None:
    host = Host(Environment(), "host", scheduling=scheduling)
    assert host.share() is None
    for weight, quota in ((2.0, None), (1.0, CpuQuota(1.0))):
        with pytest.raises(ValueError, match='a weight or quota needs a host with scheduling="fair-share"'):
            host.share(weight, quota)


@pytest.mark.parametrize(
    ("make", "error", "message"),
    [
        (lambda host: host.share(0.0), ValueError, "weight must be finite and > 0, got 0.0"),
        (lambda host: host.share(nan), ValueError, "weight must be finite and > 0, got nan"),
        (lambda host: host.share(1.0, 0.5), TypeError, "quota must be a CpuQuota or None, got 0.5"),
        (lambda host: CpuQuota(0.0), ValueError, "cores of a quota must be finite and > 0, got 0.0"),
        (lambda host: CpuQuota(1.0, inf), ValueError, "period of a quota must be finite and > 0, got inf"),
    ],
)
def test_shares_that_make_no_sense_are_refused(make: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        make(Host(Environment(), "host", scheduling="fair-share"))
