"""The backlog's host crashes, or its process: what is there afterwards, and what of it was lost."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models import ConnectionLost, Host, Refused, Request, TimedOut
from models.workers import Backlog, BacklogClient, BacklogSettings
from simulator import Environment

from .floor import Floor, check_backlog, keys, once


def crash_host(floor: Floor) -> None:
    floor.broker.crash()


def shut_down(floor: Floor) -> None:
    floor.broker.crash(resets=True)


def crash_process(floor: Floor) -> None:
    floor.backlog.instance.crash()


def restart(floor: Floor) -> None:
    if floor.broker.is_up:
        floor.backlog.instance.restart()
    else:
        floor.broker.restart()


CRASHES = pytest.mark.parametrize("crash", [crash_host, shut_down, crash_process])
Crash = Callable[[Floor], None]


def in_every_state(floor: Floor) -> list[Any]:
    """Let `a` be in flight, `b` visible, and `c` delayed, from 2 s on; return how `a` was received."""
    floor.send("a", "b")
    taken = floor.take(1.0)
    floor.env.run(until=1.5)
    floor.ask(floor.client.send(Request("job", "c"), delay=20.0), 1.5)
    return taken


@CRASHES
def test_durable_backlog_is_what_it_was(crash: Crash) -> None:
    floor = Floor(BacklogSettings(visibility=30.0))
    taken = in_every_state(floor)
    floor.at(2.0, lambda: crash(floor))
    floor.at(5.0, lambda: restart(floor))
    floor.env.run(until=6.0)
    now = floor.backlog.statistics()
    assert (now.in_flight_count, now.visible_count, now.delayed_count, now.lost_count) == (1, 1, 1, 0)
    floor.ask(floor.client.delete(once(taken)[0].receipt), 6.0)
    floor.env.run(until=7.0)
    assert keys(floor.backlog.messages()) == ["b", "c"]
    floor.check()


@CRASHES
def test_timeouts_go_on_while_a_durable_backlog_is_down(crash: Crash) -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    in_every_state(floor)
    floor.at(2.0, lambda: crash(floor))
    floor.at(15.0, lambda: restart(floor))
    floor.env.run(until=15.5)
    now = floor.backlog.statistics()
    assert (now.in_flight_count, now.visible_count, now.delayed_count) == (0, 2, 1)
    ends = [floor.take(at) for at in (16.0, 16.1)]
    floor.env.run(until=17.0)
    assert [(keys(once(each)), once(each)[0].receive_count) for each in ends] == [(["b"], 1), (["a"], 2)]


@CRASHES
def test_backlog_in_memory_is_empty_and_what_it_held_is_counted_at_once(crash: Crash) -> None:
    floor = Floor(BacklogSettings(is_durable=False))
    in_every_state(floor)
    floor.at(2.0, lambda: crash(floor))
    floor.env.run(until=2.5)
    assert floor.backlog.statistics().lost_count == 3
    assert [message.job.key for message in floor.backlog.lost] == ["a", "b", "c"]
    floor.at(5.0, lambda: restart(floor))
    floor.send("d", at=6.0)
    floor.env.run(until=40.0)
    now = floor.backlog.statistics()
    assert (now.visible_count, now.delayed_count, now.in_flight_count, now.expired_count) == (1, 0, 0, 0)
    assert keys(floor.backlog.messages()) == ["d"]
    floor.check()


def test_memory_is_lost_in_each_crash_and_only_once() -> None:
    floor = Floor(BacklogSettings(is_durable=False))
    for number in range(3):
        floor.send(number, at=10.0 * number)
        floor.at(10.0 * number + 5.0, floor.broker.crash)
        floor.at(10.0 * number + 7.0, floor.broker.restart)
    floor.env.run(until=40.0)
    assert [message.job.key for message in floor.backlog.lost] == [0, 1, 2]
    floor.check()


def test_receipt_from_before_a_loss_deletes_nothing_that_came_after_it() -> None:
    floor = Floor(BacklogSettings(is_durable=False))
    floor.send("old")
    taken = floor.take(1.0)
    floor.at(2.0, floor.broker.crash)
    floor.at(3.0, floor.broker.restart)
    floor.send("new", at=4.0)
    floor.take(5.0)
    floor.env.run(until=6.0)
    floor.ask(floor.client.delete(once(taken)[0].receipt), 6.0)
    floor.env.run(until=7.0)
    assert keys(floor.backlog.messages()) == ["new"]


@pytest.mark.parametrize(
    ("crash", "failure"),
    [(crash_host, TimedOut), (shut_down, ConnectionLost), (crash_process, ConnectionLost)],
)
def test_open_polls_end_as_calls_do(crash: Crash, failure: type[Exception]) -> None:
    floor = Floor()
    ends = floor.take(1.0, wait=20.0)
    floor.at(3.0, lambda: crash(floor))
    floor.at(4.0, lambda: restart(floor))
    floor.send("a", at=5.0)
    floor.env.run(until=40.0)
    assert isinstance(once(ends), failure)
    assert floor.backlog.statistics().visible_count == 1, "nobody was given it who is not there any more"


def test_process_that_is_down_refuses() -> None:
    floor = Floor()
    floor.at(1.0, floor.backlog.instance.crash)
    ends = floor.take(2.0, wait=20.0)
    floor.env.run(until=3.0)
    assert isinstance(once(ends), Refused)


def test_backlog_on_a_host_that_is_down_begins_with_it() -> None:
    env = Environment()
    host = Host(env, "broker")
    host.crash()
    backlog = Backlog(env, host, BacklogSettings(is_durable=False))
    host.restart()
    env.run(until=1.0)
    check_backlog(backlog)
    host.crash()
    env.run(until=2.0)
    assert backlog.lost == ()


# -- stopping


def stopped_at(floor: Floor) -> list[float]:
    """Return the list that holds when the backlog's process has stopped, once it has."""
    ends: list[float] = []
    floor.at(2.0, lambda: note_end(floor, ends))
    return ends


def note_end(floor: Floor, ends: list[float]) -> None:
    floor.backlog.instance.stop().callbacks.append(lambda _: ends.append(floor.env.now))


@pytest.mark.parametrize(("is_durable", "lost_count"), [(True, 0), (False, 3)])
def test_backlog_told_to_stop_does_so_at_once_if_nobody_asks_it_and_loses_what_was_in_memory(
    is_durable: bool, lost_count: int
) -> None:
    floor = Floor(BacklogSettings(visibility=30.0, is_durable=is_durable))
    in_every_state(floor)
    ends = stopped_at(floor)
    floor.env.run(until=100.0)
    assert ends == [2.0]
    assert floor.backlog.statistics().lost_count == lost_count
    assert floor.backlog.size == 3 - lost_count
    assert not floor.broker.running
    floor.check()


@pytest.mark.parametrize("is_durable", [True, False])
def test_backlog_told_to_stop_waits_for_its_last_poll_and_keeps_its_memory_until_then(
    is_durable: bool,
) -> None:
    floor = Floor(BacklogSettings(visibility=3.0, is_durable=is_durable))
    floor.send("a")
    floor.take(1.0)
    poll = floor.take(1.5, wait=20.0)
    ends = stopped_at(floor)
    floor.env.run(until=100.0)
    assert keys(once(poll)) == ["a"], "its timeout was over at 4.01"
    assert ends == [pytest.approx(4.01)]
    assert floor.backlog.statistics().lost_count == (0 if is_durable else 1)
    floor.check()


@CRASHES
def test_crash_of_a_backlog_in_memory_that_is_stopping_loses_what_it_held_once_and_for_good(
    crash: Crash,
) -> None:
    floor = Floor(BacklogSettings(is_durable=False))
    in_every_state(floor)
    floor.take(1.9, wait=20.0)
    floor.take(1.9, wait=20.0)
    ends = stopped_at(floor)
    floor.at(5.0, lambda: crash(floor))
    floor.env.run(until=100.0)
    assert ends == [5.0]
    assert [message.job.key for message in floor.backlog.lost] == ["a", "b", "c"]
    assert floor.backlog.instance.has_stopped
    floor.check()


def test_dead_letters_that_stop_take_nothing_any_more() -> None:
    floor = Floor(BacklogSettings(visibility=1.0, receives_max=1))
    assert floor.graveyard is not None
    floor.send("a")
    floor.take(0.5)
    reader = BacklogClient(floor.env, floor.network.connect(floor.web, floor.graveyard))
    floor.ask(reader.receive(wait=10.0), 0.5)  # it stops when this poll has ended
    floor.at(1.0, floor.graveyard.instance.stop)
    again = floor.take(3.0)
    floor.env.run(until=4.0)
    assert keys(once(again)) == ["a"]
    floor.check()
