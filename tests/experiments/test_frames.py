"""Frames of requests, and what a notebook shows of results."""

import pytest

from experiments import Measure, Misuse, Points, Run, request_frame, study, sweep
from models.workload import request_table
from tests.experiments.toy_studies import queue


def test_a_request_frame_has_names_and_seconds():
    table = request_table()
    table.record(0.5, 1.5, 0, table.operation("buy"))
    table.record(1.0, 3.0, 2)
    table.issued = 3
    frame = request_frame(table)
    assert list(frame.columns) == ["start", "end", "latency", "operation", "outcome"]
    assert frame.to_numpy().tolist() == [
        [0.5, 1.5, 1.0, "buy", "ok"],
        [1.0, 3.0, 2.0, "request", "timed_out"],
    ]


def test_a_request_frame_may_be_empty():
    frame = request_frame(request_table())
    assert len(frame) == 0
    assert frame["latency"].dtype == float


@pytest.mark.slow
def test_results_show_what_they_are_in_one_line():
    result = sweep(queue, {"load": [0.5, 0.9]}, replications=2, jobs=1)
    assert repr(result) == "SweepResult(queue: 2 points, 4 runs)"
    assert repr(queue).startswith(
        "Study(queue: How long is the wait in front of one server? parameters: load,"
    )
    table = request_table()
    table.issued = 1
    assert repr(table) == "RequestTable(0 completed, 1 in flight)"


def test_a_run_does_not_show_its_detail():
    assert "detail" not in repr(queue(seed=0))


@pytest.mark.parametrize("given", ["queue", lambda seed: 1])
def test_what_is_no_study_is_not_swept(given):
    with pytest.raises(Misuse, match="study must be one made by @study or found by find_study, got"):
        sweep(given)


def test_a_list_of_points_is_told_of_the_design_for_it():
    points = [{"load": 0.5}]
    with pytest.raises(Misuse, match="design must be a mapping of lists or a Design, such as Points, got"):
        sweep(queue, points)
    assert len(sweep(queue, Points(points), replications=1, jobs=1).points) == 1


@pytest.mark.parametrize("measures", [["wait"], {"wait": "mean wait"}])
def test_measures_that_are_no_measures_are_refused(measures):
    def empty(*, seed: int) -> Run:
        return Run(measures={"wait": 1.0})

    with pytest.raises(TypeError, match="measures of study toy must map names to Measure, got"):
        study(name="toy", question="?", measures=measures)(empty)
    assert study(name="toy", question="?", measures={"wait": Measure(description="wait")})(empty)(seed=0)


@pytest.mark.slow
def test_a_table_shows_the_measures_that_are_asked_for():
    result = sweep(queue, {"load": [0.5, 0.9]}, replications=2, jobs=1)
    assert "wait_max" in result.table()
    chosen = result.table(measures=["wait"])
    assert "wait [" in chosen
    assert "wait_max" not in chosen
    with pytest.raises(Misuse, match=r"a measure of queue must be one of .* got 'waits'"):
        result.table(measures=["waits"])
