"""The time line of a game day: what happened, in order; what happened again and again is counted.

A breaker that opens fifty times and ten thousand timeouts are two lines: of each kind of event at each
subject the first is told, with how many there were in all. What a fault itself does to its subject, at the
instant at which it begins or ends, goes without saying: a host crash is told once.
"""

from collections import Counter
from dataclasses import dataclass

from simulator import EventLog
from simulator.measurement import LogRecord

_FAULTS = frozenset({"fault.start", "fault.end"})
_DOWN_AND_UP = frozenset({"host.down", "host.up", "process.down", "process.up"})
_TOLD_EACH_TIME = _FAULTS | {"deploy", "feature.off", "feature.on", "host.down", "host.up"}
_TEXTS = {
    "fault.start": "{mode} of {subject} begins",
    "fault.end": "{mode} of {subject} is healed",
    "flap.start": "{mode} of {subject} comes",
    "flap.end": "{mode} of {subject} goes",
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
    "deploy": "upgrade of {subject} to version {version}: {step}{because}",
    "health.down": "health checks fail: {subject}",
    "health.up": "health checks pass again: {subject}",
    "ejection": "{subject} is ejected",
    "readmission": "{subject} is readmitted",
    "address.taken": "{subject} takes the address {address}",
    "address.released": "{subject} gives the address {address} back",
}

# What a fault is called where it is not a noun already.
_NOUNS = {
    "silent": "silence",
    "errors": "error burst",
    "slow": "slowness",
    "slow answers": "slowness",
    "refused": "refusal",
    "delay": "added delay",
}
_FLAPPING = "flapping "


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
    by_fault = {(record.time, record.subject) for record in records if record.kind in _FAULTS}
    records = [
        record
        for record in records
        if record.kind not in _DOWN_AND_UP or (record.time, record.subject) not in by_fault
    ]
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
        words: dict[str, object] = {"mode": _noun(record), "subject": record.subject}
        words = {"reason": "", "address": "", **record.detail, **words}
        words["because"] = f" ({words['reason']})" if words["reason"] else ""
        told.append(
            Happening(time=record.time, text=text.format(**words), count=1 if each_time else counts[key])
        )
    return tuple(told)


def _noun(record: LogRecord) -> str:
    mode = str(record.detail.get("mode", "trouble"))
    bare = mode.removeprefix(_FLAPPING)
    return mode[: len(mode) - len(bare)] + _NOUNS.get(bare, bare)
