"""The model that a history asks for, and what a compiled one must keep."""

from __future__ import annotations

import pytest

from models.consistency import Operation, Verdict, check_linearizability
from models.consistency.linearizability import SPECIFICATIONS, specification_for
from tests.models.consistency.written_histories import append, compare_and_set, done, read, write


@pytest.mark.parametrize(
    ("history", "name"),
    [
        ([], "register"),
        ([read(0, 0, 1, None), write(0, 2, 3, 1)], "register"),
        ([compare_and_set(0, 0, 1, None, 1, True)], "cas-register"),
        ([append(0, 0, 1, "a"), read(0, 2, 3, "a")], "kv"),
        ([append(0, 0, 1, "a"), read(0, 2, 3, ("a",))], "list-append"),
        ([append(0, 0, 1, 1)], "list-append"),
        ([done(0, "add", 0, 1, 1)], "counter"),
    ],
)
def test_model_is_the_one_that_has_the_operations(history: list[Operation], name: str) -> None:
    assert specification_for(history).name == name
    assert check_linearizability(history).verdict is Verdict.LINEARIZABLE


def test_text_is_replaced_by_a_write_and_lengthened_by_an_append() -> None:
    history = [append(0, 0, 1, "a"), append(0, 2, 3, "b"), read(0, 4, 5, "ab"), write(0, 6, 7, "c")]
    fine = [*history, append(0, 8, 9, "d"), read(0, 10, 11, "cd")]
    assert check_linearizability(fine, "kv").verdict is Verdict.LINEARIZABLE
    wrong = [*history, append(0, 8, 9, "d"), read(0, 10, 11, "abcd")]
    assert check_linearizability(wrong, "kv").verdict is Verdict.NOT_LINEARIZABLE


def test_append_after_an_unseen_text_counts_for_the_write_that_follows() -> None:
    """An append under way may come before a write nobody saw the text before, or after it: both are tried."""
    history = [
        append(0, 0, 20, "late"),
        append(1, 1, 2, "unseen"),
        write(1, 3, 4, "w"),
        read(1, 30, 31, "wlate"),
    ]
    assert check_linearizability(history, "kv").verdict is Verdict.LINEARIZABLE


def test_what_was_never_written_is_empty() -> None:
    for name, told in (("kv", ""), ("list-append", ()), ("counter", 0), ("register", None)):
        for result in (told, None):
            assert check_linearizability([read(0, 0, 1, result)], name).verdict is Verdict.LINEARIZABLE


def test_names_are_those_of_the_specifications() -> None:
    assert list(SPECIFICATIONS) == ["register", "cas-register", "kv", "list-append", "counter"]
