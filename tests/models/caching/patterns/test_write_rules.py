"""Write-around and write-through: who has what when a write was acknowledged, and when it was not."""

from __future__ import annotations

import pytest

from models import ServerError
from models.caching.patterns import WriteAround, WriteThrough
from simulator import Environment

from .origin import FAILED, Told, ask, cached_origin, client_of_origin


def test_write_around_lets_go_of_the_entry_when_the_target_has_answered_and_not_before() -> None:
    env = Environment()
    cache, origin = cached_origin(env)
    ask(env, cache, 0.0)
    write = ask(env, cache, 2.0, "write", value="new")
    meanwhile, after = ask(env, cache, 2.75), ask(env, cache, 3.5)
    env.run()
    assert [write, meanwhile, after] == [(3.0, None), (2.75, "old"), (4.5, "new")]
    assert origin.read_times == [0.0, 3.5]


def test_without_invalidation_the_old_value_is_given_until_it_expires() -> None:
    env = Environment()
    cache, _ = cached_origin(env, ttl=5.0, writes=WriteAround(invalidates=False))
    ask(env, cache, 0.0)
    ask(env, cache, 2.0, "write", value="new")
    told = [ask(env, cache, time) for time in (3.5, 5.9, 6.0)]
    env.run()
    assert told == [(3.5, "old"), (5.9, "old"), (7.0, "new")]
    assert cache.statistics().write_count == 1


def test_write_through_has_what_was_written_and_asks_for_it_no_more() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    ask(env, cache, 0.0)
    write = ask(env, cache, 2.0, "write", value="new")
    meanwhile, after = ask(env, cache, 2.75), ask(env, cache, 3.5)
    env.run()
    assert [write, meanwhile, after] == [(3.0, None), (2.75, "old"), (3.5, "new")]
    assert origin.read_times == [0.0]
    assert after.response is not None
    assert (after.response.as_of, after.response.size_bytes) == (2.0, 50)


@pytest.mark.parametrize("all_keys", [False, True])
def test_what_somebody_else_has_written_meanwhile_is_not_hidden_by_an_older_write(all_keys: bool) -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    ask(env, cache, 2.0, "write", value="ours")
    # The write is done at 2.5 s and answered at 3 s; in between it is overwritten, and the cache told so.
    env.call_later(2.6, origin.values.update, {"a": "theirs"})
    env.call_later(2.7, *((cache.invalidate_all,) if all_keys else (cache.invalidate, "a")))
    told = ask(env, cache, 3.5)
    later = ask(env, cache, 5.0, "write", value="next"), ask(env, cache, 6.5)
    env.run()
    assert told == (4.5, "theirs")
    assert later[1] == (6.5, "next")


def test_an_invalidation_of_another_key_leaves_a_write_alone() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    ask(env, cache, 2.0, "write", value="new")
    env.call_later(2.7, cache.invalidate, "b")
    assert ask(env, cache, 3.5).at is None
    env.run()
    assert origin.read_times == []


def test_what_a_write_makes_of_a_value_only_the_target_knows() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    origin.values["a"] = 5
    ask(env, cache, 0.0)
    ask(env, cache, 2.0, "add", value=3)
    told = ask(env, cache, 4.0)
    env.run()
    assert told == (5.0, 8)


def test_the_operations_that_put_a_value_can_be_named() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough(puts=("replace",)))
    ask(env, cache, 0.0, "replace", value="new")
    ask(env, cache, 0.0, "write", key="b", value="new")
    told = [ask(env, cache, 2.0), ask(env, cache, 2.0, key="b")]
    env.run()
    assert told == [(2.0, "new"), (3.0, "new")]
    assert origin.read_times == [2.0]


def test_a_write_that_failed_is_not_kept_and_lets_go_of_what_was_there() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    ask(env, cache, 0.0)
    env.run()
    origin.fails.append(FAILED)
    write, after = ask(env, cache, 2.0, "write", value="new"), ask(env, cache, 4.0)
    env.run()
    assert [write, after] == [(3.0, ServerError), (5.0, "new")]


def test_a_write_whose_answer_lacks_a_part_is_not_kept() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    origin.degraded = ("index",)
    ask(env, cache, 0.0, "write", value="new")
    env.run(until=1.5)
    origin.degraded = ()
    told = ask(env, cache, 2.0)
    env.run()
    assert (told, origin.read_times) == ((3.0, "new"), [2.0])


@pytest.mark.parametrize("second_at", [2.5, 2.999])
def test_of_writes_that_overlap_neither_is_kept(second_at: float) -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    ask(env, cache, 0.0)
    ask(env, cache, 2.0, "write", value="one")
    ask(env, cache, second_at, "write", value="two")
    env.run(until=second_at + 1.0001)
    assert "a" not in cache.store
    ask(env, cache, 6.0, "write", value="three")  # alone again
    told = ask(env, cache, 7.5)
    env.run()
    assert told == (7.5, "three")
    assert origin.read_times == [0.0]


def test_a_write_that_meets_one_of_another_key_is_alone() -> None:
    env = Environment()
    cache, _ = cached_origin(env, writes=WriteThrough())
    ask(env, cache, 0.0, "write", value="one")
    ask(env, cache, 0.5, "write", key="b", value="two")
    told = [ask(env, cache, 2.0), ask(env, cache, 2.0, key="b")]
    env.run()
    assert told == [(2.0, "one"), (2.0, "two")]


def test_a_write_that_failed_under_another_leaves_that_one_crowded() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    first = ask(env, cache, 0.0, "write", value="one")
    origin.fails.append(FAILED)  # for whichever ends first
    second = ask(env, cache, 0.25, "write", value="two")
    env.run()
    assert [first, second] == [(1.0, ServerError), (1.25, None)]
    assert "a" not in cache.store
    assert origin.values["a"] == "two"


def test_a_load_under_way_is_not_kept_over_what_was_written() -> None:
    env = Environment()
    cache, origin = cached_origin(env, writes=WriteThrough())
    origin.read_time = 4.0
    slow: Told = ask(env, cache, 0.0)
    ask(env, cache, 2.5, "write", value="new")
    told = ask(env, cache, 5.0)
    env.run()
    assert [slow, told] == [(4.0, "old"), (5.0, "new")]


def test_a_write_that_has_outlived_a_crash_is_not_kept() -> None:
    env = Environment()
    client = client_of_origin(env, writes=WriteThrough())
    told = ask(env, client.cache, 0.0, "write", value="new")
    env.call_later(0.5, client.web.crash)
    env.run()
    assert told == (1.02, None)
    assert len(client.cache.store) == 0
