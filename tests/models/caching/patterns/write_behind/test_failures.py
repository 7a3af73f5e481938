"""Write-behind: what happens while the target is away, or does not say what it has done."""

from __future__ import annotations

from models import Refused, Request, ServerError, TimedOut
from models.failures import CallFailed
from models.resilience import ExponentialBackoff, FullJitter, Timeout
from simulator import Environment

from ..origin import ask
from .behind import Database, adds_up, behind


def away_until(database: Database, time: float) -> None:
    database.fails = lambda request: Refused() if database.env.now < time else None


def test_a_flush_that_fails_is_repeated_after_a_backoff_with_the_value_of_then() -> None:
    env = Environment()
    database = Database(env)
    away_until(database, 9.0)
    cache, queue = behind(env, database, backoff=ExponentialBackoff(base=1.0))
    ask(env, cache, 0.0, "write", value="one")
    write, read = ask(env, cache, 6.5, "write", value="two"), ask(env, cache, 8.25)
    env.run()
    assert [write, read] == [(6.5, None), (8.25, "two")]
    assert database.asked == [
        (5.0, "write", "a", "one"),
        (7.0, "write", "a", "two"),
        (10.0, "write", "a", "two"),
    ]
    statistics = queue.statistics()
    assert (statistics.attempt_count, statistics.flushed_count, statistics.coalesced_count) == (3, 1, 1)
    assert statistics.dirty_time_mean == 11.0
    assert adds_up(queue)


def test_the_next_flush_of_a_key_begins_its_backoff_anew() -> None:
    env = Environment()
    database = Database(env, duration=0.0)
    away_until(database, 8.0)
    cache, _ = behind(env, database, backoff=ExponentialBackoff(base=1.0))
    ask(env, cache, 0.0, "write")
    env.run()
    assert [time for time, *_ in database.asked] == [5.0, 6.0, 8.0]
    away_until(database, 21.0)
    ask(env, cache, 15.0, "write")
    env.run()
    assert [time for time, *_ in database.asked][3:] == [20.0, 21.0]


def test_a_flush_of_which_nobody_knows_is_repeated() -> None:
    env = Environment()
    database = Database(env)
    outcomes: list[CallFailed | None] = [TimedOut(), None]
    database.fails = lambda request: outcomes.pop(0)
    cache, queue = behind(env, database)
    ask(env, cache, 0.0, "write", value="new")
    env.run()
    assert database.done == [(5.5, "write", "a", "new"), (7.5, "write", "a", "new")]
    assert queue.statistics().flushed_count == 1
    assert adds_up(queue)


def test_a_write_that_the_target_will_not_do_holds_up_no_other_key() -> None:
    env = Environment()
    database = Database(env)
    database.fails = lambda request: ServerError() if request.key == "bad" else None
    cache, queue = behind(env, database, concurrency=1, flush_interval=1.0)
    for key in ("bad", "a", "b"):
        ask(env, cache, 0.0, "write", key=key)
    env.run(until=20.25)
    assert [key for _, _, key, _ in database.done] == ["a", "b"]
    asked_bad = [time for time, _, key, _ in database.asked if key == "bad"]
    assert asked_bad == [1.0, 4.0, 6.0, 8.0, 10.0, 12.0, 14.0, 16.0, 18.0, 20.0]
    assert (len(queue), queue.statistics().waiting_count) == (1, 1)


def test_a_target_that_is_silent_is_left_by_the_timeout_around_it() -> None:
    env = Environment()
    database = Database(env, duration=3.0)
    cache, queue = behind(env, Timeout(env, database, 0.5))
    ask(env, cache, 0.0, "write", value="new")
    env.call_later(6.0, setattr, database, "duration", 0.25)
    env.run()
    assert database.asked == [(5.0, "write", "a", "new"), (6.5, "write", "a", "new")]
    assert adds_up(queue)


def test_while_the_target_is_away_writes_are_acknowledged_and_what_cannot_wait_waits() -> None:
    env = Environment()
    database = Database(env)
    away_until(database, 20.0)
    cache, queue = behind(env, database)
    writes = [ask(env, cache, time, "write", value=time) for time in (0.0, 10.0)]
    add = ask(env, cache, 6.0, "add", value=3)
    env.run()
    assert writes == [(0.0, None), (10.0, None)]
    # Tried at 5, 7, ... 19 and then at 21; the add comes next.
    assert database.done == [(21.5, "write", "a", 10.0), (22.5, "add", "a", 3)]
    assert add == (23.0, None)
    assert adds_up(queue)


def test_jitter_draws_from_a_stream_of_the_caches_own() -> None:
    def retried_at(seed: int) -> float:
        env = Environment(seed=seed)
        database = Database(env, duration=0.0)
        away_until(database, 5.0)
        database.fails = lambda request: Refused() if len(database.asked) == 1 else None
        cache, _ = behind(env, database, backoff=FullJitter(base=1.0))
        env.launch(cache.call(Request("write", "a")))
        env.run()
        [_, (time, *_)] = database.asked
        return time

    first, again, other = retried_at(1), retried_at(1), retried_at(2)
    assert first == again != other
    assert 5.0 <= min(first, other) <= max(first, other) < 6.0
