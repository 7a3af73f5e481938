"""Gray failures: work in progress slows down too, clocks go wrong, and factors and offsets combine."""

from __future__ import annotations

from math import inf, nan

import pytest

from models import Host
from models.faults import ClockSkew, SlowHost
from tests.models.faults.building import World


@pytest.mark.parametrize("scheduling", ["first-come", "processor-sharing"])
def test_work_in_progress_goes_on_at_the_speed_of_the_moment(scheduling: str) -> None:
    world = World()
    host = Host(world.env, "host", scheduling=scheduling)
    work = host.start(host.work(3.0))
    slow = SlowHost(host, 0.5)
    world.env.call_later(1.0, slow.inject)
    world.env.call_later(3.0, slow.heal)
    world.env.run(until=work)
    assert world.env.now == 4.0  # 1 s, 2 s at half the speed, 1 s


def test_slow_hosts_multiply_and_a_speed_that_was_set_meanwhile_stays() -> None:
    world = World()
    host = world.hosts[0]
    disk, neighbour = SlowHost(host, 0.5), SlowHost(host, 0.1)
    disk.inject()
    neighbour.inject()
    assert host.speed == pytest.approx(0.05)
    host.speed = 2.0
    disk.heal()
    assert host.speed == pytest.approx(0.2)
    neighbour.heal()
    assert host.speed == 2.0


def test_a_skewed_clock_is_off_and_drifts_from_then_on() -> None:
    world = World()
    env, host = world.env, world.hosts[0]
    skew = ClockSkew(host, 2.0, drift=0.5)
    env.run(until=10.0)
    skew.inject()
    assert host.clock() == 12.0
    env.run(until=14.0)
    assert host.clock() == 18.0
    other = ClockSkew(host, -1.0)
    other.inject()
    assert host.clock() == 17.0
    skew.heal()
    assert host.clock() == 13.0
    other.heal()
    assert host.clock() == 14.0


def test_a_skew_that_is_injected_again_drifts_from_the_beginning() -> None:
    world = World()
    skew = ClockSkew(world.hosts[0], 0.0, drift=1.0)
    for start in (0.0, 10.0):
        world.env.run(until=start + 0.5)
        skew.inject()
        assert world.hosts[0].clock() == world.env.now
        world.env.run(until=start + 2.5)
        assert world.hosts[0].clock() == world.env.now + 2.0
        skew.heal()


@pytest.mark.parametrize("factor", [0.0, 1.0, 2.0, -1.0, inf, nan])
def test_a_slow_host_is_slower_and_not_stopped(factor: float) -> None:
    with pytest.raises(ValueError, match=r"factor must lie in \(0, 1\), got"):
        SlowHost(World().web, factor)


@pytest.mark.parametrize(
    ("offset", "drift", "said"),
    [
        (0.0, 0.0, "offset or drift must differ from 0, got 0.0 s and 0.0"),
        (nan, 0.0, "offset must be finite and drift > -1, got nan s and 0.0"),
        (inf, 0.0, "offset must be finite and drift > -1, got inf s and 0.0"),
        (1.0, -1.0, "offset must be finite and drift > -1, got 1.0 s and -1.0"),
    ],
)
def test_a_skew_that_makes_no_sense_is_refused(offset: float, drift: float, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        ClockSkew(World().web, offset, drift)


def test_they_strike_hosts() -> None:
    for make in (lambda: SlowHost("web", 0.5), lambda: ClockSkew("web", 1.0)):  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="host must be a Host, got 'web'"):
            make()
