"""What is to be seen of a trace in a space-time diagram, computed: lines, bars, arrows, gaps.

Time runs from left to right, and each host has a line. The operations of clients stand on the line of their
host, or have a line of their own where the trace gives them no home. A cut is shown as what it is, a gap:
between neighbouring lines whose hosts cannot reach each other, both ways or one way. Where the two hosts of a
cut are no neighbours, all that lies between them is shaded.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import ceil, inf, log10
from statistics import median

from models.consistency import Operation, Witness
from models.observers.messages import Cut, Downtime, Message, SpaceTimeTrace

from .operations import OperationBar, operation_bars

_STUB_SHARE = 0.02
"""How long the way of lost messages is drawn, as a share of the window, where none has arrived."""

_GONE_AFTER = 0.37
"""The share of its way after which one is drawn as gone: on no line between."""

_IN_MILLISECONDS = 0.5
"""In a window that is shorter (s) times are told in milliseconds: seconds would be small numbers."""

_TIME = re.compile(r"\b(by|after) ([0-9.]+(?:e[+-][0-9]+)?) s\b")
"""A time in the words of a witness, which has more digits than are to be seen."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """The line of a host, or of a client without one, with room for `lane_count` bars above each other."""

    name: str
    is_host: bool
    lane_count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrow:
    """A `message` from the line number `source` to the line number `target`, which it reaches at `end` (s).

    Of one that does not arrive only a `share` of the way is drawn, as steep as the others on average.
    """

    source: int
    target: int
    end: float
    share: float
    message: Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """A cut from `start` to `end` (s), shaded between the lines number `upper` and `lower`."""

    upper: int
    lower: int
    start: float
    end: float
    is_one_way: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class DownStretch:
    """A `downtime` on the line number `line`."""

    line: int
    downtime: Downtime


@dataclass(frozen=True, slots=True, kw_only=True)
class SpaceTime:
    """What is drawn of a trace, from `start` to `end` (s); `why` says in a sentence what its witness proves.

    `hidden_count` messages are of kinds that were to be left out.
    """

    start: float
    end: float
    lines: tuple[Line, ...]
    bars: tuple[OperationBar, ...]
    arrows: tuple[Arrow, ...]
    gaps: tuple[Gap, ...]
    down: tuple[DownStretch, ...]
    why: str = ""
    hidden_count: int = 0

    @property
    def is_in_milliseconds(self) -> bool:
        """Whether times are told in milliseconds, and not in seconds."""
        return self.end - self.start < _IN_MILLISECONDS


def space_time(
    trace: SpaceTimeTrace,
    *,
    start: float | None = None,
    end: float | None = None,
    without: Collection[str] = (),
) -> SpaceTime:
    """Return what is to be seen of `trace` between `start` and `end` (s; by default all of it).

    Messages of the kinds in `without` are left out: heartbeats, say, of which there are so many that nothing
    else would be seen. Raises `ValueError` for a window outside the trace.

    Example::

        plot_space_time(space_time(run.detail.trace, start=4.0, end=9.0, without={"Append", "Progressed"}))
    """
    start, end = _window(trace, start, end)
    names, line_of = _lines(trace)
    bars = operation_bars(trace, line_of, start, end)
    numbers = {name: number for number, name in enumerate(names)}
    there = [each for each in trace.messages if _is_seen(each, numbers, start, end)]
    shown = [each for each in there if each.kind not in without]
    lanes = [
        max((bar.lane + 1 for bar in bars if bar.line == number), default=0) for number in range(len(names))
    ]
    return SpaceTime(
        start=start,
        end=end,
        lines=tuple(
            Line(name=name, is_host=name in trace.hosts, lane_count=count)
            for name, count in zip(names, lanes, strict=True)
        ),
        bars=bars,
        arrows=tuple(_arrows(shown, numbers, end - start)),
        gaps=tuple(
            gap for cut in trace.cuts if cut.start < end and cut.end > start for gap in _gaps(cut, names)
        ),
        down=tuple(
            DownStretch(line=numbers[each.host], downtime=each)
            for each in trace.downtimes
            if each.host in numbers and each.start < end and each.end > start
        ),
        why="" if trace.witness is None else _why(trace.witness, end - start),
        hidden_count=len(there) - len(shown),
    )


def _window(trace: SpaceTimeTrace, start: float | None, end: float | None) -> tuple[float, float]:
    start, end = (trace.start if start is None else start), (trace.end if end is None else end)
    if not trace.start <= start < end <= trace.end:
        raise ValueError(
            f"start and end must be within {trace.start} to {trace.end} s, got {start!r} and {end!r}"
        )
    return start, end


def _lines(trace: SpaceTimeTrace) -> tuple[list[str], list[int]]:
    """Return the names of all lines, and the number of the line of each operation."""
    names = list(trace.hosts)
    numbers = {name: number for number, name in enumerate(names)}
    line_of = []
    for each in trace.operations:
        name = trace.homes.get(each.site) or _client(each)
        if name not in numbers:
            numbers[name] = len(names)
            names.append(name)
        line_of.append(numbers[name])
    return names, line_of


def _client(operation: Operation) -> str:
    number = operation.process if operation.session is None else operation.session
    return f"client {number}{f' ({operation.site})' if operation.site else ''}"


def _is_seen(message: Message, numbers: Collection[str], start: float, end: float) -> bool:
    """Whether it goes from line to line within the window; what was lost never gets anywhere."""
    if message.source == message.target or message.source not in numbers or message.target not in numbers:
        return False
    until = message.arrives_at if message.arrives_at < inf else message.sent_at
    return message.sent_at < end and until >= start


def _arrows(messages: Sequence[Message], numbers: Mapping[str, int], duration: float) -> Iterator[Arrow]:
    ways = [each.arrives_at - each.sent_at for each in messages if each.arrives_at < inf]
    usual = median(ways) if ways else _STUB_SHARE * duration
    for each in messages:
        arrives = each.arrives_at < inf
        yield Arrow(
            source=numbers[each.source],
            target=numbers[each.target],
            end=each.arrives_at if arrives else each.sent_at + usual,
            share=1.0 if arrives else _GONE_AFTER,
            message=each,
        )


def _gaps(cut: Cut, names: Sequence[str]) -> list[Gap]:
    """Return what is shaded for a cut: between neighbours, or else between the first two that are cut."""
    apart = {
        (upper, lower): len({(one, other), (other, one)} & cut.pairs)
        for upper, one in enumerate(names)
        for lower, other in enumerate(names)
        if upper < lower
    }
    found = [pair for pair, count in apart.items() if count]
    between = [(upper, lower) for upper, lower in found if lower == upper + 1] or found[:1]
    return [
        Gap(upper=upper, lower=lower, start=cut.start, end=cut.end, is_one_way=apart[upper, lower] == 1)
        for upper, lower in between
    ]


def _why(witness: Witness, duration: float) -> str:
    """Return what a witness proves, with times as exact as they are to be seen: to a thousandth of all."""
    subject = "Not linearizable" if witness.key is None else f"{witness.key!r} is not linearizable"
    unit, scale = ("ms", 1000.0) if duration < _IN_MILLISECONDS else ("s", 1.0)
    decimals = max(ceil(3.0 - log10(scale * duration)), 0)
    told = _TIME.sub(lambda each: f"{each[1]} {scale * float(each[2]):.{decimals}f} {unit}", witness.why)
    return f"{subject}: {told}"
