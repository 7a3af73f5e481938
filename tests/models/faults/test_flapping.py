"""Flapping: on and off by turns, as one fault in the log."""

from __future__ import annotations

from typing import Any

import pytest

from models.faults import DependencyOutage, Flapping, HostCrash, NetworkPartition
from simulator.randomness import Exponential
from tests.models.faults.building import HEALTHY, World


def test_it_begins_with_the_fault_and_goes_on_by_turns() -> None:
    world = World()
    crash = HostCrash(world.hosts[0])
    flapping = Flapping(crash, up=3.0, down=1.0)
    world.env.call_later(10.0, flapping.inject)
    world.env.call_later(16.5, flapping.heal)
    world.env.run(until=50.0)
    assert [time for time, *_ in world.log("host.down")] == [10.0, 14.0]
    assert [time for time, *_ in world.log("host.up")] == [11.0, 15.0]
    assert not crash.is_injected


def test_healing_while_the_fault_is_there_heals_it_and_leaves_nothing_scheduled() -> None:
    world = World()
    flapping = Flapping(HostCrash(world.hosts[0]), up=3.0, down=1.0)
    flapping.inject()
    world.env.call_later(4.5, flapping.heal)
    world.env.run()
    assert world.env.now == 4.5
    assert world.pay() == HEALTHY


def test_in_the_log_it_is_one_fault_and_its_turns_are_flaps() -> None:
    world = World()
    flapping = Flapping(HostCrash(world.hosts[0]), up=3.0, down=1.0)
    flapping.inject()
    world.env.call_later(4.5, flapping.heal)
    world.env.run()
    log = world.env.event_log
    assert log.intervals("fault.start", "fault.end", until=9.0) == [("pay-1", 0.0, 4.5)]
    assert log.intervals("flap.start", "flap.end", until=9.0) == [("pay-1", 0.0, 1.0), ("pay-1", 4.0, 4.5)]
    assert {mode for *_, mode in world.log("flap.start", "flap.end")} == {"host crash"}
    assert {mode for *_, mode in world.faults_logged()} == {"flapping host crash"}


def test_times_are_drawn_on_streams_of_its_own() -> None:
    def downs(**more: Any) -> list[float]:
        world = World(seed=4)
        if more:
            Flapping(HostCrash(world.hosts[1]), up=Exponential(1.0), down=Exponential(1.0)).inject()
        partition = NetworkPartition(world.network, world.web, world.hosts[0])
        Flapping(partition, up=Exponential(3.0), down=Exponential(1.0)).inject()
        world.env.run(until=2_000.0)
        return [
            end - start
            for subject, start, end in world.env.event_log.intervals("flap.start", "flap.end", until=2_000.0)
            if subject == "web-1 - pay-1"
        ]

    lengths = downs()
    assert lengths == downs(another=True)
    # About 500 flaps of mean 1, in a quarter of the time.
    assert sum(lengths) / len(lengths) == pytest.approx(1.0, abs=5 / 500**0.5)
    assert sum(lengths) / 2_000.0 == pytest.approx(0.25, abs=0.06)


def test_anything_can_flap_even_what_is_made_of_something_else() -> None:
    world = World()
    inner = Flapping(DependencyOutage(world.payment, "refused"), up=0.25, down=0.25)
    outer = Flapping(inner, up=10.0, down=1.1)
    outer.inject()
    world.env.run(until=12.0)
    outer.heal()
    assert str(outer) == "flapping flapping refused of payment"
    assert not inner.is_injected
    assert world.pay() == HEALTHY
    assert len(world.log("process.down")) == 2 * (3 + 2)


def test_one_that_is_injected_by_somebody_else_meanwhile_stops_the_run() -> None:
    world = World()
    crash = HostCrash(world.hosts[0])
    Flapping(crash, up=3.0, down=1.0).inject()
    world.env.call_later(2.0, crash.inject)
    with pytest.raises(RuntimeError, match="fault host crash of pay-1 must be healed to be injected again"):
        world.env.run(until=10.0)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"up": 0.0, "down": 1.0}, "up must be >= 0 s and > 0 s on average"),
        ({"up": 1.0, "down": -1.0}, "down must be >= 0 s and > 0 s on average"),
    ],
)
def test_times_that_make_no_sense_are_refused(settings: dict[str, Any], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Flapping(HostCrash(World().web), **settings)


def test_only_a_fault_flaps() -> None:
    with pytest.raises(TypeError, match=r"fault must be a Fault, got Host\('web-1'\)"):
        Flapping(World().web, up=1.0, down=1.0)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="up must be a Distribution or a number of seconds, got True"):
        Flapping(HostCrash(World().web), up=True, down=1.0)
