"""Faults of links: direction, places, bursts, random streams."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from models.faults import LinkDelay, LinkLoss, NetworkPartition
from simulator.randomness import Exponential, Uniform
from tests.models.faults.building import HEALTHY, PATIENCE, WAY, WORK, World


def test_a_one_way_partition_lets_the_work_be_done_and_the_answer_be_lost() -> None:
    world = World()
    server = world.hosts[0]
    there = NetworkPartition(world.network, world.web, server, one_way=True)
    back = NetworkPartition(world.network, server, world.web, one_way=True)
    assert (there.subject, back.subject) == ("web-1 -> pay-1", "pay-1 -> web-1")
    there.inject()
    assert world.pay() == (None, PATIENCE)
    assert world.worked == []
    there.heal()
    back.inject()
    assert world.pay() == (None, PATIENCE)
    assert len(world.worked) == 1
    back.heal()
    assert world.pay() == HEALTHY


def test_a_partial_partition_leaves_a_way_round() -> None:
    world = World()
    NetworkPartition(world.network, world.web, world.hosts[0]).inject()
    assert world.pay() == (None, PATIENCE)
    assert world.call(world.web, world.payment.instances[1]) == HEALTHY
    assert world.call(world.hosts[1], world.payment.instances[0]) == HEALTHY


@pytest.mark.parametrize("one_way", [False, True])
def test_a_delay_holds_both_ways_or_one(one_way: bool) -> None:
    world = World()
    LinkDelay(world.network, world.web, world.hosts[0], 1.0, one_way=one_way).inject()
    assert world.pay() == ("paid", 2 * WAY + WORK + (1.0 if one_way else 2.0))


def test_a_random_delay_is_drawn_for_each_message() -> None:
    world = World(seed=1)
    LinkDelay(world.network, world.web, world.hosts[0], Uniform(1.0, 2.0)).inject()
    times = {world.pay()[1] for _ in range(20)}
    assert len(times) == 20
    assert all(2.0 <= time - 2 * WAY - WORK <= 4.0 for time in times)


def test_a_message_on_its_way_is_past_the_fault() -> None:
    world = World()
    fault = NetworkPartition(world.network, world.web, world.hosts[0])
    world.env.call_later(WAY / 2, fault.inject)
    world.env.call_later(WAY + WORK - WAY / 2, fault.heal)
    assert world.pay() == HEALTHY


def test_loss_over_tcp_is_a_retransmission() -> None:
    world = World()
    fault = LinkLoss(world.network, world.web, world.hosts[0], 1.0)
    fault.inject()
    world.env.call_later(0.3, fault.heal)
    # Lost at 0 and at 0.2, sent again at 0.6.
    assert world.pay() == ("paid", pytest.approx(0.6 + 2 * WAY + WORK))


def test_a_share_of_packets_is_lost() -> None:
    world = World(seed=3)
    LinkLoss(world.network, world.web, world.hosts[0], 0.3).inject()
    arrived: list[int] = []
    for _ in range(4_000):
        world.network.send(world.web, world.hosts[0], arrived.append, 0)
    world.env.run()
    # Standard error 0.0072.
    assert len(arrived) / 4_000 == pytest.approx(0.7, abs=5 * 0.0072)


def lost_by_time(fault_settings: dict[str, Any], seconds: float, *, busy: bool = False) -> list[float]:
    """Send a datagram every 50 ms, or two, and return when one was lost."""
    world = World(seed=5)
    web, server = world.web, world.hosts[0]
    LinkLoss(world.network, web, server, 1.0, **fault_settings).inject()
    arrived: set[float] = set()
    sent = [0.05 * number for number in range(round(seconds / 0.05))]
    for time in sent:
        for _ in range(2 if busy else 1):
            world.env.call_later(time, world.network.send, web, server, arrived.add, time)
    world.env.run(until=seconds + 1.0)
    return [time for time in sent if time not in arrived]


@pytest.mark.slow
def test_loss_in_bursts_comes_in_bursts_at_the_same_times_whatever_the_traffic() -> None:
    bursts = {"burst_mean": 1.0, "gap_mean": 3.0}
    lost = lost_by_time(bursts, 200.0)
    # 50 cycles: the standard deviation of the share is about sqrt(2) x 0.25 x 0.75 / sqrt(50).
    assert len(lost) / 4_000 == pytest.approx(0.25, abs=4 * 0.0375)
    bursts_count = 1 + sum(later - earlier > 0.075 for earlier, later in pairwise(lost))
    assert 25 < bursts_count < 75, "all packets of a burst are lost, and none in a gap"
    assert lost == lost_by_time(bursts, 200.0, busy=True)
    assert len(lost_by_time({}, 10.0)) == 200


def test_delay_in_bursts_acts_in_bursts() -> None:
    world = World(seed=2)
    LinkDelay(
        world.network, world.web, world.hosts[0], 1.0, burst_mean=100.0, gap_mean=100.0, one_way=True
    ).inject()
    times = [world.pay()[1] for _ in range(40)]
    assert set(times) == {2 * WAY + WORK, 2 * WAY + WORK + 1.0}


def test_streams_are_named_after_the_fault_so_that_one_more_shifts_no_other() -> None:
    def times(with_another: bool) -> list[float]:
        world = World(seed=7)
        if with_another:
            LinkDelay(world.network, world.web, world.hosts[1], Exponential(1.0)).inject()
        LinkDelay(world.network, world.web, world.hosts[0], Exponential(1.0)).inject()
        return [world.pay()[1] for _ in range(5)]

    assert times(False) == times(True)


def test_the_log_says_how_bad_it_was() -> None:
    world = World(seed=1)
    LinkDelay(world.network, world.web, world.hosts[0], Uniform(1.0, 2.0)).inject()
    LinkLoss(world.network, world.web, world.hosts[1], 0.25).inject()
    details = [dict(record.detail) for record in world.env.event_log.of_kind("fault.start")]
    assert details == [{"mode": "delay", "delay": 1.5}, {"mode": "packet loss", "probability": 0.25}]


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda w: LinkLoss(w.network, w.web, w.hosts[0], 0.0), r"probability must lie in \(0, 1\], got 0.0"),
        (lambda w: LinkLoss(w.network, w.web, w.hosts[0], 1.5), r"probability must lie in \(0, 1\], got 1.5"),
        (lambda w: LinkDelay(w.network, w.web, w.hosts[0], 0.0), "delay must be >= 0 s and > 0 s on average"),
        (lambda w: LinkDelay(w.network, w.web, w.hosts[0], -1.0), "delay must be >= 0 s and > 0 s"),
        (
            lambda w: LinkDelay(w.network, w.web, w.hosts[0], Uniform(-1.0, 3.0)),
            "delay must be >= 0 s and > 0 s",
        ),
        (
            lambda w: LinkLoss(w.network, w.web, w.hosts[0], 0.5, burst_mean=1.0),
            "burst_mean and gap_mean must be given both or not at all, got 1.0 and None",
        ),
        (
            lambda w: LinkDelay(w.network, w.web, w.hosts[0], 0.5, gap_mean=1.0),
            "burst_mean and gap_mean must be given both or not at all, got None and 1.0",
        ),
        (
            lambda w: LinkDelay(w.network, w.web, w.hosts[0], 0.5, burst_mean=0.0, gap_mean=1.0),
            "burst_mean must be finite and > 0 s, got 0.0",
        ),
        (lambda w: NetworkPartition(w.network, [], w.hosts), "a set of places must hold at least one host"),
    ],
)
def test_a_link_fault_that_makes_no_sense_is_refused(make: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        make(World(seed=1))


def test_wrong_types_are_refused() -> None:
    world = World()
    with pytest.raises(TypeError, match="network must be a Network, got None"):
        NetworkPartition(None, world.web, world.hosts)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="a place must be a Host, Rack, Zone or Region, got 'pay-1'"):
        NetworkPartition(world.network, world.web, ["pay-1"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="delay must be a Distribution or a number of seconds, got '1'"):
        LinkDelay(world.network, world.web, world.hosts, "1")  # type: ignore[arg-type]


def test_places_given_as_a_generator_are_used_once_for_name_and_rule() -> None:
    world = World()
    fault = NetworkPartition(world.network, world.web, (host for host in world.hosts))
    assert fault.subject == "web-1 - pay-1, pay-2"
    fault.inject()
    assert world.pay() == (None, PATIENCE)
