"""The time line: what happened in words, once."""

from __future__ import annotations

import pytest

from experiments.game_day.time_line import time_line
from simulator import EventLog


def texts(log: EventLog) -> list[str]:
    return [happening.text for happening in time_line(log, 0.0, 100.0)]


@pytest.mark.parametrize(
    ("mode", "text"),
    [
        ("power outage", "power outage of pay begins"),
        ("silent", "silence of pay begins"),
        ("slow answers", "slowness of pay begins"),
        ("flapping refused", "flapping refusal of pay begins"),
    ],
)
def test_a_fault_is_a_noun(mode: str, text: str) -> None:
    log = EventLog()
    log.append(1.0, "fault.start", "pay", {"mode": mode})
    assert texts(log) == [text]


def test_what_a_fault_does_to_its_subject_at_once_goes_without_saying() -> None:
    log = EventLog()
    log.append(1.0, "fault.start", "web", {"mode": "host crash"})
    log.append(1.0, "host.down", "web")
    log.append(1.0, "host.down", "other")
    log.append(5.0, "fault.end", "web", {"mode": "host crash"})
    log.append(8.0, "host.up", "web")
    assert texts(log) == [
        "host crash of web begins",
        "other is down",
        "host crash of web is healed",
        "web is up",
    ]


def test_flaps_are_counted() -> None:
    log = EventLog()
    for time in range(3):
        log.append(time, "flap.start", "a - b", {"mode": "partition"})
        log.append(time + 0.5, "flap.end", "a - b", {"mode": "partition"})
    told = time_line(log, 0.0, 100.0)
    assert [(happening.text, happening.count) for happening in told] == [
        ("partition of a - b comes", 3),
        ("partition of a - b goes", 3),
    ]
