"""A run of `cap` that is not linearizable, as a space-time diagram: the witness, and what could not be told.

Where replicas are told late, some read is wrong while nothing is cut, too. What is to be seen here is what
the cut does: one of its reads that is more stale than any message is late.

The run is made once more, since nobody watches messages in a sweep: a run is a value, and a watch changes
nothing. Of all messages those are shown that are about the witness's key.
"""

from collections.abc import Iterator
from math import inf
from typing import Any

from matplotlib.figure import Figure

from models.consistency import Operation, Witness, check_linearizability
from models.observers.messages import MessageWatch, space_time_trace
from models.replication import READ

from ....plots.palette import figure_of
from ....plots.space_time import plot_space_time, space_time
from ....study import Run
from ...stores.cap import run_cut
from ...stores.cap_run import CapRun
from ...stores.places import SIDES, Places
from .cap_summary import row_name

_OTHER = "of other keys"
_MARGIN = 0.1
"""Room before and after the witness, as a share of it, and at least this many seconds."""
_CLEARLY = 0.2
"""So many seconds stale is a read because of the cut: five times the way between the regions."""


def plot_witness(run: Run) -> Figure | None:
    """Return the diagram of a witness, None where there is none."""
    detail: CapRun = run.detail
    witness = witness_to_show(detail)
    if witness is None:
        return None
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
    title = f"{row_name(run.parameters).capitalize()}: what was told here can be put in no order"
    ax = plot_space_time(space_time(trace, without={_OTHER}), title=title)
    ax.set_ylabel("host")
    return figure_of(ax)


def witness_to_show(detail: CapRun) -> Witness | None:
    """Return a short witness of the cut; where reads of the cut yield none, one of any time, or None."""
    return min(
        _witnesses_of_the_cut(detail) or detail.verdict.witnesses,
        key=lambda each: (
            _since(each) < detail.start,
            _until(each) > detail.end,
            _until(each) - _since(each),
        ),
        default=None,
    )


def _witnesses_of_the_cut(detail: CapRun) -> list[Witness]:
    """Return the witnesses that reads of the cut yield, each alone with all writes of its key.

    A linearizable history is so without some of its reads, too. So what is not is broken by those it has.
    """
    found: list[Witness] = []
    for each in detail.staleness:
        if each.seconds >= _CLEARLY and detail.start <= each.read.invoked_at < detail.end:
            writes = [done for done in detail.history if done.key == each.read.key and done.kind != READ]
            found += check_linearizability([*writes, each.read], "register").witnesses
    return found


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
