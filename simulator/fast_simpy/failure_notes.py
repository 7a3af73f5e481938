"""What an error says about the run it has stopped (seed, simulated time, process), and runaways.

The information goes into a note of the exception (PEP 678), because the exception's type and text are what
SimPy code, and SimPy's test suite, expect.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from simpy.events import Process

from .trace import item_name

if TYPE_CHECKING:
    from simpy.events import Event

    from .loop import EventLoop

_NOTE_START = "The run stopped at simulated time "


class RunawayError(RuntimeError):
    """The clock does not move although very much happens: something schedules itself for ever."""

    def __init__(self, events_max: int, names: str) -> None:
        super().__init__(events_max, names)
        self.events_max = events_max
        self.names = names

    def __str__(self) -> str:
        return f"more than {self.events_max} events at one instant; most of what is due there: {self.names}"


def annotate(error: BaseException, env: EventLoop, event: Event | None) -> None:
    """Add a note to `error` that says where in the run it happened; once, however many runs pass it on."""
    if any(note.startswith(_NOTE_START) for note in getattr(error, "__notes__", ())):
        return
    source = event if event is not None else env.active_process
    where = "no process"
    if source is not None:
        where = f"{'process' if isinstance(source, Process) else 'event'} {item_name(source)!r}"
    error.add_note(f"{_NOTE_START}{env.now!r} s, seed {env.seed}, in {where}.")


def _waiting_for(item: object) -> object:
    """Return the process that waits for an event, which says more than "Timeout"; else the item itself."""
    if isinstance(item, Process):
        return item
    waiting = (getattr(callback, "__self__", None) for callback in getattr(item, "callbacks", None) or ())
    return next((process for process in waiting if isinstance(process, Process)), item)


def runaway_names(env: EventLoop, *at_hand: object) -> str:
    """Return who has most of the items that are due at this instant, for the message of a `RunawayError`."""
    later = (item for time, _, item, _ in env._queue if time <= env.now)
    due = Counter(item_name(_waiting_for(item)) for item in (*at_hand, *env._urgent, *env._ready, *later))
    if env.active_process is not None:
        due[item_name(env.active_process)] += 1
    return ", ".join(f"{name!r} ({count})" for name, count in due.most_common(3))
