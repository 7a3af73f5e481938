"""`gameday game-day`: the exit code is the verdict, the report is written, and misuse is one line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from experiments.command_line import main
from tests.experiments.game_day.files import HYPOTHESIS, trouble, written


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


def test_hypothesis_about_nothing_is_undecided(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    nobody = (
        "cart_share = 0.0\ncheckout_share = 0.0\n[steady_state]\nof.page = { p99 = 9.0 }\ndurability = 1.0\n"
    )
    path = written(tmp_path, nobody, trouble("clock skew"))
    assert main(["game-day", str(path)]) == 3
    assert "The hypothesis is undecided" in capsys.readouterr().out


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


def test_seed_that_is_none_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    assert main(["game-day", str(path), "--seed", "-1"]) == 2
    assert "seed must be" in capsys.readouterr().err
