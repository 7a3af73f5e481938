"""Session guarantees: what one client may expect of a store that is not linearizable.

    read your writes       a read does not tell a version older than one that its session has written
    monotonic reads        nor one older than a version that its session has read
    monotonic writes       who has read a version sees, from then on, what its writer's session had written
                           before: no read tells a version older than that
    writes follow reads    nor a version older than one that the writer's session had read before

The last two are promises about servers, and a client sees them broken only where it also counts on monotonic
reads: it may have read the later version at one server, and at another one, which has neither, the earlier
key. Which of the two was broken it cannot tell; the breach is told under the name of the promise about
writes. One step is followed: what the writer's session had itself written or read, and not what others had.

Of two versions of one key the last two are seen as a breach of monotonic reads: the later one was read, then
the earlier. "Older" is what the clients themselves can know (`versions`): there before the other was asked
for. So what a store makes of concurrent writes is never a breach, and a store that puts a later write before
an earlier one, as a wrong clock makes last-writer-wins do, breaks a guarantee if it shows.

Only what had ended when a read was invoked counts: a client with several calls under way has not seen the
answers to come. Writes of unknown ending bind nobody until they are read.

Every write must write another value. Source: Terry, Demers, Petersen, Spreitzer, Theimer and Welch, "Session
Guarantees for Weakly Consistent Replicated Data" (1994).
"""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Literal

from .intervals import Interval
from .operation import Operation
from .versions import Version, versions_by_key
from .wording import operation_text


class Guarantee(Enum):
    """One of the four session guarantees."""

    READ_YOUR_WRITES = "read your writes"
    MONOTONIC_READS = "monotonic reads"
    MONOTONIC_WRITES = "monotonic writes"
    WRITES_FOLLOW_READS = "writes follow reads"


@dataclass(frozen=True, slots=True, kw_only=True)
class Breach:
    """A read that breaks a guarantee: it tells a version older than that of the write `missed`.

    `through` is the write of another session that the reader had read, for the guarantees about writes.
    """

    guarantee: Guarantee
    read: Operation
    missed: Operation
    through: Operation | None = None

    def text(self) -> str:
        """Return the breach for people to read, three or four lines."""
        lines = [f"{self.guarantee.value}:", f"  {operation_text(self.missed)}"]
        if self.through is not None:
            lines.append(f"  {operation_text(self.through)}")
        return "\n".join([*lines, f"  {operation_text(self.read)}"])


def breaches_of_guarantees(
    history: Sequence[Operation], *, by: Literal["session", "process"] = "session"
) -> tuple[Breach, ...]:
    """Return all breaches, by the invocation of the read, each read once for each guarantee.

    A session is a client, or one `process` of it. Raises `ValueError` if a value was written twice to a key.
    """
    sessions: dict[Hashable, _Session] = {}
    begun: dict[int, tuple[Hashable, int]] = {}
    breaches = []
    for _, is_end, interval, version in _events(history):
        name = _name(interval.operation, by)
        session = sessions.setdefault(name, _Session())
        is_read = interval.operation.kind == "read"
        if not is_end and is_read:
            breaches += session.breaches(interval, version)
        elif not is_end:
            begun[interval.call] = (name, len(session.past))
        elif is_read:
            session.has_read(version)
            if version.write is not None and version.write.call in begun:
                writer, past = begun[version.write.call]
                if writer != name:
                    session.follow(writer, sessions[writer], past, version)
        else:
            session.has_written(version)
    return tuple(breaches)


@dataclass(slots=True)
class _Session:
    """What a session has seen: for each key and guarantee the version asked for last, and through what."""

    past: list[tuple[Guarantee, Version]] = field(default_factory=list)
    followed: dict[Hashable, int] = field(default_factory=dict)
    bounds: dict[tuple[Guarantee, Any], tuple[Version, Version | None]] = field(default_factory=dict)

    def has_read(self, version: Version) -> None:
        self.past.append((Guarantee.WRITES_FOLLOW_READS, version))
        self._bind(Guarantee.MONOTONIC_READS, version, None)

    def has_written(self, version: Version) -> None:
        self.past.append((Guarantee.MONOTONIC_WRITES, version))
        self._bind(Guarantee.READ_YOUR_WRITES, version, None)

    def follow(self, name: Hashable, writer: _Session, past: int, through: Version) -> None:
        """Take over what binds the readers of a version: its writer's past at the time of writing."""
        for guarantee, version in writer.past[self.followed.get(name, 0) : past]:
            self._bind(guarantee, version, through)
        self.followed[name] = max(past, self.followed.get(name, 0))

    def breaches(self, interval: Interval, version: Version) -> list[Breach]:
        """What a read that is invoked now, and will tell `version`, breaks."""
        found = []
        for guarantee in Guarantee:
            bound, through = self.bounds.get((guarantee, version.key), (None, None))
            if bound is not None and version.is_older_than(bound):
                found.append(
                    Breach(
                        guarantee=guarantee,
                        read=interval.operation,
                        missed=_write_of(bound),
                        through=None if through is None else _write_of(through),
                    )
                )
        return found

    def _bind(self, guarantee: Guarantee, version: Version, through: Version | None) -> None:
        at = (guarantee, version.key)
        bound = self.bounds.get(at)
        if bound is None or bound[0].asked_at < version.asked_at:
            self.bounds[at] = (version, through)


def _events(history: Sequence[Operation]) -> list[tuple[int, bool, Interval, Version]]:
    """Invocations and known ends of all reads and writes, by rank, each with the version it is about."""
    events = []
    for versions in versions_by_key(history).values():
        writes = [(each.write, each) for each in versions.written() if each.write is not None]
        for interval, version in [*versions.reads, *writes]:
            events.append((interval.call, False, interval, version))
            if interval.is_known:
                events.append((interval.end, True, interval, version))
    return sorted(events, key=lambda event: event[0])


def _name(operation: Operation, by: str) -> Hashable:
    if by == "session" and operation.session is not None:
        return "session", operation.session
    return "process", operation.process


def _write_of(version: Version) -> Operation:
    assert version.write is not None, "nothing is older than the initial version"
    return version.write.operation
