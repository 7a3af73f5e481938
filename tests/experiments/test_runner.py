"""Sweeps: the same rows on any executor, resumed without loss, with failures that stay local."""

import subprocess
import sys
import textwrap
from concurrent.futures import BrokenExecutor, Executor, ThreadPoolExecutor
from dataclasses import replace

import pandas as pd
import pytest

from experiments import InProcess, Misuse, Run, SweepResult, Until, load_sweep, sweep, write_frame
from tests.experiments.toy_studies import fragile, queue

GRID = {"load": [0.3, 0.6, 0.9]}


def frame_of(result):
    return result.frame.drop(columns="error")


@pytest.mark.slow
def test_rows_do_not_depend_on_who_runs_them():
    alone = sweep(queue, GRID, jobs=1)
    two = sweep(queue, GRID, jobs=2)
    with ThreadPoolExecutor(3) as threads:
        threaded = sweep(queue, GRID, executor=threads)
    pd.testing.assert_frame_equal(alone.frame, two.frame)
    pd.testing.assert_frame_equal(alone.frame, threaded.frame)


@pytest.mark.slow
def test_replication_k_has_seed_k_at_every_point_and_is_the_run_of_that_seed():
    result = sweep(queue, GRID, replications=2, jobs=1)
    assert [(row.point, row.replication, row.seed) for row in result.rows] == [
        (point, k, k) for point in range(3) for k in range(2)
    ]
    again = queue(seed=1, **result.points[2])
    assert result.values(2, "wait")[1] == again.measures["wait"]


@pytest.mark.slow
def test_second_call_runs_nothing_and_more_replications_add_rows(tmp_path):
    out = tmp_path / "r.sqlite"
    first = sweep(queue, GRID, replications=2, out=out, jobs=1)
    assert first.new_count == 6
    assert sweep(queue, GRID, replications=2, out=out, jobs=1).new_count == 0
    more = sweep(queue, GRID, replications=3, out=out, jobs=1)
    assert more.new_count == 3
    pd.testing.assert_frame_equal(frame_of(more), frame_of(sweep(queue, GRID, replications=3, jobs=1)))


@pytest.mark.slow
def test_a_study_that_raises_costs_its_own_row_only_and_is_tried_again(tmp_path):
    out, flag = tmp_path / "r.sqlite", tmp_path / "flag"
    flag.touch()
    fixed = {"raise_at": "1/2", "only_if": flag, "note": "it's $HOME"}
    result = sweep(fragile, fixed=fixed, out=out, jobs=1)
    assert len(result.rows) == 12
    (row,) = result.failures
    assert (row.point, row.seed) == (1, 2)
    assert row.error.startswith("ZeroDivisionError: as asked, at 1/2 (toy_studies.py:")
    assert "gameday run tests.experiments.toy_studies:fragile --point_number 1 --raise_at 1/2" in row.replay
    assert "'it'\"'\"'s $HOME'" in row.replay
    assert row.replay.endswith("--seed 2")
    flag.unlink()
    again = sweep(fragile, fixed=fixed, out=out, jobs=1)
    assert again.new_count == 1
    assert again.failures == []


@pytest.mark.slow
def test_a_study_that_kills_its_worker_costs_its_own_row_only():
    result = sweep(fragile, fixed={"die_at": "0/1 2/3"}, jobs=2)
    assert [(row.point, row.seed) for row in result.failures] == [(0, 1), (2, 3)]
    assert all("the worker process died" in row.error for row in result.failures)
    assert len(result.rows) == 12


class Breaks(Executor):
    """Runs three calls and breaks."""

    left = 3

    def submit(self, fn, /, *args, **kwargs):
        if self.left == 0:
            raise BrokenExecutor
        self.left -= 1
        return InProcess().submit(fn, *args, **kwargs)


@pytest.mark.slow
def test_an_executor_that_breaks_loses_no_finished_row(tmp_path):
    with pytest.raises(RuntimeError, match="the executor broke"):
        sweep(queue, GRID, out=tmp_path / "r.sqlite", executor=Breaks())
    assert sweep(queue, GRID, out=tmp_path / "r.sqlite", jobs=1).new_count >= 6


def test_an_executor_that_cannot_send_makes_failed_rows():
    class CannotSend(Executor):
        def submit(self, fn, /, *args, **kwargs):
            return InProcess().submit(lambda: 1 / 0)

    result = sweep(queue, GRID, executor=CannotSend())
    assert len(result.failures) == len(result.rows) == 9


@pytest.mark.slow
def test_replications_go_on_until_the_interval_is_narrow():
    result = sweep(
        queue, GRID, replications=3, until=Until(measure="wait", half_width=1.0, replications_max=30), jobs=1
    )
    counts = [result.estimate(point, "wait").count for point in range(3)]
    assert counts[0] < counts[2]
    assert all(result.estimate(p, "wait").half_width <= 1.0 or counts[p] == 30 for p in range(3))


@pytest.mark.parametrize(
    "arguments, message",
    [
        ({"design": {"laod": [0.5]}}, "did you mean 'load'"),
        ({"design": {"load": [1.5]}}, "load must be < 1, got 1.5"),
        ({"replications": 0}, "replications must be a whole number >= 1, got 0"),
        ({"executor": 2}, "executor must be a concurrent.futures.Executor, got 2"),
        ({"jobs": 0}, "jobs must be a whole number >= 1, got 0"),
        ({"until": Until(measure="weight", half_width=1)}, "a measure of queue must be one of wait"),
    ],
)
def test_misuse_is_found_before_anything_is_written(tmp_path, arguments, message):
    with pytest.raises(Misuse, match=message):
        sweep(queue, out=tmp_path / "r.sqlite", **arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_cannot_be_read_is_misuse(tmp_path, monkeypatch):
    def refused(path):
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr("experiments.runner.file_fingerprint", refused)
    with pytest.raises(
        Misuse, match=r"test_runner\.py must be a file that can be read, got: Permission denied"
    ):
        sweep(queue, fixed={"trace": __file__}, out=tmp_path / "r.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_parameters_that_cannot_go_together_are_found_before_anything_is_written(tmp_path):
    def check(*, load, customers, **_others):
        if load > 0.8 and customers < 100:
            raise Misuse(f"customers must be >= 100 at this load, got {customers}")

    with pytest.raises(Misuse, match="customers must be >= 100 at this load, got 5"):
        sweep(replace(queue, check=check), GRID, fixed={"customers": 5}, out=tmp_path / "r.sqlite")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_renew_sets_other_results_aside_and_keeps_them(tmp_path):
    out = tmp_path / "r.sqlite"
    sweep(queue, {"load": [0.1]}, out=out, jobs=1, replications=1)
    with pytest.raises(Misuse, match="choose another --out, or --renew"):
        sweep(queue, GRID, out=out, jobs=1)
    assert sweep(queue, GRID, out=out, jobs=1, renew=True).new_count == 9
    assert load_sweep(tmp_path / "r-1.sqlite").points[0]["load"] == 0.1
    assert sweep(queue, GRID, out=out, jobs=1, renew=True).new_count == 0


@pytest.mark.slow
def test_a_parameter_that_names_a_file_stands_for_its_contents(tmp_path):
    trace = tmp_path / "trace.csv"
    trace.write_text("1")
    sweep(queue, fixed={"trace": trace}, out=tmp_path / "r.sqlite", jobs=1)
    trace.write_text("2")
    with pytest.raises(Misuse, match=r"holds results of file .*trace\.csv"):
        sweep(queue, fixed={"trace": trace}, out=tmp_path / "r.sqlite", jobs=1)


@pytest.mark.slow
def test_loaded_results_are_the_results(tmp_path):
    out = tmp_path / "r.sqlite"
    made = sweep(queue, GRID, fixed={"deadline": 5}, out=out, jobs=1)
    loaded = load_sweep(out)
    assert isinstance(loaded, SweepResult)
    assert loaded.study is queue
    assert loaded.points == made.points
    pd.testing.assert_frame_equal(loaded.frame, made.frame)
    with pytest.raises(Misuse, match="holds results of study queue, got study fragile"):
        load_sweep(out, study=fragile)


@pytest.mark.slow
def test_summary_frame_and_points_by_parameters(tmp_path):
    result = sweep(queue, GRID, jobs=1)
    table = result.summary
    assert list(table["measure"].unique()) == list(queue.measures)
    row = table[(table["load"] == 0.9) & (table["measure"] == "wait")].iloc[0]
    assert row["mean"] == result.estimate(result.point(load=0.9), "wait").mean
    assert result.compare("wait", baseline=0, other=2).difference.mean > 0
    with pytest.raises(Misuse, match="got 0 points"):
        result.point(load=0.5)
    assert write_frame(table, tmp_path / "s.csv").read_text().count("\n") == 10
    with pytest.raises(Misuse, match=r"must end in \.csv or \.parquet"):
        write_frame(table, tmp_path / "s.xlsx")


def test_table_has_units_intervals_and_fits_the_width(tmp_path):
    result = sweep(queue, {"load": [0.3, 0.9], "service_time": [0.001, 0.002]}, jobs=1)
    wide, narrow = result.table(140), result.table(40)
    assert "wait [ms]" in wide
    assert "service_time [s]" in wide
    assert "±" in wide
    assert narrow.count("service_time [s]") > wide.count("service_time [s]")
    body = wide.split("\n\n")[1].splitlines()
    assert len({line.index("±") for line in body[2:]}) == 1


SCRIPT = """
    import multiprocessing
    from experiments import Measure, Run, sweep, study

    class Doubler:                       # what a notebook defines, workers must get
        def __call__(self, value):
            return OFFSET + 2 * value

    OFFSET = 100

    @study(name="mine", question="?", measures={"value": Measure(description="v")}, sweep={"x": [1, 2]})
    def mine(*, seed: int, x: int = 0) -> Run:
        if multiprocessing.parent_process() is None and IN_WORKERS:
            raise RuntimeError("not in a worker")
        return Run(measures={"value": Doubler()(x) + seed})

    IN_WORKERS = True
    result = sweep(mine, jobs=2)
    print(result.frame["value"].tolist(), len(result.failures))
"""


@pytest.mark.slow
@pytest.mark.parametrize("how", ["script without a main guard", "typed in, as in a notebook"])
def test_a_study_of_the_main_module_runs_on_worker_processes(tmp_path, how):
    script = tmp_path / "mine.py"
    script.write_text(textwrap.dedent(SCRIPT))
    command = [sys.executable, str(script)] if "script" in how else [sys.executable, "-c", script.read_text()]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    numbers = [102.0 + k for k in range(5)] + [104.0 + k for k in range(5)]
    assert done.stdout.strip() == f"{numbers} 0"
    assert done.stderr == ""


@pytest.mark.slow
def test_detail_never_leaves_the_worker():
    assert isinstance(queue().detail, list)
    assert not any(isinstance(value, Run) for value in vars(sweep(queue, jobs=1)).values())
