"""Permits: one fair queue, direct hand-off, and nothing lost or made when somebody leaves."""

from collections.abc import Callable, Generator
from math import inf, nan
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator import Environment, Permits, Process, QueueFull

Steps = Generator[Any, Any, Any]


def user(env: Environment, permits: Permits, holds: float, log: list[Any], name: str = "") -> Steps:
    yield from permits.acquire()
    try:
        log.append((env.now, name))
        yield holds
    finally:
        permits.release()


def test_as_many_as_there_are_permits_go_at_once_and_the_rest_in_order() -> None:
    env = Environment()
    permits = Permits(env, 2)
    log: list[Any] = []
    for name in "abcde":
        env.process(user(env, permits, 1.0, log, name))
    env.run(until=0.5)
    assert (permits.held_count, permits.waiting_count, permits.free) == (2, 3, 0)
    env.run()
    assert log == [(0.0, "a"), (0.0, "b"), (1.0, "c"), (1.0, "d"), (2.0, "e")]
    statistics = permits.statistics()
    assert (statistics.capacity, statistics.held_count, statistics.waiting_count) == (2, 0, 0)
    assert (statistics.waited_count, statistics.waiting_time, statistics.rejected_count) == (3, 4.0, 0)


def test_nobody_jumps_the_queue_at_the_instant_of_a_release() -> None:
    env = Environment()
    permits = Permits(env, 1)
    log: list[Any] = []
    env.process(user(env, permits, 1.0, log, "holder"))
    env.process(user(env, permits, 1.0, log, "waiter"))

    def release_and_ask() -> Steps:
        yield 1.0  # due after the holder's release, before the waiter has gone on
        assert permits.free == 0
        yield from user(env, permits, 1.0, log, "jumper")

    env.process(release_and_ask())
    env.run()
    assert log == [(0.0, "holder"), (1.0, "waiter"), (2.0, "jumper")]


@pytest.mark.parametrize("queue_size_max", [0, 1, 2])
def test_a_full_queue_turns_away(queue_size_max: int) -> None:
    env = Environment()
    permits = Permits(env, 1, queue_size_max)
    log: list[Any] = []
    for name in range(1 + queue_size_max):
        env.process(user(env, permits, 1.0, log, str(name)))

    def late() -> Steps:
        with pytest.raises(QueueFull):
            yield from permits.acquire()
        return env.now

    assert env.run(until=env.process(late())) == 0.0
    assert permits.statistics().rejected_count == 1
    assert permits.waiting_count == queue_size_max
    env.run()
    assert permits.free == 1


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_who_leaves_the_queue_does_not_hold_up_the_others(end: Callable[[Process], None]) -> None:
    env = Environment()
    permits = Permits(env, 1)
    log: list[Any] = []
    env.process(user(env, permits, 2.0, log, "a"))
    leaver = env.process(user(env, permits, 2.0, log, "b"))
    env.process(user(env, permits, 2.0, log, "c"))
    env.call_later(1.0, end, leaver)
    env.run()
    assert log == [(0.0, "a"), (2.0, "c")]
    assert permits.free == 1
    assert permits.statistics().waited_count == 1


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_a_permit_passed_to_one_who_leaves_at_that_instant_goes_to_the_next(
    end: Callable[[Process], None],
) -> None:
    env = Environment()
    permits = Permits(env, 1)
    log: list[Any] = []
    permits.free -= 1
    leaver = env.process(user(env, permits, 1.0, log, "leaver"))
    env.process(user(env, permits, 1.0, log, "next"))

    def release_then_end() -> None:
        permits.release()
        assert permits.waiting_count == 1
        end(leaver)

    env.call_later(1.0, release_then_end)
    env.run()
    assert log == [(1.0, "next")]
    assert permits.free == 1


def test_a_deadline_in_the_queue_leaves_it() -> None:
    env = Environment()
    permits = Permits(env, 1)
    permits.free -= 1

    def impatient() -> Steps:
        with env.move_on_after(1.0) as scope:
            yield from permits.acquire()
        assert scope.expired
        assert permits.waiting_count == 0

    env.run(until=env.process(impatient()))
    permits.release()
    assert permits.free == 1


@pytest.mark.parametrize("capacity", [0, -1, 1.0, True, "2", nan])
def test_a_capacity_is_a_whole_number_of_at_least_one(capacity: Any) -> None:
    with pytest.raises(ValueError, match=f"capacity must be a whole number >= 1, got {capacity!r}"):
        Permits(Environment(), capacity)


@pytest.mark.parametrize("queue_size_max", [-1, nan, -inf])
def test_a_queue_holds_none_or_more(queue_size_max: float) -> None:
    with pytest.raises(ValueError, match=f"queue_size_max must be >= 0, got {queue_size_max!r}"):
        Permits(Environment(), 1, queue_size_max)


def test_giving_back_what_nobody_holds_is_an_error() -> None:
    permits = Permits(Environment(), 2)
    with pytest.raises(RuntimeError, match="nobody holds"):
        permits.release()
    assert permits.free == 2


@pytest.mark.slow
@given(
    capacity=st.integers(1, 3),
    users=st.lists(st.tuples(st.integers(0, 8), st.integers(0, 4), st.integers(1, 6)), max_size=15),
    leavers=st.lists(st.tuples(st.integers(0, 10), st.integers(0, 14), st.booleans()), max_size=6),
)
def test_permits_are_never_lost_or_made_and_are_passed_on_in_order(
    capacity: int, users: list[tuple[int, int, int]], leavers: list[tuple[int, int, bool]]
) -> None:
    env = Environment()
    permits = Permits(env, capacity)
    granted: list[int] = []
    asked: list[int] = []
    inside = 0

    def story(number: int, holds: int, patience: int) -> Steps:
        nonlocal inside
        asked.append(number)
        with env.move_on_after(patience):
            yield from permits.acquire()
            granted.append(number)
            inside += 1
            try:
                assert inside <= capacity
                yield holds
            finally:
                inside -= 1
                permits.release()

    processes = [
        env.start_delayed(story(number, holds, patience), begin)
        for number, (begin, holds, patience) in enumerate(users)
    ]
    for time, number, hard in leavers:
        if number < len(processes):
            env.call_later(time, processes[number].kill if hard else processes[number].cancel)
    env.run()
    assert permits.free == capacity
    assert permits.held_count == permits.waiting_count == inside == 0
    order = {number: position for position, number in enumerate(asked)}
    assert granted == sorted(granted, key=order.__getitem__)
