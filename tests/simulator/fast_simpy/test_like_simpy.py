"""Random programs happen on our environment as on SimPy's: the same things at the same times in one order.

A program is data: processes that sleep, wait, interrupt, fail, share resources and start each other, and a
plan of how the run is driven (by steps, until times and events, to the end). It is played on
`simpy.Environment` and on ours, and everything that either of them does or says is written down. Times are
from a coarse grid, so that most of what happens is tied.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

import pytest
import simpy
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simpy.core import EmptySchedule, StopSimulation
from simpy.events import EventPriority

from simulator import PARKED, Environment

EVENTS, PROCESSES_MAX = 4, 14
Operation = tuple[Any, ...]

numbers = st.integers(0, 3)
delays = st.sampled_from([0, 0, 0.0, 0.5, 1, 1.0, 1.5, 2.0])
priorities = st.sampled_from([-3, -2, -1, 0, 1, 1, 2, 5])

waits = st.one_of(
    st.tuples(st.just("sleep"), delays),
    st.tuples(st.just("timeout"), delays),
    st.tuples(st.just("event"), numbers),
    st.tuples(st.just("process"), numbers),
    st.tuples(
        st.just("any"),
        st.lists(st.tuples(st.sampled_from(["event", "timeout", "process"]), numbers), max_size=3),
    ),
    st.tuples(
        st.just("all"),
        st.lists(st.tuples(st.sampled_from(["event", "timeout", "process"]), numbers), max_size=3),
    ),
    st.tuples(st.just("resource"), delays),
    st.tuples(st.just("priority resource"), numbers, delays),
    st.tuples(st.just("preemptive resource"), numbers, delays),
    st.tuples(st.just("patient request"), delays, delays),
    st.tuples(st.just("get"), numbers),
    st.tuples(st.just("filtered get"), numbers),
    st.tuples(st.just("drain"), st.sampled_from([1, 2])),
)
deeds = st.one_of(
    st.tuples(st.just("succeed"), numbers),
    st.tuples(st.just("fail"), numbers),
    st.tuples(st.just("schedule"), priorities, delays),
    st.tuples(st.just("interrupt"), numbers),
    st.tuples(st.just("start"), numbers),
    st.tuples(st.just("callback"), numbers),
    st.tuples(st.just("put"), numbers),
    st.tuples(st.just("fill"), st.sampled_from([1, 2])),
    st.tuples(st.just("raise")),
    st.tuples(st.just("return")),
)
scripts = st.lists(st.one_of(waits, waits, deeds), min_size=1, max_size=7)
drives = st.one_of(
    st.tuples(st.just("steps"), st.integers(1, 6)),
    st.tuples(st.just("until"), st.sampled_from([0.5, 1, 1.0, 1.25, 2.5])),
    st.tuples(st.just("until event"), numbers),
    st.tuples(st.just("until process"), numbers),
    st.tuples(st.just("start"), numbers),
    st.tuples(st.just("schedule"), priorities, delays),
    st.tuples(st.just("run")),
)


class Played:
    """One program on one environment, and the log of what it did.

    `sleep` makes what a sleeping process yields.
    """

    def __init__(
        self, env: simpy.Environment, scripts: list[list[Operation]], sleep: Callable[[float], Any]
    ) -> None:
        self.env, self.scripts, self.sleep = env, scripts, sleep
        self.log: list[Any] = []
        self.events = [env.event() for _ in range(EVENTS)]
        self.processes: list[Any] = []
        self.resource = simpy.Resource(env, capacity=1)
        self.priority_resource = simpy.PriorityResource(env, capacity=1)
        self.preemptive_resource = simpy.PreemptiveResource(env, capacity=1)
        self.store = simpy.PriorityStore(env, capacity=2)
        self.filter_store = simpy.FilterStore(env, capacity=2)
        self.container = simpy.Container(env, capacity=3, init=1)

    def start(self, number: int) -> Any:
        if len(self.processes) == PROCESSES_MAX:
            return None
        process = self.env.process(self.play(len(self.processes), self.scripts[number % len(self.scripts)]))
        self.processes.append(process)
        return process

    def note(self, *what: Any) -> None:
        active = self.env.active_process
        self.log.append(
            (self.env.now, self.processes.index(active) if active in self.processes else None, *what)
        )

    def play(self, me: int, script: list[Operation]) -> Generator[Any, Any, Any]:
        for number, operation in enumerate(script):
            self.note(number, operation[0])
            try:
                if operation == ("return",):
                    return (me, number)
                result = yield from self.do(me, *operation)
            except simpy.Interrupt as interrupt:
                result = ("interrupted", self.shown(interrupt.cause))
            except (LookupError, RuntimeError, ValueError) as error:
                result = (type(error).__name__, type(error.__cause__).__name__, len(error.args))
                if operation == ("raise",):
                    raise
            self.note(number, result)
        return me

    def do(self, me: int, kind: str, *arguments: Any) -> Generator[Any, Any, Any]:
        if kind in ("sleep", "timeout"):
            return (
                yield self.sleep(*arguments) if kind == "sleep" else self.env.timeout(*arguments, value=kind)
            )
        if kind in ("event", "process"):
            awaited = self.thing(kind, *arguments)
            return self.shown((yield awaited)) if awaited is not None else None
        if kind in ("any", "all"):
            things = [thing for thing in (self.thing(*each) for each in arguments[0]) if thing is not None]
            condition = self.env.any_of(things) if kind == "any" else self.env.all_of(things)
            happened = yield condition
            return [(things.index(event), self.shown(value)) for event, value in happened.items()]
        if "re" in kind and kind not in ("raise", "filtered get"):
            return (yield from self.share(kind, *arguments))
        if kind in ("get", "filtered get", "put", "fill", "drain"):
            return self.shown((yield self.stock(kind, *arguments)))
        return self.act(me, kind, *arguments)

    def thing(self, kind: str, number: int) -> Any:
        if kind == "timeout":
            return self.env.timeout(number / 2, value=number)
        if kind == "process":
            return self.processes[number % len(self.processes)] if self.processes else None
        return self.events[number]

    def share(self, kind: str, *arguments: Any) -> Generator[Any, Any, Any]:
        """Hold a resource for a while; the patient one does not wait for it for ever."""
        if kind in ("resource", "patient request"):
            request: Any = self.resource.request()
        elif kind == "priority resource":
            request = self.priority_resource.request(priority=arguments[0])
        else:
            request = self.preemptive_resource.request(priority=arguments[0], preempt=arguments[1] != 1)
        with request:
            if kind == "patient request":
                happened = yield request | self.env.timeout(arguments[0])
                if request not in happened:
                    return "gave up"
            else:
                yield request
            self.note("holds")
            yield self.env.timeout(arguments[-1])
        return "released"

    def stock(self, kind: str, number: int) -> Any:
        if kind == "get":
            return self.store.get()
        if kind == "filtered get":
            return self.filter_store.get(lambda item: item == number)
        if kind == "put":
            self.filter_store.put(number)
            return self.store.put(number)
        return self.container.put(number) if kind == "fill" else self.container.get(number)

    def act(self, me: int | None, kind: str, *arguments: Any) -> Any:
        if kind == "succeed":
            return self.shown(self.events[arguments[0]].succeed(f"by {me}"))
        if kind == "fail":
            return self.shown(self.events[arguments[0]].fail(LookupError(f"by {me}")))
        if kind == "interrupt":
            return self.thing("process", *arguments).interrupt(f"by {me}")
        if kind == "start":
            return self.shown(self.start(*arguments))
        if kind == "callback":
            callbacks = self.events[arguments[0]].callbacks
            return callbacks is not None and callbacks.append(
                lambda event: self.note("called back", event.ok)
            )
        if kind == "schedule":
            event = self.env.event()
            event._ok, event._value = True, None
            event.callbacks.append(lambda event: self.note("scheduled", *arguments))
            return self.env.schedule(event, EventPriority(arguments[0]), arguments[1])
        raise LookupError(f"raised by {me}")

    def shown(self, value: Any) -> Any:
        """Return something that can be compared between two environments."""
        if isinstance(value, simpy.resources.resource.Preempted):
            return ("preempted by", self.processes.index(value.by), value.usage_since)
        if isinstance(value, Exception):
            return (type(value).__name__, value.args)
        if isinstance(value, simpy.Event):
            return (value.triggered, value.processed, value.ok if value.triggered else None)
        return value

    def drive(self, kind: str, *arguments: Any) -> None:
        try:
            if kind == "steps":
                for _ in range(arguments[0]):
                    self.note("before a step", self.env.peek())
                    self.env.step()
            elif kind == "run":
                self.note(self.env.run())
            elif kind == "until":
                self.note(self.env.run(until=self.env.now + arguments[0]))
            elif kind in ("until event", "until process"):
                self.note(self.shown(self.env.run(until=self.thing(kind.split()[1], *arguments))))
            else:
                self.note(self.act(None, kind, *arguments))
        except (LookupError, RuntimeError, ValueError, EmptySchedule, StopSimulation) as error:
            self.note(type(error).__name__, type(error.__cause__).__name__)
        self.note("afterwards", self.env.peek(), [self.shown(process) for process in self.processes])


def play(
    env: simpy.Environment,
    program: list[list[Operation]],
    plan: list[Operation],
    sleep: Callable[[float], Any],
) -> list[Any]:
    played = Played(env, program, sleep)
    for number in range(len(program)):
        played.start(number)
    for step in plan:
        played.drive(*step)
    for _ in range(50):  # each error of a process stops a run
        played.drive("run")
        if env.peek() == float("inf"):
            break
    return played.log


def assert_alike(program: list[list[Operation]], plan: list[Operation], *, trace: bool = False) -> None:
    simpy_env = simpy.Environment()
    try:
        expected = play(simpy_env, program, plan, simpy_env.timeout)
    except AttributeError:
        # SimPy itself breaks where one waits for the event whose failure has stopped a run, and is
        # interrupted then.
        return
    timeouts = Environment(trace=trace)
    assert play(timeouts, program, plan, timeouts.timeout) == expected
    # A sleep takes the place of a timeout: its number is drawn when it is yielded, which is when a timeout is
    # made.
    sleeps = Environment(trace=trace)
    assert play(sleeps, program, plan, lambda delay: delay) == expected


programs = st.lists(scripts, min_size=1, max_size=5)
plans = st.lists(drives, max_size=4)
generated = settings(suppress_health_check=list(HealthCheck), print_blob=False)


@pytest.mark.slow
@settings(generated, max_examples=250)
@given(programs, plans, st.booleans())
def test_random_program_happens_as_on_simpy(program: Any, plan: Any, trace: bool) -> None:
    assert_alike(program, plan, trace=trace)


@pytest.mark.slow
@settings(generated, max_examples=2_000)
@given(programs, plans, st.booleans())
def test_many_random_programs_happen_as_on_simpy(program: Any, plan: Any, trace: bool) -> None:
    assert_alike(program, plan, trace=trace)


@pytest.mark.parametrize("priorities", [(1, 1), (0, 1), (1, 2), (-1, 0), (2, 2), (3, -2)])
def test_each_step_processes_one_event_although_several_are_due_at_once(priorities: tuple[int, ...]) -> None:
    env = Environment()
    happened: list[int] = []
    for priority in priorities:
        event = env.event()
        event._ok, event._value = True, None
        event.callbacks.append(lambda event, priority=priority: happened.append(priority))
        env.schedule(event, EventPriority(priority), 1.0)
    for count, _ in enumerate(priorities, 1):
        env.step()
        assert (env.now, happened) == (1.0, sorted(priorities)[:count])
    with pytest.raises(EmptySchedule):
        env.step()


def test_who_waits_for_the_event_that_ends_a_run_goes_on_when_the_run_does() -> None:
    logs = []
    for env in (simpy.Environment(), Environment()):
        log: list[Any] = []
        logs.append(log)
        event = env.event()

        def waits(
            name: str, env: simpy.Environment = env, event: Any = event, log: list[Any] = log
        ) -> Generator[Any, Any, None]:
            log.append((env.now, name, (yield event)))

        def begins(env: simpy.Environment = env, waits: Any = waits) -> Generator[Any, Any, None]:
            yield env.timeout(1.0)
            env.process(waits("later"))

        env.process(waits("before"))
        env.process(begins())
        env.run(until=0.5)
        env.timeout(1.5).callbacks.append(lambda timeout, event=event: event.succeed("value"))
        log.append((env.now, "run", env.run(until=event)))
        log.append((env.now, "peek", env.peek()))
        env.process(waits("after"))
        env.run()
    assert logs[0] == logs[1]
    assert [name for _, name, _ in logs[1]] == ["before", "run", "peek", "later", "after"]


halves = st.integers(0, 4).map(lambda number: number / 2)
own_things = st.lists(
    st.tuples(st.sampled_from(["timeout", "call", "sleep", "deadline", "met", "start"]), halves, halves),
    max_size=12,
)


@pytest.mark.slow
@settings(generated, max_examples=300)
@given(own_things)
def test_our_own_things_happen_in_order_of_time_and_then_of_making(
    things: list[tuple[str, float, float]],
) -> None:
    env = Environment()
    happened: list[tuple[float, float, int]] = []

    def sleeps(delay: float, note: Callable[[], None]) -> Generator[Any, Any, None]:
        yield delay
        note()

    def waits(delay: float, note: Callable[[], None]) -> Generator[Any, Any, None]:
        with env.move_on_after(delay):
            yield PARKED
        note()

    def meets(delay: float, note: Callable[[], None]) -> Generator[Any, Any, None]:
        with env.move_on_after(2 * delay):
            yield delay
        note()

    def make(number: int, kind: str, made_at: float, delay: float) -> None:
        def note() -> None:
            happened.append((env.now, made_at, number))

        if kind == "timeout":
            env.timeout(delay).callbacks.append(lambda event: note())
        elif kind == "call":
            env.call_later(delay, note)
        elif kind == "start":
            env.start_delayed(sleeps(0.0, note), delay)
        else:
            env.process({"sleep": sleeps, "deadline": waits, "met": meets}[kind](delay, note))

    # A delayed start goes on for one sleep of no length: it cannot be compared with others at the same time.
    for number, (kind, made_at, delay) in enumerate(things):
        env.call_later(made_at, make, number, kind, made_at, delay)
    env.run()
    expected = [(made_at + delay, made_at, number) for number, (_, made_at, delay) in enumerate(things)]
    assert [each for each in happened if things[each[2]][0] != "start"] == sorted(
        each for each in expected if things[each[2]][0] != "start"
    )
    assert sorted(happened) == sorted(expected)
