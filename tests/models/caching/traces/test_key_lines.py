"""Traces of one key a line."""

import pytest

from models.caching.traces.block import MalformedTrace
from models.caching.traces.key_lines import key_blocks


def test_each_line_is_a_key_of_size_one() -> None:
    (block,) = key_blocks([b"b\na,1\n007\n7\n"])
    assert list(block.keys) == ["b", "a,1", "007", "7"]
    assert list(block.sizes) == [1] * 4
    assert block.times is None


def test_last_line_needs_no_line_break() -> None:
    blocks = list(key_blocks([b"a\nb", b"c"]))
    assert [list(block.keys) for block in blocks] == [["a"], ["bc"]]


def test_blanks_at_the_ends_and_empty_lines_are_passed_over() -> None:
    (block,) = key_blocks([b"\xef\xbb\xbf a b\t\r\n\n  \nc\n"])
    assert list(block.keys) == ["a b", "c"]
    assert list(block.sizes) == [1, 1]


def test_bytes_that_are_no_utf8_are_named_by_their_line() -> None:
    with pytest.raises(MalformedTrace, match="line 3: must be a text in UTF-8: invalid start byte"):
        list(key_blocks([b"a\nb\n", b"\xff\n"]))


def test_mark_of_the_byte_order_is_one_only_at_the_beginning() -> None:
    first, second = key_blocks([b"\xef\xbb\xbfa\n", b"\xef\xbb\xbfa\n"])
    assert [*first.keys, *second.keys] == ["a", "\ufeffa"]
