"""`gameday swarm --of stores`: what is said and written, with a planted bug and without, and on misuse."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.command_line import main
from experiments.swarm import write_plan
from experiments.swarm.stores import LiveStore, draw_store
from experiments.swarm.subjects import read_any_plan, subject_named
from tests.conformance.watching import Watch

ONE_JOB = ["--jobs", "1"]
FLAWED = ["--of", "stores", "--flaw", "acknowledges_before_quorum", "--seed", "1", "--systems", "1", *ONE_JOB]


@pytest.fixture(autouse=True)
def in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, watch: Watch) -> None:
    """Run where nothing is, and do not watch what is broken on purpose."""
    monkeypatch.chdir(tmp_path)
    watch.is_on = False


def swarm(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["swarm", *words])
    said = capsys.readouterr()
    return code, said.out, said.err


@pytest.mark.slow
def test_stores_that_pass_are_counted_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = swarm(capsys, "--of", "stores", "--systems", "2", "--seed", "1", *ONE_JOB)
    assert code == 0
    assert out.startswith("2 stores (seeds 1 to 2): 2 passed with ")
    assert err == ""
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
def test_stores_of_one_design_are_drawn_by_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = swarm(capsys, "--of", "single", "--systems", "2", "--seed", "1", *ONE_JOB)
    assert code == 0
    assert out.startswith("2 single stores (seeds 1 to 2): 2 passed with ")
    assert {subject_named("single").draw(seed).store for seed in range(1, 6)} == {"single"}
    plan = subject_named("raft", "reads_unchecked").draw(1)
    assert (plan.store, plan.flaw) == ("raft", "reads_unchecked")


@pytest.mark.slow
def test_checks_that_are_given_up_are_told_and_leave_it_undecided(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def give_up(live: LiveStore) -> None:
        live.undecided_count += 1

    monkeypatch.setattr("experiments.swarm.stores.trial.check_laws", give_up)
    code, out, _ = swarm(capsys, "--of", "single", "--systems", "1", "--seed", "1", *ONE_JOB)
    assert code == 3
    assert out.endswith("0 failed; 1 checks were given up\n")
    write_plan(draw_store(1, design="single"), "plan.json")
    code, out, _ = swarm(capsys, "--plan", "plan.json")
    assert code == 3
    assert out.endswith("; 1 checks were given up\n")


@pytest.mark.slow
def test_a_planted_bug_is_caught_cut_down_and_replayed(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, out, err = swarm(capsys, *FLAWED)
    assert code == 1
    assert err.startswith("gameday: the system of seed 1 failed: quorums: ")
    first = out.splitlines()
    assert first[0].startswith("seed 1 failed, at ")
    command = "gameday swarm --of stores --flaw acknowledges_before_quorum --seed 1 --systems 1"
    assert first[1] == f"  replay: {command}"
    file = Path("results/swarm/stores-acknowledges_before_quorum-seed-1.json")
    assert first[3] == f"  replay: gameday swarm --plan {file}"
    subject, plan = read_any_plan(tmp_path / file)
    assert subject.name == "stores"
    assert len(plan.to_json().splitlines()) < 80
    code, out, _ = swarm(capsys, "--plan", str(file))
    assert code == 1
    assert out.splitlines()[0].startswith(f"the system of {file} failed, at ")
    code, out, _ = swarm(capsys, "--plan", str(file), "--json")
    document = json.loads(out)
    assert (code, document["of"], document["failed"], document["undecided"]) == (1, "stores", 1, 0)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--of", "shops"], "of must be one of systems, stores, raft, "),
        (["--of", "raft", "--flaw", "no_fencing"], "flaw must be one of reads_unchecked, "),
        (["--of", "stores", "--flaw", "no_fences"], "flaw must be one of "),
        (["--flaw", "no_fencing"], "flaw must be left out for systems, got no_fencing"),
        (
            ["--plan", "x.json", "--flaw", "no_fencing"],
            "--flaw must be left out where --plan says what to run",
        ),
    ],
)
def test_nonsense_is_one_line(words: list[str], line: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = swarm(capsys, *words)
    assert (code, out) == (2, "")
    assert line in err
    assert len(err.splitlines()) == 1
