"""Cancel scopes: exact times, nesting, ties, cleaning up on the way out, and who may say what it means."""

from collections.abc import Callable, Generator
from math import inf, nan
from typing import Any

import pytest

from simulator import PARKED, Cancelled, CancelScope, Environment, TimedOut

Steps = Generator[Any, Any, Any]


def run(story: Callable[[Environment], Steps]) -> tuple[Any, Environment]:
    """Run one process to its end and return its value."""
    env = Environment()
    return env.run(until=env.process(story(env))), env


def test_a_block_that_takes_too_long_is_left_at_exactly_the_deadline() -> None:
    def story(env: Environment) -> Steps:
        yield 1.0
        with pytest.raises(TimedOut, match=r"no answer within 0\.25 s"), env.fail_after(0.25):
            yield 0.5
        return env.now

    assert run(story)[0] == 1.25


def test_move_on_after_leaves_quietly_and_says_so() -> None:
    def story(env: Environment) -> Steps:
        with env.move_on_after(0.25) as scope:
            yield 0.5
            pytest.fail("not reached")
        return env.now, scope.expired

    assert run(story)[0] == (0.25, True)


@pytest.mark.parametrize("opener", [Environment.fail_after, Environment.move_on_after])
def test_a_block_in_time_is_not_disturbed_then_or_later(
    opener: Callable[[Environment, float], CancelScope],
) -> None:
    def story(env: Environment) -> Steps:
        with opener(env, 1.0) as scope:
            yield 0.5
        yield 10.0
        return env.now, scope.expired

    assert run(story)[0] == (10.5, False)


def test_infinity_is_no_deadline_and_costs_no_place_in_the_schedule() -> None:
    def story(env: Environment) -> Steps:
        with env.fail_after(inf) as scope:
            assert env.peek() == inf
            yield 1e12
        return env.now, scope.expired

    assert run(story)[0] == (1e12, False)


def test_zero_passes_at_the_first_wait_after_what_is_due_already() -> None:
    order: list[str] = []

    def story(env: Environment) -> Steps:
        env.call_later(0.0, order.append, "due before")
        with env.move_on_after(0.0) as scope:
            env.call_later(0.0, order.append, "due after")
            yield 0.0
        order.append("left")
        yield 0.0
        return env.now, scope.expired

    assert run(story)[0] == (0.0, True)
    assert order == ["due before", "left", "due after"]


def test_zero_leaves_alone_a_block_that_does_not_wait() -> None:
    def story(env: Environment) -> Steps:
        past = env.event().succeed("past")
        yield past
        with env.fail_after(0.0) as scope:
            assert (yield past) == "past"
        yield 1.0
        return scope.expired

    assert run(story)[0] is False


@pytest.mark.parametrize("delay", [-1.0, -5e-324, nan, -inf])
def test_a_delay_that_is_none_is_refused_when_the_scope_is_made(delay: float) -> None:
    env = Environment()
    for opener in (env.fail_after, env.move_on_after):
        with pytest.raises(ValueError, match=f"deadline must be >= 0 s, got {delay!r}"):
            opener(delay)


def test_a_scope_is_entered_once() -> None:
    def story(env: Environment) -> Steps:
        scope = env.fail_after(1.0)
        with scope:
            yield 0.5
        with pytest.raises(RuntimeError, match="entered once"), scope:
            pass

    run(story)


def test_a_scope_is_entered_by_a_process() -> None:
    env = Environment()
    with pytest.raises(RuntimeError, match="none is running"), env.fail_after(1.0):
        pass

    def enter() -> None:
        with pytest.raises(RuntimeError, match="none is running"), env.fail_after(1.0):
            pass

    env.call_later(1.0, enter)
    env.run()


def test_the_time_counts_from_entering_the_block() -> None:
    def story(env: Environment) -> Steps:
        scope = env.move_on_after(1.0)
        yield 5.0
        with scope:
            yield 9.0
        return env.now

    assert run(story)[0] == 6.0


def test_a_scope_that_was_never_entered_has_not_expired() -> None:
    assert not Environment().move_on_after(0.0).expired


# -- ties


def test_a_deadline_that_was_set_before_the_answer_was_due_wins_a_tie() -> None:
    def story(env: Environment) -> Steps:
        with env.move_on_after(1.0) as scope:
            yield 1.0
        return scope.expired

    assert run(story)[0] is True


def test_an_answer_that_was_due_before_the_deadline_was_set_wins_a_tie() -> None:
    def story(env: Environment) -> Steps:
        answer = env.timeout(1.0, "answer")
        with env.fail_after(1.0) as scope:
            got = yield answer
        return got, scope.expired

    assert run(story)[0] == ("answer", False)


def test_an_answer_that_waits_its_turn_when_the_deadline_passes_is_dropped() -> None:
    """The process has been woken at this instant, and the deadline comes first."""
    env = Environment()

    def story() -> Steps:
        with env.move_on_after(1.0) as scope:
            yield PARKED
        first = env.now, scope.expired
        yield 1.0
        return first

    process = env.process(story())

    def waker() -> Steps:
        yield 0.5
        env.call_later(0.5, env.wake, process, "answer")  # due at 1.0, but after the deadline
        yield 0.0

    env.process(waker())
    with pytest.raises(RuntimeError, match="is not parked"):
        env.run()


def test_a_wake_up_in_the_queue_is_void_once_the_deadline_has_passed() -> None:
    env = Environment()
    got: list[Any] = []

    def sleeping() -> Steps:
        yield 0.5
        with env.move_on_after(0.5):
            got.append((yield PARKED))
        yield 5.0
        got.append(env.now)

    process = env.process(sleeping())
    env.call_later(1.0, env.wake, process, "in the nick of time")  # due before the deadline is even set
    env.run()
    # The call comes first and puts the wake-up into the queue, after the deadline, which was due already.
    assert got == [6.0]


# -- nesting


@pytest.mark.parametrize(("outer", "inner"), [(1.0, 2.0), (1.0, 1.0)], ids=["shorter", "equal"])
def test_the_outer_deadline_passes_the_inner_block(outer: float, inner: float) -> None:
    def story(env: Environment) -> Steps:
        with env.move_on_after(outer) as outside:
            with env.fail_after(inner) as inside:
                yield 9.0
            pytest.fail("not reached")
        yield 20.0
        return outside.expired, inside.expired

    value, env = run(story)
    assert value == (True, False)
    assert env.now == 21.0


def test_the_inner_deadline_is_the_inner_blocks_affair() -> None:
    def story(env: Environment) -> Steps:
        with env.fail_after(2.0) as outside:
            with env.move_on_after(1.0) as inside:
                yield 9.0
            yield 0.5
        return env.now, outside.expired, inside.expired

    assert run(story)[0] == (1.5, False, True)


def test_a_retry_inside_does_not_take_the_outer_deadline_for_a_failed_attempt() -> None:
    def story(env: Environment) -> Steps:
        attempts = 0
        with env.move_on_after(2.5):
            while True:
                attempts += 1
                try:
                    with env.fail_after(1.0):
                        yield 9.0
                except TimedOut:
                    continue
        return env.now, attempts

    assert run(story)[0] == (2.5, 3)


def test_a_hundred_nested_deadlines_pass_from_the_inside_out() -> None:
    passed: list[int] = []

    def nest(env: Environment, depth: int) -> Steps:
        with env.move_on_after(float(depth)):
            if depth > 1:
                yield from nest(env, depth - 1)
            yield 1e6
        passed.append(depth)

    def story(env: Environment) -> Steps:
        yield from nest(env, 100)

    assert run(story)[1].now == 100.0
    assert passed == list(range(1, 101))


# -- on the way out


def test_cleaning_up_may_take_time_and_the_block_ends_after_it() -> None:
    def story(env: Environment) -> Steps:
        with env.move_on_after(1.0) as scope:
            try:
                yield 9.0
            finally:
                yield 0.5
        return env.now, scope.expired

    assert run(story)[0] == (1.5, True)


def test_a_cancellation_is_delivered_once() -> None:
    def story(env: Environment) -> Steps:
        with env.fail_after(1.0) as scope:
            try:
                yield 9.0
            except Cancelled:
                yield 3.0
            yield 4.0
        return env.now, scope.expired

    # Swallowed: nothing is left for the scope to turn into `TimedOut`, but it remembers.
    assert run(story)[0] == (8.0, True)


def test_an_outer_deadline_reaches_the_cleaning_up_of_an_inner_block() -> None:
    def story(env: Environment) -> Steps:
        with env.move_on_after(1.5) as outside:
            with env.move_on_after(1.0) as inside:
                try:
                    yield 9.0
                finally:
                    yield 9.0
            pytest.fail("not reached")
        return env.now, outside.expired, inside.expired

    assert run(story)[0] == (1.5, True, True)


def test_cancelled_passes_handlers_of_ordinary_errors() -> None:
    def story(env: Environment) -> Steps:
        with env.move_on_after(1.0):
            try:
                yield 9.0
            except Exception:
                pytest.fail("not an Exception")
        return env.now

    assert run(story)[0] == 1.0


def test_an_error_on_the_way_out_is_that_error() -> None:
    def story(env: Environment) -> Steps:
        def clumsy() -> Steps:
            try:
                yield 9.0
            finally:
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError), env.fail_after(1.0) as scope:
            yield from clumsy()
        return scope.expired

    assert run(story)[0] is True


def test_an_error_in_the_block_closes_the_deadline() -> None:
    def story(env: Environment) -> Steps:
        with pytest.raises(ZeroDivisionError), env.fail_after(1.0) as scope:
            raise ZeroDivisionError
        yield 5.0
        return scope.expired

    assert run(story)[0] is False


def test_timed_out_hides_the_machinery() -> None:
    def story(env: Environment) -> Steps:
        with pytest.raises(TimedOut) as caught, env.fail_after(1.0):
            yield 9.0
        assert caught.value.__cause__ is None
        assert caught.value.__suppress_context__

    run(story)


def test_a_deadline_takes_the_process_from_whatever_it_waits_for() -> None:
    env = Environment()
    never, other = env.event(), env.process(_ for _ in (1e3,))

    def story() -> Steps:
        waits: list[Any] = [
            9.0, PARKED, never, other, env.timeout(9.0), env.any_of([env.event()]), env.all_of([other])
        ]  # fmt: skip
        for wait in waits:
            start = env.now
            with env.move_on_after(0.5) as scope:
                yield wait
            assert scope.expired
            assert env.now == start + 0.5
        assert not never.callbacks
        yield other
        return "still there"

    assert env.run(until=env.process(story())) == "still there"
    assert env.now == 1e3


def test_a_process_that_was_waited_for_can_be_waited_for_again() -> None:
    env = Environment()

    def worker() -> Steps:
        yield 2.0
        return "done"

    def story(process: Any) -> Steps:
        with env.move_on_after(1.0):
            yield process
        assert not process.is_awaited
        return (yield process), env.now

    assert env.run(until=env.process(story(env.process(worker())))) == ("done", 2.0)
