"""A sweep that is killed or interrupted, and the same command again: nothing twice, lost or left running."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from experiments import InProcess, sweep
from experiments.store import Store

from .toy_studies import fragile

pytestmark = pytest.mark.slow

BOUND = 60.0  # seconds after which a wait is a failure; nothing here takes more than two or three

COMMAND = [sys.executable, "-m", "experiments.command_line", "sweep", "tests.experiments.toy_studies:fragile"]


@pytest.fixture
def place(tmp_path):
    """A folder with a flag that makes two runs hang, and a folder for the workers' process ids."""
    (tmp_path / "pids").mkdir()
    (tmp_path / "flag").touch()
    return tmp_path


def options(place, out):
    grid = "point_number=" + ",".join(map(str, range(10)))
    fixed = ["hang_at=5/1 6/1", f"only_if={place / 'flag'}", f"pids={place / 'pids'}", "note=it's $HOME"]
    settings = [word for text in fixed for word in ("--set", text)]
    return [
        *COMMAND,
        "--grid",
        grid,
        *settings,
        "--replications",
        "4",
        "--jobs",
        "2",
        "--out",
        str(place / out),
    ]


def started(place, out="r.sqlite"):
    return subprocess.Popen(
        options(place, out), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )


def finished(place, out="r.sqlite"):
    return subprocess.run(options(place, out), capture_output=True, text=True, timeout=BOUND, check=False)


def rows(place, out="r.sqlite"):
    path = place / out
    if not path.is_file() or path.stat().st_size == 0:
        return []
    with Store.open_existing(str(path)) as store:
        return store.rows()


@pytest.fixture(scope="module")
def unbroken_rows():
    """The rows of the same sweep that nothing has happened to, made in this process."""
    points = {"point_number": list(range(10))}
    fixed = {"hang_at": "5/1 6/1", "only_if": Path("no such file"), "note": "it's $HOME"}
    return sweep(fragile, points, fixed=fixed, replications=4, executor=InProcess()).rows


def until(condition, process):
    """Look again and again until `condition` holds; waiting for the process is what paces the looks."""
    deadline = time.monotonic() + BOUND
    while not condition():
        assert time.monotonic() < deadline, "the sweep did not get there"
        try:
            process.wait(timeout=0.02)
        except subprocess.TimeoutExpired:
            continue
        assert condition(), process.communicate()


def alive(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    with open(f"/proc/{pid}/stat", encoding="utf-8") as stat:
        return stat.read().rpartition(")")[2].split()[0] != "Z"


def workers_are_gone(place):
    deadline = time.monotonic() + BOUND
    pids = [int(path.name) for path in (place / "pids").iterdir()]
    assert pids
    while any(map(alive, pids)) and time.monotonic() < deadline:
        os.sched_yield()
    return not any(map(alive, pids))


# Ten points, two workers, and the second round stops at points 5 and 6: ten and five rows are finished.
HELD = 15


def test_kill_9_in_mid_sweep_and_the_same_command_again_is_an_unbroken_sweep(place, unbroken_rows):
    sweep = started(place)
    until(lambda: len(rows(place)) == HELD, sweep)
    sweep.kill()
    sweep.communicate()
    assert len(rows(place)) == HELD
    assert workers_are_gone(place)
    (place / "flag").unlink()

    again = finished(place)
    assert again.returncode == 0, again.stderr
    assert "(25 of 40 rows new)" in again.stdout
    assert len(rows(place)) == 40
    assert rows(place) == unbroken_rows


def test_kill_9_while_rows_are_being_written_leaves_a_file_that_resumes(place, unbroken_rows):
    (place / "flag").unlink()
    for count in (1, 8):
        sweep = started(place)
        until(lambda count=count: len(rows(place)) >= count, sweep)
        sweep.kill()
        sweep.communicate()
    assert workers_are_gone(place)
    assert finished(place).returncode == 0
    assert rows(place) == unbroken_rows


def test_ctrl_c_keeps_finished_rows_ends_the_workers_and_says_how_to_resume(place):
    sweep = started(place)
    until(lambda: len(rows(place)) == HELD, sweep)
    os.killpg(sweep.pid, signal.SIGINT)
    stdout, stderr = sweep.communicate(timeout=BOUND)
    assert sweep.returncode == 130
    assert stdout == ""
    assert "Traceback" not in stderr
    last = stderr.strip().splitlines()[-1]
    assert "interrupted; finished rows are kept in" in last
    assert "gameday sweep tests.experiments.toy_studies:fragile --grid" in last
    assert "'note=it'\"'\"'s $HOME'" in last
    assert len(rows(place)) == HELD
    assert workers_are_gone(place)


def test_a_second_sweep_on_a_file_in_use_is_refused(place):
    sweep = started(place)
    until(lambda: len(rows(place)) == HELD, sweep)
    second = finished(place)
    sweep.kill()
    sweep.communicate()
    assert second.returncode == 2
    assert second.stdout == ""
    assert len(second.stderr.splitlines()) == 1
    assert "another sweep is writing" in second.stderr


def test_rows_are_the_same_for_one_and_two_workers_and_under_two_hash_seeds(place, monkeypatch):
    (place / "flag").unlink()
    found = []
    for jobs, hash_seed in (("1", "1"), ("2", "2")):
        monkeypatch.setenv("PYTHONHASHSEED", hash_seed)
        out = place / f"{jobs}.sqlite"
        command = [*COMMAND[:-1], "tests.experiments.toy_studies:queue", "--jobs", jobs, "--out", str(out)]
        subprocess.run(command, capture_output=True, timeout=BOUND, check=True)
        found.append(repr(rows(place, out.name)))
    assert found[0] == found[1]
