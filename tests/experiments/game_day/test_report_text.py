"""The report as text: nothing is rounded away that a reader would miss."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments.game_day import play, read_game_day
from experiments.game_day.report_text import _share, _table, report_text

from .files import HYPOTHESIS, trouble, written


@pytest.mark.parametrize(
    ("share", "text"),
    [
        (1.0, "100.0%"),
        (0.0, "0.0%"),
        (0.985, "98.5%"),
        (0.9997, "99.97%"),
        (0.0003, "0.03%"),
        (0.99997, "99.997%"),
        (float("nan"), "-"),
    ],
)
def test_a_share_that_is_not_all_does_not_look_like_all(share: float, text: str) -> None:
    assert _share(share) == text


def test_a_bar_in_a_cell_is_no_border() -> None:
    assert _table([["a|b", "c"]]).splitlines()[0] == "| a\\|b | c |"


@pytest.mark.slow
def test_it_says_how_many_asked_for_what_was_answered(tmp_path: Path) -> None:
    """A feature that is asked once while nothing gets in is well, and says little."""
    report = play(read_game_day(written(tmp_path, HYPOTHESIS, trouble("network outage"))))
    rows = [line.split("|")[1:-1] for line in report_text(report, "again").splitlines() if "| " in line]
    cells = [[cell.strip() for cell in row] for row in rows]
    asked = {(row[0], row[1]): row[2] for row in cells if len(row) == 7}
    checkout = next(view for view in report.features if view.name == "checkout")
    assert asked["checkout", "before"] == f"{checkout.seen['before'].count:,}"
    assert ["", "during"] in [row[:2] for row in cells]


@pytest.mark.slow
def test_orders_that_were_charged_and_looked_failed_are_told(tmp_path: Path) -> None:
    report = play(read_game_day(written(tmp_path, HYPOTHESIS, trouble("network outage"))), seed=4)
    untold = report.orders.unacknowledged_count
    assert untold > 0
    assert f"{untold} although their users saw a failure" in report_text(report, "again")
