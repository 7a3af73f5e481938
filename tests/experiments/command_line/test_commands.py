"""The command line: what it prints, its JSON keys and its exit codes."""

import json
import os
import shlex
import sqlite3
import subprocess
import sys
from contextlib import closing

import pytest

from experiments.command_line import main
from experiments.study import no_figures
from tests.experiments.toy_studies import queue

QUEUE = "tests.experiments.toy_studies:queue"
FRAGILE = "tests.experiments.toy_studies:fragile"


def document(capsys):
    return json.loads(capsys.readouterr().out, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))


def test_list_says_what_is_to_be_seen_where_a_study_says_so(capsys):
    assert main(["list", "metastable"]) == 0
    *_, last = capsys.readouterr().out.strip().split("\n\n")
    assert last.startswith("What to see (the default sweep): without a remedy")
    assert main(["list", QUEUE]) == 0
    assert "What to see" not in capsys.readouterr().out


def test_list_describes_a_study_as_text_and_as_json(capsys):
    assert main(["list"]) == 0
    assert main(["list", QUEUE]) == 0
    assert (
        "--deadline      number > 0 [s] or none, default none  nobody waits longer" in capsys.readouterr().out
    )
    assert main(["list", QUEUE, "--json"]) == 0
    (study,) = document(capsys)["studies"]
    assert list(study) == ["name", "question", "parameters", "measures", "points", "replications"]
    assert study["points"] == 2
    assert study["parameters"][0] == {
        "name": "load",
        "type": "number",
        "default": 0.5,
        "required": False,
        "rule": "> 0, < 1",
        "unit": "",
        "description": "utilisation of the server",
    }


def test_run_prints_measures_and_a_replay_command_that_gives_the_same(capsys):
    assert (
        main(["run", QUEUE, "--load", "0.7", "--constant", "--service-time=2", "--seed", "3", "--json"]) == 0
    )
    first = document(capsys)
    assert list(first) == ["study", "seed", "parameters", "measures", "units", "figures", "replay"]
    assert first["parameters"]["constant"] is True
    assert first["measures"]["idle_wait"] is None or first["measures"]["idle_wait"] > 10
    assert main([*shlex.split(first["replay"])[1:], "--json"]) == 0
    assert document(capsys) == first
    assert main(["run", QUEUE]) == 0
    assert "wait_max" in capsys.readouterr().out


def test_run_help_shows_the_studys_parameters(capsys):
    assert main(["run", QUEUE, "--help"]) == 0
    assert "--service_time" in capsys.readouterr().out
    assert main(["--help"]) == 0
    assert "sweep" in capsys.readouterr().out


@pytest.mark.slow
def test_run_writes_figures_on_request(tmp_path, capsys):
    assert main(["run", QUEUE, "--out", str(tmp_path / "figures"), "--json"]) == 0
    assert document(capsys)["figures"] == [str(tmp_path / "figures" / "waits_of_run.png")]
    assert (tmp_path / "figures" / "waits_of_run.png").read_bytes().startswith(b"\x89PNG")


def test_a_run_that_raises_is_exit_code_1_with_its_replay_command(capsys):
    assert main(["run", FRAGILE, "--raise_at", "0/0", "--json"]) == 1
    said = capsys.readouterr()
    assert said.out == ""
    assert "run failed: ZeroDivisionError: as asked, at 0/0" in said.err
    assert said.err.splitlines()[-1].startswith("replay: gameday run tests.experiments.toy_studies:fragile")


def test_ctrl_c_in_a_run_is_exit_code_130_and_one_line(capsys):
    assert main(["run", FRAGILE, "--interrupt_at", "0/0"]) == 130
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("gameday: interrupted; to run it again: gameday run tests.experiments.toy_studies")


@pytest.mark.slow
def test_sweep_prints_a_table_writes_figures_and_resumes(tmp_path, capsys):
    out = tmp_path / "r.sqlite"
    command = [
        "sweep",
        QUEUE,
        "--grid",
        "load=0.3,0.6",
        "--customers",
        "50",
        "--jobs",
        "1",
        "--out",
        str(out),
    ]
    assert main(command) == 0
    said = capsys.readouterr()
    assert "2 points x 3 replications" in said.out
    assert "(6 of 6 rows new)" in said.out
    assert f"figure: {tmp_path / 'r' / 'waits.png'}" in said.out
    assert said.err == "", "a progress bar is for a person at a terminal"
    assert main(command) == 0
    assert "(0 of 6 rows new)" in capsys.readouterr().out


@pytest.mark.slow
def test_a_sweep_shows_its_progress_at_a_terminal_only(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    assert main(["sweep", QUEUE, "--customers", "5", "--jobs", "1", "--out", str(tmp_path / "r.sqlite")]) == 0
    assert "6/6" in capsys.readouterr().err


@pytest.mark.slow
def test_sweep_json_has_stable_keys_and_nothing_else_on_standard_output(tmp_path, capsys):
    out = tmp_path / "r.sqlite"
    assert main(["sweep", QUEUE, "--jobs", "1", "--out", str(out), "--no-figures", "--json"]) == 0
    found = document(capsys)
    assert list(found) == ["study", "question", "out", "points", "rows", "failures", "figures"]
    assert found["rows"] == {"total": 6, "new": 6, "failed": 0}
    assert list(found["points"][0]) == ["point", "parameters", "replications", "failed", "measures"]
    wait = found["points"][0]["measures"]["wait"]
    assert wait["low"] == pytest.approx(wait["mean"] - wait["half_width"])
    assert main(["plot", str(out), "--json"]) == 0
    assert document(capsys) == {
        "study": "queue",
        "results": str(out),
        "figures": [str(tmp_path / "r" / "waits.png")],
    }


@pytest.mark.slow
def test_sweep_with_a_failing_point_is_exit_code_1_and_says_so(tmp_path, capsys):
    out = str(tmp_path / "r.sqlite")
    assert main(["sweep", FRAGILE, "--set", "raise_at=1/2", "--jobs", "1", "--out", out]) == 1
    said = capsys.readouterr().out
    assert "1 of 12 runs failed:" in said
    assert "replay: gameday run tests.experiments.toy_studies:fragile --point_number 1 --raise_at 1/2" in said
    assert main(["sweep", FRAGILE, "--set", "raise_at=1/2", "--jobs", "1", "--out", out, "--json"]) == 1
    assert document(capsys)["failures"][0]["seed"] == 2


@pytest.mark.slow
def test_sweep_file_and_options_go_together(tmp_path, capsys):
    file = tmp_path / "s.toml"
    file.write_text(f'study = "{QUEUE}"\nreplications = 2\nset.customers = 20\ngrid.load = [0.2, 0.4, 0.8]')
    command = [
        "sweep",
        str(file),
        "--replications",
        "1",
        "--jobs",
        "1",
        "--out",
        str(tmp_path / "r.sqlite"),
        "--json",
    ]
    assert main(command) == 0
    found = document(capsys)
    assert [point["parameters"]["load"] for point in found["points"]] == [0.2, 0.4, 0.8]
    assert found["rows"]["total"] == 3


@pytest.mark.slow
def test_sweep_until_an_interval_is_narrow(tmp_path, capsys):
    command = ["sweep", QUEUE, "--set", "load=0.5", "--until", "wait=0.5", "--jobs", "1", "--json"]
    assert main([*command, "--out", str(tmp_path / "r.sqlite")]) == 0
    assert document(capsys)["points"][0]["measures"]["wait"]["half_width"] <= 0.5


@pytest.mark.slow
def test_default_results_file_is_named_after_the_study(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(["sweep", QUEUE, "--jobs", "1", "--replications", "1"]) == 0
    assert (tmp_path / "results" / "queue.sqlite").is_file()
    assert (tmp_path / "results" / "queue" / "waits.png").is_file()


@pytest.mark.slow
def test_figures_that_cannot_be_drawn_cost_no_results(tmp_path, capsys, monkeypatch):
    out = str(tmp_path / "r.sqlite")
    monkeypatch.setitem(vars(queue), "figures_of_sweep", lambda result: 1 / 0)
    assert main(["sweep", QUEUE, "--jobs", "1", "--out", out]) == 1
    said = capsys.readouterr()
    assert "figures could not be drawn: ZeroDivisionError" in said.err
    assert "(6 of 6 rows new)" in said.out


def test_where_a_study_draws_nothing_that_is_said_and_no_folder_is_made(tmp_path, capsys, monkeypatch):
    for kind in ("figures_of_run", "figures_of_sweep"):
        monkeypatch.setitem(vars(queue), kind, no_figures)
    folder, results = tmp_path / "figures", tmp_path / "r.sqlite"
    assert main(["run", QUEUE, "--customers", "5", "--out", str(folder)]) == 0
    assert "gameday: study queue draws no figure of such a run" in capsys.readouterr().err
    assert main(["sweep", QUEUE, "--customers", "5", "--jobs", "1", "--out", str(results)]) == 0
    assert main(["plot", str(results), "--out", str(folder)]) == 0
    assert "gameday: study queue draws no figure of such a sweep" in capsys.readouterr().err
    assert not folder.exists()


@pytest.mark.slow
def test_a_file_without_a_finished_run_has_no_figures_and_says_so(tmp_path, capsys):
    out = tmp_path / "r.sqlite"
    assert main(["sweep", QUEUE, "--customers", "5", "--jobs", "1", "--no-figures", "--out", str(out)]) == 0
    with closing(sqlite3.connect(out)) as connection, connection:
        connection.execute("DELETE FROM rows")
    capsys.readouterr()
    assert main(["plot", str(out)]) == 1
    said = capsys.readouterr()
    assert said.err == "gameday: figures could not be drawn: no run has been finished\n"
    assert said.out == ""


@pytest.mark.slow
def test_a_folder_for_figures_that_cannot_be_made_is_named(tmp_path, capsys):
    out = str(tmp_path / "r.sqlite")
    (tmp_path / "r").write_text("in the way of the folder for figures")
    assert main(["sweep", QUEUE, "--jobs", "1", "--out", out]) == 2
    assert "folder for figures must be one that can be written" in capsys.readouterr().err
    assert main(["plot", out, "--out", str(tmp_path / "elsewhere")]) == 0


@pytest.mark.slow
def test_a_foreign_models_package_is_named(tmp_path):
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "__init__.py").touch()
    path = os.pathsep.join([str(tmp_path), os.environ["PYTHONPATH"]])
    done = subprocess.run(
        [sys.executable, "-m", "experiments.command_line", "list"],
        env={**os.environ, "PYTHONPATH": path},
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert f"got {tmp_path / 'models'}: a foreign models shadows ours" in done.stderr
