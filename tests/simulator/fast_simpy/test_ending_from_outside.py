"""Cancel, kill and interrupt from outside, in whatever state the process is."""

import gc
import weakref
from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy

from simulator import PARKED, Cancelled, Environment, Process, ProcessCancelled

Steps = Generator[Any, Any, Any]


def sleeping(env: Environment) -> Steps:
    yield 9.0


def parked(env: Environment) -> Steps:
    yield PARKED


def waiting_for_an_event(env: Environment) -> Steps:
    yield env.event()


def waiting_for_a_timeout(env: Environment) -> Steps:
    yield env.timeout(9.0)


def waiting_for_a_process(env: Environment) -> Steps:
    yield env.process(sleeping(env))


def waiting_for_a_process_with_others(env: Environment) -> Steps:
    process = env.process(sleeping(env))
    process.callbacks.append(lambda _: None)
    yield process


def waiting_for_any(env: Environment) -> Steps:
    yield env.timeout(9.0) | env.event()


def waiting_for_a_resource(env: Environment) -> Steps:
    resource = simpy.Resource(env)
    with resource.request() as first, resource.request() as second:
        yield first
        yield second


def inside_a_deadline(env: Environment) -> Steps:
    with env.fail_after(5.0):
        yield 9.0


STATES = [
    sleeping, parked, waiting_for_an_event, waiting_for_a_timeout, waiting_for_a_process,
    waiting_for_a_process_with_others, waiting_for_any, waiting_for_a_resource, inside_a_deadline,
]  # fmt: skip


class Watched:
    """A process in some state, with what it went through and what one who waits for it sees."""

    def __init__(self, state: Callable[[Environment], Steps], *, delay: float = 0.0) -> None:
        self.env = Environment()
        self.log: list[tuple[float, str]] = []
        self.process = self.env.start_delayed(self._body(state), delay)
        self.env.process(self._wait())

    def _body(self, state: Callable[[Environment], Steps]) -> Steps:
        try:
            yield from state(self.env)
        except BaseException as error:
            self.log.append((self.env.now, type(error).__name__))
            raise
        finally:
            self.log.append((self.env.now, "finally"))

    def _wait(self) -> Steps:
        try:
            yield self.process
        except (ProcessCancelled, simpy.Interrupt) as error:
            self.log.append((self.env.now, f"waiter: {type(error).__name__}"))

    def at_one(self, do: Callable[[Process], None]) -> list[tuple[float, str]]:
        self.env.call_later(1.0, do, self.process)
        self.env.run(until=50.0)
        assert not self.process.is_alive
        assert self.process not in self.env.processes
        return self.log


@pytest.mark.parametrize("state", STATES)
def test_cancel_ends_a_process_at_its_yield(state: Callable[[Environment], Steps]) -> None:
    assert Watched(state).at_one(Process.cancel) == [
        (1.0, "Cancelled"),
        (1.0, "finally"),
        (1.0, "waiter: ProcessCancelled"),
    ]


@pytest.mark.parametrize("state", STATES)
def test_kill_ends_a_process_on_the_spot(state: Callable[[Environment], Steps]) -> None:
    assert Watched(state).at_one(Process.kill) == [
        (1.0, "GeneratorExit"),
        (1.0, "finally"),
        (1.0, "waiter: ProcessCancelled"),
    ]


@pytest.mark.parametrize("state", STATES)
def test_interrupt_reaches_a_process_in_every_state(state: Callable[[Environment], Steps]) -> None:
    assert Watched(state).at_one(Process.interrupt) == [
        (1.0, "Interrupt"),
        (1.0, "finally"),
        (1.0, "waiter: Interrupt"),
    ]


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_a_process_that_has_not_begun_never_does(end: Callable[[Process], None]) -> None:
    watched = Watched(sleeping, delay=2.0)
    assert watched.at_one(end) == [(1.0, "waiter: ProcessCancelled")]


def test_a_process_killed_in_the_instant_of_its_making_never_begins() -> None:
    env = Environment()
    process = env.process(iter_that_must_not_run())
    process.kill()
    env.run()
    assert not process.is_alive


def iter_that_must_not_run() -> Steps:
    pytest.fail("has begun")
    yield


@pytest.mark.parametrize("end", [Process.cancel, Process.kill])
def test_ending_what_has_ended_does_nothing(end: Callable[[Process], None]) -> None:
    env = Environment()

    def quick() -> Steps:
        yield 1.0
        return "value"

    process = env.process(quick())
    env.run()
    end(process)
    env.run()
    assert process.value == "value"


@pytest.mark.parametrize("first", [Process.cancel, Process.kill])
@pytest.mark.parametrize("second", [Process.cancel, Process.kill])
def test_ending_twice_is_ending_once(
    first: Callable[[Process], None], second: Callable[[Process], None]
) -> None:
    def both(process: Process) -> None:
        first(process)
        second(process)

    log = Watched(sleeping).at_one(both)
    assert [what for _, what in log].count("finally") == 1
    assert log[-1] == (1.0, "waiter: ProcessCancelled")


def test_cancel_comes_before_what_is_due_at_that_instant() -> None:
    env = Environment()
    log: list[str] = []

    def process() -> Steps:
        yield 1.0
        log.append("woken")

    victims: list[Process] = []

    def cancel() -> None:
        victims[0].cancel()

    env.call_later(1.0, cancel)  # due before the process wakes up
    victims.append(env.process(process()))
    env.run()
    assert log == []


def test_cleaning_up_after_cancel_may_take_time() -> None:
    env = Environment()

    def process() -> Steps:
        try:
            yield 9.0
        finally:
            yield 2.0

    victim = env.process(process())
    env.call_later(1.0, victim.cancel)

    def waiter() -> Steps:
        with pytest.raises(ProcessCancelled, match="process 'process' was cancelled"):
            yield victim
        return env.now

    assert env.run(until=env.process(waiter())) == 3.0


def test_a_process_that_swallows_its_cancellation_goes_on() -> None:
    env = Environment()

    def process() -> Steps:
        with pytest.raises(Cancelled) as caught:
            yield 9.0
        assert caught.value.scope is env.active_process
        yield 1.0
        return "went on"

    victim = env.process(process())
    env.call_later(1.0, victim.cancel)
    assert env.run(until=victim) == "went on"
    assert env.now == 2.0


def test_cancel_passes_the_scopes_that_are_open() -> None:
    env = Environment()

    def process() -> Steps:
        with env.move_on_after(5.0), env.fail_after(7.0):
            yield 9.0
        pytest.fail("not reached")

    victim = env.process(process())
    env.call_later(1.0, victim.cancel)
    env.run()
    assert not victim.ok
    assert isinstance(victim.value, ProcessCancelled)


def test_a_deadline_and_a_cancel_at_one_instant_end_the_process_once() -> None:
    env = Environment()
    log: list[str] = []

    def process() -> Steps:
        with env.move_on_after(1.0):
            yield 9.0
        log.append("left the block")
        yield 0.0
        log.append("went on")

    victim = env.process(process())
    # Due after the deadline: by then the process has left its block and waits for its next turn.
    env.process(_ for _ in (0.5,)).callbacks.append(lambda _: env.call_later(0.5, victim.cancel))
    env.run()
    assert log == ["left the block"]


def test_a_cancelled_process_stops_the_run_for_nobody() -> None:
    env = Environment()
    env.process(sleeping(env)).cancel()
    env.run()


def test_a_process_cannot_cancel_itself() -> None:
    env = Environment()

    def process() -> Steps:
        with pytest.raises(RuntimeError, match="process 'hamlet' cannot cancel itself"):
            env.active_process.cancel()  # type: ignore[union-attr]
        yield 1.0

    env.run(until=env.process(process(), "hamlet"))


def test_the_waiter_of_a_cancelled_process_may_have_left() -> None:
    env = Environment()
    victim = env.process(sleeping(env))

    def waiter() -> Steps:
        with env.move_on_after(0.5):
            yield victim
        yield 5.0
        return "unharmed"

    waiting = env.process(waiter())
    env.call_later(1.0, victim.cancel)
    assert env.run(until=waiting) == "unharmed"


def test_a_launched_process_can_be_ended_too() -> None:
    env = Environment()
    log: list[str] = []

    def process() -> Steps:
        try:
            yield 9.0
        finally:
            log.append("finally")

    for end in (Process.cancel, Process.kill):
        env.launch(process())
        env.run(until=env.now + 1.0)
        [victim] = env.processes
        end(victim)
        env.run(until=env.now + 1.0)
        assert not env.processes
    assert log == ["finally", "finally"]


def test_a_cancellation_that_is_not_ones_own_is_an_error_like_any_other() -> None:
    env = Environment()

    def confused() -> Steps:
        yield 1.0
        raise Cancelled("somebody else's scope")

    process = env.process(confused())
    with pytest.raises(Cancelled):
        env.run()
    assert isinstance(process.value, Cancelled)


@pytest.mark.slow
def test_what_a_cancelled_process_knew_is_not_left_to_the_garbage_collector() -> None:
    class Known:
        """Something that is large in life."""

    def sleep(known: Known) -> Generator[Any, Any, None]:
        yield 1.0

    env, known = Environment(), Known()
    gone = weakref.ref(known)
    process = env.process(sleep(known))
    del known
    gc.collect()
    gc.disable()
    try:
        env.run(until=0.5)
        process.cancel()
        env.run(until=0.7)
        del process
        assert gone() is None
    finally:
        gc.enable()
