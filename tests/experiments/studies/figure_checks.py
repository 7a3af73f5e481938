"""What every figure must have, and what is written on one."""

import json
import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib.figure import Figure

from experiments import Run, Study


def texts(figure: Figure) -> str:
    found = [text.get_text() for text in figure.findobj(mpl.text.Text)]  # type: ignore[arg-type]  # a class is a match
    return "\n".join(found)


def assert_complete(figures: dict[str, Figure]) -> None:
    """Every panel has something on it and names on both axes, where it does not share its neighbour's."""
    for name, figure in figures.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            figure.canvas.draw()
        inside = [child for axes in figure.axes for child in axes.child_axes]
        assert any(axes.get_xlabel() for axes in [*figure.axes, *inside]), name
        assert any(axes.get_ylabel() for axes in figure.axes), name
        for axes in figure.axes:
            assert axes.has_data() or axes.texts, name


@pytest.fixture(scope="module")
def runs_once() -> Iterator[None]:
    """Let each run be made once in a module: a figure over time makes the runs of its sweep again.

    A run is a value, so nobody can tell but by the clock.
    """
    made: dict[str, Run] = {}
    run_checked = Study.run_checked

    def once(study: Study, values: Mapping[str, Any], seed: int) -> Run:
        key = json.dumps([study.name, values, seed], sort_keys=True)
        if key not in made:
            made[key] = run_checked(study, values, seed)
        return made[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Study, "run_checked", once)
        yield
