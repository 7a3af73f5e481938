"""What all disciplines must do, and what no trace of arrivals can make them violate."""

from itertools import pairwise
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.infrastructure import Host
from simulator import Environment
from tests.models.infrastructure.workers import Worked

DISCIPLINES = ["first-come", "processor-sharing", "fair-share"]
EIGHTHS = st.integers(0, 64).map(lambda n: n / 8)
PIECES = st.lists(st.tuples(EIGHTHS, st.integers(0, 32).map(lambda n: n / 8)), min_size=1, max_size=20)

pytestmark = pytest.mark.parametrize("scheduling", DISCIPLINES)


@pytest.mark.slow
@given(cores=st.integers(1, 4), pieces=PIECES)
def test_work_is_conserved(scheduling: str, cores: int, pieces: list[tuple[float, float]]) -> None:
    worked = Worked(cores, scheduling)
    worked.begin(*pieces)
    ends = worked.run()
    statistics = worked.host.statistics()
    assert statistics.completed_count == len(pieces)
    assert statistics.work_done == pytest.approx(sum(demand for _, demand in pieces), abs=1e-9)
    assert statistics.busy_time == pytest.approx(statistics.work_done, abs=1e-9)
    if worked.env.now:
        assert statistics.utilisation == pytest.approx(statistics.busy_time / (cores * worked.env.now))
    for (time, demand), end in zip(pieces, ends, strict=True):
        assert end >= time + demand - 1e-9


@pytest.mark.slow
@given(pieces=PIECES, speed=st.sampled_from([0.5, 1.0, 2.0]))
def test_one_core_is_never_idle_while_there_is_work(
    scheduling: str, pieces: list[tuple[float, float]], speed: float
) -> None:
    """With one core, the last end is that of the busy period of any discipline that never idles."""
    free_at = 0.0
    for time, demand in sorted(pieces):
        free_at = max(free_at, time) + demand / speed
    worked = Worked(1, scheduling, speed)
    worked.begin(*pieces)
    assert max(worked.run()) == pytest.approx(free_at, abs=1e-9)


def end_of_all_work(pieces: list[tuple[float, float]], speeds: dict[float, float]) -> float:
    """Work off the backlog of one core from one arrival, or change of speed, to the next."""
    times = sorted({time for time, _ in pieces} | set(speeds))
    backlog, speed, end = 0.0, 1.0, 0.0
    for time, next_time in pairwise([*times, inf]):
        speed = speeds.get(time, speed)
        backlog += sum(demand for arrival, demand in pieces if arrival == time)
        if any(arrival == time for arrival, _ in pieces) or backlog:
            end = min(next_time, time + backlog / speed)
        backlog = max(0.0, backlog - (next_time - time) * speed)
    return end


@pytest.mark.slow
@given(pieces=PIECES, speeds=st.dictionaries(EIGHTHS, st.sampled_from([0.125, 0.5, 1.0, 4.0]), max_size=5))
def test_one_core_works_at_the_speed_of_the_moment(
    scheduling: str, pieces: list[tuple[float, float]], speeds: dict[float, float]
) -> None:
    worked = Worked(1, scheduling)
    for time, speed in speeds.items():
        worked.at(time, speed=speed)
    worked.begin(*pieces)
    assert max(worked.run()) == pytest.approx(end_of_all_work(pieces, speeds), abs=1e-9)


@pytest.mark.slow
@given(cores=st.integers(1, 3), pieces=PIECES)
def test_littles_law_holds_on_every_trace(
    scheduling: str, cores: int, pieces: list[tuple[float, float]]
) -> None:
    """The number inside, integrated over time step by step, is the sum of the sojourn times."""
    worked = Worked(cores, scheduling)
    worked.begin(*pieces)
    area, before, present = 0.0, 0.0, 0
    env, host = worked.env, worked.host
    while env.peek() < inf:
        env.step()
        if env.now > before:
            area += present * (env.now - before)
            before = env.now
        statistics = host.statistics()
        assert host.running_count == statistics.running_count
        present = statistics.running_count + statistics.waiting_count
    sojourn = sum(end - pieces[number][0] for number, end in worked.ends.items())
    assert area == pytest.approx(sojourn, abs=1e-9)


@pytest.mark.slow
@given(pieces=PIECES, factor=st.sampled_from([0.5, 2.0, 4.0]))
def test_a_host_that_is_twice_as_fast_does_in_half_the_time_what_comes_at_once(
    scheduling: str, pieces: list[tuple[float, float]], factor: float
) -> None:
    pieces = [(0.0, demand) for _, demand in pieces]
    slow, fast = Worked(2, scheduling), Worked(2, scheduling, factor)
    slow.begin(*pieces)
    fast.begin(*pieces)
    assert [end / factor for end in slow.run()] == pytest.approx(fast.run(), abs=1e-9)


def test_nothing_was_done_before_the_first_instant_is_over(scheduling: str) -> None:
    statistics = Host(Environment(initial_time=5.0), "host", scheduling=scheduling).statistics()
    assert (statistics.utilisation, statistics.busy_time, statistics.work_done) == (0.0, 0.0, 0.0)


def test_utilisation_counts_from_the_start_of_the_run(scheduling: str) -> None:
    env = Environment(initial_time=100.0)
    host = Host(env, "host", cores=2, scheduling=scheduling)
    env.process(host.work(1.0))
    env.run(until=104.0)
    assert host.statistics().utilisation == 1.0 / 8.0


@pytest.mark.parametrize("speed", [0.0, -1.0, inf, nan])
def test_a_speed_is_finite_and_above_zero(scheduling: str, speed: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=f"speed must be finite and > 0, got {speed!r}"):
        Host(env, "host", scheduling=scheduling, speed=speed)
    host = Host(env, "host", scheduling=scheduling)
    with pytest.raises(ValueError, match=f"speed must be finite and > 0, got {speed!r}"):
        host.speed = speed
    assert host.speed == 1.0


def test_a_host_may_be_asked_at_any_time_without_changing_anything(scheduling: str) -> None:
    pieces = [(0.123 * k, 0.3 + 0.1 * (k % 3)) for k in range(12)]
    plain, watched = Worked(2, scheduling), Worked(2, scheduling)
    plain.begin(*pieces)
    watched.begin(*pieces)
    for k in range(40):
        watched.env.call_later(0.07 * k, watched.host.statistics)
    assert watched.run() == plain.run()  # to the last bit


@pytest.mark.parametrize("demand", [-1.0, nan, inf, "long"])
@pytest.mark.parametrize("is_idle", [True, False])
def test_a_demand_that_is_none_raises_and_takes_nothing(
    scheduling: str, is_idle: bool, demand: float
) -> None:
    env = Environment()
    host = Host(env, "host", scheduling=scheduling)
    if not is_idle:
        host.start(host.work(2.0))
    host.start(host.work(demand))
    with pytest.raises((ValueError, TypeError), match=f"demand must be .*, got {demand!r}"):
        env.run()
    assert env.now == 0.0
    env.run()
    statistics = host.statistics()
    assert statistics.work_done == (0.0 if is_idle else 2.0)
    assert (statistics.running_count, statistics.waiting_count) == (0, 0)
