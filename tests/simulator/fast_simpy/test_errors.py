"""Errors in processes: raised where somebody waits, else stopping the run with seed, time and process."""

from collections.abc import Callable, Generator
from typing import Any

import pytest
from simpy.events import NORMAL

from simulator import CallFailed, Environment, RunawayError

Steps = Generator[Any, Any, Any]


def failing(error: BaseException, delay: float = 1.5) -> Steps:
    yield delay
    raise error


def note_of(env: Environment, **run: Any) -> str:
    with pytest.raises(KeyError, match="lost") as caught:
        env.run(**run)
    [note] = caught.value.__notes__
    return note


@pytest.mark.parametrize("trace", [False, True])
def test_an_error_that_nobody_waits_for_stops_the_run_and_says_where(trace: bool) -> None:
    env = Environment(seed=42, trace=trace)
    env.process(failing(KeyError("lost")), "librarian")
    assert note_of(env) == "The run stopped at simulated time 1.5 s, seed 42, in process 'librarian'."


def test_so_does_that_of_the_process_until_which_the_run_was_to_go() -> None:
    env = Environment()
    note = note_of(env, until=env.process(failing(KeyError("lost")), "librarian"))
    assert note == "The run stopped at simulated time 1.5 s, seed None, in process 'librarian'."


def test_step_says_it_too() -> None:
    env = Environment()
    env.process(failing(KeyError("lost")), "librarian")
    env.step()
    with pytest.raises(KeyError) as caught:  # noqa: PT012 - whichever step it is
        while True:
            env.step()
    assert "in process 'librarian'" in caught.value.__notes__[0]


def test_an_event_that_failed_for_nobody_is_not_called_a_process() -> None:
    env = Environment()
    env.event().fail(KeyError("lost"))
    assert note_of(env) == "The run stopped at simulated time 0 s, seed None, in event 'Event'."


def test_an_error_is_noted_once_however_many_processes_it_goes_through() -> None:
    env = Environment()

    def waiter(process: Any) -> Steps:
        yield process

    process = env.process(failing(KeyError("lost")), "origin")
    for _ in range(3):
        process = env.process(waiter(process), "waiter")
    assert "in process 'waiter'" in note_of(env)


def test_an_error_is_raised_in_each_that_waits_as_a_copy_with_the_first_as_its_cause() -> None:
    env = Environment()
    caught: list[BaseException] = []
    error = KeyError("lost")

    def waiter(process: Any) -> Steps:
        try:
            yield process
        except KeyError as own:
            caught.append(own)

    process = env.process(failing(error))
    env.process(waiter(process))
    env.process(waiter(process))
    env.run()
    first, second = caught
    assert first is not second
    assert first.__cause__ is second.__cause__ is error
    assert first.args == ("lost",)


def test_a_simulated_failure_is_passed_as_it_is() -> None:
    env = Environment()
    failure = CallFailed("sorry")

    def waiter(process: Any) -> Steps:
        with pytest.raises(CallFailed) as caught:
            yield process
        assert caught.value is failure

    env.run(until=env.process(waiter(env.process(failing(failure)))))


class Particular(Exception):
    """An error that cannot be made from its own `args`, like `json.JSONDecodeError` and many another."""

    def __init__(self, *, code: int) -> None:
        super().__init__(f"code {code}")
        self.code = code


@pytest.mark.parametrize("run", [Environment.run, lambda env: env.run(until=9.0)])
def test_an_error_that_cannot_be_copied_stops_the_run_as_itself(run: Callable[[Environment], Any]) -> None:
    env = Environment()
    env.process(failing(Particular(code=7)), "librarian")
    with pytest.raises(Particular, match="code 7") as caught:
        run(env)
    assert caught.value.code == 7
    assert "in process 'librarian'" in caught.value.__notes__[0]


def test_an_error_that_cannot_be_copied_reaches_who_waits() -> None:
    env = Environment()

    def waiter(process: Any) -> Steps:
        with pytest.raises(Particular, match="code 7"):
            yield process

    env.run(until=env.process(waiter(env.process(failing(Particular(code=7))))))


def test_the_run_can_go_on_after_an_error() -> None:
    env = Environment()
    env.process(failing(KeyError("lost")))
    later = env.process(_ for _ in (1.0, 2.0))
    note_of(env)
    env.run(until=later)
    assert env.now == 3.0


def test_a_process_that_failed_has_failed() -> None:
    env = Environment()
    process = env.process(failing(KeyError("lost")))
    note_of(env)
    assert not process.is_alive
    assert not process.ok
    assert not env.processes


# -- runaways


def zero_sleeper(env: Environment) -> Steps:
    while True:
        yield 0.0


def parent_of_endless_children(env: Environment) -> Steps:
    while True:
        yield env.process((_ for _ in ()), "child")


def yielder_of_the_past(env: Environment) -> Steps:
    past = env.event().succeed()
    yield past
    while True:
        yield past


def bad_yielder(env: Environment) -> Steps:
    while True:
        try:
            yield -1.0
        except ValueError:
            continue


def caller_later(env: Environment) -> Steps:
    def again() -> None:
        env.call_later(0.0, again)

    again()
    return
    yield


def user_of_simpy(env: Environment) -> Steps:
    while True:
        yield env.timeout(0)


def user_of_late_priorities(env: Environment) -> Steps:
    def again(_: object) -> None:
        event = env.event()
        event._ok, event._value = True, None
        event.callbacks.append(again)
        env.schedule(event, priority=NORMAL + 1)

    again(None)
    yield 100.0


@pytest.mark.parametrize("trace", [False, True])
@pytest.mark.parametrize(
    ("culprit", "name"),
    [
        (zero_sleeper, "zero_sleeper"),
        (parent_of_endless_children, "child|parent"),
        (yielder_of_the_past, "yielder_of_the_past"),
        (bad_yielder, "bad_yielder"),
        (caller_later, "again"),
        (user_of_simpy, "user_of_simpy"),
        (user_of_late_priorities, "Event"),
    ],
)
def test_a_clock_that_does_not_move_stops_the_run_and_names_who_keeps_it(
    culprit: Callable[[Environment], Steps], name: str, trace: bool
) -> None:
    env = Environment(instant_events_max=500, trace=trace)
    env.process((_ for _ in (9.0,)), "bystander")
    env.start_delayed(culprit(env), 2.0)
    with pytest.raises(RunawayError, match="more than 500 events at one instant") as caught:
        env.run(until=5.0)
    assert env.now == 2.0
    assert any(part in caught.value.names for part in name.split("|"))
    assert "bystander" not in caught.value.names


@pytest.mark.parametrize("limit", [0, -1])
def test_a_limit_that_every_run_would_break_is_refused(limit: int) -> None:
    with pytest.raises(ValueError, match=f"instant_events_max must be >= 1, got {limit}"):
        Environment(instant_events_max=limit)


def test_much_that_happens_at_one_instant_is_no_runaway_below_the_limit() -> None:
    env = Environment(instant_events_max=1_000)

    def burst() -> Steps:
        for _ in range(10):
            for _ in range(900):
                yield 0.0
            yield 1.0

    env.run(until=env.process(burst()))
    assert env.now == 10.0


def test_the_limit_counts_anew_at_each_instant_for_items_due_there_from_before() -> None:
    env = Environment(instant_events_max=50)
    for number in range(1_000):
        env.call_later(number / 8, lambda: None)
    env.run()
    assert env.now == 999 / 8


def test_processes_that_begin_where_something_is_due_are_counted_anew_at_each_instant() -> None:
    env = Environment(instant_events_max=50)
    begun: list[float] = []

    def child() -> Steps:
        begun.append(env.now)
        return
        yield

    def parent() -> Steps:
        for _ in range(200):
            yield 1.0
            env.launch(child())  # begins before the other parent, which is due now too

    env.process(parent())
    env.process(parent())
    env.run()
    assert len(begun) == 400
