"""A logarithmic y axis that a reader can read: plain numbers, where engineers look for them."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter, SymmetricalLogLocator

_HALF_DECADES = (1.0, 2.0, 5.0)


def make_logarithmic(ax: Axes, *, steps: Sequence[float] = _HALF_DECADES) -> None:
    """Make the y axis logarithmic, with plain numbers at `steps` of each decade.

    On an axis of more than three decades `steps=(1,)` leaves room between the numbers.
    """
    ax.set_yscale("log")
    ax.yaxis.set_major_locator(LogLocator(base=10, subs=tuple(steps)))
    ax.yaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.yaxis.set_minor_formatter(NullFormatter())


def make_logarithmic_down_to_zero(ax: Axes, *, linear_up_to: float) -> None:
    """Make the y axis logarithmic above `linear_up_to` (> 0) and linear below, so that it has a zero."""
    ax.set_yscale("symlog", linthresh=linear_up_to)
    ax.yaxis.set_major_locator(SymmetricalLogLocator(base=10, linthresh=linear_up_to))
    ax.yaxis.set_major_formatter(FuncFormatter(plain_number))
    ax.yaxis.set_minor_formatter(NullFormatter())


def plain_number(value: float, _position: int | None = None) -> str:
    """Return a number as it stands on an axis: 0.5, 20, 1,000; never a power of ten."""
    return f"{value:,.0f}" if abs(value) >= 1.0 and value == round(value) else f"{value:,.6g}"
