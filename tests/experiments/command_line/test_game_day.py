"""`gameday game-day`: the exit code is the verdict, the report is written, and misuse is one line."""

from __future__ import annotations

import json
from collections.abc import Generator
from pathlib import Path

import pytest

from experiments.command_line import main
from models.shop import Shop
from models.workload import OpenLoop
from tests.experiments.game_day.files import HYPOTHESIS, trouble, written


@pytest.mark.slow
def test_report_is_printed_and_the_exit_code_is_the_verdict(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("clock skew"))
    assert main(["game-day", str(path)]) == 0
    said = capsys.readouterr().out
    assert said.startswith(
        "# A short day\n\nThe hypothesis holds. Seed 3; to play it again: `gameday game-day "
    )
    path = written(tmp_path, HYPOTHESIS, trouble("network outage"))
    assert main(["game-day", str(path), "--seed", "5"]) == 1
    assert "The hypothesis does not hold. Seed 5" in capsys.readouterr().out


@pytest.mark.slow
def test_hypothesis_about_nothing_is_undecided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = (
        "cart_share = 0.0\ncheckout_share = 0.0\n[steady_state]\nof.page = { p99 = 9.0 }\ndurability = 1.0\n"
    )
    path = written(tmp_path, nobody, trouble("clock skew"))
    assert main(["game-day", str(path)]) == 3
    assert "The hypothesis is undecided" in capsys.readouterr().out


@pytest.mark.slow
def test_report_and_figures_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    out = tmp_path / "report"
    main(["game-day", str(path), "--out", str(out), "--json"])
    document = json.loads(capsys.readouterr().out)
    assert {Path(figure).name for figure in document["figures"]} == {
        "availability.png",
        "outcomes.png",
        "latency.png",
    }
    assert (out / "report.md").read_text().startswith("# A short day")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (HYPOTHESIS + trouble("host crash").replace("zone-a", "zone-z"), "faults.1: host must be one of"),
        (HYPOTHESIS + trouble("errors", "probability = 2"), "TOML"),
        (HYPOTHESIS + trouble("errors").replace("0.5", "2.0"), "faults.1.probability must be <= 1, got 2.0"),
    ],
)
def test_bad_file_is_one_line_and_exit_code_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, message: str
) -> None:
    assert main(["game-day", str(written(tmp_path, text))]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert message in printed.err
    assert printed.err.count("\n") == 1


def test_folder_that_cannot_be_written_is_told_before_anything_is_played(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("experiments.game_day.play", lambda *arguments, **more: pytest.fail("was played"))
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    assert main(["game-day", str(path), "--out", str(path / "report")]) == 2
    assert "--out must be a folder that can be written" in capsys.readouterr().err


def test_bad_file_leaves_no_folder_behind(tmp_path: Path) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("host crash").replace("zone-a", "zone-z"))
    assert main(["game-day", str(path), "--out", str(tmp_path / "report")]) == 2
    assert not (tmp_path / "report").exists()


@pytest.mark.slow
@pytest.mark.parametrize("in_the_way", ["availability.png", "report.md"])
def test_report_is_printed_although_it_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], in_the_way: str
) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("clock skew"))
    (tmp_path / "report" / in_the_way).mkdir(parents=True)
    assert main(["game-day", str(path), "--out", str(tmp_path / "report")]) == 1
    printed = capsys.readouterr()
    assert printed.out.startswith("# A short day")
    assert "could not be written" in printed.err
    assert printed.err.count("\n") == 1


@pytest.mark.slow
def test_run_that_fails_says_seed_time_process_and_how_to_replay_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def admit_users(shop: Shop, *, until: float) -> OpenLoop:
        def stumble() -> Generator[float, None, None]:
            yield 2.5
            raise ZeroDivisionError("a bug")

        shop.env.process(stumble(), "stumbling")
        return admit(shop, until=until)

    admit = Shop.admit_users
    monkeypatch.setattr(Shop, "admit_users", admit_users)
    path = written(tmp_path, HYPOTHESIS, trouble("clock skew"))
    assert main(["game-day", str(path), "--seed", "7"]) == 1
    printed = capsys.readouterr()
    assert printed.out == ""
    said, replay = printed.err.splitlines()[-2:]
    for part in ("run failed: ZeroDivisionError: a bug", "2.5 s", "seed 7", "stumbling"):
        assert part in said
    assert replay == f"replay: gameday game-day {path} --seed 7"


def test_seed_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    assert main(["game-day", str(path), "--seed", "-1"]) == 2
    assert "seed must be" in capsys.readouterr().err
