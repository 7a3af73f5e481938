"""Read models: how far they are behind a log, and how they catch up.

batches        the time until a commit is shown, by polling or by waiting at the log
catching_up    the time until a backlog is gone
"""

from .batches import (
    behind_probability_by_polling,
    behind_probability_by_waiting,
    showing_time_by_polling,
    showing_time_by_waiting,
)
from .catching_up import catching_up_time

__all__ = [
    "behind_probability_by_polling",
    "behind_probability_by_waiting",
    "catching_up_time",
    "showing_time_by_polling",
    "showing_time_by_waiting",
]
