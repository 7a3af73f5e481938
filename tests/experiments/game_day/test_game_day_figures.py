"""Figures of a game day: names that can be read, and what was promised."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib import pyplot as plt

from experiments.game_day import play, read_game_day
from experiments.game_day.game_day_figures import figures_of_report, legible
from experiments.plots.fault_shading import FaultBand

from .files import HYPOTHESIS, trouble, written


def test_bands_that_overlap_are_one_with_all_their_names() -> None:
    bands = [FaultBand("b", 3.0, 5.0), FaultBand("a", 1.0, 4.0), FaultBand("c", 5.0, 6.0)]
    assert legible(bands) == (FaultBand("a\nb", 1.0, 5.0), FaultBand("c", 5.0, 6.0))


def test_many_names_are_counted() -> None:
    assert legible([FaultBand(name, 1.0, 4.0) for name in "abc"]) == (FaultBand("3 faults", 1.0, 4.0),)


@pytest.mark.slow
def test_what_was_promised_is_drawn_over_each_phase(tmp_path: Path) -> None:
    bounds = HYPOTHESIS + "during = { availability = 0.5, of.page = { availability = 0.7 } }\n"
    report = play(read_game_day(written(tmp_path, bounds, trouble("errors"))))
    figures = figures_of_report(report)
    [ax, *_] = figures["availability"].axes
    lines = [
        [point for path in collection.get_paths() for point in np.asarray(path.vertices).tolist()]
        for collection in ax.collections
        if collection.get_gid() != "fault"
    ]
    assert [[1.0, 0.95], [8.0, 0.95]] in lines
    assert [[8.0, 0.5], [16.0, 0.5]] in lines
    assert [[18.0, 0.95], [24.0, 0.95]] in lines
    for figure in figures.values():
        plt.close(figure)


def test_where_nobody_came_there_is_nothing_to_draw(tmp_path: Path) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    path.write_text(path.read_text().replace("rate = 40.0", "rate = 0.0001"))
    report = play(read_game_day(path))
    assert len(report.requests) == 0
    assert figures_of_report(report) == {}
    assert report.holds is None


@pytest.fixture(autouse=True)
def _without_a_display() -> None:
    plt.switch_backend("Agg")
