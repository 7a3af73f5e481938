"""A run of `cap` that is not linearizable, as a space-time diagram: the witness, and what could not be told.

The run is made once more, since nobody watches messages in a sweep: a run is a value, and a watch changes
nothing. Of all messages those are shown that are about the witness's key.
"""

from collections.abc import Iterator
from math import inf
from typing import Any

from matplotlib.figure import Figure

from models.consistency import Operation, Witness
from models.observers.messages import MessageWatch, space_time_trace

from ....plots.palette import figure_of
from ....plots.space_time import plot_space_time, space_time
from ....study import Run
from ...stores.cap import run_cut
from ...stores.cap_run import CapRun
from ...stores.places import SIDES, Places

_OTHER = "of other keys"
_MARGIN = 0.1
"""Room before and after the witness, as a share of it, and at least this many seconds."""


def plot_witness(run: Run) -> Figure | None:
    """Return the diagram of a witness, None where there is none: one of the cut, if possible, and short."""
    detail: CapRun = run.detail
    if not detail.verdict.witnesses:
        return None
    witness = min(
        detail.verdict.witnesses,
        key=lambda each: (
            _since(each) < detail.start,
            _until(each) > detail.end,
            _until(each) - _since(each),
        ),
    )
    span = _until(witness) - _since(witness)
    margin = max(_MARGIN * span, _MARGIN)
    start, end = max(_since(witness) - margin, 0.0), _until(witness) + margin
    seen: dict[str, Any] = {}

    def watch(places: Places) -> None:
        seen["places"] = places
        seen["watch"] = MessageWatch(
            places.network, start=start, end=end, kind=lambda content: _kind(content, witness.key)
        )

    parameters: dict[str, Any] = dict(run.parameters)
    again = run_cut(seed=run.seed, watch=watch, **parameters)
    places: Places = seen["places"]
    trace = space_time_trace(
        seen["watch"],
        [each for each in again.history if each.key == witness.key],
        hosts=_hosts(places),
        homes={side: places.clients[side].name for side in SIDES},
        witness=witness,
    )
    ax = plot_space_time(space_time(trace, without={_OTHER}))
    # Higher: the names of what the clients on the first line did stand above it.
    ax.set_title(ax.get_title(loc="left"), loc="left", fontsize=11, fontweight="bold", pad=34)
    ax.set_ylabel("host")
    return figure_of(ax)


def _hosts(places: Places) -> list[str]:
    """Return the names of hosts in the order of their lines: the cut is in the middle."""
    above = [places.clients["minority"], *places.hosts["minority"]]
    below = [*places.hosts["majority"], places.clients["majority"]]
    return [host.name for host in (*above, *below)]


def _since(witness: Witness) -> float:
    return min(each.invoked_at for each in witness.operations)


def _until(witness: Witness) -> float:
    return max(_end(each) for each in witness.operations)


def _end(operation: Operation) -> float:
    return operation.ended_at if operation.ended_at < inf else operation.invoked_at


def _kind(content: object, key: object) -> str:
    return "of this key" if any(each == key for each in _keys(content)) else _OTHER


def _keys(content: object) -> Iterator[object]:
    """Yield the keys that a message is about: its own, or those of what it carries."""
    if hasattr(content, "key"):
        yield content.key
    for name in ("records", "updates", "entries"):
        for each in getattr(content, name, ()):
            yield getattr(each, "key", None)
            command = getattr(each, "command", None)
            if command is not None:
                yield command.request.key
