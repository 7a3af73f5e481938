"""Logarithmic axes are labelled with plain numbers."""

from __future__ import annotations

from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes

from experiments.plots.logarithmic_axis import (
    make_logarithmic,
    make_logarithmic_down_to_zero,
    plain_number,
)

mpl.use("Agg")


@pytest.fixture
def ax() -> Iterator[Axes]:
    figure, ax = plt.subplots()
    yield ax
    plt.close(figure)


def numbers(ax: Axes) -> list[str]:
    ax.figure.canvas.draw()
    low, high = ax.get_ylim()
    return [
        label.get_text()
        for place, label in zip(ax.get_yticks(), ax.get_yticklabels(), strict=True)
        if low <= place <= high
    ]


@pytest.mark.slow
def test_numbers_stand_at_one_two_and_five(ax: Axes) -> None:
    make_logarithmic(ax)
    ax.set_ylim(9.0, 1_100.0)
    assert numbers(ax) == ["10", "20", "50", "100", "200", "500", "1,000"]


@pytest.mark.slow
def test_long_axis_may_have_decades_only(ax: Axes) -> None:
    make_logarithmic(ax, steps=(1.0,))
    ax.set_ylim(0.01, 10_000.0)
    assert numbers(ax) == ["0.01", "0.1", "1", "10", "100", "1,000", "10,000"]


def test_axis_down_to_zero_has_a_zero_and_decades_above(ax: Axes) -> None:
    make_logarithmic_down_to_zero(ax, linear_up_to=1.0)
    ax.set_ylim(-0.1, 200.0)
    assert numbers(ax) == ["0", "1", "10", "100"]


@pytest.mark.parametrize(
    ("value", "text"), [(0.0, "0"), (0.001, "0.001"), (0.5, "0.5"), (2.5, "2.5"), (12_000.0, "12,000")]
)
def test_no_power_of_ten_is_written_as_one(value: float, text: str) -> None:
    assert plain_number(value) == text
