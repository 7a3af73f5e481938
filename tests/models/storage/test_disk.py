from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host
from models.storage import Disk, ReplacedFile
from simulator import Environment
from simulator.randomness import Exponential


def disk_of(**settings: Any) -> Disk:
    return Disk(Host(Environment(seed=1), "server"), **settings)


def test_turns_are_taken_first_come_first_served() -> None:
    disk = disk_of(sync_time=0.004, read_time=0.001)
    ends: list[tuple[str, float]] = []

    def use(name: str, turn: Generator[Any, Any, None]) -> Generator[Any, Any, None]:
        yield from turn
        ends.append((name, round(disk.env.now, 9)))

    disk.env.process(use("sync", disk.sync()))
    disk.env.process(use("read", disk.read(3)))
    disk.env.process(use("sync", disk.sync()))
    disk.env.run()
    assert ends == [("sync", 0.004), ("read", 0.007), ("sync", 0.011)]
    statistics = disk.statistics()
    assert (statistics.sync_count, statistics.read_count) == (2, 3)
    assert statistics.busy_time == pytest.approx(0.011)


def test_one_that_dies_at_the_disk_gives_its_turn_back() -> None:
    disk = disk_of(sync_time=0.004)
    ends: list[float] = []

    def sync() -> Generator[Any, Any, None]:
        yield from disk.sync()
        ends.append(disk.env.now)

    first = disk.env.process(sync())
    disk.env.process(sync())
    disk.env.call_later(0.001, first.kill)
    disk.env.run()
    assert ends == [pytest.approx(0.005)]


def test_times_may_be_drawn() -> None:
    disk = disk_of(sync_time=Exponential(mean=0.004))
    disk.env.process(disk.sync())
    disk.env.run()
    assert disk.statistics().busy_time > 0.0


def test_file_is_the_old_one_until_its_sync_has_ended() -> None:
    disk = disk_of(sync_time=0.004)
    file: ReplacedFile[str] = ReplacedFile(disk)
    disk.env.process(file.replace("old"))
    disk.env.run(0.1)
    killed = disk.env.process(file.replace("torn"))
    disk.env.call_later(0.003, killed.kill)
    disk.env.run(0.2)
    assert file.content == "old"
    disk.env.process(file.replace("new"))
    disk.env.run(0.3)
    assert file.content == "new"
    disk.destroy()
    assert file.content is None
    disk.env.process(file.replace("again"))
    disk.env.run(0.4)
    assert file.content == "again"
