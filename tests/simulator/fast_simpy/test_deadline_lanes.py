"""Deadline lanes: deadlines of equal length are cheap, and yet pass in the order of everything else."""

from collections.abc import Generator
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from simulator import Environment

Steps = Generator[Any, Any, Any]


def test_deadlines_of_one_length_pass_each_at_its_time() -> None:
    env = Environment()
    passed: list[tuple[int, float]] = []

    def process(number: int) -> Steps:
        yield number * 0.125
        with env.move_on_after(1.0):
            yield 9.0
        passed.append((number, env.now))

    for number in range(20):
        env.process(process(number))
    env.run()
    assert passed == [(number, 1.0 + number * 0.125) for number in range(20)]


def test_thousands_of_deadlines_that_are_met_leave_nothing_behind() -> None:
    env = Environment()

    def process() -> Steps:
        for _ in range(20_000):
            with env.fail_after(3600.0):
                yield 0.001

    env.process(process())
    env.run(until=25.0)
    assert len(env._lanes) == 1
    [lane] = env._lanes.values()
    assert len(lane.deadlines) <= 1_001
    assert len(env._queue) <= 2


def test_open_deadlines_among_thousands_of_closed_ones_are_kept() -> None:
    env = Environment()
    expired: list[float] = []

    def patient() -> Steps:
        with env.move_on_after(10.0):
            yield 1e6
        expired.append(env.now)

    def busy() -> Steps:
        for round_number in range(6_000):
            if round_number % 1_000 == 0:
                env.launch(patient())
            with env.fail_after(10.0):
                yield 0.0009765625  # 1/1024

    env.launch(busy())
    env.run()
    assert expired == [10.0 + 1_000 * k / 1_024 for k in range(6)]


def test_a_lane_ends_with_its_last_deadline_and_begins_anew() -> None:
    env = Environment()

    def process() -> Steps:
        for _ in range(3):
            with env.move_on_after(1.0):
                yield 9.0
            yield 5.0
            assert not env._lanes

    env.run(until=env.process(process()))
    assert env.now == 18.0


def test_a_deadline_that_is_set_while_one_of_its_length_passes_is_not_lost() -> None:
    env = Environment()
    passed: list[float] = []

    def process() -> Steps:
        for _ in range(5):
            with env.move_on_after(1.0):
                yield 9.0
            passed.append(env.now)

    env.process(process())
    env.process(process())
    env.run()
    assert passed == [1.0, 1.0, 2.0, 2.0, 3.0, 3.0, 4.0, 4.0, 5.0, 5.0]


def order_at_one(first_is_met: bool) -> list[str]:
    """Return what happens at time 1: a call, and a deadline that was set after it."""
    env = Environment()
    order: list[str] = []

    def first() -> Steps:
        with env.move_on_after(1.0) as scope:
            yield 0.5 if first_is_met else 9.0
        if scope.expired:
            order.append("first deadline")

    def second() -> Steps:
        with env.move_on_after(1.0):
            yield 9.0
        order.append("second deadline")

    env.process(first())
    env.process(second())
    # After the first process has begun, and before the second.
    env._urgent.insert(1, env.event())  # type: ignore[arg-type]
    event = env._urgent[1]
    event._ok, event._value = True, None
    event.callbacks.append(lambda _: env.call_later(1.0, order.append, "call"))
    env.run()
    return order


def test_a_deadline_does_not_pass_before_what_was_scheduled_before_it() -> None:
    assert order_at_one(first_is_met=False) == ["first deadline", "call", "second deadline"]


def test_a_deadline_that_was_met_does_not_lend_its_turn_to_the_next_of_its_length() -> None:
    assert order_at_one(first_is_met=True) == ["call", "second deadline"]


@pytest.mark.slow
@given(
    st.lists(
        st.tuples(
            st.integers(0, 1),  # begins
            st.sampled_from([1, 2]),  # the deadline's length
            st.integers(0, 3),  # what its block takes
        ),
        min_size=2,
        max_size=10,
    )
)
@example([(0, 2, 1), (0, 3, 2), (0, 2, 9)])
def test_lanes_give_the_order_of_a_schedule_that_knows_none(blocks: list[tuple[int, int, int]]) -> None:
    assert ends(blocks, in_lanes=True) == ends(blocks, in_lanes=False)


def ends(blocks: list[tuple[int, int, int]], *, in_lanes: bool) -> list[tuple[int, bool, float]]:
    """Return the ends of processes with deadlines, in order; without lanes each deadline is a call."""
    env = Environment()
    log: list[tuple[int, bool, float]] = []

    def with_lanes(number: int, begin: int, length: int, takes: int) -> Steps:
        yield begin
        with env.move_on_after(length) as scope:
            yield takes
        log.append((number, scope.expired, env.now))

    def without(number: int, begin: int, length: int, takes: int) -> Steps:
        yield begin
        process = env.active_process
        assert process is not None
        is_over = False

        def expire() -> None:
            nonlocal is_over
            if not is_over:
                is_over = True
                process._throw(KeyError())

        env.call_later(length, expire)
        try:
            yield takes
        except KeyError:
            log.append((number, True, env.now))
        else:
            is_over = True
            log.append((number, False, env.now))

    story = with_lanes if in_lanes else without
    for number, block in enumerate(blocks):
        env.process(story(number, *block))
    env.run()
    return log


@pytest.mark.parametrize("count", [1_000, 2_500])
def test_deadlines_that_pass_together_by_the_thousand_pass_in_order(count: int) -> None:
    env = Environment()
    order: list[int] = []

    def process(number: int) -> Steps:
        with env.move_on_after(1.0):
            yield 9.0
        order.append(number)

    for number in range(count):
        env.process(process(number))
    env.run(until=2.0)
    assert order == list(range(count))
