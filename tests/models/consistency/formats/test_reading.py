"""Histories of Jepsen and porcupine are read as they mean them, and what is none is refused with its line."""

from __future__ import annotations

import json
from math import inf

import pytest

from models.consistency import Ending, MalformedHistory, Verdict, check_linearizability, read_history
from tests.in_one_test import in_one_test

EDN = """
; a register with compare-and-set, as Knossos has it
{:process 0, :type :invoke, :f :write, :value 1, :time 1000000000, :index 0}
{:process 1, :type :invoke, :f :read, :value nil, :time 1500000000, :index 1}
{:process :nemesis, :type :info, :f :start, :value "cut"}
{:process 0, :type :ok, :f :write, :value 1, :time 2000000000, :index 2}
{:process 1, :type :ok, :f :read, :value 1, :time 2500000000, :index 3}
{:process 0, :type :invoke, :f :cas, :value [1 2], :time 3000000000, :index 4}
{:process 1, :type :invoke, :f :cas, :value [1 3], :time 3000000000, :index 5}
{:process 0, :type :info, :f :cas, :value [1 2], :error :timeout, :time 4000000000, :index 6}
{:process 1, :type :fail, :f :cas, :value [1 3], :time 4000000000, :index 7}
"""

LOG = """INFO  jepsen.core - Worker 0 starting
INFO  jepsen.util - 0\t:invoke\t:write\t1
INFO  jepsen.util - 0\t:ok\t:write\t1
INFO  jepsen.util - :nemesis\t:info\t:start\tnil
INFO  jepsen.util - 1\t:invoke\t:cas\t[1 2]
INFO  jepsen.util - 1\t:fail\t:cas\t[1 2]
INFO  jepsen.util - 2\t:invoke\t:read\tnil
INFO  jepsen.util - 2\t:fail\t:read\t:timed-out
INFO  jepsen.util - 2\t:invoke\t:write\t3
INFO  jepsen.util - 2\t:info\t:write\t:timed-out
INFO  jepsen.util - 3\t:invoke\t:read\tnil
INFO  jepsen.util - 3\t:ok\t:read\tnil
INFO  jepsen.util - 4\t:invoke\t:cas\t[3 4]
"""


def test_history_of_jepsen_is_read() -> None:
    write, read, unknown, failed = read_history(EDN)
    assert (write.kind, write.key, write.value, write.invoked_at, write.ended_at) == (
        "write",
        None,
        1,
        1.0,
        2.0,
    )
    assert (read.process, read.result, read.ending) == (1, 1, Ending.OK)
    assert (unknown.kind, unknown.value, unknown.ended_at) == ("compare-and-set", (1, 2), inf)
    assert failed.ending is Ending.FAILED
    assert write.invoked_order < read.invoked_order < write.ended_order < read.ended_order


def test_failed_compare_and_set_of_jepsen_has_not_happened_and_tells_nothing() -> None:
    text = (
        "{:process 0, :type :invoke, :f :cas, :value [nil 1]}\n"
        "{:process 0, :type :fail, :f :cas, :value [nil 1]}"
    )
    assert check_linearizability(read_history(text)).verdict is Verdict.LINEARIZABLE


def test_failed_compare_and_set_of_porcupines_log_has_found_another_value() -> None:
    history = read_history(LOG)
    write, compared, read_timed_out, unknown, read, never_ended = history
    assert (compared.value, compared.result, compared.ending) == ((1, 2), False, Ending.OK)
    assert read_timed_out.ending is Ending.FAILED
    assert unknown.ending is never_ended.ending is Ending.UNKNOWN
    assert (read.process, read.result) == (3, None)
    assert write.key is None
    assert check_linearizability(history).verdict is Verdict.NOT_LINEARIZABLE
    assert check_linearizability([write]).verdict is Verdict.LINEARIZABLE


def test_key_value_history_of_porcupine_is_read() -> None:
    text = """{:process 0, :type :invoke, :f :put, :key "7", :value "x 0 y"}
{:process 1, :type :invoke, :f :get, :key "7", :value nil}
{:process 1, :type :ok, :f :get, :key "7", :value ""}
{:process 0, :type :ok, :f :put, :key "7", :value "x 0 y"}
{:process 1, :type :invoke, :f :append, :key "7", :value "z"}
"""
    put, get, unknown = read_history(text)
    assert (put.kind, put.key, put.value) == ("write", "7", "x 0 y")
    assert (get.kind, get.result) == ("read", "")
    assert unknown.ending is Ending.UNKNOWN
    assert check_linearizability([put, get, unknown], "kv").verdict is Verdict.LINEARIZABLE


def test_pairs_of_key_and_value_are_taken_apart_if_all_reads_have_them() -> None:
    text = """[{:process 0, :type :invoke, :f :write, :value [5 1]}
 {:process 0, :type :ok, :f :write, :value [5 1]}
 {:process 0, :type :invoke, :f :read, :value [6 nil]}
 {:process 0, :type :ok, :f :read, :value [6 3]}]"""
    write, read = read_history(text)
    assert (write.key, write.value, read.key, read.result) == (5, 1, 6, 3)
    (single,) = read_history("{:process 0, :type :invoke, :f :write, :value [5 1]}")
    assert (single.key, single.value) == (None, (5, 1))


def test_read_that_is_asked_with_a_value_has_no_pair_of_a_key() -> None:
    asked = READ.replace("nil", "[6 3]")
    (read,) = read_history(asked + asked.replace(":invoke", ":ok"))
    assert (read.key, read.result) == (None, (6, 3))


def test_compare_and_set_of_porcupines_log_that_failed_without_its_values_told_nothing() -> None:
    (failed,) = read_history(f"{LOG_LINE}:cas\t[1 2]\nINFO  jepsen.util - 0\t:fail\t:cas\t:timed-out")
    assert (failed.ending, failed.result) == (Ending.FAILED, None)


def test_events_without_names_are_read() -> None:
    write, read = read_history(
        "[70 :invoke :write 3]\n[70 :ok :write 3]\n[71 :invoke :read nil]\n[71 :ok :read 3]"
    )
    assert (write.process, write.value, read.result) == (70, 3, 3)


def test_transactions_are_read() -> None:
    text = """{:type :invoke, :process 0, :f :txn, :value [[:append 253 1] [:r 255 nil]]}
{:type :ok, :process 0, :f :txn, :value [[:append 253 1] [:r 255 [2 3]]]}"""
    (operation,) = read_history(text)
    assert operation.value == (("append", 253, 1), ("read", 255, None))
    assert operation.result == (("append", 253, 1), ("read", 255, (2, 3)))


def test_order_of_the_events_is_the_law_where_times_go_back_or_are_missing() -> None:
    text = (
        "{:process 0, :type :invoke, :f :write, :value 1, :time 5000000000}\n"
        "{:process 0, :type :ok, :f :write, :value 1, :time 4000000000}\n"
        "{:process 1, :type :invoke, :f :read, :value nil, :time 4000000000}\n"
        "{:process 1, :type :ok, :f :read, :value nil, :time 6000000000}"
    )
    history = read_history(text)
    assert [(each.invoked_at, each.ended_at) for each in history] == [(5.0, 5.0), (5.0, 6.0)]
    assert check_linearizability(history).verdict is Verdict.NOT_LINEARIZABLE
    history = read_history(text.replace(", :time 6000000000", ""))
    assert [(each.invoked_at, each.ended_at) for each in history] == [(0.0, 1.0), (2.0, 3.0)]


READ = "{:process 0, :type :invoke, :f :read, :value nil}\n"
INVOKE = "{:process 0, :type :invoke, "
JSON = (
    '{"process": 0, "kind": "read", "key": 1, "value": null, "result": 2, "invoked_at": 1, "ended_at": 2, '
    '"ending": "ok"}\n'
)
LOG_LINE = "INFO  jepsen.util - 0\t:invoke\t"


def json_with(**fields: object) -> str:
    """The line of JSON with some fields other than they should be."""
    return json.dumps({**json.loads(JSON), **fields})


@in_one_test(
    ("text", "line", "what"),
    [
        ("", 1, "must hold an operation, got none"),
        ("[]", 1, "must hold an operation, got none"),
        ("hello", 1, "a line must be of a log of Jepsen, got 'hello'"),
        (READ + READ, 2, "process 0 invokes again, and its operation of line 1 has not ended"),
        (READ + "{:process 1, :type :ok, :f :read, :value 1}", 2, "process 1 ends what it has not invoked"),
        (READ + "{:process 0, :type :ok, :f :write}", 2, "process 0 ends a write, and has invoked a read"),
        (
            READ + "{:process 0, :type :okay, :f :read}",
            2,
            ":type must be one of :invoke, :ok, :fail, :info, got",
        ),
        (READ + "{:process 0, :type {:a 1}, :f :read}", 2, ":type must be one of"),
        (READ + "{:process 0, :type :ok, :f :lock}", 2, ":f must be one of :r, :read"),
        (READ + "{:process 0, :type :ok, :f [1]}", 2, ":f must be one of"),
        (READ + "7", 2, "an event must be a map, got 7"),
        (INVOKE + ":f :cas, :value 3}", 1, ":value of a :cas must be [expected new], got 3"),
        (INVOKE + ':f :add, :value "3"}', 1, ":value of an :add must be a number"),
        (INVOKE + ":f :txn, :value 3}", 1, ":value of a :txn must be a vector of parts"),
        (INVOKE + ":f :txn, :value [[{} 1 2]]}", 1, "a part of a :txn must be like"),
        (READ.replace("0", '"0"'), 1, ":process must be a whole number or a keyword, got '0'"),
        (READ.replace("0", "true"), 1, ":process must be a whole number or a keyword, got True"),
        (READ + JSON, 2, "a keyword must have a name after its colon"),
        (INVOKE + ":f :read, :time :noon}", 1, ":time must be a number of nanoseconds"),
        (
            "{:process 9, :type :invoke, :f :read, :value [1 nil]}\n" + INVOKE + ":f :write, :value 2}",
            2,
            ":value must be [key value] as those of the reads, got 2",
        ),
        (
            LOG_LINE + ":read\tnil\n" + LOG_LINE[:-1],
            2,
            "a line must be of a log of Jepsen, got 'INFO jepsen",
        ),
        (LOG_LINE + ":lock\tnil", 1, "an event must be a process, one of"),
        (LOG_LINE + ":write\tnil", 1, "the value of a :write must be a number, got 'nil'"),
        (LOG_LINE + ":cas\t[1]", 1, "the value of a :cas must be [number number], got '[1]'"),
        (JSON + '{"process": ', 2, "a line must be a JSON object"),
        (JSON + "[]", 2, "a line must be a JSON object, got '[]'"),
        (json_with(ending="done"), 1, "ending must be one of ok, fail, info, got 'done'"),
        (json_with(ending=["ok"]), 1, "ending must be one of ok, fail, info, got ['ok']"),
        (JSON.replace('"key": 1, ', ""), 1, "key must be there"),
        (json_with(colour=2), 1, "colour is no field of an operation"),
        (json_with(ended_at=0), 1, "ended_at must be a finite number >= invoked_at, got 0"),
        (json_with(invoked_at=None), 1, "invoked_at must be a finite number, got None"),
        (json_with(process="a"), 1, "process must be a whole number of less than 2**53, got"),
        (json_with(process=2**80), 1, "process must be a whole number of less than 2**53"),
        (json_with(invoked_at=10**400), 1, "invoked_at must be a finite number"),
        (JSON.replace('"key": 1', '"key": ' + "[" * 5000 + "]" * 5000), 1, "must not be nested that deep"),
        (INVOKE + f":f :read, :time {10**400}}}", 1, ":time must be a number that a float holds"),
        (LOG_LINE + ":write\t--1", 1, "the value of a :write must be a number, got '--1'"),
        (JSON.replace('"result": 2', '"result": NaN'), 1, "NaN is no value of JSON"),
        (
            JSON + json_with(invoked_at=1.5),
            2,
            "process 0 invokes again, and its operation of line 1 has not ended",
        ),
        (
            json_with(invoked_at=1.5) + "\n" + JSON,
            1,
            "process 0 invokes again, and its operation of line 2 has not ended",
        ),
        (json_with(kind=3), 1, "kind must be a text, got 3"),
        (json_with(kind="compare-and-set"), 1, "must be [expected, new], got None"),
        (json_with(kind="add"), 1, "value of an add must be a number, got None"),
        (json_with(kind="transaction"), 1, "must be a list of [kind, key, value], got None"),
    ],
)
def test_text_that_is_no_history_is_refused_with_its_line(text: str, line: int, what: str) -> None:
    with pytest.raises(MalformedHistory) as refused:
        read_history(text)
    assert str(refused.value).startswith(f"line {line}: ")
    assert what in str(refused.value)
    assert "\n" not in str(refused.value)


def test_hints_at_an_order_in_longer_logs_are_passed_over() -> None:
    text = (
        "INFO  jepsen.util - 3 \t:invoke :write \t54 \t:hint 0\n"
        "INFO  jepsen.util - 10 \t:invoke :read \tnil \t:hint 0\n"
        "INFO  jepsen.util - 3 \t:ok :write \t54 \t:hint 2\n"
        "INFO  jepsen.util - 10 \t:ok :read \t54 \t:hint 2\n"
    )
    first, second = read_history(text)
    assert (first.kind, first.value, first.ending) == ("write", 54, Ending.OK)
    assert (second.kind, second.result, second.ending) == ("read", 54, Ending.OK)


def test_mark_of_byte_order_and_line_ends_of_windows_are_no_matter() -> None:
    """Nor is a line separator within a text: lines of JSON end in line feeds."""
    line = json.dumps({**json.loads(JSON), "result": "a\u2028b"}, ensure_ascii=False)
    for text in (READ, JSON, LOG, line):
        assert read_history("\ufeff" + text.replace("\n", "\r\n")) == read_history(text)


def test_process_may_ask_again_at_the_instant_of_its_answer_and_after_none() -> None:
    again = {"invoked_at": 2, "ended_at": 3}
    assert len(read_history(JSON + json_with(**again))) == 2
    assert len(read_history(json_with(ending="info", ended_at=None) + "\n" + json_with(**again))) == 2
    unsure = json_with(ended_order=5) + "\n" + json_with(**again, invoked_order=4)
    with pytest.raises(MalformedHistory, match="line 2: process 0 invokes again"):
        read_history(unsure)


# After data/cas-register/bad/rethink-fail-minimal.edn of Knossos: events in a list, with comments among them.
IN_A_LIST = """({:type :invoke, :f :write, :value 0, :process 0}
 {:type :ok, :f :write, :value 0, :process 0}
 ; now 4 is written while 3 is read, which nobody wrote
 {:type :invoke, :f :read, :value nil, :process 1}
 {:type :invoke, :f :write, :value 4, :process 2}
 {:type :ok, :f :read, :value 3, :process 1}
 {:type :ok, :f :write, :value 4, :process 2}
 {:type :invoke, :f :read, :value nil, :process 3}
 {:type :ok, :f :read, :value 4, :process 3}
)"""


def test_events_in_a_list_are_read_and_the_read_that_is_wrong_is_named() -> None:
    history = read_history(IN_A_LIST)
    (witness,) = check_linearizability(history, "cas-register").witnesses
    assert len(history) == 4
    assert (witness.breaking.process, witness.breaking.result) == (1, 3)
