"""Who is ejected, for how long, and how many at a time; and when nobody knows of it any more."""

from __future__ import annotations

from typing import Any

import pytest

from models import FunctionEndpoint
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.balancing.outlier_ejection import OutlierEjector, OutlierSettings, envoy_outlier
from models.failures import Rejected, ServerError, TimedOut
from simulator import Environment
from tests.models.balancing.outlier_ejection.building import World
from tests.models.services.building import call

ERROR, GATEWAY, LOCAL = ServerError("500"), Rejected("s0"), TimedOut()
CHECKS = HealthCheckSettings(interval=5.0, timeout=1.0, unhealthy_threshold=2, healthy_threshold=2)


# -- consecutive failures


def test_five_errors_in_a_row_eject_there_and_then() -> None:
    world = World()
    world.env.run(until=3.0)
    world.send(0, *[ERROR] * 4)
    assert world.out() == []
    world.send(0, ERROR)
    assert world.out() == ["t0"]
    assert world.log() == [(3.0, "ejection", "t0")]
    assert world.balancer.available == tuple(world.targets[1:])
    record = world.env.event_log.of_kind("ejection")[0]
    assert record.detail == {"balancer": "shop", "detector": "consecutive_5xx", "duration": 30.0}


def test_one_success_begins_the_row_anew() -> None:
    world = World()
    world.send(0, *[ERROR] * 4, None, *[ERROR] * 4)
    assert world.out() == []


@pytest.mark.parametrize("end", [ERROR, GATEWAY, LOCAL])
def test_errors_rejections_and_silence_all_count_by_default(end: Any) -> None:
    world = World()
    world.send(0, *[end] * 5)
    assert world.out() == ["t0"]


def test_gateway_failures_have_a_row_of_their_own_that_other_errors_break() -> None:
    world = World(enforcing_consecutive_gateway_failure=100.0, enforcing_consecutive_5xx=0.0)
    world.send(0, *[GATEWAY] * 4, ERROR, *[GATEWAY] * 4)
    assert world.out() == []
    world.send(0, GATEWAY)
    assert world.out() == ["t0"]


def test_where_they_are_not_told_apart_silence_is_a_gateway_failure() -> None:
    world = World(enforcing_consecutive_gateway_failure=100.0, enforcing_consecutive_5xx=0.0)
    world.send(0, *[GATEWAY, LOCAL] * 2)
    assert world.out() == []
    world.send(0, LOCAL)
    assert world.out() == ["t0"]


def test_what_is_found_and_not_enforced_is_counted_and_found_again_after_as_many() -> None:
    world = World(enforcing_consecutive_5xx=0.0)
    world.send(0, *[ERROR] * 14)
    assert world.out() == []
    assert world.ejector.statistics().found_counts == {"consecutive_5xx": 2}
    assert world.ejector.statistics().ejected_counts == {}


@pytest.mark.slow
def test_half_enforced_ejects_every_other_time() -> None:
    world = World(400, seed=1, enforcing_consecutive_5xx=50.0, max_ejection_percent=100.0)
    for number in range(400):
        world.send(number, *[ERROR] * 5)
    assert 160 < len(world.out()) < 240


def test_told_apart_local_failures_have_detectors_of_their_own() -> None:
    world = World(split_external_local_origin_errors=True, max_ejection_percent=100.0)
    # An answer of any kind says that the target can be reached, and silence nothing of its answers.
    world.send(0, *[LOCAL] * 4, ERROR, *[LOCAL] * 4)
    world.send(1, *[ERROR, LOCAL] * 4, LOCAL, LOCAL)
    assert world.out() == []
    world.send(0, LOCAL)
    world.send(1, ERROR)
    assert world.out() == ["t0", "t1"]
    assert world.ejector.statistics().ejected_counts == {
        "consecutive_local_origin_failure": 1,
        "consecutive_5xx": 1,
    }


def test_calls_that_were_cut_short_say_nothing() -> None:
    env = Environment()

    def never(request: Any) -> Any:
        yield 60.0

    balancer = Balancer(env, [FunctionEndpoint(never, name="slow")])
    ejector = OutlierEjector(env, balancer, envoy_outlier())
    for _ in range(10):
        call(env, balancer, timeout=1.0)
    env.run(until=5.0)
    assert ejector.statistics().found_counts == {}


# -- how many


@pytest.mark.parametrize(
    ("count", "percent", "always_one", "out"),
    [
        (10, 10.0, True, 1),
        (20, 10.0, True, 2),
        (19, 10.0, True, 1),
        (3, 10.0, True, 1),
        (3, 10.0, False, 0),
        (4, 0.0, True, 1),
        (4, 50.0, False, 2),
        (4, 100.0, True, 4),
    ],
)
def test_no_more_are_ejected_than_the_percentage_but_for_the_first(
    count: int, percent: float, always_one: bool, out: int
) -> None:
    world = World(count, max_ejection_percent=percent, always_ejects_one=always_one)
    for number in range(count):
        world.send(number, *[ERROR] * 5)
    assert len(world.out()) == out
    assert world.ejector.statistics().overflow_count == count - out


def test_who_was_spared_is_found_again_when_there_is_room() -> None:
    world = World()
    world.send(0, *[ERROR] * 5)
    world.send(1, *[ERROR] * 5)
    world.env.run(until=30.5)
    assert world.out() == []
    world.send(1, *[ERROR] * 5)
    assert world.out() == ["t1"]


def test_all_ejected_is_panic_and_all_are_asked() -> None:
    env = Environment()

    def fail(request: Any) -> Any:
        yield from ()
        raise ServerError("no")

    balancer = Balancer(env, [FunctionEndpoint(fail, name=name) for name in "ab"])
    OutlierEjector(env, balancer, OutlierSettings(max_ejection_percent=100.0))
    for _ in range(10):
        call(env, balancer)
    env.run(until=1.0)
    assert balancer.available == ()
    assert balancer.is_panicking
    failed = call(env, balancer)
    env.run(until=2.0)
    assert isinstance(failed.outcome, ServerError)


def test_whom_somebody_else_has_ejected_is_not_counted_and_does_not_come_back() -> None:
    world = World(4, max_ejection_percent=25.0, always_ejects_one=False)
    world.send(0, None)
    world.balancer.eject(world.targets[0])
    world.balancer.eject(world.targets[1])
    # One of four is a quarter, and there is none yet by these rules.
    world.send(2, *[ERROR] * 5)
    assert world.ejector.statistics().ejected == ("t2",)
    world.send(0, *[ERROR] * 5)
    world.env.run(until=60.0)
    assert world.out() == ["t0", "t1"]
    assert world.log() == [(0.0, "ejection", "t2"), (30.0, "readmission", "t2")]


# -- how long


def test_one_comes_back_at_the_first_sweep_after_its_time() -> None:
    world = World()
    world.env.run(until=3.0)
    world.send(0, *[ERROR] * 5)
    world.env.run(until=60.0)
    # 30 s are over at 33 s; sweeps are every 10 s.
    assert world.log() == [(3.0, "ejection", "t0"), (40.0, "readmission", "t0")]


def test_exactly_its_time_is_enough() -> None:
    world = World()
    world.env.run(until=10.0)
    world.send(0, *[ERROR] * 5)
    world.env.run(until=60.0)
    assert world.log()[-1] == (40.0, "readmission", "t0")


def eject_again_and_again(world: World, times: int, *, healthy: float = 0.0) -> list[float]:
    """Fail as soon as one is back, and return how long each ejection took."""
    for _ in range(times):
        world.send(0, *[ERROR] * 5)
        while world.out():
            world.env.run(until=world.env.now + 1.0)
        if healthy:
            world.env.run(until=world.env.now + healthy)
    return durations(world)


def durations(world: World) -> list[float]:
    return [float(str(record.detail["duration"])) for record in world.env.event_log.of_kind("ejection")]


@pytest.mark.slow
def test_each_ejection_in_a_row_takes_one_base_longer_up_to_the_longest() -> None:
    assert eject_again_and_again(World(), 13) == [
        30.0, 60.0, 90.0, 120.0, 150.0, 180.0, 210.0, 240.0, 270.0, 300.0, 300.0, 300.0, 300.0,
    ]  # fmt: skip


def test_the_longest_cuts_off() -> None:
    assert eject_again_and_again(World(max_ejection_time=75.0), 4) == [30.0, 60.0, 75.0, 75.0]


def test_each_interval_without_an_ejection_shortens_the_next() -> None:
    # Back at 30 s; a sweep at 40 s finds it well: 1 -> 0. Without, the second would take 60 s.
    assert eject_again_and_again(World(), 2, healthy=11.0) == [30.0, 30.0]
    # After two ejections one sweep brings the multiplier to 1: the third takes 60 s and not 90.
    world = World()
    eject_again_and_again(world, 2)
    world.env.run(until=world.env.now + 11.0)
    assert eject_again_and_again(world, 1) == [30.0, 60.0, 60.0]


def test_the_multiplier_stops_growing_at_the_longest_and_so_falls_from_there() -> None:
    world = World(max_ejection_time=60.0)
    eject_again_and_again(world, 6)
    # 1, 2, 3 and no more; three sweeps without an ejection bring it to 0.
    world.env.run(until=world.env.now + 31.0)
    assert eject_again_and_again(world, 1)[-1] == 30.0


@pytest.mark.slow
def test_jitter_makes_an_ejection_longer_at_random() -> None:
    world = World(200, seed=1, max_ejection_time_jitter=10.0, max_ejection_percent=100.0)
    for number in range(200):
        world.send(number, *[ERROR] * 5)
    times = durations(world)
    assert min(times) >= 30.0
    assert max(times) <= 40.0
    assert sum(times) / 200 == pytest.approx(35.0, abs=1.0)


def test_who_comes_back_begins_all_rows_anew() -> None:
    world = World(enforcing_consecutive_gateway_failure=100.0, consecutive_gateway_failure=3)
    world.send(0, *[ERROR] * 2, *[GATEWAY] * 3)
    # Ejected by the third gateway failure, which was the fifth error as well.
    world.env.run(until=35.0)
    assert world.out() == []
    world.send(0, *[ERROR] * 4)
    assert world.out() == []
    world.send(0, ERROR)
    assert world.out() == ["t0"]


def test_a_result_that_comes_late_does_not_eject_one_that_is_out() -> None:
    world = World(max_ejection_percent=100.0)
    world.send(0, *[ERROR] * 5)
    world.send(0, *[ERROR] * 20)
    world.env.run(until=35.0)
    assert [kind for _, kind, _ in world.log()] == ["ejection", "readmission"]
    assert world.ejector.statistics().found_counts == {"consecutive_5xx": 1}


# -- statistics at sweeps


def fill(world: World, number: int, successes: int, failures: int) -> None:
    """Let calls succeed and fail, never five in a row."""
    pairs = min(successes, failures)
    assert pairs == failures
    world.send(number, *[ERROR, None] * pairs, *[None] * (successes - pairs))


def test_who_is_far_below_the_others_is_ejected_at_the_sweep() -> None:
    world = World(5)
    for number in range(5):
        fill(world, number, *((50, 50) if number == 2 else (100, 0)))
    assert world.out() == []
    world.env.run(until=10.5)
    assert world.log() == [(10.0, "ejection", "t2")]
    assert world.ejector.statistics().ejected_counts == {"success_rate": 1}


@pytest.mark.slow
def test_who_is_an_outlier_as_soon_as_one_can_tell_is_so_in_a_row() -> None:
    world = World(5)
    for _ in range(23):
        for number in range(5):
            if f"t{number}" not in world.out():
                fill(world, number, *((50, 50) if number == 2 else (100, 0)))
        world.env.run(until=world.env.now + 10.0)
    # Back at 40 s, found again with the interval that ends at 50 s: two in a row, and so on.
    assert [time for time, kind, _ in world.log() if kind == "ejection"] == [10.0, 50.0, 120.0, 220.0]
    assert durations(world) == [30.0, 60.0, 90.0, 120.0]


def test_each_interval_is_judged_by_itself() -> None:
    world = World(5)
    for number in range(5):
        fill(world, number, *((30, 30) if number == 2 else (60, 0)))
    world.env.run(until=10.5)
    for number in range(5):
        fill(world, number, *((30, 30) if number == 2 else (60, 0)))
    world.env.run(until=20.5)
    # 120 calls, but 60 in each interval.
    assert world.log() == []


def test_failure_percentage_is_off_by_default_and_acts_where_all_are_ill() -> None:
    for enforcing, out in ((0.0, 0), (100.0, 5)):
        world = World(
            5,
            enforcing_failure_percentage=enforcing,
            enforcing_consecutive_5xx=0.0,
            max_ejection_percent=100.0,
        )
        for number in range(5):
            world.send(number, *[ERROR] * 50)
        world.env.run(until=10.5)
        assert len(world.out()) == out
        assert world.ejector.statistics().found_counts["failure_percentage"] == 5


def test_one_that_two_detectors_find_at_a_sweep_is_ejected_once() -> None:
    world = World(
        5,
        enforcing_failure_percentage=100.0,
        enforcing_consecutive_5xx=0.0,
        max_ejection_percent=100.0,
    )
    for number in range(5):
        world.send(number, *[ERROR if number == 2 else None] * 100)
    world.env.run(until=10.5)
    assert world.ejector.statistics().ejected_counts == {"success_rate": 1}
    assert world.log() == [(10.0, "ejection", "t2")]


def test_told_apart_whoever_answers_can_be_reached() -> None:
    world = World(5, split_external_local_origin_errors=True, enforcing_consecutive_5xx=0.0)
    for number in range(5):
        world.send(number, *[LOCAL if number == 2 else ERROR, ERROR] * 50)
    world.env.run(until=10.5)
    # All fail alike at what they answer; one of them cannot be reached half of the time.
    assert world.ejector.statistics().ejected_counts == {"success_rate_local_origin": 1}
    assert world.out() == ["t2"]


def test_the_ejected_do_not_count_among_the_others() -> None:
    world = World(6, max_ejection_percent=100.0)
    for number in range(6):
        fill(world, number, *((50, 50) if number == 2 else (100, 0)))
    world.send(0, *[ERROR] * 5)
    world.send(1, *[ERROR] * 5)
    world.env.run(until=10.5)
    # Four are left, which are not five.
    assert world.out() == ["t0", "t1"]


# -- health checks


def test_an_early_return_is_forgiven_after_a_whole_interval_and_not_at_the_next_sweep() -> None:
    env = Environment()

    def ill_but_for_probes(request: Any) -> Any:
        yield from ()
        if request.operation != "health":
            raise ServerError("no")

    balancer = Balancer(env, [FunctionEndpoint(ill_but_for_probes, name="a")])
    OutlierEjector(env, balancer, envoy_outlier(), health_checker=HealthChecker(env, balancer, CHECKS))
    for at in (2.0, 12.0, 36.0):
        for _ in range(5):
            env.call_later(at, call, env, balancer)
    env.run(until=50.0)
    # Back at 5 s: not for 10 s yet at the sweep of 10 s. Back again at 15 s: forgiven once, at 30 s.
    lasting = [record.detail["duration"] for record in env.event_log.of_kind("ejection")]
    assert lasting == [30.0, 60.0, 60.0]


@pytest.mark.parametrize("uneject", [True, False])
def test_one_that_passes_a_health_check_comes_back_at_once(uneject: bool) -> None:
    env = Environment()

    def ill_but_for_probes(request: Any) -> Any:
        yield from ()
        if request.operation != "health":
            raise ServerError("no")

    balancer = Balancer(env, [FunctionEndpoint(ill_but_for_probes, name=name) for name in "ab"])
    checker = HealthChecker(env, balancer, CHECKS)
    settings = OutlierSettings(successful_active_health_check_uneject_host=uneject)
    ejector = OutlierEjector(env, balancer, settings, health_checker=checker)
    env.run(until=1.0)
    for _ in range(10):
        call(env, balancer)
    env.run(until=4.0)
    assert len(balancer.available) == 1
    env.run(until=6.0)
    # A gray failure passes its probe at 5 s, and its ejection has come to nothing.
    assert len(balancer.available) == 1 + uneject
    assert ejector.statistics().unejected_count == uneject
    assert len(env.event_log.of_kind("readmission")) == uneject


def test_one_that_passes_but_is_still_down_stays_out() -> None:
    env = Environment()
    is_well = False

    def answer(request: Any) -> Any:
        yield from ()
        if not is_well:
            raise ServerError("no")

    balancer = Balancer(env, [FunctionEndpoint(answer, name="a")])
    checker = HealthChecker(env, balancer, CHECKS)
    ejector = OutlierEjector(env, balancer, envoy_outlier(), health_checker=checker)
    for _ in range(5):
        call(env, balancer)
    env.run(until=12.0)
    is_well = True
    env.run(until=18.0)
    # One success of the two that are needed.
    assert ejector.statistics().ejected == ("a",)
    env.run(until=21.0)
    assert ejector.statistics().ejected == ()


def test_the_checker_must_be_that_of_the_same_balancer() -> None:
    world = World()
    checker = HealthChecker(world.env, Balancer(world.env, [], name="other"), CHECKS)
    with pytest.raises(ValueError, match="health_checker must check 'shop', got that of 'other'"):
        OutlierEjector(world.env, world.balancer, envoy_outlier(), health_checker=checker)


def test_misuse_is_told() -> None:
    world = World()
    with pytest.raises(TypeError, match="settings must be OutlierSettings, such as envoy_outlier"):
        OutlierEjector(world.env, world.balancer, envoy_outlier)  # type: ignore[arg-type]
