"""Write-behind: writes that cannot wait, and the order of what the target is told about one key."""

from __future__ import annotations

import pytest

from models import TimedOut
from models.resilience import Timeout
from simulator import Environment

from ..origin import ask
from .behind import Database, adds_up, behind


def test_what_a_write_makes_of_a_value_waits_for_the_flush_which_comes_at_once() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    ask(env, cache, 0.0, "write", value=10)
    add = ask(env, cache, 1.0, "add", value=3)
    read = ask(env, cache, 4.0)
    env.run()
    assert database.asked == [(1.0, "write", "a", 10), (2.0, "add", "a", 3), (4.0, "get", "a", None)]
    assert [add, read] == [(3.0, None), (5.0, 13)]
    assert queue.statistics().through_count == 1
    assert adds_up(queue)


def test_of_a_clean_key_it_goes_at_once_and_several_go_together() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    ask(env, cache, 0.0, "write", key="b", value=10)
    told = [ask(env, cache, 1.0, "add", value=3), ask(env, cache, 1.5, "add", value=4)]
    env.run()
    assert told == [(2.0, None), (2.5, None)]
    assert database.values == {"a": 7, "b": 10}


def test_what_is_acknowledged_while_it_is_under_way_is_flushed_after_it() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database, flush_interval=0.0)
    adds = [ask(env, cache, 0.0, "add", value=3), ask(env, cache, 0.5, "add", value=4)]
    write = ask(env, cache, 0.75, "write", value="new")
    read = ask(env, cache, 1.25)
    env.run()
    assert [adds[0], adds[1], write, read] == [(1.0, None), (1.5, None), (0.75, None), (1.25, "new")]
    assert database.done == [(0.5, "add", "a", 3), (1.0, "add", "a", 4), (2.0, "write", "a", "new")]
    assert adds_up(queue)


def test_it_waits_for_what_was_acknowledged_before_and_not_for_all_that_comes() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database, flush_interval=0.0)
    for time in (0.0, 0.25, 1.25, 2.25):
        ask(env, cache, time, "write", value=time)
    add = ask(env, cache, 0.5, "add", value=100)
    env.run()
    assert database.asked == [
        (0.0, "write", "a", 0.0),
        (1.0, "write", "a", 0.25),
        (2.0, "add", "a", 100),
        (3.0, "write", "a", 2.25),
    ]
    assert add == (3.0, None)
    assert adds_up(queue)


def test_one_that_comes_during_the_last_flush_of_a_key_goes_when_that_has_ended() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    ask(env, cache, 0.0, "write", value=1)
    add = ask(env, cache, 5.5, "add", value=1)
    env.run()
    assert add == (7.0, None)
    assert database.values == {"a": 2}


def test_one_that_comes_when_its_key_is_dirty_again_lets_that_be_due() -> None:
    env = Environment()
    database = Database(env)
    cache, _ = behind(env, database)
    for time in (0.0, 5.25):
        ask(env, cache, time, "write", value=time)
    adds = [ask(env, cache, time, "add", value=100) for time in (5.5, 7.25)]
    env.run()
    assert database.asked == [
        (5.0, "write", "a", 0.0),
        (6.0, "write", "a", 5.25),
        (7.0, "add", "a", 100),
        (7.25, "add", "a", 100),
    ]
    assert adds == [(8.0, None), (8.25, None)]


def test_one_that_gives_up_waiting_holds_up_nothing() -> None:
    env = Environment()
    database = Database(env, duration=2.0)
    cache, queue = behind(env, database)
    ask(env, cache, 0.0, "write", value="one")
    add = ask(env, Timeout(env, cache, 0.5), 1.0, "add", value=3)
    ask(env, cache, 4.0, "write", value="two")
    env.run()
    assert add == (1.5, TimedOut)
    assert database.asked == [(1.0, "write", "a", "one"), (9.0, "write", "a", "two")]
    assert adds_up(queue)


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_one_that_ends_at_the_very_instant_at_which_it_is_let_in_holds_up_nothing(end: str) -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    ask(env, cache, 0.0, "write", value="one")
    add = ask(env, cache, 1.0, "add", value=3)
    assert add.process is not None
    # Set when the flush is half done: it comes after the flush has ended, and before the add goes on.
    env.call_later(1.75, env.call_later, 0.25, getattr(add.process, end))
    ask(env, cache, 3.0, "write", value="two")
    env.run()
    assert database.asked == [(1.0, "write", "a", "one"), (8.0, "write", "a", "two")]
    assert adds_up(queue)


def test_one_that_failed_holds_up_nothing_and_lets_go_of_the_entry() -> None:
    env = Environment()
    database = Database(env)
    cache, queue = behind(env, database)
    database.fails = lambda request: TimedOut() if request.operation == "add" else None
    ask(env, cache, 0.0, "write", value=10)
    add = ask(env, cache, 1.0, "add", value=3)
    read = ask(env, cache, 4.0)
    ask(env, cache, 6.0, "write", value=20)
    env.run()
    assert [add, read] == [(3.0, TimedOut), (5.0, 13)]
    assert database.asked[-1] == (11.0, "write", "a", 20)
    assert adds_up(queue)
