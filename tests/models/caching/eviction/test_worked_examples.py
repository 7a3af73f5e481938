"""Short traces worked by hand, from the papers or by their rules, and what each policy is for."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from random import Random

import pytest

from models.caching.eviction import (
    POLICIES,
    Arc,
    Clock,
    EvictionPolicy,
    Fifo,
    Lfu,
    Lru,
    RandomEviction,
    S3Fifo,
    Sieve,
    WTinyLfu,
)
from tests.in_one_test import in_one_test

BELADY = (1, 2, 3, 4, 1, 2, 5, 1, 2, 3, 4, 5)


def run(policy: EvictionPolicy, keys: Iterable[Hashable]) -> list[Hashable]:
    """Ask for `keys` and insert what is missing; return, for each miss, what was evicted (or None)."""
    told: list[Hashable] = []
    for key in keys:
        if not policy.access(key):
            evicted = policy.insert(key)
            told.append(evicted[0] if evicted else None)
    return told


@in_one_test(
    "policy, misses",
    [(Fifo(3), 9), (Fifo(4), 10), (Lru(3), 10), (Lru(4), 8)],
    ids=["fifo 3", "fifo 4", "lru 3", "lru 4"],
)
def test_more_room_is_worse_for_fifo_on_beladys_string_and_better_for_lru(
    policy: EvictionPolicy, misses: int
) -> None:
    """Belady, Nelson, Shedler: An anomaly in space-time characteristics, CACM 12(6), 1969."""
    policy.clear()
    assert len(run(policy, BELADY)) == misses


def test_lru_evicts_in_order_of_last_use() -> None:
    policy = Lru(3)
    assert run(policy, "abcab") == [None] * 3
    assert run(policy, "def") == ["c", "a", "b"]


def test_fifo_evicts_in_order_of_insertion_even_if_overwritten() -> None:
    policy = Fifo(3)
    run(policy, "abcab")
    policy.resize("a", 1)
    assert run(policy, "def") == ["a", "b", "c"]


def test_lfu_evicts_the_fewest_uses_and_of_equals_the_first_to_get_there() -> None:
    policy = Lfu(4)
    run(policy, "abcdccdba")  # uses: c 3; d, b, a 2 each, in this order
    assert run(policy, "e") == ["d"]
    assert run(policy, "f") == ["e"]  # the newest has one use only
    assert run(policy, "fg") == ["b"]  # and now f has two, later than b and a


def test_lfu_forgets_the_uses_of_what_it_evicts() -> None:
    policy = Lfu(2)
    run(policy, "aaabbbbc")  # a goes with three uses
    assert run(policy, "a") == ["c"]
    assert run(policy, "c") == ["a"]


def test_clock_spares_once_what_was_used() -> None:
    policy = Clock(3)
    run(policy, "abcaa")
    assert run(policy, "d") == ["b"]  # a is spared and behind c and d's place now
    assert run(policy, "ef") == ["c", "a"]


def test_clock_evicts_the_oldest_if_all_were_used() -> None:
    policy = Clock(3)
    run(policy, "abccba")
    assert run(policy, "de") == ["a", "b"]


def test_sieve_goes_on_where_it_stopped_and_leaves_what_it_spares_in_place() -> None:
    policy = Sieve(3)
    run(policy, "abcac")
    assert run(policy, "d") == ["b"]  # a is spared where it is, the hand is at c
    assert run(policy, "e") == ["d"]  # c is spared; d was the newest, so the hand begins anew
    assert run(policy, "f") == ["a"]  # and finds a unmarked


def test_sieve_begins_anew_with_the_oldest_after_it_evicted_the_newest() -> None:
    policy = Sieve(2)
    run(policy, "aba")
    assert run(policy, "cd") == ["b", "a"]  # not c, which came after the hand had passed the newest


@in_one_test("gone, then", [("c", "d"), ("a", "c"), ("d", "c")])
def test_sieve_goes_on_with_the_next_if_the_one_at_the_hand_is_discarded(gone: str, then: str) -> None:
    policy = Sieve(4)
    run(policy, "abcdae")  # a is spared, b goes: the hand is at c
    policy.discard(gone)
    assert run(policy, "fg") == [None, then]


def test_sieve_begins_anew_with_the_oldest_if_all_ahead_of_the_hand_are_discarded() -> None:
    policy = Sieve(4)
    run(policy, "abcdae")
    for key in "cde":
        policy.discard(key)
    assert run(policy, "fghi") == [None, None, None, "a"]


def test_s3_fifo_step_by_step() -> None:
    policy = S3Fifo(20)  # two on trial, eighteen in the main queue
    run(policy, range(20))  # 0 and 1 on trial; they fill that queue, so the rest is in the main one
    assert run(policy, [20]) == [0]
    assert run(policy, [1, 1, 21]) == [20]  # 1 was used twice: to the main queue, which has one too many
    assert run(policy, [0]) == [2]  # so its oldest goes; 0 has a ghost and enters the main queue
    assert run(policy, [3, 22]) == [4]  # 3 was used and goes round
    assert run(policy, [23]) == [21]  # the main queue has its share: the oldest on trial goes
    assert run(policy, [20]) == [
        22
    ]  # and once more, for one with a ghost; that makes the main queue too long
    assert run(policy, [4]) == [5]  # what leaves the main queue has no ghost: 4 is on trial, like any other
    assert run(policy, [24]) == [23]
    assert run(policy, [25]) == [4]


def test_s3_fifo_gives_one_more_round_for_each_use_up_to_three() -> None:
    policy = S3Fifo(20)
    run(policy, [*range(20), *[2] * 9, *[3] * 3, *[4] * 2])
    told = [key for new in range(100, 250) for key in run(policy, [new, new, new])]  # all pass the trial
    assert told.index(3) == told.index(2) + 1
    assert told.index(4) < told.index(2) - 15


def test_arc_step_by_step() -> None:
    policy = Arc(4)
    run(policy, [1, 2, 3, 4, 1, 2])  # T1 3 4, T2 1 2, p 0
    assert run(policy, [5]) == [3]  # T1 4 5, B1 3
    assert run(policy, [3]) == [4]  # a ghost of B1: p 1; T1 5, T2 1 2 3, B1 4
    assert run(policy, [6]) == [1]  # T1 is not above p: T1 5 6, T2 2 3, B1 4, B2 1
    assert run(policy, [1]) == [5]  # a ghost of B2: p 0; T1 6, T2 2 3 1, B1 4 5
    assert run(policy, [4]) == [2]  # a ghost of B1: p 1, and T1 is not above it; T2 3 1 4, B1 5, B2 2
    assert run(policy, [2]) == [6]  # a ghost of B2: p 0; T2 3 1 4 2
    assert sorted(policy, key=str) == [1, 2, 3, 4]


def test_arc_shortens_t1_by_a_ghost_of_b2_even_where_it_is_no_longer_than_its_target() -> None:
    policy = Arc(4)
    run(policy, [1, 2, 3, 4, 1, 2, 5, 3, 6])  # as above: p 1, T1 5 6, T2 2 3, B1 4, B2 1
    assert run(policy, [4]) == [2]  # a ghost of B1: p 2; T2 3 4, B2 1 2
    assert policy.access(5)  # T1 6, T2 3 4 5
    assert run(policy, [1]) == [6]  # a ghost of B2: p 1 = |T1|


def test_arc_moves_its_target_no_higher_than_its_capacity() -> None:
    policy = Arc(4)
    run(policy, [1, 2, 3, 4, 3, 1, 5, 2, 4, 6, 7, 8])  # T1 6 7 8, T2 4, B1 5, B2 3 1 2, p 2
    assert run(policy, [5]) == [4]  # a ghost of B1: p is 2 + 3 / 1, but at most 4; T2 5, B2 3 1 2 4
    assert run(policy, [3]) == [6]  # a ghost of B2: p 3 = |T1|


def test_arc_keeps_no_more_ghosts_for_keys_that_grow_than_for_keys_that_come() -> None:
    policy = Arc(10)
    policy.insert("a")
    for number in range(0, 400, 4):
        policy.access("a")
        policy.resize("a", 1)
        for new in range(number, number + 4):
            policy.insert(new)
        policy.resize("a", 9)
        assert policy._b1.used + policy._b2.used <= 10


def test_w_tiny_lfu_step_by_step() -> None:
    policy = WTinyLfu(5)  # a window of one; of the main part's four, three protected
    run(policy, "abcde")  # window e, on probation a b c d
    run(policy, "a")  # protected
    assert run(policy, "f") == ["e"]  # e meets b, asked for once each: the newcomer goes
    assert run(policy, "e") == ["f"]
    assert run(policy, "g") == ["b"]  # e was asked for twice by now, b once
    assert run(policy, "h") == ["g"]
    assert sorted(str(key) for key in policy) == list("acdeh")


def test_w_tiny_lfu_protects_no_more_than_its_share() -> None:
    policy = WTinyLfu(5)
    run(policy, "abcdeabcd")  # all four of the main part were used: a is on probation again
    run(policy, "ffg")  # f was asked for twice, as often as a: the newcomer goes
    assert "f" not in policy
    run(policy, "fh")
    assert "f" in policy
    assert "a" not in policy


def test_random_eviction_takes_the_key_that_the_number_points_at() -> None:
    for number, victim in [(0.0, "a"), (0.24, "a"), (0.25, "b"), (0.5, "c"), (0.99, "d")]:
        policy = RandomEviction(4, iter([number]).__next__)
        assert run(policy, "abcde") == [None, None, None, None, victim]


def test_w_tiny_lfu_does_not_protect_what_is_larger_than_the_protected_part() -> None:
    policy = WTinyLfu(10)  # a window of one, seven protected
    run(policy, "ab")  # window b, on probation a
    assert policy.insert("large", 8) == []  # larger than the window: on probation at once
    run(policy, ["a", "large", "b", "b"])  # a is protected, and stays so
    assert run(policy, "c") == ["large"]  # b was asked for three times by now, large twice


def test_w_tiny_lfu_lets_a_key_alone_leave_the_window_that_has_outgrown_it() -> None:
    policy = WTinyLfu(200)  # a window of two
    policy.insert("large", 195)
    run(policy, "ab")
    assert policy.resize("b", 3) == []  # a is older, and stays
    assert run(policy, "cd") == [None, "a"]  # a is the oldest in the window, and leaves it for d


def test_w_tiny_lfu_refuses_a_key_without_a_stable_hash_and_changes_nothing() -> None:
    policy = WTinyLfu(10)
    with pytest.raises(TypeError, match=r"key must be a text, bytes, a whole .*, got 1\.5"):
        policy.insert(1.5)
    assert (list(policy), policy.used) == ([], 0)


def test_w_tiny_lfu_counts_requests_without_a_key_like_those_for_one() -> None:
    policy = WTinyLfu(5)
    run(policy, [*"abcd", None])  # the window holds no key
    assert run(policy, [None, "e"]) == ["a"]  # which was asked for twice, a once


def test_w_tiny_lfu_protects_less_when_what_is_protected_grows() -> None:
    policy = WTinyLfu(10)
    for key in "abcd":
        policy.insert(key, 2)
    run(policy, "abc")  # protected are six of seven
    assert policy.resize("c", 4) == []  # so a is on probation again
    policy.discard("d")
    policy.insert("x", 1)
    assert [list(policy.insert("y", 2)) for _ in range(3)] == [["y"], ["y"], ["a"]]  # a was asked for twice


@pytest.mark.slow
def test_random_eviction_is_uniform_over_what_is_held() -> None:
    count = 4_000
    policy = RandomEviction(4, Random(7).random)
    place = [0, 0, 0, 0]
    run(policy, range(4))
    for key in range(4, 4 + count):
        order = sorted(policy)  # type: ignore[type-var]
        place[order.index(policy.insert(key)[0])] += 1
    chi_square = sum((each - count / 4) ** 2 / (count / 4) for each in place)
    assert chi_square < 16.3  # the 99.9 % point of three degrees of freedom


SCAN = range(1_000, 1_200)


@in_one_test("name", POLICIES)
def test_who_resists_a_scan(name: str) -> None:
    policy = POLICIES[name](40, Random(1).random)
    hot = range(20)
    run(policy, [*hot, *hot, *hot, *hot])
    run(policy, SCAN)
    kept = sum(key in policy for key in hot)
    resists = {"lfu", "sieve", "s3-fifo", "arc", "w-tinylfu"}
    assert kept == (20 if name in resists else kept if name == "random" else 0)


@pytest.mark.parametrize("name", ["lru", "fifo", "clock"])
def test_loop_longer_than_the_cache_has_no_hit(name: str) -> None:
    policy = POLICIES[name](40, Random(1).random)
    assert len(run(policy, [*range(41)] * 10)) == 410
