"""The notation: what is read, with its line, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from models.consistency import MalformedHistory
from models.consistency.formats.edn import Keyword, edn_text, read_forms
from tests.in_one_test import in_one_test


@in_one_test(
    ("text", "value"),
    [
        ("nil", None),
        ("true", True),
        ("-12", -12),
        ("12N", 12),
        ("1.5e3", 1500.0),
        ("2.50M", 2.5),
        (r'"a \"b\" \n \\ \u00e9"', 'a "b" \n \\ é'),
        (":timed-out", "timed-out"),
        ("symbol", "symbol"),
        (r"\a", "a"),
        (r"\newline", "\n"),
        (r"\u00e9", "é"),
        (r"[\u \a1]", ("u", "a", 1)),
        ("(1 2)", (1, 2)),
        ("[1, [2 [nil]]]", (1, (2, (None,)))),
        ("#{1 2}", frozenset({1, 2})),
        ("{:a 1, :b [2]}", {"a": 1, "b": (2,)}),
        ("{{:a 1} 2}", {(("a", 1),): 2}),
        ("#jepsen.history.Op{:a 1}", {"a": 1}),
        ("#inst \"2020\"", "2020"),
        ("; nothing\n 3 ; more", 3),
        ("#_ [1 2] 3", 3),
        ("[1 #_ 2 3]", (1, 3)),
        ("[#_ #_ 1 2 3]", (3,)),
    ],
)  # fmt: skip
def test_form_is_read(text: str, value: Any) -> None:
    ((_, form),) = read_forms(text)
    assert form == value


def test_keyword_is_the_text_and_known_as_a_keyword() -> None:
    ((_, form),) = read_forms(":read")
    assert form == "read"
    assert isinstance(form, Keyword)
    assert edn_text(form) == ":read"
    assert repr(form) == ":read"


def test_forms_come_with_the_lines_on_which_they_begin() -> None:
    text = '1\n\n[2\n 3]\n"a\nb" 4'
    assert list(read_forms(text)) == [(1, 1), (3, (2, 3)), (5, "a\nb"), (6, 4)]


def test_vector_of_maps_is_its_maps() -> None:
    assert list(read_forms("[{:a 1}\n {:a 2}]")) == [(1, {"a": 1}), (2, {"a": 2})]
    assert list(read_forms("[]")) == []
    assert list(read_forms("[{:a 1}] {:a 2}")) == [(1, {"a": 1}), (1, {"a": 2})]
    assert list(read_forms("({:a 1}\n {:a 2})")) == [(1, {"a": 1}), (2, {"a": 2})]
    assert list(read_forms("; of [three\n\n[{:a 1}]")) == [(3, {"a": 1})]


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("\n{:a 1", 2, "'{' is never closed"),
        ("[{:a 1}\n", 1, "'[' is never closed"),
        ("{:a 1}\n}", 2, "'}' closes nothing"),
        ("{:a [1\n}", 2, "'}' closes nothing; '[' of line 1 is open"),
        ("{:a}", 1, "a map must have a value for each key"),
        ("1\n2\n1/2", 3, "a number must be whole or decimal, and not too long or large, got '1/2'"),
        ("-1/2", 1, "a number must be whole or decimal"),
        ("1e999", 1, "a number must be whole or decimal, and not too long or large, got '1e999'"),
        ("9" * 4001, 1, "a number must be whole or decimal, and not too long or large, got '999"),
        ('[{"a": 1}]', 1, "a keyword must have a name after its colon"),
        ("\n({:a 1}", 2, "'(' is never closed"),
        ('\n"abc', 2, "a text or a form must follow"),
        ("1 #_", 1, "nothing follows #_"),
        ("[1 #_]", 1, "nothing follows #_"),
    ],
)
def test_text_that_is_no_edn_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(MalformedHistory) as refused:
        list(read_forms(text))
    assert refused.value.line == line
    assert str(refused.value).startswith(f"line {line}: ")
    assert what in str(refused.value)


@pytest.mark.parametrize("value", [None, True, 3, 2.5, 'a "b"\n\r\\', [1, [2, None]], Keyword("x")])
def test_what_is_written_is_read_again(value: Any) -> None:
    ((_, form),) = read_forms(edn_text(value))
    assert form == ((1, (2, None)) if isinstance(value, list) else value)
    assert "\r" not in edn_text(value)  # a file that is read as text would lose it


def test_value_without_a_form_is_refused() -> None:
    for value in (object(), float("inf"), {1: 2}):
        with pytest.raises(ValueError, match="values must be numbers, texts, lists"):
            edn_text(value)


def test_depth_is_no_danger() -> None:
    ((_, form),) = read_forms("(" * 100 + ")" * 100)
    assert isinstance(form, tuple)
    with pytest.raises(MalformedHistory, match="line 1: forms must be nested at most 100 deep"):
        list(read_forms("(" * 20_000 + ")" * 20_000))


def test_set_of_anything_is_read() -> None:
    ((_, form),) = read_forms("#{[{:a 1}] 2}")
    assert form == frozenset({((("a", 1),),), 2})
