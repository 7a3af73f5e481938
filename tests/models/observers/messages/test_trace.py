"""The trace of a run: who was down, who could reach whom, and what was stale by all that is known."""

from __future__ import annotations

import pickle
from dataclasses import replace

import pytest

from models import Host, Network, Request, Response
from models.consistency import Ending, HistoryRecorder, Operation
from models.endpoint import Call, FunctionEndpoint
from models.network import Passage, Role
from models.observers.messages import Downtime, MessageWatch, SpaceTimeTrace, space_time_trace
from simulator import Environment


def operation(
    kind: str, value: object, start: float, end: float, process: int = 0, site: str = ""
) -> Operation:
    return Operation(
        process=process,
        kind=kind,
        key="x",
        value=value if kind == "write" else None,
        result=value if kind == "read" else None,
        invoked_at=start,
        ended_at=end,
        ending=Ending.OK,
        site=site,
    )


def network(*names: str) -> tuple[Network, list[Host]]:
    """Return a network in which all hosts know each other."""
    env = Environment()
    made = Network(env, latencies=0.25)
    hosts = [Host(env, name) for name in names]
    for one in hosts:
        for other in hosts:
            if one is not other:
                made.path(one, other)
    return made, hosts


def test_hosts_stand_with_those_that_they_could_reach_in_the_longest_cut() -> None:
    made, (a, b, c, d) = network("a", "b", "c", "d")
    watch = MessageWatch(made)
    rule = made.partition([a, c], [b, d])
    made.env.run(until=1.0)
    made.heal(rule)
    made.partition(a, d)
    made.env.run(until=3.0)
    assert space_time_trace(watch, end=1.5).hosts == ("a", "c", "b", "d")
    assert space_time_trace(watch).hosts == ("a", "b", "c", "d")  # a and d still meet in b: there is one side


def test_hosts_of_each_side_of_a_cut_stand_together() -> None:
    made, (a, b, c, d) = network("a", "b", "c", "d")
    watch = MessageWatch(made)
    made.partition([a, c], [b, d], one_way=True)
    made.env.run(until=1.0)
    assert space_time_trace(watch).hosts == ("a", "c", "b", "d")
    assert space_time_trace(watch, hosts=["d", "a"]).hosts == ("d", "a")


def test_crashes_of_hosts_and_of_processes_are_downtimes() -> None:
    made, (a, b) = network("a", "b")
    watch = MessageWatch(made)
    server = FunctionEndpoint(lambda _: iter(()), host=b, name="server")  # type: ignore[arg-type,return-value]
    made.env.run(until=1.0)
    a.crash()
    b.crash_process(server)
    made.env.run(until=2.0)
    a.restart()
    b.crash()
    made.env.run(until=3.0)
    assert space_time_trace(watch).downtimes == (
        Downtime(host="a", start=1.0, end=2.0),
        Downtime(host="b", start=1.0, end=2.0, process="server"),
        Downtime(host="b", start=2.0, end=float("inf")),
    )


def _answer(_: Request) -> Call:
    yield 0.0
    return Response(1)


@pytest.mark.parametrize("where", ["before", "in between", "after", "of another process"])
def test_an_answer_that_comes_to_a_host_that_is_down_is_heard_by_nobody(where: str) -> None:
    made, (a, b) = network("a", "b")
    watch = MessageWatch(made)
    server = FunctionEndpoint(_answer, host=b, name="server")
    made.env.process(made.connect(a, server).call(Request("read")), "caller")
    if where == "of another process":
        made.env.call_later(0.45, a.crash_process, FunctionEndpoint(_answer, host=a, name="another"))
    else:
        down = {"before": (0.3, 0.45), "in between": (0.45, 0.55), "after": (0.55, 0.6)}[where]
        made.env.call_later(down[0], a.crash)
        made.env.call_later(down[1], a.restart)
    made.env.run(until=1.0)
    told = {each.role: each.passage for each in space_time_trace(watch).messages}
    assert [each.role for each in space_time_trace(watch, end=0.25).messages] == [Role.REQUEST]
    is_heard = where != "in between"
    answer = Passage.ARRIVED if is_heard else Passage.UNHEARD
    assert told == {Role.REQUEST: Passage.ARRIVED, Role.ANSWER: answer}


def test_only_what_falls_into_the_window_is_kept_but_staleness_knows_what_came_before() -> None:
    made, _ = network("a", "b")
    watch = MessageWatch(made, start=10.0, end=20.0)
    made.env.run(until=30.0)
    history = [
        operation("write", 1, 0.0, 1.0),
        operation("write", 2, 2.0, 3.0),
        operation("read", 1, 11.0, 12.0),
        operation("read", 2, 13.0, 14.0),
        operation("read", 2, 25.0, 26.0),
    ]
    trace = space_time_trace(watch, history)
    assert (trace.start, trace.end) == (10.0, 20.0)
    assert [each.invoked_at for each in trace.operations] == [11.0, 13.0]
    assert [(each.read.result, each.seconds) for each in trace.stale_reads] == [(1, 8.0)]


def test_a_history_in_which_a_value_was_written_twice_has_no_stale_reads() -> None:
    made, _ = network("a")
    watch = MessageWatch(made)
    made.env.run(until=5.0)
    history = [
        operation("write", 1, 0.0, 1.0),
        operation("write", 1, 2.0, 3.0),
        operation("read", 1, 4.0, 4.5),
    ]
    assert space_time_trace(watch, history).stale_reads == ()


def test_operations_of_a_site_stand_at_its_home() -> None:
    made, _ = network("a", "b")
    watch = MessageWatch(made)
    made.env.run(until=5.0)
    trace = space_time_trace(watch, hosts=["a"], homes={"here": "a"})
    assert trace.homes == {"a": "a", "here": "a"}
    with pytest.raises(ValueError, match="homes must be hosts of the trace, got 'nowhere'"):
        space_time_trace(watch, homes={"here": "nowhere"})


def test_a_trace_can_be_sent_to_another_process() -> None:
    made, (a, b) = network("a", "b")
    watch = MessageWatch(made)
    recorder = HistoryRecorder(made.env)
    made.partition(a, b)
    made.send(a, b, print, "hello")
    made.env.run(until=1.0)
    trace = space_time_trace(watch, recorder.history())
    assert pickle.loads(pickle.dumps(trace)) == trace


def test_a_trace_has_a_finite_window_and_one_line_for_a_host() -> None:
    with pytest.raises(ValueError, match=r"start and end must be finite and in order, got 1.0, 1.0 s"):
        SpaceTimeTrace(hosts=("a",), start=1.0, end=1.0)
    trace = SpaceTimeTrace(hosts=("a",), start=1.0, end=2.0)
    with pytest.raises(ValueError, match="a host must have one line, got a, a"):
        replace(trace, hosts=("a", "a"))
