"""`gameday swarm`: what is said, written and returned when systems pass, when they fail, and on misuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from experiments.command_line import main
from experiments.swarm import draw_plan, read_plan, trial, write_plan
from tests.conformance.watching import Watch
from tests.experiments.swarm.mutants import (
    balancer_loses_a_count_where_a_call_fails,
    instance_answers_with_an_error_in_its_code,
)

ONE_JOB = ["--jobs", "1"]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    """Run where nothing is, and do not watch what is broken on purpose."""
    monkeypatch.chdir(tmp_path)
    watch.is_on = False


@pytest.fixture
def broken(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with a bug."""
    balancer_loses_a_count_where_a_call_fails(monkeypatch)


@pytest.fixture
def broken_twice(broken: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """A model with another one."""
    instance_answers_with_an_error_in_its_code(monkeypatch)


def swarm(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["swarm", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.slow
def test_systems_that_pass_are_counted_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = swarm(capsys, "--systems", "3", "--seed", "2", *ONE_JOB)
    assert code == 0
    assert out.startswith("3 systems (seeds 2 to 4): 3 passed with ")
    assert err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_each_failure_is_a_paragraph_with_its_replay_command(
    broken_twice: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = swarm(capsys, "--systems", "13", *ONE_JOB)
    *paragraphs, total = out.strip().split("\n\n")
    assert code == 1
    assert total.endswith(f"{len(paragraphs)} failed")
    assert len(err.splitlines()) == len(paragraphs)
    first = paragraphs[0].splitlines()
    assert first[0].startswith("seed 0 failed, at ")
    assert first[1] == "  replay: gameday swarm --seed 0 --systems 1"
    assert first[2].startswith("  shrunk in ")
    assert " to 1 client, " in first[2]
    assert first[3] == "  replay: gameday swarm --plan results/swarm/seed-0.json"
    assert any("  of the same kind as the failure of seed " in paragraph for paragraph in paragraphs)
    assert "KeyError" in out
    assert "no call is outstanding does not hold" in out


@pytest.mark.slow
def test_a_replay_fails_as_the_first_run_did(broken: None, capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = swarm(capsys, "--systems", "2", *ONE_JOB)
    lines = out.splitlines()
    _, by_seed, _ = swarm(capsys, *lines[1].split()[3:], *ONE_JOB)
    assert by_seed.splitlines()[:4] == lines[:4]
    said = lines[2].partition("; fails ")[2]
    code, by_plan, _ = swarm(capsys, *lines[3].split()[3:])
    assert code == 1
    assert by_plan.splitlines()[0] == f"the system of results/swarm/seed-0.json failed, {said}"


@pytest.mark.slow
def test_a_plan_that_passes_says_how_large_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    write_plan(draw_plan(3), "plan.json")
    code, out, err = swarm(capsys, "--plan", "plan.json")
    assert code == 0
    assert out.startswith("the system of plan.json passed: ")
    assert err == ""


@pytest.mark.slow
@pytest.mark.parametrize("where", [[], ["--out", "elsewhere"]], ids=["by default", "--out"])
def test_shrunk_plans_are_written_where_asked(
    where: list[str], broken: None, capsys: pytest.CaptureFixture[str]
) -> None:
    swarm(capsys, "--systems", "1", *ONE_JOB, *where)
    path = Path(where[1] if where else "results/swarm") / "seed-0.json"
    assert len(read_plan(path).clients) == 1


@pytest.mark.slow
def test_where_plans_cannot_be_written_the_failure_is_told_all_the_same(
    broken: None, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = swarm(capsys, "--systems", "1", *ONE_JOB, "--out", "/dev/null/plans")
    assert code == 1
    assert "seed 0 failed" in out
    assert "--plan" not in out
    assert "plan file must be one that can be written" in err


@pytest.mark.slow
def test_json_of_a_failure(broken_twice: None, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = swarm(capsys, "--systems", "6", "--json", *ONE_JOB)
    document = json.loads(out)
    assert code == 1
    assert (document["first_seed"], document["systems"]) == (0, 6)
    assert document["passed"] + document["failed"] == 6
    first = document["failures"][0]
    assert first["replay"] == "gameday swarm --seed 0 --systems 1"
    assert first["plan"] == "results/swarm/seed-0.json"
    assert first["shrunk"]["replay"] == f"gameday swarm --plan {first['plan']}"
    assert first["shrunk"]["trials"] > 0
    kinds = {failure["seed"]: failure["kind"] for failure in document["failures"]}
    for failure in document["failures"]:
        like = failure["like"]
        assert (failure["shrunk"] is None) == (failure["plan"] is None) == (like is not None)
        assert like is None or kinds[like] == failure["kind"]
    assert len({failure["like"] for failure in document["failures"]}) > 1


@pytest.mark.slow
def test_json_of_a_plan(broken: None, capsys: pytest.CaptureFixture[str]) -> None:
    swarm(capsys, "--systems", "1", *ONE_JOB)
    code, out, _ = swarm(capsys, "--plan", "results/swarm/seed-0.json", "--json")
    document = json.loads(out)
    assert code == 1
    assert (document["systems"], document["failed"]) == (1, 1)
    assert document["failures"][0]["plan"] == "results/swarm/seed-0.json"
    assert document["failures"][0]["replay"] == "gameday swarm --plan results/swarm/seed-0.json"


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--systems", "0"], "systems must be a whole number >= 1, got 0"),
        (["--systems", "many"], "systems must be a whole number >= 1, got many"),
        (["--seed", "-1"], "seed must be a whole number >= 0, got -1"),
        (["--jobs", "0"], "jobs must be a whole number >= 1, got 0"),
        (["--plan", "nowhere.json"], "plan file must be a file that can be read, got nowhere.json"),
        (["--plan", "p.json", "--seed", "1"], "--seed must be left out where --plan says what to run, got 1"),
        (["--plan", "p.json", "--out", "x"], "--out must be left out where --plan says what to run, got x"),
        (["--plan", "p.json", "--systems", "1"], "--systems must be left out where --plan"),
        (["--plan", "p.json"], "p.json: hosts.0.cores must be >= 1, got 0"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("p.json").write_text('{"hosts": [{"name": "h", "cores": 0}]}', encoding="utf-8")
    code, out, err = swarm(capsys, *words)
    assert (code, out) == (2, "")
    assert len(err.splitlines()) == 1
    assert line in err


@pytest.mark.parametrize("words", [["--systems", "5", *ONE_JOB], ["--plan", "plan.json"]], ids=" ".join)
def test_ctrl_c_says_how_to_run_it_again(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(*arguments: Any, **settings: Any) -> Callable[[], None]:
        raise KeyboardInterrupt

    write_plan(draw_plan(3), "plan.json")
    monkeypatch.setattr("experiments.swarm.trial._run", interrupt)
    code, out, err = swarm(capsys, *words)
    assert (code, out) == (130, "")
    assert "interrupted" in err
    assert "to run it again: gameday swarm --" in err


@pytest.mark.slow
def test_ctrl_c_keeps_what_was_found(
    broken: None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run, runs = trial._run, iter(range(99))

    def interrupt_the_second(*arguments: Any, **settings: Any) -> Any:
        if next(runs):
            raise KeyboardInterrupt
        return run(*arguments, **settings)

    monkeypatch.setattr(trial, "_run", interrupt_the_second)
    code, out, err = swarm(capsys, "--systems", "5", *ONE_JOB)
    lines = out.splitlines()
    assert code == 130
    assert lines[0].startswith("seed 0 failed, at ")
    assert lines[1:3] == ["  replay: gameday swarm --seed 0 --systems 1", "  was not shrunk"]
    assert lines[-1].startswith("1 systems (seeds from 0 on): 0 passed with 0 requests, 1 failed")
    told, last = err.splitlines()
    assert told.endswith("; replay: gameday swarm --seed 0 --systems 1")
    again = "to run it again: gameday swarm --seed 0 --systems 5"
    assert last == f"gameday: interrupted after 1 of 5 systems; {again}"
