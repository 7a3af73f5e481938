"""The game days that ship with GameDay: each can be played, and comes out as its first lines say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from experiments.game_day import play, read_game_day
from tests.architecture_rules.source import CHECKOUT

FILES = sorted((CHECKOUT / "game_days").glob("*.toml"))
NOT_HOLDING = {"first-zone"}
"""The edge balancer stands there, and there is one."""


def test_there_are_some() -> None:
    assert len(FILES) >= 5


@pytest.mark.slow
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_shipped_game_day_comes_out_as_expected(path: Path) -> None:
    report = play(read_game_day(path))
    assert report.holds is (path.stem not in NOT_HOLDING)


def test_file_of_the_page_can_be_read(tmp_path: Path) -> None:
    page = (CHECKOUT / "docs" / "command-line.md").read_text(encoding="utf-8")
    (example,) = (
        block for block in re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL) if "[[faults]]" in block
    )
    path = tmp_path / "day.toml"
    path.write_text(example, encoding="utf-8")
    day = read_game_day(path)
    assert len(day.faults) == 2
    assert day.phases == {"before": (5.0, 30.0), "during": (30.0, 60.0), "after": (65.0, 90.0)}
