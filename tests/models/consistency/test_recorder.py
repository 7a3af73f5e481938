"""The recorder writes down what clients ask and are told, and changes nothing."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from functools import partial
from math import inf
from typing import Any

import pytest

from models import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Endpoint,
    FunctionEndpoint,
    Host,
    Network,
    Refused,
    Rejected,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.balancing import Balancer
from models.consistency import Ending, HistoryRecorder
from models.consistency.linearizability import Verdict, check_linearizability
from models.replication import append, read, scan, write
from models.replication.scans import AllKeys, GivenKeys, KeySet, Scanned
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.fallbacks import Fallback
from models.resilience.hedging import Hedge
from simulator import Environment


def answering(delay: float, value: Any = None, failure: type[CallFailed] | None = None) -> Endpoint:
    def call(request: Request) -> Generator[float, None, Response]:
        yield delay
        if failure is not None:
            raise failure("store")
        return Response(value)

    return FunctionEndpoint(call)


def asking(client: Endpoint, *requests: Request) -> Generator[Any, Any, None]:
    for request in requests:
        with suppress(CallFailed):
            yield from client.call(request)


def test_what_a_store_holds_at_the_beginning_is_a_write_of_each_before_all_else() -> None:
    env = Environment(seed=1)
    recorders = [HistoryRecorder(env, contents={"x": 7, "y": 7, "z": None}), HistoryRecorder(env)]
    for recorder in recorders:
        env.process(asking(recorder.around(answering(0.0, 7)), read("x"), read("y")))
    env.run(until=5)
    told = [(each.kind, each.key, each.value) for each in recorders[0].history()]
    assert told == [("write", "x", 7), ("write", "y", 7), ("read", "x", None), ("read", "y", None)]
    verdicts = [check_linearizability(recorder.history()).verdict for recorder in recorders]
    assert verdicts == [Verdict.LINEARIZABLE, Verdict.NOT_LINEARIZABLE]
    env = Environment(seed=1)
    held = HistoryRecorder(env, contents={"x": 8})
    env.process(asking(held.around(answering(0.0, 7)), read("x")))
    env.run(until=5)
    assert check_linearizability(held.history()).verdict is Verdict.NOT_LINEARIZABLE
    with pytest.raises(TypeError, match="contents must be a Mapping"):
        HistoryRecorder(env, contents=["x"])  # type: ignore[arg-type]


def test_operation_has_what_was_asked_and_told_and_when() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = recorder.around(answering(2.0, 7), site="zone-a")
    env.process(asking(client, read("x")))
    env.run(until=5)
    (operation,) = recorder.history()
    assert (operation.kind, operation.key, operation.value, operation.result) == ("read", "x", None, 7)
    assert (operation.invoked_at, operation.ended_at, operation.ending) == (0.0, 2.0, Ending.OK)
    assert (operation.site, operation.process, operation.session) == ("zone-a", 0, 0)


@pytest.mark.parametrize(
    ("request_", "failure", "ending"),
    [
        (write("x", 1), Unavailable, Ending.FAILED),
        (write("x", 1), Refused, Ending.FAILED),
        (write("x", 1), Rejected, Ending.FAILED),
        (write("x", 1), BreakerOpen, Ending.FAILED),
        (write("x", 1), TimedOut, Ending.UNKNOWN),
        (write("x", 1), ConnectionLost, Ending.UNKNOWN),
        (write("x", 1), ServerError, Ending.UNKNOWN),
        (read("x"), TimedOut, Ending.FAILED),
    ],
)
def test_ending_is_what_a_client_may_conclude(
    request_: Request, failure: type[CallFailed], ending: Ending
) -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(1.0, failure=failure)), request_))
    env.run(until=5)
    (operation,) = recorder.history()
    assert operation.ending is ending
    assert operation.ended_at == (inf if ending is Ending.UNKNOWN else 1.0)


def test_process_of_unknown_ending_is_not_used_again_and_others_are() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(1.0, failure=TimedOut)), write("x", 1), write("x", 2)))
    env.run(until=5)
    assert [each.process for each in recorder.history()] == [0, 1]
    assert {each.session for each in recorder.history()} == {0}


def test_call_that_is_cut_short_has_an_ending_too() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = recorder.around(answering(10.0))

    def impatient() -> Generator[Any, Any, None]:
        for request in (read("x"), write("x", 1)):
            with env.move_on_after(1.0):
                yield from client.call(request)

    env.process(impatient())
    env.run(until=5)
    assert [(each.process, each.ending) for each in recorder.history()] == [
        (0, Ending.FAILED),
        (0, Ending.UNKNOWN),
    ]


def test_clients_share_no_process() -> None:
    """A process that one client has left is not taken by another, who has not seen the same."""
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    first, second = recorder.around(answering(1.0)), recorder.around(answering(1.0))

    def one_after_the_other() -> Generator[Any, Any, None]:
        yield from asking(first, write("x", 1))
        yield from asking(second, read("x"))
        yield from asking(first, read("x"))

    env.process(one_after_the_other())
    env.run(until=9)
    assert [(each.process, each.session) for each in recorder.history()] == [(0, 0), (1, 1), (0, 0)]


def test_what_happens_at_one_instant_has_an_order() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(1.0)), write("x", 1), read("x")))
    env.run(until=9)
    first, second = recorder.history()
    assert first.ended_at == second.invoked_at == 1.0
    assert first.invoked_order < first.ended_order < second.invoked_order < second.ended_order


def test_operation_under_way_is_unknown() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(answering(10.0)), append("x", 1)))
    env.run(until=5)
    (operation,) = recorder.history()
    assert (operation.ending, operation.ended_at) == (Ending.UNKNOWN, inf)


def test_list_is_written_down_as_it_was_told() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    held = [1]
    env.process(asking(recorder.around(answering(1.0, held)), read("x")))
    env.run(until=5)
    held.append(2)
    assert recorder.history()[0].result == (1,)


@pytest.mark.parametrize("outermost", [Retry, partial(Hedge, after=0.1)])
def test_refusal_says_nothing_of_the_attempts_before_it(outermost: Any) -> None:
    env = Environment(seed=1)
    failures = iter([TimedOut, Unavailable, Unavailable])

    def call(request: Request) -> Generator[float, None, Response]:
        yield 0.5
        raise next(failures)("store")

    recorder = HistoryRecorder(env)
    again = outermost(env, Timeout(env, FunctionEndpoint(call), 1.0))
    env.process(asking(recorder.around(Timeout(env, again, 9.0)), write("x", 1)))
    env.run()
    (operation,) = recorder.history()
    assert operation.ending is Ending.UNKNOWN


@pytest.mark.parametrize("place", ["balancer", "network", "fallback"])
def test_refusal_says_nothing_of_those_before_it_wherever_they_were_made(place: str) -> None:
    env = Environment(seed=1)
    silent = Timeout(env, answering(9.0), 1.0)
    refusing = answering(0.0, failure=Refused)
    inner: Endpoint = Fallback(silent, refusing)
    if place != "fallback":
        inner = Retry(env, Fallback(silent, refusing), 2, backoff=ConstantBackoff(delay=1.0))
    if place == "balancer":
        inner = Balancer(env, [inner])
    elif place == "network":
        inner.host = Host(env, "proxy")
        inner = Network(env).connect(Host(env, "web"), inner)
    recorder = HistoryRecorder(env)
    env.process(asking(recorder.around(inner), write("x", 1)))
    env.run()
    (operation,) = recorder.history()
    assert operation.ending is Ending.UNKNOWN


def test_change_of_which_every_attempt_was_refused_has_failed() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    again = Retry(env, answering(0.0, failure=Refused), 3, backoff=ConstantBackoff(delay=1.0))
    env.process(asking(recorder.around(again), write("x", 1)))
    env.run()
    (operation,) = recorder.history()
    assert (operation.ending, operation.ended_at) == (Ending.FAILED, 2.0)


@pytest.mark.parametrize(("request_", "ending"), [(write("x", 1), Ending.UNKNOWN), (read("x"), Ending.OK)])
def test_stand_in_that_answers_a_change_acknowledges_nothing(request_: Request, ending: Ending) -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    inner = Fallback(answering(0.0, failure=TimedOut), "later")
    env.process(asking(recorder.around(inner), request_))
    env.run()
    (operation,) = recorder.history()
    assert (operation.ending, operation.result) == (ending, "later" if ending is Ending.OK else None)


def test_retry_around_the_recorder_makes_an_operation_of_each_attempt() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = Retry(env, recorder.around(answering(1.0, failure=Unavailable)), 2)
    env.process(asking(client, write("x", 1)))
    env.run()
    assert [each.ending for each in recorder.history()] == [Ending.FAILED, Ending.FAILED]


@pytest.mark.parametrize(
    ("keys", "after", "reads"),
    [
        (AllKeys(), None, {"a": 1, "b": None}),
        (GivenKeys(["x", "a", "b"]), None, {"x": None, "a": 1, "b": None}),
        (GivenKeys(["x", "a", "b"]), 3, {"a": 1, "b": None}),
    ],
)
def test_scan_is_recorded_as_reads_of_what_it_tells(keys: KeySet, after: Any, reads: dict[str, Any]) -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = recorder.around(answering(2.0, Scanned((("a", 1), ("b", None)))), site="zone-a")
    env.process(asking(client, scan(keys, after)))
    env.run(until=1.0)
    assert recorder.history() == ()
    env.run(until=5.0)
    history = recorder.history()
    assert {each.key: each.result for each in history} == reads
    assert len({each.process for each in history}) == len(reads)
    for each in history:
        assert (each.kind, each.value, each.ending, each.site) == ("read", None, Ending.OK, "zone-a")
        assert (each.invoked_at, each.ended_at, each.session) == (0.0, 2.0, 0)


def test_key_that_a_scan_was_to_tell_is_not_gone_where_a_part_of_the_answer_is_missing() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    partial = Fallback(answering(0.0, failure=TimedOut), Scanned((("a", 1),)), name="shard two")
    env.process(asking(recorder.around(partial), scan(GivenKeys(["a", "b"]))))
    env.run()
    assert {each.key: each.result for each in recorder.history()} == {"a": 1}


@pytest.mark.parametrize("failure", [Unavailable, TimedOut, ServerError])
def test_scan_without_an_answer_is_not_recorded(failure: type[CallFailed]) -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    client = recorder.around(answering(1.0, failure=failure))
    env.process(asking(client, scan(AllKeys())))
    env.process(asking(recorder.around(Timeout(env, answering(9.0), 1.0)), scan(AllKeys())))
    env.run(until=5.0)
    assert recorder.history() == ()


@pytest.mark.parametrize(("told", "verdict"), [(1, Verdict.LINEARIZABLE), (None, Verdict.NOT_LINEARIZABLE)])
def test_checkers_judge_what_scans_have_told(told: Any, verdict: Verdict) -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    writer = recorder.around(answering(1.0))
    scanning = recorder.around(answering(1.0, Scanned((("k", told), ("other", None)))))
    env.process(asking(writer, write("k", 1), read("other")))
    env.call_later(2.0, lambda: env.process(asking(scanning, scan(AllKeys()))))
    env.run(until=5.0)
    assert check_linearizability(recorder.history()).verdict is verdict


def test_processes_of_a_scan_do_nothing_else_so_that_other_tools_can_read_the_history() -> None:
    env = Environment(seed=1)
    recorder = HistoryRecorder(env)
    slow_scan = answering(3.0, Scanned((("a", 1), ("b", 2))))
    quick = answering(1.0, 1)

    def both(request: Request) -> Any:
        return (yield from (slow_scan if request.operation == "scan" else quick).call(request))

    client = recorder.around(FunctionEndpoint(both))
    env.process(asking(client, scan(AllKeys()), read("a")))
    env.process(asking(client, read("a"), read("a"), read("a"), read("a"), read("a")))
    env.run(until=9.0)
    history = recorder.history()
    assert len(history) == 2 + 1 + 5
    by_process: dict[int, float] = {}
    for each in history:
        assert each.invoked_at >= by_process.get(each.process, 0.0)
        by_process[each.process] = each.ended_at
