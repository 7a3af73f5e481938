"""What the figures of several studies need when they draw."""

from matplotlib.axes import Axes
from matplotlib.figure import Figure


def figure_of(ax: Axes) -> Figure:
    """Return the figure on which `ax` stands."""
    figure: Figure = ax.get_figure()  # type: ignore[assignment]  # never a sub-figure here
    return figure


def name_again(ax: Axes) -> None:
    """Let the legend of `ax` name what was drawn after it."""
    legend = ax.get_legend()
    assert legend is not None
    ax.legend(
        *ax.get_legend_handles_labels(),
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        borderaxespad=0.3,
        frameon=False,
        fontsize=9,
        title=legend.get_title().get_text(),
        title_fontsize=8,
        alignment="left",
    )
