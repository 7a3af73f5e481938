"""Traces as CSV: what a row may look like, and what is wrong with one that is none, by its line."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.caching.traces.block import MalformedTrace, TraceBlock
from models.caching.traces.csv_rows import Columns, at_once, csv_blocks, row_by_row
from models.caching.traces.lines import LINE_BYTES_MAX

Row = tuple[float, str, int]


def rows_of(blocks: Iterator[TraceBlock]) -> list[Row]:
    found: list[Row] = []
    for block in blocks:
        assert block.times is not None
        found += zip(block.times.tolist(), block.keys, block.sizes, strict=True)  # type: ignore[arg-type]
    return found


def read(text: str | bytes, chunk: int = 1 << 17) -> list[Row]:
    data = text.encode() if isinstance(text, str) else text
    return rows_of(csv_blocks(data[start : start + chunk] for start in range(0, len(data), chunk)))


def test_rows_are_time_key_size() -> None:
    assert read("1,a,10\n2.5,b,20\n") == [(1.0, "a", 10), (2.5, "b", 20)]


def test_header_names_columns_in_any_order_and_others_are_ignored() -> None:
    assert read("size,user,Key, time \n10,bob,a,5\n20,,b,7\n") == [(5.0, "a", 10), (7.0, "b", 20)]


def test_header_may_be_quoted() -> None:
    assert read('"key","time","size"\na,5,10\n') == [(5.0, "a", 10)]


def test_first_row_whose_key_is_a_name_of_a_column_is_a_row() -> None:
    assert read("1,key,10\n") == [(1.0, "key", 10)]


def test_keys_are_texts_and_differ_where_their_texts_do() -> None:
    assert [key for _, key, _ in read("1,7,1\n2,007,1\n3,7.0,1\n")] == ["7", "007", "7.0"]


def test_last_line_needs_no_line_break() -> None:
    assert read("1,a,10\n2,b,20") == [(1.0, "a", 10), (2.0, "b", 20)]


def test_blanks_around_fields_empty_lines_and_carriage_returns_are_passed_over() -> None:
    expected = [(1.0, "a b", 10), (2.0, "c", 20)]
    assert read("1, a b ,10\r\n\r\n \t\n  2\t,c,  20 \n\n") == expected
    assert read("\ufeff\n1,a b,10\n2,c,20\n".encode()) == expected


def test_quoted_fields_may_hold_commas() -> None:
    assert read('1,"a,""b""",10\n2,c,"20"\n') == [(1.0, 'a,"b"', 10), (2.0, "c", 20)]


def test_times_may_go_backwards_and_have_any_form_of_a_number() -> None:
    assert [time for time, _, _ in read("5,a,1\n-3,b,1\n1e3,c,1\n0.25,d,1\n")] == [5.0, -3.0, 1000.0, 0.25]


def test_sizes_may_be_floats_that_are_whole_and_as_large_as_64_bits() -> None:
    sizes = [size for _, _, size in read(f"1,a,12.0\n2,b,9223372036854775807\n3,c,{'0' * 5_000}5\n")]
    assert sizes == [12, 2**63 - 1, 5]


def test_requests_of_size_zero_are_left_out_and_counted() -> None:
    (block,) = csv_blocks([b"1,a,0\n2,b,5\n3,c,0\n"])
    assert (list(block.keys), list(block.sizes), block.size_zero_count) == (["b"], [5], 2)
    assert block.times is not None
    assert block.times.tolist() == [2.0]


@pytest.mark.parametrize("chunk", [1, 2, 7, 20])
def test_chunks_may_end_anywhere(chunk: int) -> None:
    text = "\ufefftime,key,size\r\n1,ä,10\r\n2,b,20\r\n3,c,30"
    assert read(text, chunk) == [(1.0, "ä", 10), (2.0, "b", 20), (3.0, "c", 30)]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("2,b", "must have 3 fields, got 2: '2,b'"),
        ("2,b,5,6", "must have 3 fields, got 4: '2,b,5,6'"),
        ("2,,5", "key must not be empty, got '2,,5'"),
        ("2, ,5", "key must not be empty, got '2, ,5'"),
        (",b,5", "time must be a finite number of seconds, got ''"),
        ("soon,b,5", "time must be a finite number of seconds, got 'soon'"),
        ("nan,b,5", "time must be a finite number of seconds, got 'nan'"),
        ("1e999,b,5", "time must be a finite number of seconds, got '1e999'"),
        ("2,b,", "size must be a whole number of bytes >= 0, got ''"),
        ("2,b,-5", "size must be a whole number of bytes >= 0, got '-5'"),
        ("2,b,+5", "size must be a whole number of bytes >= 0, got '+5'"),
        ("2,b,5.5", "size must be a whole number of bytes >= 0, got '5.5'"),
        ("2,b,1e3", "size must be a whole number of bytes >= 0, got '1e3'"),
        ("2,b,1_000", "size must be a whole number of bytes >= 0, got '1_000'"),
        ("2,b,NaN", "size must be a whole number of bytes >= 0, got 'NaN'"),
        ("2,b,٥", "size must be a whole number of bytes >= 0, got '٥'"),
        ("2,b,9223372036854775808", "size must be a whole number of bytes >= 0, got '9223372036854775808'"),
        ("2,b," + "9" * 5_000, f"size must be a whole number of bytes >= 0, got '{'9' * 57}...'"),
        ('2,"b,5', "is not CSV: unexpected end of data, got '2,\"b,5'"),
    ],
)
def test_malformed_row_is_named_by_its_line_and_value(line: str, reason: str) -> None:
    with pytest.raises(MalformedTrace) as caught:
        read(f"time,key,size\n1,a,5\n\n{line}\n3,c,5\n")
    assert str(caught.value).startswith(f"line 4: {reason}")


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("time,key", "a header must name each of time, key, size once, got 'time,key'"),
        ("time,key,size,key", "a header must name each of time, key, size once, got 'time,key,size,key'"),
        (
            "stamp,id,bytes",
            "time must be a finite number of seconds, got 'stamp'; a header names time, key, size",
        ),
        ("a", "must have 3 fields, got 1: 'a'; a header names time, key, size"),
    ],
)
def test_first_line_that_is_neither_row_nor_header_is_named(line: str, reason: str) -> None:
    with pytest.raises(MalformedTrace) as caught:
        read(f"\n{line}\n1,a,5\n")
    assert str(caught.value) == f"line 2: {reason}"


@pytest.mark.parametrize("before", ["1,a,5\n" * 3, '1,"a",5\n' * 3])
def test_bytes_that_are_no_utf8_are_named_by_their_line(before: str) -> None:
    with pytest.raises(MalformedTrace, match="line 5: must be a text in UTF-8: invalid start byte"):
        read(before.encode() + b"4,d,5\n5,\xff,5\n")


def test_line_numbers_go_on_from_chunk_to_chunk() -> None:
    with pytest.raises(MalformedTrace, match="line 1001: size"):
        read("1,a,5\n" * 1000 + "1,a,x\n", chunk=100)


def test_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    def chunks() -> Iterator[bytes]:
        yield b"1,a,5\n"
        while True:
            yield b"a" * 2**16

    with pytest.raises(MalformedTrace, match=f"line 2: must be at most {LINE_BYTES_MAX:,} bytes long"):
        list(csv_blocks(chunks()))


def outcome(data: bytes, columns: Columns) -> object:
    try:
        block = row_by_row(data, 1, columns)
    except MalformedTrace:
        return None
    assert block.times is not None
    return list(block.keys), list(block.sizes), block.times.tolist(), block.size_zero_count


SPICED = st.text(alphabet='0123456789.,\n \t\r"-ae_é', max_size=60)
FIELDS = st.sampled_from(
    ["0", "1", "12", "1.5", "7 ", " a", "é", "x y", "", "-1", "1e3", "9223372036854775807", "n"]
)
LINES = st.lists(st.lists(FIELDS, min_size=1, max_size=4).map(",".join), max_size=6).map("\n".join)


@pytest.mark.slow
@given(
    text=st.one_of(SPICED, LINES),
    columns=st.sampled_from([Columns(), Columns(4, 2, 0, 3), Columns(3, 2, 1, 0)]),
)
def test_both_ways_through_a_block_accept_the_same(text: str, columns: Columns) -> None:
    data = (text + "\n").replace("\r\n", "\n").encode()  # as `line_blocks` gives it
    block = at_once(data, columns)
    if block is None:
        return
    assert block.times is not None
    quick = list(block.keys), list(block.sizes), block.times.tolist(), block.size_zero_count
    assert quick == outcome(data, columns)


def test_usual_rows_take_the_quick_way() -> None:
    """Without this the property above could hold by never taking it."""
    for text in ("1,a,5\n2,b,0\n", "1.5,é,5\n", "-1, a b ,5 \n\n2,b,6\n", f"1e3,a,{'0' * 5_000}5\n"):
        assert at_once(text.encode(), Columns()) is not None
