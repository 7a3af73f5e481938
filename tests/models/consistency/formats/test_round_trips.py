"""What is written is read again, and is judged alike; texts that are damaged are refused, never a crash."""

from __future__ import annotations

import random
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import replace
from math import inf
from typing import Any

import pytest

from models.consistency import (
    Ending,
    MalformedHistory,
    Operation,
    SearchLimits,
    Verdict,
    check_linearizability,
    find_anomalies,
    history_text,
    read_history,
)
from tests.in_one_test import in_one_test
from tests.models.consistency.written_histories import (
    append,
    compare_and_set,
    done,
    random_history,
    read,
    write,
)

KINDS = (("read", "write"), ("read", "write", "compare-and-set"), ("read", "append"), ("read", "add"))


def drawn(seed: int, kinds: Sequence[str], *, key: Any = None) -> list[Operation]:
    """A random history whose operations have a process each, since unknown ones go on for ever."""
    history = random_history(random.Random(seed), kinds, unique=seed % 2 == 0)
    return [replace(each, process=number, key=key) for number, each in enumerate(history)]


def as_text(value: Any) -> Any:
    return "".join(f"{item};" for item in value) if isinstance(value, tuple) else f"{value};"


def content(history: Sequence[Operation]) -> list[tuple[Any, ...]]:
    """All but times and orders."""
    return sorted(
        (each.process, each.kind, each.key, repr(each.value), repr(each.result), each.ending.value)
        for each in history
    )


@in_one_test("seed", range(40))
def test_json_lines_lose_nothing(seed: int) -> None:
    history = [
        replace(each, site="zone-a", session=seed, invoked_order=place, ended_order=place + 1)
        for place, each in enumerate(drawn(seed, KINDS[seed % 4], key=("k", 1)))
    ]
    assert list(read_history(history_text(history, "json"))) == history


@in_one_test("seed", range(120))
def test_history_in_edn_is_the_same_and_judged_alike(seed: int) -> None:
    history = drawn(seed, KINDS[seed % 4], key="x")
    again = read_history(history_text(history, "edn"))
    assert content(again) == content(history)
    assert check_linearizability(again).verdict is check_linearizability(history).verdict


@in_one_test("seed", range(120))
def test_history_as_an_etcd_log_is_judged_alike(seed: int) -> None:
    history = [
        replace(each, value=(each.value[0] or 9, each.value[1])) if isinstance(each.value, tuple) else each
        for each in drawn(seed, KINDS[1])
    ]
    again = read_history(history_text(history, "etcd"))
    assert check_linearizability(again).verdict is check_linearizability(history).verdict


@in_one_test("seed", range(60))
def test_history_of_texts_is_judged_alike(seed: int) -> None:
    history = [
        replace(
            each,
            value=None if each.value is None else as_text(each.value),
            result=as_text(each.result or ()) if each.kind == "read" else None,
        )
        for each in drawn(seed, KINDS[2], key="x")
    ]
    again = read_history(history_text(history, "kv"))
    assert check_linearizability(again, "kv").verdict is check_linearizability(history, "kv").verdict


def test_transactions_in_edn_have_the_same_anomalies() -> None:
    parts = (("read", "x", None), ("append", "y", 1))
    other = (("read", "y", None), ("append", "x", 1))
    history = [
        done(0, "transaction", 0, 5, parts, parts, key=None),
        done(1, "transaction", 0, 5, other, other, key=None),
    ]
    again = read_history(history_text(history, "edn"))
    assert [each.name for each in find_anomalies(again)] == ["G2-item"]
    assert content(again) == content(history)


def test_compare_and_set_that_found_another_value_is_told_in_edn() -> None:
    text = history_text([compare_and_set(0, 0, 1, 1, 2, False)], "edn")
    assert ":type :fail" in text
    assert ":result false" in text
    (operation,) = read_history(text)
    assert (operation.ending, operation.result) == (Ending.OK, False)


def test_lines_are_those_that_porcupine_looks_for() -> None:
    history = [write(0, 0, 1, "a b", key="7"), read(1, 2, 3, None, key="7")]
    assert history_text(history, "kv").splitlines() == [
        '{:process 0, :type :invoke, :f :put, :key "7", :value "a b"}',
        '{:process 0, :type :ok, :f :put, :key "7", :value "a b"}',
        '{:process 1, :type :invoke, :f :get, :key "7", :value nil}',
        '{:process 1, :type :ok, :f :get, :key "7", :value ""}',
    ]
    history = [compare_and_set(3, 0, 1, 1, 2, False), write(4, 2, inf, 5)]
    assert history_text(history, "etcd").splitlines() == [
        "INFO  jepsen.util - 3\t:invoke\t:cas\t[1 2]",
        "INFO  jepsen.util - 3\t:fail\t:cas\t[1 2]",
        "INFO  jepsen.util - 4\t:invoke\t:write\t5",
        "INFO  jepsen.util - 4\t:info\t:write\t:timed-out",
    ]


def test_what_failed_is_not_in_a_history_of_texts_and_what_is_unknown_never_ends() -> None:
    history = [write(0, 0, 1, "a", key="7", ending=Ending.FAILED), write(1, 0, inf, "b", key="7")]
    assert history_text(history, "kv") == '{:process 1, :type :invoke, :f :put, :key "7", :value "b"}\n'


@pytest.mark.parametrize(
    ("history", "format_", "what"),
    [
        ([write(0, 0, 1, object())], "json", "values must be such as JSON has"),
        ([write(0, 0, 1, object())], "edn", "values must be numbers, texts"),
        ([write(0, 0, 1, "a")], "etcd", "values must be whole numbers in an etcd log, got 'a'"),
        ([write(0, 0, 1, 1), write(0, 2, 3, 1, key="y")], "etcd", "must be of one key, got several"),
        ([compare_and_set(0, 0, 1, None, 1, True)], "etcd", "values must be whole numbers in an etcd log"),
        ([append(0, 0, 1, 1)], "etcd", "must be one of read, write, compare-and-set, got 'append'"),
        ([write(0, 0, 1, 1)], "kv", "keys and values must be texts, got 'x' and 1"),
        ([done(0, "add", 0, 1, 1)], "kv", "must be one of read, write, append, got 'add'"),
        ([done(0, "lock", 0, 1, 1)], "edn", "got 'lock'"),
        ([write(0, 0, inf, 1), read(0, 2, 3, 1)], "edn", "process 0 must have one operation at a time"),
        ([], "csv", "format must be one of json, edn, etcd, kv, got 'csv'"),
    ],
)
def test_what_a_format_cannot_hold_is_refused(history: list[Operation], format_: Any, what: str) -> None:
    with pytest.raises(ValueError, match=what):
        history_text(history, format_)


@pytest.mark.slow
@pytest.mark.parametrize("format_", ["json", "edn", "etcd"])
def test_damaged_text_is_a_history_or_refused_with_a_line(format_: Any) -> None:
    """A few characters lost, doubled or exchanged: no other error, in reading and in checking."""
    rng = random.Random(3)
    refused = 0
    for seed in range(400):
        text = history_text(drawn(seed, KINDS[0]), format_)
        for _ in range(rng.randrange(1, 4)):
            place = rng.randrange(len(text))
            text = text[:place] + rng.choice(("", text[place] * 2, *'{}[]":, 0x\n')) + text[place + 1 :]
        try:
            history = read_history(text)
        except MalformedHistory:
            refused += 1
            continue
        with suppress(ValueError):
            found = check_linearizability(history, limits=SearchLimits(steps=20_000))
            assert found.verdict in Verdict
    assert 40 < refused < 400, refused
