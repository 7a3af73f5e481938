"""Upgrades on a game day: from the file to what users saw and what the time line tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.game_day import play, read_game_day

from .files import HYPOTHESIS, trouble, written


def action(at: float, text: str) -> str:
    return f"\n[[actions]]\nat = {at}\n{text}\n"


def played(folder: Path, *parts: str) -> Any:
    return play(read_game_day(written(folder, HYPOTHESIS, *parts)))


def told(report: Any) -> list[str]:
    return [each.text for each in report.time_line if each.text.startswith("upgrade")]


@pytest.mark.slow
def test_good_version_comes_while_a_process_crashes_and_goes_again_by_hand(tmp_path: Path) -> None:
    report = played(
        tmp_path,
        trouble("process crash"),
        action(4.0, 'upgrade = "catalogue"'),
        action(12.0, 'roll_back = "catalogue"'),
        action(20.0, 'roll_back = "catalogue"'),
    )
    assert [text.rsplit(": ", 1)[1] for text in told(report)][:3] == ["begin", "roll", "complete"]
    assert told(report)[0] == "upgrade of catalogue to version 2: begin"
    assert "upgrade of catalogue to version 1: begin" in told(report)


@pytest.mark.slow
def test_bad_version_is_seen_by_users_and_one_that_never_starts_is_not(tmp_path: Path) -> None:
    shares = {}
    for kind in ("errors", "never ready"):
        report = played(
            tmp_path,
            trouble("clock skew"),
            action(2.0, f'upgrade = "catalogue"\nnew_version = "{kind}"'),
        )
        requests = report.requests.sample(10.0, 24.0, by="start")
        shares[kind] = requests.availability()
    assert shares["errors"] < 0.99 < shares["never ready"]


@pytest.mark.slow
def test_controller_can_be_struck_like_any_other_host(tmp_path: Path) -> None:
    crash = '\n[[faults]]\nkind = "host crash"\nhost = "controller"\nstart = 8.0\nend = 16.0\n'
    report = played(tmp_path, crash, action(9.0, 'upgrade = "catalogue"'))
    begun, complete = (
        next(each.time for each in report.time_line if each.text.endswith(said))
        for said in ("begin", "complete")
    )
    assert (begun, complete >= 16.0) == (9.0, True)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            'upgrade = "catalog"',
            "actions.1: service must be one of the system's, got 'catalog'; did you mean",
        ),
        ('roll_back = "nobody"', "actions.1: service must be one of the system's, got 'nobody'"),
        (
            'upgrade = "cart"\nnew_version = "worse"',
            "actions.1.new_version must be .*'never ready', got worse",
        ),
        (
            'turn_off = "cart"\nnew_version = "slow"',
            "actions.1: new_version must go with upgrade, got it with",
        ),
        ("", "actions.1: exactly one of turn_off, turn_on, upgrade, roll_back must be given, got none"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Misuse, match=message):
        played(tmp_path, trouble("errors"), action(3.0, text))
