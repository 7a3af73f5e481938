"""The space-time diagram: hosts as lines, messages as arrows, what clients asked as bars, cuts shaded.

picture     space_time: what is to be seen of a trace, computed
operations  the bars: what became of an operation, and what is written on it
drawing     plot_space_time: draws it
labels      which of the texts beside bars have room
"""

from .drawing import plot_space_time
from .operations import Fate, OperationBar
from .picture import Line, SpaceTime, space_time

__all__ = ["Fate", "Line", "OperationBar", "SpaceTime", "plot_space_time", "space_time"]
