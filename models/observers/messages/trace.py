"""What happened between the hosts of a run, as a value: what a space-time diagram is drawn from.

It holds names and numbers only, so that a run can keep it (`Run.detail`) and send it to another process. It
is put together from observers: a `MessageWatch`, the history of what clients were told, the event log for
who was down. Without messages, or without a history, the rest is still a trace.

Source: the diagrams of Lamport, "Time, Clocks, and the Ordering of Events in a Distributed System" (CACM 21,
1978), and the intervals of operations of Herlihy and Wing, "Linearizability" (TOPLAS 1990).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import inf

from simulator import EventLog

from ...consistency import Operation, ReadStaleness, Witness, staleness_of_reads
from ...network import Passage
from .message import Cut, Downtime, Message
from .watch import MessageWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceTimeTrace:
    """What happened from `start` to `end` (s): `hosts` in the order of their lines, and all that was seen.

    `homes` says on the line of which host the operations of a `site` stand; those of other sites have lines
    of their own. `stale_reads` are those of the operations that were stale, judged by all of the history.
    `lost_writes` are those that were acknowledged and gone in the end (`models.consistency.lost_writes`).
    `witness` proves that the history is not linearizable, if that was found.
    """

    hosts: tuple[str, ...]
    start: float
    end: float
    messages: tuple[Message, ...] = ()
    cuts: tuple[Cut, ...] = ()
    downtimes: tuple[Downtime, ...] = ()
    operations: tuple[Operation, ...] = ()
    stale_reads: tuple[ReadStaleness, ...] = ()
    lost_writes: tuple[Operation, ...] = ()
    homes: Mapping[str, str] = field(default_factory=dict)
    witness: Witness | None = None

    def __post_init__(self) -> None:
        if not -inf < self.start < self.end < inf:
            raise ValueError(f"start and end must be finite and in order, got {self.start!r}, {self.end!r} s")
        if len(set(self.hosts)) < len(self.hosts):
            raise ValueError(f"a host must have one line, got {', '.join(self.hosts)}")
        lost = sorted(home for home in self.homes.values() if home not in self.hosts)
        if lost:
            raise ValueError(f"homes must be hosts of the trace, got {', '.join(map(repr, lost))}")


def space_time_trace(
    watch: MessageWatch,
    history: Sequence[Operation] = (),
    *,
    end: float | None = None,
    hosts: Iterable[str] | None = None,
    homes: Mapping[str, str] | None = None,
    lost_writes: Iterable[Operation] = (),
    witness: Witness | None = None,
) -> SpaceTimeTrace:
    """Return what `watch` and others have seen by now, from the start of its window to its end (s).

    `end` by default is that of the window, or now. `hosts` are those that get a line, in that order; by
    default all of the network, those together that could reach each other in the longest cut. Operations of a
    `site` that is the name of a host, or has one in `homes`, stand on its line.

    Example::

        watch = MessageWatch(network, end=5.0)
        recorder = HistoryRecorder(env)
        client = recorder.around(store.client(web), site=web.name)
        ...
        env.run(until=5.0)
        trace = space_time_trace(watch, recorder.history())
    """
    env, start = watch.network.env, watch.start
    end = min(watch.end, env.now) if end is None else end
    cuts = tuple(each for each in watch.cuts() if each.start < end and each.end > start)
    known = [each.name for each in watch.network.hosts]
    names = tuple(hosts) if hosts is not None else _by_sides(known, cuts, start, end)
    at_home = {name: name for name in names} | dict(homes or {})  # a site may be named after its host
    downtimes = _downtimes(env.event_log, set(names), start, end)
    return SpaceTimeTrace(
        hosts=names,
        start=start,
        end=end,
        messages=tuple(_heard(each, downtimes) for each in watch.messages() if each.sent_at < end),
        cuts=cuts,
        downtimes=downtimes,
        operations=tuple(each for each in history if each.invoked_at < end and each.ended_at >= start),
        stale_reads=tuple(
            each for each in _stale(history) if each.read.invoked_at < end and each.read.ended_at >= start
        ),
        lost_writes=tuple(each for each in lost_writes if start <= each.invoked_at < end),
        homes=at_home,
        witness=witness,
    )


def _heard(message: Message, downtimes: Sequence[Downtime]) -> Message:
    """Return a message, an answer that came to a host that was down as one that nobody has heard."""
    # Whoever sends an answer says at once that it arrives; all others are told of when they do.
    if message.passage is Passage.ARRIVED and any(
        each.process is None and each.host == message.target and each.start < message.arrives_at < each.end
        for each in downtimes
    ):
        return replace(message, passage=Passage.UNHEARD)
    return message


def _stale(history: Sequence[Operation]) -> Iterable[ReadStaleness]:
    try:
        return [each for each in staleness_of_reads(history) if each.versions_count]
    except ValueError:  # lists, counters, a value that was written twice: a read names no single write
        return []


def _by_sides(hosts: Sequence[str], cuts: Sequence[Cut], start: float, end: float) -> tuple[str, ...]:
    """Return the hosts, those together that could reach each other, both ways, in the longest cut."""
    if not cuts:
        return tuple(hosts)
    pairs = max(cuts, key=lambda each: min(each.end, end) - max(each.start, start)).pairs
    waiting, ordered = list(hosts), []
    while waiting:
        side = [waiting.pop(0)]
        for member in side:  # which grows meanwhile: who reaches a member belongs to the side
            reached = [each for each in waiting if not {(member, each), (each, member)} & pairs]
            waiting = [each for each in waiting if each not in reached]
            side += reached
        ordered += [each for each in hosts if each in side]
    return tuple(ordered)


def _downtimes(log: EventLog, hosts: set[str], start: float, end: float) -> tuple[Downtime, ...]:
    down = [
        Downtime(host=each.subject, start=each.start, end=each.end)
        for each in log.intervals("host.down", "host.up", inf)
    ]
    down += _processes_down(log)
    seen = [each for each in down if each.host in hosts and each.start < end and each.end > start]
    return tuple(sorted(seen, key=lambda each: (each.start, each.host)))


def _processes_down(log: EventLog) -> list[Downtime]:
    """When processes were down whose host was up: until they started, or their host crashed."""
    found: list[Downtime] = []
    begun: dict[str, tuple[str, float]] = {}
    for record in log.of_kind("process.down", "process.up", "process.stopped", "host.down"):
        if record.kind == "process.down":
            begun[record.subject] = (str(record.detail["host"]), record.time)
            continue
        ended = [name for name, (host, _) in begun.items() if record.subject in (name, host)]
        if record.kind != "host.down":
            ended = [name for name in ended if name == record.subject]
        for name in ended:
            host, since = begun.pop(name)
            found.append(Downtime(host=host, start=since, end=record.time, process=name))
    found += [
        Downtime(host=host, start=since, end=inf, process=name) for name, (host, since) in begun.items()
    ]
    return found
