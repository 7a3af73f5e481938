"""Writes the figures of a study as PNG files, one file per figure.

A study returns figures by name; what a figure shows is computed and drawn there. Nothing here needs a
display.
"""

from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

from .misuse import Misuse

if TYPE_CHECKING:
    from matplotlib.figure import Figure

RESOLUTION = 150
"""Dots per inch of every file written."""


def write_figures(figures: "Mapping[str, Figure]", folder: str | PathLike[str]) -> list[Path]:
    """Write each figure to `folder`/NAME.png, close it, and return the paths in order.

    The folder is made if there is a figure. Raises Misuse where it cannot be written.
    """
    from matplotlib import pyplot as plt  # late: half a second that only whoever draws should pay

    target = Path(folder)
    paths = []
    try:
        if figures:
            target.mkdir(parents=True, exist_ok=True)
        for name, figure in figures.items():
            paths.append(target / f"{name}.png")
            figure.savefig(paths[-1], dpi=RESOLUTION, bbox_inches="tight")
            plt.close(figure)
    except OSError as error:
        raise Misuse(
            f"folder for figures must be one that can be written, got {target}: {error.strerror}"
        ) from None
    return paths
