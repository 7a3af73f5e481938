"""Colours that mean the same in every figure, and new axes to draw on.

The colours are those of Okabe and Ito, "Color Universal Design" (2008), which people with any of the common
kinds of colour blindness tell apart. Where several lines share a meaning they differ by marker or dash.
"""

from collections.abc import Iterable, Mapping
from typing import cast

from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

BLACK, ORANGE, SKY, GREEN = "#000000", "#E69F00", "#56B4E9", "#009E73"
YELLOW, BLUE, VERMILION, PURPLE, GREY = "#F0E442", "#0072B2", "#D55E00", "#CC79A7", "#999999"

POLICY_COLOURS: Mapping[str, str] = {
    # Nothing is done about it.
    **dict.fromkeys(
        (
            "no timeout",
            "no backoff",
            "no remedy",
            "no isolation",
            "no limit",
            "no hedging",
            "no key",
            "deadlines kept",
            "bare shop",
        ),
        VERMILION,
    ),
    # What the study's question leads to.
    **dict.fromkeys(
        (
            "timeout and breaker",
            "full jitter",
            "queue age",
            "own pools",
            "a copy after p95",
            "durable",
            "deadlines cancelling",
            "careful shop",
        ),
        BLUE,
    ),
    "timeout": ORANGE,
    "exponential backoff": ORANGE,
    "token bucket": SKY,
    "budget": SKY,
    "grpc": GREEN,
    "envoy": PURPLE,
    "sre": BLACK,
    "restart": BLACK,
    "fewer users": GREEN,
    "shared pool": PURPLE,
    "queue length": ORANGE,
    "codel": SKY,
    "lifo": PURPLE,
    "priority": GREEN,
    "aimd": GREEN,
    "vegas": PURPLE,
    "gradient": ORANGE,
    "throttle": BLACK,
    "a copy after p99": SKY,
    "key per try": ORANGE,
    "in memory": SKY,
    "separate": PURPLE,
    "deadlines honoured": SKY,
    "healthy": GREEN,
    "slow": PURPLE,
    "silent": BLACK,
}
"""One colour per policy, and per state of the dependency where that is what is compared.

Seven colours do not give each policy one of its own: no two that are compared in one figure share theirs, and
what is without protection has the same one everywhere.
"""

OUTCOME_COLOURS: Mapping[str, str] = {
    "ok": "#BFE3D6",
    "degraded": YELLOW,
    "timed_out": VERMILION,
    "refused": PURPLE,
    "rejected": ORANGE,
    "breaker_open": SKY,
    "unavailable": "#8C564B",
    "server_error": "#555555",
    "cancelled": GREY,
    "unknown": BLACK,
}
"""One colour per outcome; the good one is pale, so that what is wrong stands out."""

OPERATION_COLOURS: Mapping[str, str] = {
    "browse": GREEN,
    "buy": PURPLE,
    "page": GREEN,
    "cart": ORANGE,
    "checkout": PURPLE,
}
"""One colour per operation of the storefront and of the shop."""

_CYCLE = (BLUE, VERMILION, GREEN, PURPLE, ORANGE, SKY, BLACK)

SIZE = (8.0, 4.5)
"""Width and height of a new figure in inches."""


def colour_of(name: str, index: int, colours: Mapping[str, str] = POLICY_COLOURS) -> str:
    """Return the colour of `name`, or for a name without one that of its `index` in the figure."""
    return colours.get(name, _CYCLE[index % len(_CYCLE)])


def colours_of(names: Iterable[str], colours: Mapping[str, str] = POLICY_COLOURS) -> dict[str, str]:
    """Return a colour for each of `names`: its own, or for a name without one the next that is free."""
    listed = list(names)
    taken = {colours[name] for name in listed if name in colours}
    free = [colour for colour in _CYCLE if colour not in taken] or list(_CYCLE)
    others = [name for name in listed if name not in colours]
    return {name: colours[name] for name in listed if name in colours} | {
        name: free[index % len(free)] for index, name in enumerate(others)
    }


def colours_by_policy(policies: Mapping[str, str]) -> dict[str, str]:
    """Return a colour for each label of `policies`, which says for what policy of the palette it stands.

    Labels of other policies are left out: they take what is free.
    """
    return {label: POLICY_COLOURS[name] for label, name in policies.items() if name in POLICY_COLOURS}


def new_axes(ax: Axes | None, size: tuple[float, float] = SIZE) -> Axes:
    """Return `ax`, or the axes of a new figure of `size` (inches)."""
    if ax is not None:
        return ax
    return plt.subplots(figsize=size, layout="constrained")[1]


def figure_of(ax: Axes) -> Figure:
    """Return the figure on which `ax` stands."""
    return cast("Figure", ax.get_figure())


def finish(ax: Axes, title: str) -> Axes:
    """Give `ax` its title, which states the message, and take away what carries no information."""
    ax.set_title(title, loc="left", fontsize=11, fontweight="bold")
    ax.spines[["top", "right"]].set_visible(False)
    ax.grid(axis="y", color="#DDDDDD", linewidth=0.6)
    ax.set_axisbelow(True)
    return ax
