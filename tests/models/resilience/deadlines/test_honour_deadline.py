"""HonourDeadline: no work for those who have given up; by which clock, and what it gives back."""

from math import inf, nan
from typing import Any

import pytest

from models import Host, Network, Refused
from models.network import Connection
from models.resilience.deadlines import Deadline, HonourDeadline
from models.services import Instance, Work
from simulator import Environment, TimedOut
from tests.models.resilience.scripted import Scripted, Seen, call_at

ONE_WAY = 0.0625


class Shop:
    """A server whose one thread works for a second; the way to it takes 0.0625 s."""

    def __init__(
        self, *, honours: bool = True, threads: int = 1, propagates: bool = False, **settings: Any
    ) -> None:
        self.env = env = Environment()
        self.web, self.host = Host(env, "web"), Host(env, "server")
        self.instance = Instance(env, self.host, Work(1.0), threads=threads)
        self.honoured = HonourDeadline(env, self.instance, **settings)
        self.network = Network(env, latencies=ONE_WAY)
        self.link: Connection = self.network.connect(
            self.web, self.honoured if honours else self.instance, propagate_cancellation=propagates
        )

    def call(self, within: float, *times: float, clock: Any = None) -> list[Seen]:
        return call_at(self.env, Deadline(self.env, self.link, within, clock=clock), *times)


def test_an_answer_before_the_deadline_is_an_answer() -> None:
    shop = Shop()
    [seen] = shop.call(2.0, 0.0)
    shop.env.run()
    assert seen == (1.125, None)
    statistics = shop.honoured.statistics()
    assert (statistics.call_count, statistics.expired_on_arrival_count, statistics.cancelled_count) == (
        1,
        0,
        0,
    )


def test_work_is_broken_off_at_the_deadline_and_the_thread_and_core_given_back() -> None:
    shop = Shop()
    [seen] = shop.call(0.5, 0.0)
    shop.env.run(until=0.501)
    assert seen == (0.5, TimedOut)
    served = shop.instance.statistics()
    assert (served.in_service_count, served.aborted_count) == (0, 1)
    assert shop.host.statistics().running_count == 0
    assert shop.honoured.statistics().cancelled_count == 1
    # Less work wasted than without: 0.4375 s and not 1 s.
    shop.env.run()
    assert shop.link.statistics().wasted_time == pytest.approx(0.4375)


def test_without_it_the_work_is_done_for_nobody() -> None:
    shop = Shop(honours=False)
    shop.call(0.5, 0.0)
    shop.env.run()
    assert shop.instance.statistics().completed_count == 1
    assert shop.link.statistics().wasted_time == pytest.approx(1.0)


def test_a_place_in_the_queue_is_given_back_at_the_deadline() -> None:
    shop = Shop()
    first, second = shop.call(1.5, 0.0, 0.0)
    shop.env.run(until=1.4)
    assert shop.instance.statistics().in_service_count == 1
    shop.env.run(until=1.501)
    assert (first.at, second) == (1.125, (1.5, TimedOut))
    shop = Shop()
    shop.call(0.75, 0.0, 0.0)
    shop.env.run(until=0.7)
    assert shop.instance.statistics().waiting_count == 1
    shop.env.run(until=0.751)
    assert (shop.instance.statistics().waiting_count, shop.instance.statistics().aborted_count) == (0, 2)


def test_a_request_that_comes_too_late_is_not_worked_on() -> None:
    shop = Shop()
    [seen] = shop.call(ONE_WAY, 0.0)
    shop.env.run()
    # At the very instant of the deadline it is too late.
    assert seen == (ONE_WAY, TimedOut)
    assert shop.instance.statistics().call_count == 0
    assert shop.honoured.statistics().expired_on_arrival_count == 1


def test_a_server_that_only_looks_once_does_not_break_off() -> None:
    shop = Shop(cancels=False)
    shop.call(0.5, 0.0)
    shop.env.run()
    shop.call(ONE_WAY, shop.env.now)
    shop.env.run()
    assert shop.instance.statistics().completed_count == 1
    statistics = shop.honoured.statistics()
    assert (statistics.call_count, statistics.expired_on_arrival_count, statistics.cancelled_count) == (
        2,
        1,
        0,
    )


def test_requests_without_a_deadline_are_none_of_its_business() -> None:
    shop = Shop()
    [seen] = call_at(shop.env, shop.link, 0.0)
    shop.env.run()
    assert seen == (1.125, None)
    assert shop.honoured.statistics().without_deadline_count == 1


def test_grace_lets_the_deadline_pass_so_much_later() -> None:
    """GRPC does not take off the time of the way here: with that as grace the server has it on top."""
    shop = Shop(grace=ONE_WAY)
    shop.call(0.5, 0.0)
    shop.env.run(until=0.5620)
    assert shop.instance.statistics().in_service_count == 1
    shop.env.run(until=0.5630)
    assert shop.instance.statistics().in_service_count == 0
    shop = Shop(grace=ONE_WAY)
    shop.call(ONE_WAY, 0.0)
    shop.env.run()
    assert shop.honoured.statistics().cancelled_count == 1


# -- clocks


def _by_clocks(
    web_is_off_by: float, server_is_off_by: float, *, absolute: bool, within: float = 1.5
) -> tuple[Seen, Shop]:
    shop = Shop()
    if web_is_off_by:
        shop.web.skew_clock("a test", web_is_off_by)
    if server_is_off_by:
        shop.host.skew_clock("a test", server_is_off_by)
    if absolute:
        shop.honoured = HonourDeadline(shop.env, shop.instance, clock=shop.host.clock)
        shop.link = shop.network.connect(shop.web, shop.honoured)
    [seen] = shop.call(within, 0.0, clock=shop.web.clock if absolute else None)
    shop.env.run(until=20.0)
    return seen, shop


@pytest.mark.parametrize(("web", "server"), [(0.0, 5.0), (5.0, 0.0), (-5.0, 5.0)])
def test_a_deadline_that_travels_as_the_time_left_needs_no_clocks_that_agree(
    web: float, server: float
) -> None:
    seen, shop = _by_clocks(web, server, absolute=False)
    assert seen == (1.125, None)
    assert shop.honoured.statistics().expired_on_arrival_count == 0


@pytest.mark.parametrize(("web", "server"), [(0.0, 5.0), (-5.0, 0.0)])
def test_a_server_whose_clock_is_ahead_rejects_what_it_had_time_for(web: float, server: float) -> None:
    seen, shop = _by_clocks(web, server, absolute=True)
    assert seen == (0.125, TimedOut)
    assert (shop.honoured.statistics().expired_on_arrival_count, shop.instance.statistics().call_count) == (
        1,
        0,
    )


@pytest.mark.parametrize(("web", "server"), [(0.0, -5.0), (5.0, 0.0)])
def test_a_server_whose_clock_is_behind_works_for_nobody(web: float, server: float) -> None:
    seen, shop = _by_clocks(web, server, absolute=True, within=0.5)
    assert seen == (0.5, TimedOut)
    assert (shop.honoured.statistics().cancelled_count, shop.instance.statistics().completed_count) == (0, 1)


def test_clocks_that_are_wrong_alike_do_no_harm() -> None:
    seen, _ = _by_clocks(5.0, 5.0, absolute=True)
    assert seen == (1.125, None)


def test_a_clock_a_little_ahead_breaks_off_a_little_early() -> None:
    seen, shop = _by_clocks(0.0, 0.5, absolute=True)
    # At 1.5 s by a clock that is half a second ahead; the caller hears of it one way later.
    assert seen == (1.0625, TimedOut)
    assert shop.honoured.statistics().cancelled_count == 1


# -- with propagated cancellation


def test_it_needs_no_message_and_cancellation_does() -> None:
    """Cut off from its caller, a server that knows the deadline stops; one that waits to be told does not."""
    for propagates, honours, aborted in ((False, True, 1), (True, False, 0)):
        shop = Shop(honours=honours, propagates=propagates)
        shop.call(0.5, 0.0)
        shop.env.run(until=0.25)
        shop.network.partition(shop.web, shop.host)
        shop.env.run(until=5.0)
        assert shop.instance.statistics().aborted_count == aborted


def test_a_caller_that_leaves_before_its_deadline_is_heard_of_by_propagation_only() -> None:
    for propagates, end in ((True, 0.25 + ONE_WAY), (False, 0.5)):
        shop = Shop(propagates=propagates)
        [seen] = shop.call(0.5, 0.0)
        shop.env.call_later(0.25, seen.process.cancel)
        shop.env.run(until=end - 0.001)
        assert shop.instance.statistics().in_service_count == 1
        shop.env.run(until=end + 0.001)
        assert shop.instance.statistics().in_service_count == 0


@pytest.mark.parametrize("crash", ["host", "instance"])
def test_it_dies_with_the_process_that_it_stands_in(crash: str) -> None:
    shop = Shop()
    shop.call(0.5, 0.0)
    shop.env.run(until=0.25)
    (shop.host if crash == "host" else shop.instance).crash()
    assert not shop.host.running
    shop.env.run()
    assert shop.honoured.statistics().cancelled_count == 0


def test_a_timeout_that_is_not_its_own_passes() -> None:
    env = Environment()
    honoured = HonourDeadline(env, Scripted(env, (0.25, TimedOut)))
    [seen] = call_at(env, Deadline(env, honoured, 1.0), 0.0)
    env.run()
    assert (seen, honoured.statistics().cancelled_count) == ((0.25, TimedOut), 0)


@pytest.mark.parametrize("grace", [-1.0, inf, nan])
def test_grace_must_be_finite_and_not_negative(grace: float) -> None:
    env = Environment()
    with pytest.raises(ValueError, match="grace must be finite and >= 0 s, got"):
        HonourDeadline(env, Scripted(env), grace=grace)


def test_grace_must_be_a_number() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="grace must be a number of seconds, got '1'"):
        HonourDeadline(env, Scripted(env), grace="1")  # type: ignore[arg-type]


def test_a_clock_must_be_a_function() -> None:
    env = Environment()
    with pytest.raises(TypeError, match=r"clock must be a function such as host.clock, got"):
        HonourDeadline(env, Scripted(env), clock=Host(env, "server"))  # type: ignore[arg-type]


def test_it_stands_where_its_target_stands() -> None:
    shop = Shop()
    assert (shop.honoured.host, shop.honoured.serving) == (shop.host, shop.instance)
    shop.instance.crash()
    [seen] = call_at(shop.env, shop.link, 0.0)
    shop.env.run()
    assert seen == (0.125, Refused)
