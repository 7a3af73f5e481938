"""Running: until a time, an event or the end; by steps or at one go; and what is left afterwards."""

import contextlib
import gc
from collections.abc import Callable, Generator
from math import inf, nan
from typing import Any

import pytest
import simpy
from hypothesis import given, settings
from hypothesis import strategies as st
from simpy.core import EmptySchedule

from simulator import PARKED, Environment, Process

Steps = Generator[Any, Any, Any]


def ticker(env: Environment, log: list[float]) -> Steps:
    while True:
        yield 1.0
        log.append(env.now)


@pytest.mark.parametrize("trace", [False, True])
def test_a_run_until_a_time_leaves_out_what_is_due_then(trace: bool) -> None:
    env = Environment(trace=trace)
    log: list[float] = []
    env.process(ticker(env, log))
    assert env.run(until=3) is None
    assert (env.now, log) == (3, [1.0, 2.0])
    env.run(until=3.5)
    assert (env.now, log) == (3.5, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("trace", [False, True])
def test_the_clock_does_not_go_where_nothing_is_left_to_do(trace: bool) -> None:
    env = Environment(trace=trace)

    def in_time() -> Steps:
        with env.fail_after(100.0):
            yield 1.0
        with env.move_on_after(0.5):
            yield PARKED

    env.process(in_time())
    env.call_later(300.0, pytest.fail, "was cancelled").cancel()
    env.run(until=1.25)
    env.step()  # what is left of the pause
    assert env.peek() == 1.5
    env.run()
    assert (env.now, env.peek()) == (1.5, inf)


def test_a_deadline_behind_one_that_was_met_passes_in_its_time() -> None:
    env = Environment()
    log: list[float] = []

    def caller(waits_for: Any) -> Steps:
        with env.move_on_after(2.0):
            yield waits_for
        log.append(env.now)

    env.process(caller(1.0))
    env.start_delayed(caller(PARKED), 0.5)
    env.run()
    assert (log, env.now) == ([1.0, 2.5], 2.5)


def test_a_run_until_a_time_at_which_nothing_is_due_gets_there() -> None:
    env = Environment()
    env.call_later(50.0, pytest.fail, "happened")
    env.run(until=10)
    assert env.now == 10
    env = Environment()
    env.run(until=10)
    assert env.now == 10


@pytest.mark.parametrize("until", [5.0, 4.0, -1, nan])
def test_a_time_that_is_not_in_the_future_is_refused(until: float) -> None:
    env = Environment(initial_time=5.0)
    with pytest.raises(ValueError, match="must be greater than the current simulation time"):
        env.run(until=until)


def test_a_run_until_an_event_returns_its_value_and_stops_there() -> None:
    env = Environment()
    log: list[float] = []
    env.process(ticker(env, log))
    event = env.event()
    env.call_later(2.5, event.succeed, "value")
    assert env.run(until=event) == "value"
    assert (env.now, log) == (2.5, [1.0, 2.0])
    assert env.run(until=event) == "value"
    assert env.now == 2.5


def test_those_who_wait_for_the_event_behind_the_run_are_told_when_it_goes_on() -> None:
    env = Environment()
    order: list[str] = []
    event = env.event()

    def waiter(name: str) -> Steps:
        yield event
        order.append(name)

    env.process(waiter("before the run"))
    env.run(until=0.5)
    env.call_later(1.0, env.process, waiter("during the run"))
    env.call_later(2.0, lambda: (event.succeed(), env.call_later(0.0, order.append, "due then")))
    env.run(until=event)
    assert order == ["before the run"]
    env.run()
    assert order == ["before the run", "during the run", "due then"]


def test_what_is_urgent_at_one_time_happens_in_the_order_of_scheduling() -> None:
    env = Environment()
    order: list[str] = []

    def urgent(name: str, delay: float) -> None:
        event = env.event()
        event._ok, event._value = True, None
        event.callbacks.append(lambda _: order.append(name))
        if name == "first":
            event.callbacks.append(lambda _: urgent("new", 0.0))
        env.schedule(event, simpy.events.URGENT, delay)

    env.call_later(1.0, order.append, "normal")
    urgent("first", 1.0)
    urgent("second", 1.0)
    env.run()
    assert order == ["first", "second", "new", "normal"]


def test_an_event_that_never_happens_is_an_error() -> None:
    env = Environment()
    with pytest.raises(RuntimeError, match='"until" event was not triggered'):
        env.run(until=env.event())


def test_a_step_with_nothing_to_do_says_so() -> None:
    env = Environment()
    assert env.peek() == inf
    with pytest.raises(EmptySchedule):
        env.step()


def test_peek_tells_the_time_of_what_is_next() -> None:
    env = Environment(initial_time=2.0)
    env.call_later(3.0, lambda: None)
    assert env.peek() == 5.0
    env.process(_ for _ in ())
    assert env.peek() == 2.0


def test_no_process_is_active_outside_of_one() -> None:
    env = Environment()
    process = env.process(_ for _ in (1.0, 1.0))
    for until in (0.5, 1.5, process, None):
        env.run(until=until)
        assert env.active_process is None


def test_the_active_process_is_the_one_that_runs() -> None:
    env = Environment()

    def story(child: Process | None) -> Steps:
        own = env.active_process
        assert own is not None
        waits: list[Any] = [1.0, 0, env.timeout(1.0), child]
        for wait in waits:
            if wait is not None:
                yield wait
            assert env.active_process is own

    env.run(until=env.process(story(env.process(story(None)))))


def test_the_clock_can_begin_anywhere() -> None:
    env = Environment(initial_time=-3.5)
    log: list[float] = []
    env.process(ticker(env, log))
    env.run(until=0)
    assert log == [-2.5, -1.5, -0.5]


@pytest.mark.slow
def test_processes_that_wait_for_ever_are_kept_from_the_garbage_collector() -> None:
    env = Environment()
    log: list[str] = []

    def waiting(wait: Callable[[], Any]) -> Steps:
        try:
            yield wait()
        finally:
            log.append("collected")

    for wait in (env.event, lambda: PARKED, lambda: env.process(waiting(env.event))):
        env.process(waiting(wait))
    env.run()
    gc.collect()
    assert log == []
    assert len(env.processes) == 4


def test_processes_that_have_ended_are_not_kept() -> None:
    env = Environment()

    def quick() -> Steps:
        yield 0.5

    def failing() -> Steps:
        yield 0.5
        raise KeyError

    def answering() -> Steps:
        yield 0.5
        env.active_process.answer("value", 1.0)  # type: ignore[union-attr]

    for story in (quick, failing, answering):
        process = env.process(story())
        env.launch(quick())

        def wait(process: Process = process) -> Steps:
            try:
                yield process
            except KeyError:
                yield 0.0

        env.process(wait())
    assert len(env.processes) == 9
    env.run()
    assert not env.processes


# A random program, run in three ways: by the loop, by steps, and with a trace.

ACTIONS = st.one_of(
    st.tuples(st.just("sleep"), st.sampled_from([0.0, 0.5, 1.0, 1, 0])),
    st.tuples(st.just("timeout"), st.sampled_from([0.0, 0.5, 1.0])),
    st.tuples(st.just("deadline"), st.sampled_from([0.0, 0.5, 1.0])),
    st.tuples(st.just("child"), st.sampled_from([0.0, 0.5, 1.0])),
    st.tuples(st.just("answer"), st.sampled_from([0.0, 0.5])),
    st.tuples(st.just("park"), st.just(0.0)),
    st.tuples(st.just("wake"), st.just(0.0)),
    st.tuples(st.just("cancel"), st.just(0.0)),
    st.tuples(st.just("kill"), st.just(0.0)),
    st.tuples(st.just("interrupt"), st.just(0.0)),
    st.tuples(st.just("any"), st.sampled_from([0.0, 0.5])),
    st.tuples(st.just("resource"), st.sampled_from([0.0, 0.5])),
    st.tuples(st.just("call"), st.sampled_from([0.0, 0.5])),
)
PROGRAMS = st.lists(st.lists(ACTIONS, max_size=6), min_size=1, max_size=6)
Log = list[tuple[float, int, str]]


class Program:
    """Processes that sleep, wait for, wake and end one another, and write down what happens."""

    def __init__(self, env: Environment, scripts: list[list[tuple[str, float]]]) -> None:
        self.env = env
        self.log: Log = []
        self.resource = simpy.Resource(env)
        self.parked: list[Process] = []
        self.processes = [env.process(self.story(number, script)) for number, script in enumerate(scripts)]

    def story(self, number: int, script: list[tuple[str, float]]) -> Steps:
        for position, (action, value) in enumerate(script):
            try:
                yield from self.act(number, action, value, position)
                self.log.append((self.env.now, number, action))
            except BaseException as error:
                self.log.append((self.env.now, number, f"{action}: {type(error).__name__}"))
                if not isinstance(error, Exception):
                    raise

    def act(self, number: int, action: str, value: float, position: int) -> Steps:
        env = self.env
        victim = self.processes[(number + position + 1) % len(self.processes)]
        if action == "sleep":
            yield value
        elif action == "timeout":
            yield env.timeout(value)
        elif action == "deadline":
            with env.fail_after(value):
                yield 0.5
                yield PARKED
        elif action == "child":
            yield env.process(_ for _ in (value,))
        elif action == "answer":
            assert (yield env.process(self.answering(value))) == "answer"
        elif action == "park":
            self.parked.append(env.active_process)  # type: ignore[arg-type]
            try:
                with env.fail_after(2.0):
                    yield PARKED
            finally:
                if env.active_process in self.parked:
                    self.parked.remove(env.active_process)
        elif action == "any":
            yield env.any_of([env.timeout(value), env.process(_ for _ in (0.5,))])
        elif action == "resource":
            with self.resource.request() as request:
                yield request
                yield value
        elif action == "call":
            env.call_later(value, self.log.append, (value, number, "called"))
        else:
            self.do_to(victim, action)

    def answering(self, value: float) -> Steps:
        yield value
        self.env.active_process.answer("answer", value)  # type: ignore[union-attr]

    def do_to(self, victim: Process, action: str) -> None:
        if action == "wake":
            if self.parked:
                self.env.wake(self.parked.pop(0), "woken")
        elif victim is not self.env.active_process and victim.is_alive:
            getattr(victim, action)()


def at_one_go(env: Environment) -> None:
    env.run()


def by_steps(env: Environment) -> None:
    with contextlib.suppress(EmptySchedule):
        while True:
            env.step()


def in_pieces(env: Environment) -> None:
    for until in range(1, 12):
        if env.now < until / 4:
            env.run(until=until / 4)
        if env.peek() < inf:
            env.step()
    env.run()


@pytest.mark.slow
@given(PROGRAMS)
@settings(max_examples=150)
def test_steps_pieces_and_traced_runs_do_the_same_as_the_loop(scripts: list[list[tuple[str, float]]]) -> None:
    logs = []
    for trace, run in ((False, at_one_go), (False, by_steps), (False, in_pieces), (True, at_one_go)):
        env = Environment(trace=trace)
        program = Program(env, scripts)
        run(env)
        logs.append(program.log)
    assert logs[0] == logs[1] == logs[3]
    assert logs[0] == logs[2]
