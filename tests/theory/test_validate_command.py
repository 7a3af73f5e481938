"""`gameday validate`: what it prints, what it leaves with, and what it says to bad input."""

import ast
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import termios
from pathlib import Path

import pytest

from experiments import validation
from experiments.command_line import main
from experiments.validation import all_checks

from .toy_checks import FALSE, TRUE, fail, with_simulation


@pytest.fixture
def checks(monkeypatch):
    """Let the command know some checks only."""

    def know(*known):
        monkeypatch.setattr(validation, "all_checks", lambda: known)

    return know


def test_true_checks_are_shown_with_expected_simulated_interval_verdict_and_source(checks, capsys):
    checks(TRUE)
    assert main(["validate", "--workers", "1"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert lines[0].split() == ["claim", "expected", "simulated", "99", "%", "interval", "verdict"]
    assert "true check" in lines
    assert "  queueing; 20 replications; source: a book" in lines
    row = next(line for line in lines if "about two" in line)
    assert " 2 " in row
    assert " .. " in row
    assert row.endswith("holds")
    assert "    exactly" in lines
    assert "1 checks, 2 claims: holds 2" in lines
    assert said.err == "", "a progress bar is for a person at a terminal"


def test_false_check_leaves_with_1_and_shows_its_bias(checks, capsys):
    checks(TRUE, FALSE)
    assert main(["validate", "--workers", "1"]) == 1
    out = capsys.readouterr().out
    assert "differs" in out
    assert "    may be off by 0.5: roughly" in out
    assert "2 checks, 4 claims: holds 3, differs 1" in out


def test_only_takes_a_group_or_part_of_a_name(checks, capsys):
    checks(TRUE, FALSE)
    assert main(["validate", "--workers", "1", "--only", "queueing"]) == 0
    assert main(["validate", "--workers", "1", "--only", "TRUE ch"]) == 0
    out = capsys.readouterr().out
    assert "false check" not in out
    assert out.count("1 checks, 2 claims") == 2


def test_json_has_every_number_and_nothing_else(checks, capsys):
    checks(TRUE, FALSE, with_simulation(fail, "burning"))
    assert main(["validate", "--workers", "1", "--seed", "3", "--quick", "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert list(document) == ["seed", "effort", "confidence", "holds", "checks"]
    assert document["seed"] == 3
    assert document["effort"] < 1.0
    assert document["holds"] is False
    true, false, burning = document["checks"]
    assert list(true) == ["check", "group", "source", "replications", "holds", "claims"]
    assert (true["holds"], false["holds"]) == (True, False)
    claim = true["claims"][0]
    assert claim["low"] < claim["simulated"] < claim["high"]
    assert claim["high"] - claim["simulated"] < claim["half_width"]
    assert claim["verdict"] == "holds"
    assert claim["error"] is None
    assert burning["claims"][0]["simulated"] is None
    assert "on fire" in burning["claims"][0]["error"]


def test_seed_decides_the_numbers(checks, capsys):
    checks(TRUE)
    shown = []
    for seed in ("1", "1", "2"):
        main(["validate", "--workers", "1", "--seed", seed])
        shown.append(capsys.readouterr().out)
    assert shown[0] == shown[1] != shown[2]


def test_interrupted_command_says_so(checks, capsys):
    def interrupt(seed, effort):
        raise KeyboardInterrupt

    checks(with_simulation(interrupt, "slow"))
    assert main(["validate", "--workers", "1"]) == 130
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.splitlines()[-1].startswith("gameday: interrupted")


@pytest.mark.slow
def test_ctrl_c_leaves_with_130_and_no_worker_behind():
    command = [sys.executable, "-m", "experiments.command_line", "validate", "--workers", "2"]
    terminal, its_end = os.openpty()  # the bar, which says when to interrupt, is for terminals only
    termios.tcsetwinsize(its_end, (24, 80))
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=its_end, text=True, start_new_session=True
    )
    os.close(its_end)
    shown = b""
    while len(re.findall(b"run/s|s/run", shown)) < 2:  # at first nothing is done yet, then something is
        read = os.read(terminal, 1)
        assert read, shown
        shown += read
    os.killpg(process.pid, signal.SIGINT)
    # Read to its end, which comes when the last process that could write is gone.
    with contextlib.suppress(OSError):  # how Linux says that a terminal has no other end any more
        while read := os.read(terminal, 1024):
            shown += read
    os.close(terminal)
    out, _ = process.communicate(timeout=60.0)
    assert process.returncode == 130
    assert out == ""
    assert b"gameday: interrupted" in shown
    assert b"Traceback" not in shown


@pytest.mark.parametrize(
    "words, name, value, rule",
    [
        (["--only", "quueing"], "only", "quueing", "must be a group (queueing"),
        (["--only", " "], "only", "' '", "or part of a check's name"),
        (["--seed", "-1"], "seed", "-1", "must be a whole number >= 0"),
        (["--seed", "x"], "seed", "x", "must be a whole number >= 0"),
        (["--workers", "0"], "workers", "0", "must be a whole number >= 1"),
        (["--workers", "many"], "workers", "many", "must be a whole number >= 1"),
        (["--quik"], "quik", "quik", "o such option"),
        (["queueing"], "queueing", "queueing", "nexpected extra argument"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_is_one_line_and_exit_code_2(words, name, value, rule, capsys):
    assert main(["validate", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert all(part in said.err for part in (name, value, rule)), said.err


def test_nothing_is_solved_for_until_somebody_asks_for_all_checks():
    """That takes seconds, and many import this package for a formula."""
    folder = Path(validation.__file__).parent
    at_once = {
        node.module
        for name in ("__init__.py", "catalogue.py", "replication/__init__.py")
        for node in ast.parse((folder / name).read_text(encoding="utf-8")).body
        if isinstance(node, ast.ImportFrom)
    }
    numbers = ("election_rounds", "random_quorums")
    assert at_once == {"functools", "campaign", "catalogue", "experiment", "verdict", *numbers}


def test_checks_that_ship_have_names_of_their_own_and_a_source():
    checks = all_checks()
    assert len({check.name for check in checks}) == len(checks)
    assert all(check.source for check in checks)
