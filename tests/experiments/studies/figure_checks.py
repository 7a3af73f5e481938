"""What every figure must have, and what is written on one."""

import warnings

import matplotlib as mpl
from matplotlib.figure import Figure


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
