"""Replaying recorded traces: when requests come, what they carry, and how those of one second are spread."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from models.endpoint import FunctionEndpoint
from models.request import Request, Response
from models.workload import RecordedTrace, TraceReplay, load_trace
from simulator import Environment

REAL_LOG = Path(__file__).parents[4] / "shared" / "data" / "access.log.gz"


class Recorder(FunctionEndpoint):
    """Answers at once and remembers when each request came."""

    def __init__(self, env: Environment) -> None:
        super().__init__(self._answer)
        self._env = env
        self.seen: list[tuple[float, Request]] = []

    def _answer(self, request: Request) -> Generator[Any, Any, Response]:
        self.seen.append((self._env.now, request))
        return Response()
        yield


def csv_trace(folder: Path, *lines: str) -> RecordedTrace:
    file = folder / "trace.csv"
    file.write_text("\n".join(["time,operation,key,size", *lines]))
    return load_trace(file)


def log_trace(folder: Path, *seconds: int) -> RecordedTrace:
    file = folder / "trace.log"
    line = 'h - - [17/May/2015:10:05:{:02d} +0000] "GET /{} HTTP/1.1" 200 9\n'
    file.write_text("".join(line.format(second, n) for n, second in enumerate(seconds)))
    return load_trace(file)


def replay(trace: RecordedTrace, seed: int | None = 1, **settings: Any) -> list[tuple[float, Request]]:
    env = Environment(seed=seed)
    recorder = Recorder(env)
    workload = TraceReplay(env, recorder, trace, **settings)
    env.run()
    assert workload.issued == len(recorder.seen) == len(workload.table)
    return recorder.seen


@pytest.mark.parametrize("speed_up", [0.5, 1.0, 8.0])
def test_exact_times_are_replayed_exactly_at_the_chosen_speed(tmp_path: Path, speed_up: float) -> None:
    trace = csv_trace(tmp_path, "10,get,a,1", "10.5,get,b,1", "12,put,c,1", "12,put,d,1")
    times = [time for time, _ in replay(trace, seed=None, speed_up=speed_up)]
    assert times == [0.0, 0.5 / speed_up, 2.0 / speed_up, 2.0 / speed_up]


def test_a_request_carries_operation_key_and_size(tmp_path: Path) -> None:
    trace = csv_trace(tmp_path, "1,put,a,700", "2,get,,0")
    assert [request for _, request in replay(trace)] == [
        Request("put", "a", size_bytes=700),
        Request("get", None),
    ]


def test_a_replay_begins_now(tmp_path: Path) -> None:
    env = Environment(initial_time=50.0)
    recorder = Recorder(env)
    TraceReplay(env, recorder, csv_trace(tmp_path, "1,get,a,1", "3,get,a,1"))
    env.run()
    assert [time for time, _ in recorder.seen] == [50.0, 52.0]


@pytest.mark.parametrize("spread", ["random", "even", "none"])
def test_every_spread_keeps_the_count_of_each_second_and_the_order_of_the_log(
    tmp_path: Path, spread: str
) -> None:
    seconds = [0] * 50 + [1] * 3 + [4] * 20 + [5]
    seen = replay(log_trace(tmp_path, *seconds), spread=spread)
    assert [int(time) for time, _ in seen] == seconds
    assert [request.key for _, request in seen] == [f"/{n}" for n in range(len(seconds))]


def test_an_even_spread_has_equal_distances_and_none_has_batches(tmp_path: Path) -> None:
    trace = log_trace(tmp_path, 0, 0, 0, 0, 1, 3, 3)
    even = [time for time, _ in replay(trace, spread="even", speed_up=2.0)]
    assert even == [0.0625, 0.1875, 0.3125, 0.4375, 0.75, 1.625, 1.875]
    assert [time for time, _ in replay(trace, spread="none")] == [0.0, 0.0, 0.0, 0.0, 1.0, 3.0, 3.0]


def test_a_random_spread_is_uniform_within_the_second(tmp_path: Path) -> None:
    offsets = np.array([time for time, _ in replay(log_trace(tmp_path, *[7] * 4_000))])
    assert offsets.min() >= 0.0
    assert offsets.max() < 1.0
    assert np.abs(np.sort(offsets) - (np.arange(4_000) + 0.5) / 4_000).max() < 1.95 / np.sqrt(4_000)


def test_a_random_spread_follows_the_seed_and_the_others_need_none(tmp_path: Path) -> None:
    trace = log_trace(tmp_path, *[0] * 20)
    assert replay(trace, seed=1) == replay(trace, seed=1)
    assert replay(trace, seed=1) != replay(trace, seed=2)
    assert replay(trace, seed=None, spread="even") == replay(trace, seed=2, spread="even")
    with pytest.raises(ValueError, match="needs a seed"):
        replay(trace, seed=None)


@pytest.mark.slow
def test_the_arrivals_are_known_from_the_start(tmp_path: Path) -> None:
    env = Environment(seed=1)
    recorder = Recorder(env)
    workload = TraceReplay(env, recorder, log_trace(tmp_path, *[0] * 5_000, 2), speed_up=10.0)
    env.run()
    assert [time for time, _ in recorder.seen] == pytest.approx(workload.arrivals.tolist(), abs=1e-12)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"speed_up": 0.0}, "speed_up must be finite and > 0, got 0.0"),
        ({"speed_up": -1.0}, "speed_up must be finite and > 0, got -1.0"),
        ({"speed_up": float("inf")}, "speed_up must be finite and > 0, got inf"),
        ({"speed_up": float("nan")}, "speed_up must be finite and > 0, got nan"),
        ({"spread": "odd"}, "spread must be one of random, even, none, got 'odd'"),
    ],
    ids=["zero", "negative", "infinite", "nan", "unknown spread"],
)
def test_misuse_is_an_error_on_construction(tmp_path: Path, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        replay(csv_trace(tmp_path, "1,get,a,1"), **settings)


@pytest.mark.slow
@pytest.mark.skipif(not REAL_LOG.exists(), reason="the real access log is not part of the project")
def test_a_real_access_log_is_read_whole_and_replayed_a_thousand_times_as_fast() -> None:
    trace = load_trace(REAL_LOG)
    assert (len(trace), trace.malformed_count, trace.format) == (10_000, 0, "common log format")
    assert trace.summary().operation_counts == {"get": 9952, "head": 42, "post": 5, "options": 1}
    assert trace.duration == 298_859.0
    seen = replay(trace, speed_up=1_000.0)
    assert len(seen) == 10_000
    assert seen[-1][0] == pytest.approx(298.859, abs=0.001)
    assert sum(request.size_bytes for _, request in seen) == 2_747_282_740
