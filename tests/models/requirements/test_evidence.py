"""Evidence: what belongs to a window, and which windows there cannot be."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from models.endpoint import FunctionEndpoint
from models.requirements import AvailabilityObjective, Evidence
from models.workload import OpenLoop
from simulator import PARKED, Environment
from simulator.randomness import Constant

from .seen import END, START, sample_of, table_of

OK = (0.1, "ok")


def test_requests_belong_to_the_window_in_which_they_were_sent() -> None:
    table = table_of([(15.0, "ok"), (0.1, "ok")])
    evidence = Evidence.of_table(table, start=START, end=END)
    assert evidence.requests is not None
    assert len(evidence.requests) == 2
    assert len(Evidence.of_table(table, start=END, end=30.0).requests or ()) == 0


def test_by_default_whatever_is_in_flight_now_hangs() -> None:
    table = table_of([OK])
    table.issued += 3
    assert Evidence.of_table(table, start=START, end=END).in_flight_count == 3
    assert Evidence.of_table(table, start=START, end=END, in_flight_count=1).in_flight_count == 1


def test_load_is_what_was_sent_per_second_unless_it_is_known() -> None:
    table = table_of([OK] * 15)
    table.issued += 5
    assert Evidence.of_table(table, start=START, end=END).load == 2.0
    assert Evidence.of_table(table, start=START, end=END, arrival_rate=1.9).load == 1.9
    assert Evidence(start=START, end=END).load is None


def test_a_server_that_falls_silent_is_seen_to_fail() -> None:
    """One request a second, answered at once until 15 s, and never from then on."""
    env = Environment(seed=1)

    def answer(_: object) -> Any:
        yield 0.0 if env.now < 15.0 else PARKED

    users = OpenLoop(env, FunctionEndpoint(answer), interarrival=Constant(1.0), until=19.5)
    env.run(until=60.0)
    verdict = AvailabilityObjective().judge(Evidence.of_table(users.table, start=9.5, end=19.5))
    assert verdict.value == 0.5
    assert users.table.availability(9.5, 60.0) == 1.0


def test_evidence_keeps_its_own_copy_of_staleness() -> None:
    given = np.array([1.0, 2.0])
    evidence = Evidence(start=START, end=END, staleness=given)
    given[0] = 100.0
    assert evidence.staleness.tolist() == [1.0, 2.0]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"start": 20.0, "end": 20.0}, "end must be finite and > start = 20.0 s, got 20.0"),
        ({"end": math.inf}, "end must be finite"),
        ({"start": -math.inf}, "end must be finite"),
        ({"end": math.nan}, "end must be finite"),
        ({"in_flight_count": -1}, "in_flight_count must be a whole number >= 0, got -1"),
        ({"arrival_rate": 0.0}, "arrival_rate must be finite and > 0 per s, got 0.0"),
        ({"acknowledged_count": 5}, "must be given together, got 5 and None"),
        ({"lost_count": 5}, "must be given together, got None and 5"),
        ({"acknowledged_count": 5, "lost_count": 6}, "lost_count must be <= acknowledged_count = 5, got 6"),
        ({"acknowledged_count": 1.5, "lost_count": 0}, "acknowledged_count must be a whole number"),
        ({"staleness": [-1.0]}, "staleness must be a list of times >= 0 s"),
        ({"staleness": [math.nan]}, "staleness must be a list of times >= 0 s"),
        ({"staleness": [[1.0]]}, "staleness must be a list of times >= 0 s"),
        (
            {"requests": sample_of(table_of([OK])), "end": 21.0},
            r"must be of the window \[10.0, 21.0",
        ),
    ],
)
def test_an_impossible_window_is_misuse(parts: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Evidence(**{"start": START, "end": END, **parts})
