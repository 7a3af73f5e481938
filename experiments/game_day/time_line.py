"""The time line of a game day: what happened, in order; what happened again and again is counted.

A breaker that opens fifty times and ten thousand timeouts are two lines: of each kind of event at each
subject the first is told, with how many there were in all.
"""

from collections import Counter
from dataclasses import dataclass

from simulator import EventLog

_TOLD_EACH_TIME = frozenset({"fault.start", "fault.end", "feature.off", "feature.on", "host.down", "host.up"})
_TEXTS = {
    "fault.start": "{mode} of {subject} begins",
    "fault.end": "{mode} of {subject} is healed",
    "host.down": "{subject} is down",
    "host.up": "{subject} is up",
    "process.down": "process {subject} is down",
    "process.up": "process {subject} is up",
    "feature.off": "operators turn {subject} off ({reason})",
    "feature.on": "operators turn {subject} on again",
    "timeout": "a call from {subject} times out",
    "breaker.open": "the breaker of {subject} opens",
    "breaker.half_open": "the breaker of {subject} tries again",
    "breaker.closed": "the breaker of {subject} closes",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Happening:
    """Something that happened at `time` (s), in words; `count` times in all from then on."""

    time: float
    text: str
    count: int

    def as_json(self) -> dict[str, object]:
        """Return it as JSON has it."""
        return {"time": self.time, "text": self.text, "count": self.count}


def time_line(log: EventLog, since: float, until: float) -> tuple[Happening, ...]:
    """Return what happened from `since` to `until` (s), in order of time."""
    records = list(log.between(since, until))
    counts = Counter((record.kind, record.subject) for record in records)
    told: list[Happening] = []
    seen: set[tuple[str, str]] = set()
    for record in records:
        key = (record.kind, record.subject)
        each_time = record.kind in _TOLD_EACH_TIME
        if key in seen and not each_time:
            continue
        seen.add(key)
        text = _TEXTS.get(record.kind, f"{record.kind} of {{subject}}")
        words = {"mode": "trouble", "reason": "", **record.detail, "subject": record.subject}
        told.append(
            Happening(time=record.time, text=text.format(**words), count=1 if each_time else counts[key])
        )
    return tuple(told)
