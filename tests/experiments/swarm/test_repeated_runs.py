"""A plan is run once, or three times: whatever differs between two runs of it is a failure."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from experiments.swarm.invariants import BrokenInvariant
from experiments.swarm.repeated_runs import tried
from simulator import Environment


@dataclass
class Lives:
    """What is built waits once, for as long as `pauses` say in turn, and then comes to what `ends` say."""

    pauses: tuple[float, ...] = (1.0, 1.0, 1.0)
    ends: tuple[str, ...] = ("same", "same", "same")
    built: list[bool] = field(default_factory=list)

    def build(self, *, trace: bool = False) -> Life:
        self.built.append(trace)
        number = len(self.built) - 1
        return Life(Environment(seed=1, trace=trace), self.pauses[number], self.ends[number])


@dataclass
class Life:
    env: Environment
    pause: float
    end: str

    def run(self) -> None:
        self.env.call_later(self.pause, lambda: None)
        self.env.run(until=2.0)
        if self.end == "broken":
            raise broken(self, "law", "")


def broken(live: Life, law: str, detail: str) -> BrokenInvariant:
    return BrokenInvariant(law, "life", f"life: {law}", live.env.now, detail)


def failure(lives: Lives, *, thorough: bool = True) -> str:
    _, failed = tried(lives.build, Life.run, lambda live: live.end, broken, thorough=thorough)
    return "" if failed is None else failed.kind


def test_it_is_run_once_and_if_thoroughly_twice_more_with_a_trace() -> None:
    for thorough, built in ((False, [False]), (True, [False, True, True])):
        lives = Lives()
        assert failure(lives, thorough=thorough) == ""
        assert lives.built == built


@pytest.mark.parametrize(
    ("lives", "says"),
    [
        (Lives(ends=("broken", "same", "same")), "law"),
        (Lives(ends=("same", "broken", "same")), "law"),
        (Lives(ends=("same", "other", "same")), "a run with a trace is the same as one without"),
        (Lives(ends=("same", "same", "other")), "a run with a trace is the same as one without"),
        (Lives(pauses=(1.0, 1.0, 1.5)), "two runs of one plan have the same trace"),
    ],
    ids=["first", "second", "seen", "seen again", "trace"],
)
def test_whatever_differs_is_told(lives: Lives, says: str) -> None:
    assert says in failure(lives)


def test_one_that_has_failed_is_not_run_again() -> None:
    lives = Lives(ends=("broken",))
    assert failure(lives)
    assert lives.built == [False]
