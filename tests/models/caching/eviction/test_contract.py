"""What all policies must do, whatever they evict."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Hashable, Sequence
from enum import IntEnum
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models.caching.eviction import POLICIES, EvictionPolicy
from tests.in_one_test import in_one_test

NAMES = tuple(POLICIES)
LARGEST = {"s3-fifo": 9}
"""The largest size that a new policy of capacity 100 admits, where that is not 100."""

every_policy = in_one_test("name", NAMES)


def made(name: str, capacity: int = 100, seed: int = 1) -> EvictionPolicy:
    return POLICIES[name](capacity, Random(seed).random)


def test_all_policies_of_the_issue_have_their_names() -> None:
    assert set(NAMES) == {"lru", "lfu", "fifo", "random", "clock", "sieve", "s3-fifo", "arc", "w-tinylfu"}


@every_policy
def test_new_policy_holds_nothing(name: str) -> None:
    policy = made(name)
    assert (len(policy), policy.used, list(policy), policy.capacity) == (0, 0, [], 100)
    assert not policy.access("a")
    assert "a" not in policy


@every_policy
def test_what_was_inserted_is_held_at_its_size(name: str) -> None:
    policy = made(name)
    assert list(policy.insert("a", 7)) == []
    assert list(policy.insert("b")) == []
    assert policy.access("a")
    assert "b" in policy
    assert (len(policy), policy.used, set(policy)) == (2, 8, {"a", "b"})


@every_policy
@in_one_test("capacity", [1, 2, 3, 7, 19, 100])
def test_cache_of_items_is_full_when_it_evicts(name: str, capacity: int) -> None:
    policy = made(name, capacity)
    for key in range(capacity):
        assert list(policy.insert(key)) == []
    for key in range(capacity, 3 * capacity):
        assert len(policy.insert(key)) == 1
        assert policy.used == len(policy) == capacity


@every_policy
def test_what_is_larger_than_the_capacity_is_refused_and_evicts_nothing(name: str) -> None:
    policy = made(name)
    for key in range(20):
        policy.insert(key, 5)
    assert list(policy.insert("large", 101)) == ["large"]
    assert "large" not in policy
    assert (len(policy), policy.used) == (20, 100)


@every_policy
def test_largest_size_that_is_admitted_takes_the_place_of_others(name: str) -> None:
    policy = made(name)
    for key in range(20):
        policy.insert(key, 5)
        policy.access(key)
    largest = LARGEST.get(name, 100)
    evicted = list(policy.insert("large", largest))
    if name == "w-tinylfu":  # it was asked for less often than what it meets
        assert evicted == ["large"]
    else:
        assert "large" in policy
        assert len(evicted) == -(-largest // 5)


@every_policy
def test_discarded_key_is_let_go_and_not_told_as_evicted(name: str) -> None:
    policy = made(name)
    for key in "abc":
        policy.insert(key, 5)
    policy.access("b")
    for key in ("b", "c", "not held"):
        policy.discard(key)
    assert (list(policy), policy.used) == (["a"], 5)
    assert "b" not in policy
    told = [key for number in range(40) for key in policy.insert(number, 5)]
    assert len(told) == 41 - 20
    assert {"b", "c"}.isdisjoint(told)


def filled_up(policy: EvictionPolicy, *, before: str) -> list[Hashable]:
    """Insert `before`, then what fills the cache and half as much again; return what was evicted."""
    for key in before:
        policy.insert(key, 5)
    return [each for number in range(30) for each in policy.insert(number, 5)]


@every_policy
def test_key_that_was_discarded_leaves_no_ghost_and_no_uses(name: str) -> None:
    touched, untouched = made(name), made(name)
    for _ in range(2):
        touched.insert("a", 9)
        touched.access("a")
        touched.access("a")
        touched.discard("a")
    if name == "w-tinylfu":  # it still knows what is asked for
        untouched._sketch = touched._sketch  # type: ignore[attr-defined]
    assert filled_up(touched, before="abc") == filled_up(untouched, before="abc")


@every_policy
def test_cleared_policy_is_as_new(name: str) -> None:
    random = Random(1)
    policy = POLICIES[name](100, random.random)
    first = story(policy)
    popular_requests(policy, 150, seed=1)
    policy.clear()
    assert (len(policy), policy.used, list(policy)) == (0, 0, [])
    assert not policy.access("k0")
    random.seed(1)  # random numbers would go on
    assert story(policy) == first


def story(policy: EvictionPolicy) -> list[tuple[Hashable, ...]]:
    """Return all that a policy answers to a long mixed sequence of calls."""
    random = Random(5)
    told: list[tuple[Hashable, ...]] = []
    for _ in range(600):
        key = f"k{int(60 * random.random() ** 2)}"
        held = policy.access(key)
        size = random.choice((1, 2, 4, 8))
        if not held:
            told.append(tuple(policy.insert(key, size)))
        elif random.random() < 0.1:
            told.append(tuple(policy.resize(key, size)))
        elif random.random() < 0.1:
            policy.discard(key)
    return [*told, tuple(policy)]


@every_policy
def test_same_calls_have_the_same_answers(name: str) -> None:
    assert story(made(name)) == story(made(name))


@pytest.mark.slow
def test_answers_do_not_depend_on_the_hash_seed_of_the_process() -> None:
    program = (
        "from tests.models.caching.eviction.test_contract import NAMES, made, story\n"
        "print([story(made(name)) for name in NAMES])"
    )
    another = "2" if os.environ.get("PYTHONHASHSEED") == "1" else "1"
    output = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONHASHSEED": another, "PYTHONPATH": ":".join(filter(None, [os.getcwd(), *sys.path]))},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert output == f"{[story(made(name)) for name in NAMES]}\n"


@every_policy
def test_overwrite_by_another_size_counts_and_evicts_until_all_fits(name: str) -> None:
    policy = made(name)
    for key in range(20):
        policy.insert(key, 5)
        policy.access(key)
    assert list(policy.resize(3, 2)) == []
    assert policy.used == 97
    assert list(policy.resize(3, 5)) == []
    told = list(policy.resize(3, 16))  # by 11 too much: three others go, or this one
    assert told
    assert policy.used == 100 - 5 * sum(key != 3 for key in told) + (11 if 3 in policy else -5)
    assert policy.used <= 100
    assert (3 in told) == (3 not in policy)


def popular_requests(
    policy: EvictionPolicy, count: int, seed: int, size: int = 4
) -> list[tuple[Hashable, ...]]:
    """Ask for keys, the first ones most often, inserted at `size` and made 4; return what had to go."""
    random = Random(seed)
    told = []
    for _ in range(count):
        key = int(900 * random.random() ** 2)
        if not policy.access(key):
            told.append(tuple(policy.insert(key, size)))
            if key in policy:
                told.append(tuple(policy.resize(key, 4)))
    return told


@pytest.mark.slow
@every_policy
def test_overwrite_by_a_smaller_size_and_back_changes_nothing(name: str) -> None:
    touched, untouched = made(name, 1_000), made(name, 1_000)
    for policy in (touched, untouched):
        popular_requests(policy, 600, seed=1)
    for key in list(touched):
        assert list(touched.resize(key, 1)) == []
        assert list(touched.resize(key, 4)) == []
    assert popular_requests(touched, 900, seed=2) == popular_requests(untouched, 900, seed=2)
    assert list(touched) == list(untouched)


@pytest.mark.slow
@every_policy
def test_key_that_has_grown_counts_like_one_that_came_so_large(name: str) -> None:
    """All sizes are 4 in the end, and 1 000 is as many of them as fit: 3 need the same room."""
    grown, inserted = made(name, 1_000), made(name, 1_000)
    assert popular_requests(grown, 2_000, seed=1, size=3) == popular_requests(inserted, 2_000, seed=1)
    assert list(grown) == list(inserted)


@every_policy
def test_overwrite_that_is_larger_than_the_capacity_goes_alone(name: str) -> None:
    policy = made(name)
    for key in range(20):
        policy.insert(key, 5)
    assert list(policy.resize(3, 101)) == [3]
    assert 3 not in policy
    assert (len(policy), policy.used) == (19, 95)


@every_policy
def test_misuse_is_told_by_name_and_value_and_changes_nothing(name: str) -> None:
    for capacity in (0, -1, 1.5, True, "10", None):
        with pytest.raises(ValueError, match=r"^capacity must be a whole number >= 1, got "):
            POLICIES[name](capacity, Random(1).random)  # type: ignore[arg-type]
    policy = made(name)
    policy.insert("a", 5)
    for size in (0, -1, 1.5, True, "1"):
        for call, key in ((policy.insert, "b"), (policy.resize, "a")):
            with pytest.raises(ValueError, match=r"^size must be a whole number >= 1, got "):
                call(key, size)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"^'a' is held already: resize it, or discard it first$"):
        policy.insert("a", 5)
    with pytest.raises(KeyError):
        policy.resize("b", 5)
    assert (list(policy), policy.used) == (["a"], 5)


class Weight(IntEnum):
    LIGHT = 5


@every_policy
def test_size_may_be_any_whole_number(name: str) -> None:
    policy = made(name)
    assert list(policy.insert("a", Weight.LIGHT)) == []
    assert ("a" in policy, policy.used) == (True, 5)


CALLS = st.lists(
    st.tuples(
        st.sampled_from(["request"] * 6 + ["resize", "discard", "clear"]),
        st.integers(0, 9),
        st.integers(1, 30),
    ),
    max_size=60,
)


@pytest.mark.slow
@every_policy
def test_no_calls_can_make_it_lose_count(name: str) -> None:
    @given(capacity=st.integers(1, 80), calls=CALLS)
    @settings(max_examples=60)
    def after_any(capacity: int, calls: list[tuple[str, int, int]]) -> None:
        policy = made(name, capacity)
        sizes: dict[Hashable, int] = {}
        for call, number, size in calls:
            key = number or None  # which is a key like any other
            told = DO[call](policy, sizes, key, size)
            assert len(set(told)) == len(told)
            for each in told:
                del sizes[each]  # what is told was held, or was to be
            assert set(policy) == set(sizes)
            assert policy.used == sum(sizes.values()) <= capacity

    after_any()


def do_request(
    policy: EvictionPolicy, sizes: dict[Hashable, int], key: Hashable, size: int
) -> Sequence[Hashable]:
    held = policy.access(key)
    assert held == (key in sizes)
    if held:
        return ()
    sizes[key] = size
    return policy.insert(key, size)


def do_resize(
    policy: EvictionPolicy, sizes: dict[Hashable, int], key: Hashable, size: int
) -> Sequence[Hashable]:
    if key not in sizes:
        return ()
    sizes[key] = size
    return policy.resize(key, size)


def do_discard(
    policy: EvictionPolicy, sizes: dict[Hashable, int], key: Hashable, size: int
) -> Sequence[Hashable]:
    policy.discard(key)
    sizes.pop(key, None)
    return ()


def do_clear(
    policy: EvictionPolicy, sizes: dict[Hashable, int], key: Hashable, size: int
) -> Sequence[Hashable]:
    policy.clear()
    sizes.clear()
    return ()


DO: dict[str, Callable[..., Sequence[Hashable]]] = {
    "request": do_request,
    "resize": do_resize,
    "discard": do_discard,
    "clear": do_clear,
}


@pytest.mark.slow
@every_policy
@given(
    requests=st.lists(st.tuples(st.integers(0, 12), st.integers(1, 120)), max_size=60),
    cut=st.integers(0, 60),
)
@settings(max_examples=30)
def test_requests_all_at_once_are_those_one_by_one(
    name: str, requests: list[tuple[int, int]], cut: int
) -> None:
    one_by_one, at_once = made(name), made(name)
    misses = missed = 0
    for key, size in requests:
        if not one_by_one.access(key):
            misses += 1
            missed += 7 * size
            one_by_one.insert(key, size)
    counts = []
    for part in (requests[:cut], requests[cut:]):
        keys, sizes = [key for key, _ in part], [size for _, size in part]
        counts.append(at_once.request_all(keys, sizes, [7 * size for size in sizes]))
    assert tuple(map(sum, zip(*counts, strict=True))) == (misses, missed)
    assert (list(at_once), at_once.used) == (list(one_by_one), one_by_one.used)


@every_policy
def test_a_size_that_is_none_is_refused_among_many_and_what_came_before_is_done(name: str) -> None:
    policy = made(name)
    with pytest.raises(ValueError, match="size must be a whole number >= 1, got 0"):
        policy.request_all("abc", [1, 2, 0], [1, 1, 1])
    assert (set(policy), policy.used) == ({"a", "b"}, 3)
