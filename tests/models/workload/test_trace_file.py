"""Reading recorded traces: formats, compression, order, and what cannot be used, named."""

import gzip
import os
import threading
from pathlib import Path

import numpy as np
import pytest

from models.workload import RecordedTrace, TraceError, load_trace

COMMON = '192.0.2.1 - - [17/May/2015:10:05:03 +0000] "GET /a?x=1 HTTP/1.1" 200 1234\n'
COMBINED = COMMON.rstrip() + ' "http://example.org/" "Mozilla \\"5\\" (X11)"\n'


def log_line(
    time: str = "17/May/2015:10:05:03 +0000", request: str = "GET /a HTTP/1.1", rest: str = "200 5"
) -> str:
    return f'192.0.2.1 - frank [{time}] "{request}" {rest}\n'


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path


def load(folder: Path, text: str | bytes, name: str = "trace") -> RecordedTrace:
    file = folder / name
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    return load_trace(file)


def rows(trace: RecordedTrace) -> list[tuple[float, str, str | None, int]]:
    operations = [trace.operations[code] for code in trace.operation.tolist()]
    keys = [trace.keys[code] for code in trace.key.tolist()]
    return list(zip(trace.times.tolist(), operations, keys, trace.size_bytes.tolist(), strict=True))


# -- CSV -----------------------------------------------------------------------------------------------------


def test_csv_columns_may_stand_in_any_order_and_others_are_ignored(folder: Path) -> None:
    trace = load(folder, "size,user,Key, time ,operation\n10,bob,/a,5.5,get\n,eve,,7.25,put\n")
    assert trace.format == "CSV"
    assert rows(trace) == [(0.0, "get", "/a", 10), (1.75, "put", None, 0)]
    assert trace.resolution == 0.0


def test_csv_fields_may_be_quoted(folder: Path) -> None:
    trace = load(folder, 'time,operation,key,size\n1,get,"a,""b""",3\n')
    assert rows(trace) == [(0.0, "get", 'a,"b"', 3)]


def test_csv_from_a_spreadsheet_has_a_mark_and_other_line_breaks(folder: Path) -> None:
    trace = load(folder, b"\xef\xbb\xbftime,operation,key,size\r\n1,get,a,12.0\r\n\r\n2,get,b,4\r\n")
    assert rows(trace) == [(0.0, "get", "a", 12), (1.0, "get", "b", 4)]
    assert trace.malformed_count == 0


def test_csv_times_may_be_dates_in_any_zone(folder: Path) -> None:
    times = ("2015-05-17T10:00:00Z", "2015-05-17T12:00:30.5+02:00", "2015-05-17 10:01")
    text = "".join(f"{time},get,a,1\n" for time in times)
    assert load(folder, "time,operation,key,size\n" + text).times.tolist() == [0.0, 30.5, 60.0]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1,get,a", "has 3 fields, the header has 4"),
        ("1,get,a,b,5", "has 5 fields, the header has 4"),
        ("soon,get,a,5", "time must be seconds or ISO 8601, got 'soon'"),
        ("nan,get,a,5", "time must be finite, got 'nan'"),
        ("1,,a,5", "operation must not be empty"),
        ("1,get,a,-5", "size must be a whole number of bytes >= 0, got '-5'"),
        ("1,get,a,5.5", "size must be a whole number of bytes >= 0, got '5.5'"),
        ("1,get,a,99999999999999999999", "size must be a whole number of bytes >= 0"),
        ("1,get,a," + "9" * 5_000, "size must be a whole number of bytes >= 0, got '999"),
        ('1,get,"a,5', "is not CSV: unexpected end of data, got '1,get,\"a,5'"),
    ],
)
def test_a_malformed_csv_line_is_left_out_counted_and_named(folder: Path, line: str, reason: str) -> None:
    trace = load(folder, f"time,operation,key,size\n1,get,a,1\n{line}\n2,get,b,2\n", name="my.csv")
    assert [row[1:] for row in rows(trace)] == [("get", "a", 1), ("get", "b", 2)]
    assert trace.malformed_count == 1
    assert str(trace.malformed[0]).startswith(f"{folder / 'my.csv'}:3: {reason}")


# -- access logs ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "form"),
    [(COMMON, "common log format"), (COMBINED, "combined log format")],
    ids=["common", "combined"],
)
def test_an_access_log_gives_method_path_size_and_status(folder: Path, line: str, form: str) -> None:
    trace = load(folder, line)
    assert trace.format == form
    assert rows(trace) == [(0.0, "get", "/a", 1234)]
    assert (trace.status.tolist(), trace.resolution) == ([200], 1.0)


def test_a_dash_is_a_size_of_zero(folder: Path) -> None:
    assert load(folder, log_line(rest="304 -")).size_bytes.tolist() == [0]


def test_times_of_different_zones_are_on_one_clock(folder: Path) -> None:
    text = (
        log_line("31/Dec/2015:23:59:59 +0000")
        + log_line("01/Jan/2016:02:00:00 +0200")
        + log_line("31/Dec/2015:18:30:01 -0530")
        + log_line("01/Jan/2016:00:00:02 +0000")
    )
    assert load(folder, text).times.tolist() == [0.0, 1.0, 2.0, 3.0]


def test_leap_days_exist_where_they_should(folder: Path) -> None:
    text = log_line("28/Feb/2016:00:00:00 +0000") + log_line("01/Mar/2016:00:00:00 +0000")
    assert load(folder, text).duration == 2 * 86_400.0


def test_a_server_that_logs_fractions_of_a_second_has_exact_times(folder: Path) -> None:
    text = log_line("17/May/2015:10:05:03.250 +0000") + log_line("17/May/2015:10:05:04.500 +0000")
    trace = load(folder, text)
    assert trace.times.tolist() == [0.0, 1.25]
    assert trace.resolution == 0.0


@pytest.mark.parametrize(
    ("request_line", "operation", "key"),
    [
        ("POST /form HTTP/2.0", "post", "/form"),
        ("GET /old", "get", "/old"),
        ("GET /a b HTTP/1.1", "get", "/a b"),
        ('GET /\\"quoted\\" HTTP/1.1', "get", '/\\"quoted\\"'),
        ("GET /page?q=1#top HTTP/1.1", "get", "/page"),
        ("OPTIONS * HTTP/1.1", "options", "*"),
        ("CONNECT example.org:443 HTTP/1.1", "connect", "example.org:443"),
    ],
)
def test_requests_as_clients_send_them(folder: Path, request_line: str, operation: str, key: str) -> None:
    trace = load(folder, log_line(request=request_line))
    assert rows(trace) == [(0.0, operation, key, 5)]


def test_what_stands_behind_the_format_is_ignored(folder: Path) -> None:
    assert rows(load(folder, COMBINED.rstrip() + ' 0.003 "-"\n')) == [(0.0, "get", "/a", 1234)]


def test_bytes_that_are_no_text_stay_distinct(folder: Path) -> None:
    text = (log_line(request="GET /\xe9 HTTP/1.1") + log_line(request="GET /\xe8 HTTP/1.1")).encode("latin-1")
    assert len(load(folder, text).keys) == 2


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("garbage", 'is not host ident user [time] "request" status size'),
        (COMMON[:60], "is not host ident user"),
        (log_line("17/Mai/2015:10:05:03 +0000"), "there is no such day, got '17/Mai/2015'"),
        (log_line("30/Feb/2015:10:05:03 +0000"), "there is no such day, got '30/Feb/2015'"),
        (log_line("17/May/2015:24:05:03 +0000"), "there is no such time of day"),
        (log_line("2015-05-17T10:05:03Z"), "time must be like 17/May/2015:10:05:03 +0000"),
        (log_line(request="-"), "request must be METHOD PATH PROTOCOL, got '-'"),
        (log_line(request="\\x16\\x03\\x01"), "request must be METHOD PATH PROTOCOL"),
        (log_line(request=""), "request must be METHOD PATH PROTOCOL, got ''"),
        (log_line(rest="OK 5"), "status must be three digits, got 'OK'"),
        (log_line(rest="200 5kB"), "size must be a whole number of bytes or -, got '5kB'"),
        (log_line(rest="200 -5"), "size must be a whole number of bytes or -, got '-5'"),
        (log_line(rest=f"200 {'9' * 5_000}"), "size must be a whole number of bytes or -, got '999"),
    ],
)
def test_a_malformed_log_line_is_left_out_counted_and_named(folder: Path, line: str, reason: str) -> None:
    trace = load(folder, COMMON + line.rstrip("\n") + "\n" + COMMON)
    assert (len(trace), trace.malformed_count) == (2, 1)
    assert trace.malformed[0].line == 2
    assert trace.malformed[0].reason.startswith(reason)


# -- both ----------------------------------------------------------------------------------------------------


def test_lines_out_of_order_are_sorted_stably_and_counted(folder: Path) -> None:
    text = "time,operation,key,size\n1,get,a,1\n5,get,b,1\n2,get,c,1\n2,get,f,1\n3,get,e,1\n5,get,d,1\n"
    trace = load(folder, text)
    assert [row[2] for row in rows(trace)] == ["a", "c", "f", "e", "b", "d"]
    assert trace.times.tolist() == [0.0, 1.0, 1.0, 2.0, 4.0, 4.0]
    assert trace.out_of_order_count == 3  # also those that follow another one that is late


@pytest.mark.parametrize("name", ["trace.gz", "trace.csv", "trace"])
def test_compression_is_seen_by_the_first_bytes_not_by_the_name(folder: Path, name: str) -> None:
    assert rows(load(folder, gzip.compress(COMMON.encode(), mtime=0), name)) == [(0.0, "get", "/a", 1234)]
    assert rows(load(folder, COMMON, name)) == [(0.0, "get", "/a", 1234)]


def test_the_format_is_that_of_the_first_line_that_makes_sense(folder: Path) -> None:
    trace = load(folder, "# exported by hand\n\ntime,operation,key,size\n1,get,a,1\n")
    assert (trace.format, len(trace)) == ("CSV", 1)
    assert [line.line for line in trace.malformed] == [1]
    trace = load(folder, "...\n" + log_line(request="-") + COMBINED)
    assert (trace.format, len(trace), trace.malformed_count) == ("combined log format", 1, 2)


def test_the_first_thousand_malformed_lines_are_named_five_are_shown_and_all_are_counted(
    folder: Path,
) -> None:
    trace = load(folder, COMMON + "x\n" * 1_200)
    assert trace.malformed_count == 1_200
    assert [line.line for line in trace.malformed] == list(range(2, 1_002))
    shown = str(trace.summary()).splitlines()[1:]
    assert len(shown) == 6
    assert ":6: " in shown[4]
    assert shown[5].strip() == "..."


def test_names_are_kept_once_and_columns_cannot_be_written(folder: Path) -> None:
    trace = load(folder, COMMON * 100)
    assert (trace.operations, trace.keys) == (("get",), ("/a",))
    with pytest.raises(ValueError, match="read-only"):
        trace.times[0] = 1.0


def test_the_summary_says_in_one_line_what_was_read_and_what_was_not(folder: Path) -> None:
    text = COMMON + log_line("17/May/2015:10:05:13 +0000", "HEAD /b HTTP/1.1", "200 6") + COMMON + "x\n"
    summary = load(folder, text, "site.log").summary()
    assert (summary.request_count, summary.duration, summary.rate_mean, summary.rate_max) == (3, 10.0, 0.3, 2)
    assert summary.operation_counts == {"get": 2, "head": 1}
    assert (summary.key_count, summary.bytes_total) == (2, 2 * 1234 + 6)
    lines = str(summary).splitlines()
    assert "3 requests in 10 s, mean 0.3/s" in lines[0]
    assert "1 out of order; 1 malformed lines left out" in lines[0]
    assert lines[1].endswith('site.log:4: is not host ident user [time] "request" status size')


def test_a_trace_of_one_instant_has_no_mean_rate(folder: Path) -> None:
    assert np.isnan(load(folder, COMMON).summary().rate_mean)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"time,operation,key,size\n", "has a header and no requests"),
        (b"time,operation,key,size\n1,2\n", r"no usable line \(1 malformed\); line 2: has 2 fields"),
        (b"time,op,key,size\n1,get,a,1\n", r"no usable line \(2 malformed\); line 1: .*missing: operation"),
        (b"time,time,operation,key,size\n1,1,get,a,1\n", "names each column once"),
        (b"time;operation;key;size\n1;get;a;1\n", "missing: time, operation, key, size"),
        (log_line("17/Mai/2015:10:05:03 +0000").encode(), "no such day, got '17/Mai/2015'"),
        (bytes(range(256)) * 100, "no usable line"),
        (gzip.compress(COMMON.encode() * 1_000, mtime=0)[:-12], "cannot be read: Compressed file ended"),
        (gzip.compress(COMMON.encode(), mtime=0)[:-8] + bytes(8), "cannot be read: CRC check failed"),
        (b"\x1f\x8b\x00", "cannot be read"),
    ],
    ids=[
        "empty",
        "blank",
        "header only",
        "no good line",
        "wrong header",
        "column twice",
        "semicolons",
        "foreign month",
        "binary",
        "cut off",
        "damaged",
        "not gzip after all",
    ],
)
def test_a_file_of_no_use_is_one_clear_line(folder: Path, content: bytes, message: str) -> None:
    with pytest.raises(TraceError, match=message) as error:
        load(folder, content, "bad.log")
    assert str(error.value).startswith(f"{folder / 'bad.log'}: ")
    assert "\n" not in str(error.value)


def test_a_file_that_is_not_there_and_a_folder_are_one_clear_line(folder: Path) -> None:
    with pytest.raises(TraceError, match=r"none\.log: cannot be read: No such file"):
        load_trace(folder / "none.log")
    with pytest.raises(TraceError, match="cannot be read: Is a directory"):
        load_trace(folder)


@pytest.mark.slow
def test_a_hostile_line_is_refused_quickly(folder: Path) -> None:
    """The first took an unbounded pattern time quadratic in its length: 1.6 s for a tenth of this one."""
    hostile = ("a b " + " [" * 100_000, "a b " + ' [x] "' * 50_000, 'a b c [x] "' + '\\"' * 100_000)
    trace = load(folder, COMMON + "\n".join(hostile) + "\n")
    assert (len(trace), trace.malformed_count) == (1, 3)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="named pipes need a POSIX system")
def test_a_pipe_is_read_like_a_file(folder: Path) -> None:
    pipe = folder / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(COMMON,))
    writer.start()
    trace = load_trace(pipe)
    writer.join()
    assert len(trace) == 1
