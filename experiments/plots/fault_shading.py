"""The time of a fault as a grey band behind whatever is drawn over time, with its name on it."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.axes import Axes

from simulator import EventLog

SHADE = "#E4E4E4"
"""The colour of the band."""

LABELS_MAX = 3
"""More names than these would stand on top of each other."""


class FaultBand(NamedTuple):
    """A fault of a `kind`, such as "payment silent", from `start` to `end` (s)."""

    kind: str
    start: float
    end: float


def fault_bands(log: EventLog, until: float) -> tuple[FaultBand, ...]:
    """Return the faults in an event log ("fault.start", "fault.end") up to `until` (s), named by mode."""
    modes = {
        (record.subject, record.time): str(record.detail.get("mode", "in trouble"))
        for record in log.of_kind("fault.start")
    }
    return tuple(
        FaultBand(f"{subject} {modes[subject, start]}", start, end)
        for subject, start, end in log.intervals("fault.start", "fault.end", until)
    )


def shade_faults(ax: Axes, bands: Sequence[FaultBand], *, labelled: bool = True) -> None:
    """Shade each band on `ax`, a time axis; `labelled` with its kind at the top, unless they are many."""
    labelled = labelled and len(bands) <= LABELS_MAX
    for band in bands:
        ax.axvspan(band.start, band.end, color=SHADE, zorder=0, linewidth=0, gid="fault")
        if labelled:
            ax.annotate(
                band.kind,
                ((band.start + band.end) / 2, 1.0),
                xycoords=ax.get_xaxis_transform(),
                xytext=(0, -3),
                textcoords="offset points",
                ha="center",
                va="top",
                fontsize=9,
                color="#555555",
            )
