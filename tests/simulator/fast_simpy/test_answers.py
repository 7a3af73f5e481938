"""Answers: a process whose value is known before it ends, silence, and passing the duty to answer on."""

from collections.abc import Generator
from math import inf, nan
from typing import Any

import pytest

from simulator import Environment, Process

Steps = Generator[Any, Any, Any]


def caller(env: Environment, process: Process, log: list[Any]) -> Steps:
    log.append(((yield process), env.now))


def server(env: Environment, value: Any, delay: float, takes: float = 1.0) -> Steps:
    yield takes
    process: Any = env.active_process
    process.answer(value, delay)


@pytest.mark.parametrize("delay", [0.0, 0, 0.5, 1e-300])
def test_the_caller_gets_the_answer_after_its_delay(delay: float) -> None:
    env = Environment()
    log: list[Any] = []
    process = env.process(server(env, "answer", delay))
    env.process(caller(env, process, log))
    env.run()
    assert log == [("answer", 1.0 + delay)]
    assert process.triggered
    assert process.ok
    assert process.value == "answer"


def test_an_answer_on_its_way_is_not_stopped_by_the_death_of_its_sender() -> None:
    env = Environment()
    log: list[Any] = []
    process = env.process(server(env, "answer", 2.0))
    env.process(caller(env, process, log))
    env.call_later(1.5, process.kill)
    env.call_later(1.5, process.cancel)
    env.run()
    assert log == [("answer", 3.0)]


def test_an_answer_does_not_reach_a_caller_that_has_given_up() -> None:
    env = Environment()
    log: list[Any] = []

    def impatient(process: Process) -> Steps:
        with env.move_on_after(1.5):
            yield process
            pytest.fail("answered")
        log.append(env.now)
        yield 10.0
        log.append(env.now)

    env.process(impatient(env.process(server(env, "answer", 2.0))))
    env.run()
    assert log == [1.5, 11.5]


def test_an_answer_for_nobody_is_the_value_all_the_same() -> None:
    env = Environment()
    process = env.process(server(env, "answer", 2.0))
    env.run()
    assert process.value == "answer"
    assert env.now == 1.0

    def late() -> Steps:
        return (yield process)

    assert env.run(until=env.process(late())) == "answer"


@pytest.mark.parametrize("delay", [-1.0, nan, inf])
def test_an_answer_takes_a_time(delay: float) -> None:
    env = Environment()
    process = env.process(server(env, "answer", delay))
    env.process(caller(env, process, []))
    with pytest.raises(ValueError, match="delay of an answer must be"):
        env.run()


def test_silence_leaves_the_caller_waiting_for_ever_and_still_within_reach() -> None:
    env = Environment()

    def silent() -> Steps:
        yield 1.0
        env.active_process.leave_unanswered()  # type: ignore[union-attr]

    log: list[Any] = []
    waiting = env.process(caller(env, env.process(silent()), log))
    env.run()
    assert waiting.is_alive
    waiting.interrupt()
    with pytest.raises(Exception, match="Interrupt"):
        env.run()
    assert log == []


def test_silence_to_nobody_is_silence() -> None:
    env = Environment()

    def silent() -> Steps:
        yield 1.0
        env.active_process.leave_unanswered()  # type: ignore[union-attr]

    env.process(silent())
    env.run()


def test_a_successor_answers_instead() -> None:
    env = Environment()
    log: list[Any] = []

    def predecessor() -> Steps:
        yield 1.0
        env.active_process.hand_over(env.process(successor()))  # type: ignore[union-attr]
        return "not this"

    def successor() -> Steps:
        yield 2.0
        return "this"

    process = env.process(predecessor())
    env.process(caller(env, process, log))
    env.run()
    assert log == [("this", 3.0)]


def test_a_caller_that_was_handed_over_can_give_up() -> None:
    env = Environment()
    log: list[Any] = []

    def predecessor() -> Steps:
        yield 1.0
        env.active_process.hand_over(successor)  # type: ignore[union-attr]

    def steps() -> Steps:
        yield 9.0

    def impatient(process: Process) -> Steps:
        with env.move_on_after(2.0):
            yield process
        log.append(env.now)
        assert not successor.is_awaited
        yield 20.0

    successor = env.process(steps())
    env.process(impatient(env.process(predecessor())))
    env.run()
    assert log == [2.0]
    assert env.now == 22.0


def test_is_awaited_says_whether_somebody_waits() -> None:
    env = Environment()
    process = env.process(server(env, None, 0.0))
    assert not process.is_awaited
    env.process(caller(env, process, []))
    env.run(until=0.5)
    assert process.is_awaited
    env.run()
    assert not process.is_awaited


def test_the_second_who_waits_is_told_second() -> None:
    env = Environment()
    order: list[str] = []

    def steps() -> Steps:
        yield 1.0
        return "value"

    def waiter(name: str) -> Steps:
        assert (yield process) == "value"
        order.append(name)

    process = env.process(steps())
    for name in "abc":
        env.process(waiter(name))
    env.run()
    assert order == ["a", "b", "c"]
