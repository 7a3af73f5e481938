"""Huge pages: what is asked for, that nothing else is changed, and that nobody needs them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from simulator import Environment, huge_pages, use_huge_pages
from simulator.randomness import Exponential

MAPS = """\
00400000-00401000 r-xp 00000000 08:01 1310 /usr/bin/python3
01c00000-01f00000 rw-p 00000000 00:00 0 [heap]
7f0000000000-7f0000200000 rw-p 00000000 00:00 0
7f0000300000-7f0000a80000 rw-p 00000000 00:00 0
7f0001000000-7f0001800000 ---p 00000000 00:00 0
7f0002000000-7f0002800000 rw-p 00000000 08:01 1311 /usr/lib/libm.so
7ffc00000000-7ffc00800000 rw-p 00000000 00:00 0 [stack]
"""


def test_whole_huge_pages_of_own_data_are_asked_for() -> None:
    assert huge_pages._own_areas(MAPS) == [
        (0x01C00000, 0x01E00000),
        (0x7F0000000000, 0x7F0000200000),
        (0x7F0000400000, 0x7F0000A00000),
    ]


@pytest.mark.slow
def test_nothing_that_happens_is_changed() -> None:
    def run(*, huge: bool) -> list[float]:
        env = Environment(seed=1)
        draw = env.sampler("gap", Exponential(1.0))
        seen = []

        def process() -> Any:
            for _ in range(100):
                yield draw()
                seen.append(env.now)
                if huge and len(seen) == 50:
                    assert use_huge_pages() >= 0

        env.process(process())
        env.run()
        return seen

    assert run(huge=True) == run(huge=False)


@pytest.mark.slow
def test_where_there_are_none_nothing_is_done(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(huge_pages, "_MAPS", tmp_path / "none")
    assert use_huge_pages() == 0
    monkeypatch.undo()
    monkeypatch.setattr(huge_pages, "_TOTALS", tmp_path / "none")
    assert use_huge_pages() == 0
    monkeypatch.undo()
    monkeypatch.setattr(sys, "platform", "win32")
    assert use_huge_pages() == 0
