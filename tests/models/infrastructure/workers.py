"""What the tests of cores are built from: work that begins at given times, and a log of when it ended."""

from collections.abc import Generator
from typing import Any

from models.infrastructure import Host
from simulator import Environment, Process

Steps = Generator[Any, Any, Any]


class Worked:
    """A host on which pieces of work begin at given times; `ends` says when each ended, if it did."""

    def __init__(self, cores: int, scheduling: str, speed: float = 1.0) -> None:
        self.env = Environment()
        self.host = Host(self.env, "host", cores=cores, scheduling=scheduling, speed=speed)
        self.ends: dict[int, float] = {}
        self.processes: list[Process] = []

    def begin(self, *pieces: tuple[float, float]) -> None:
        """Let pieces of work begin; each is (time, demand)."""
        for time, demand in pieces:
            number = len(self.processes)
            self.processes.append(self.env.start_delayed(self._work(number, demand), time))

    def _work(self, number: int, demand: float) -> Steps:
        yield from self.host.work(demand)
        self.ends[number] = self.env.now

    def at(self, time: float, **change: float) -> None:
        """Change the host's speed at a time."""
        for name, value in change.items():
            self.env.call_later(time, setattr, self.host, name, value)

    def run(self, until: float | None = None) -> list[float]:
        """Run, and return the ends in the order of the pieces."""
        self.env.run(until=until)
        return [self.ends[number] for number in sorted(self.ends)]
