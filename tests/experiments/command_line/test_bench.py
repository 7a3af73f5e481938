"""`gameday bench`: what it prints, its exit codes; the benchmarks are replaced by given numbers."""

import json
from dataclasses import replace

import pytest

from experiments.benchmark import BENCHMARKS, Measurement, Skipped, catalogue
from experiments.command_line import bench, main

GOOD = {
    "sleeps": 1.9,
    "mm1": 2.6,
    "reference-path": 3.4,
    "service-path": 2.8,
    "quorum-path": 0.7,
    "raft-path": 0.5,
    "cached-read": 4.0,
    "large-system": 1.2,
    "memory": 120.0,
    "sharded-keys": 400.0,
    "placements": 4.0,
    "text-placements": 20.0,
    "cache-trace": 800_000.0,
    "sweep": 1.8,
}


@pytest.fixture
def measured(monkeypatch):
    """Let benchmarks measure given values; returns those values, to be changed, and the efforts they saw."""
    values, efforts = dict(GOOD), {}

    def measuring(name):
        def measure(effort):
            efforts[name] = effort
            value = values[name]
            if isinstance(value, BaseException):
                raise value
            if value is None:
                return Skipped("two cores are needed")
            return Measurement(value=value, detail={"pairs": 7}, text=f"about {name}")

        return measure

    given = tuple(replace(item, measure=measuring(item.name)) for item in BENCHMARKS)
    monkeypatch.setattr(catalogue, "BENCHMARKS", given)
    monkeypatch.setattr("experiments.benchmark.BENCHMARKS", given)
    monkeypatch.setattr(bench, "_load", lambda: 0.0)
    return values, efforts


def test_names_in_the_help_are_those_of_the_catalogue(capsys):
    assert tuple(item.name for item in BENCHMARKS) == bench.NAMES
    assert main(["bench", "--help"]) == 0
    words = capsys.readouterr().out.replace("\n", " ").split()
    assert {"sleeps,", "mm1,", "memory,", "sweep."} <= set(words)


def test_all_targets_reached_is_exit_code_0_and_two_lines_each(measured, capsys):
    assert main(["bench"]) == 0
    said = capsys.readouterr()
    lines = said.out.splitlines()
    assert len(lines) == 2 * len(GOOD)
    assert "3.40 x, target >= 3 x: held" in lines[4]
    assert lines[5].strip() == "about reference-path"
    assert "120 MiB, target < 400 MiB: held" in lines[16]
    assert said.err.count("gameday: measuring") == len(GOOD)


@pytest.mark.parametrize("name, value", [("sleeps", 1.69), ("memory", 400.0), ("sweep", 1.2)])
def test_a_missed_target_is_exit_code_1_and_the_others_are_measured_all_the_same(
    name, value, measured, capsys
):
    measured[0][name] = value
    assert main(["bench"]) == 1
    said = capsys.readouterr().out
    assert said.count(": held") == len(GOOD) - 1
    assert said.count(": missed") == 1


def test_what_cannot_be_measured_is_said_and_is_no_failure(measured, capsys):
    measured[0]["sweep"] = None
    assert main(["bench", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["benchmarks"][-1]["verdict"] == "skipped"
    assert found["benchmarks"][-1]["value"] is None
    assert found["benchmarks"][-1]["reason"] == "two cores are needed"
    assert main(["bench", "--only", "sweep"]) == 0
    assert "sweep            skipped: two cores are needed" in capsys.readouterr().out


def test_json_has_stable_keys_and_nothing_else_on_standard_output(measured, capsys):
    measured[0]["mm1"] = 2.0
    assert main(["bench", "--json", "--quick"]) == 1
    found = json.loads(capsys.readouterr().out)
    assert list(found) == ["quick", "load_before", "cores", "python", "platform", "benchmarks", "held"]
    assert (found["quick"], found["load_before"], found["held"]) == (True, 0.0, False)
    assert found["benchmarks"][1] == {
        "name": "mm1",
        "question": "M/M/1 through a host, recorded, against a Resource of SimPy's",
        "unit": "x",
        "target": 2.5,
        "rule": ">= 2.5 x",
        "value": 2.0,
        "verdict": "missed",
        "reason": None,
        "detail": {"pairs": 7},
    }


def test_only_what_is_named_is_measured_in_the_catalogues_order(measured, capsys):
    assert main(["bench", "--only", "memory", "--only", "sleeps", "--repeat", "4"]) == 0
    assert list(measured[1]) == ["sleeps", "memory"]
    assert measured[1]["sleeps"].pairs == 4
    assert not measured[1]["sleeps"].is_quick
    assert main(["bench", "--quick"]) == 0
    assert measured[1]["sweep"].is_quick
    assert measured[1]["sweep"].pairs is None


def test_a_busy_machine_is_said_to_be_one(measured, monkeypatch, capsys):
    monkeypatch.setattr("os.cpu_count", lambda: 8)
    for load, is_said in [(1.9, False), (2.1, True), (None, False)]:
        monkeypatch.setattr(bench, "_load", lambda load=load: load)
        assert main(["bench", "--only", "sleeps"]) == 0
        assert ("busy just now (load average 2.10)" in capsys.readouterr().err) is is_said


def test_ctrl_c_is_exit_code_130(measured, capsys):
    measured[0]["mm1"] = KeyboardInterrupt()
    assert main(["bench"]) == 130
    said = capsys.readouterr()
    assert "sleeps" in said.out
    assert said.err.splitlines()[-1] == "gameday: interrupted while measuring mm1"


@pytest.mark.parametrize(
    "words, name, value, rule",
    [
        (["--only", "slep"], "benchmark", "slep", "did you mean 'sleeps'"),
        (["--only", "mm1", "--only", "mm1"], "--only", "mm1, mm1", "must name a benchmark once"),
        (["--repeat", "0"], "repeat", "0", "must be a whole number >= 1"),
        (["--repeat", "often"], "repeat", "often", "must be a whole number >= 1"),
        (["--only", "memory", "--repeat", "3"], "--repeat", "memory", "must be left out"),
        (["--only", "memory", "--quick"], "--quick", "memory", "must be left out"),
        (["--fast"], "--fast", "--fast", "o such option"),
        (["sleeps"], "sleeps", "sleeps", "nexpected extra argument"),
    ],
)
def test_misuse_is_one_line_and_exit_code_2(words, name, value, rule, measured, capsys):
    assert main(["bench", *words]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert all(part in said.err for part in (name, value, rule)), said.err
    assert measured[1] == {}
