"""Messages one way: when they arrive, if they do, on what they queue, and how often they come."""

from math import inf

import pytest

from models.network import Network
from simulator import Environment
from simulator.randomness import Uniform
from tests.models.network.building import WAY, World, losing

RETRANSMITTED_AFTER = [0.0, 0.2, 0.6, 1.4, 3.0, 6.2, 12.6, 25.4, 51.0, 102.2, 204.6, 324.6, 444.6]
"""When TCP sends a packet for the first time, the second, ...: 0.2 s doubling up to 120 s."""


def test_a_message_arrives_after_its_latency_with_its_arguments() -> None:
    world = World()
    world.send("hello")
    world.env.run(until=0.5)
    world.send("again")
    world.env.run()
    assert world.arrived == [("hello", WAY), ("again", 0.5 + WAY)]


def test_nothing_arrives_on_a_host_that_is_down() -> None:
    world = World()
    world.send("hello")
    world.b.crash()
    world.env.run()
    assert world.arrived == []


def test_what_is_on_its_way_arrives_though_its_sender_has_crashed_or_the_target_restarted() -> None:
    world = World()
    world.send("hello")
    world.a.crash()
    world.b.crash()
    world.b.restart()
    world.env.run()
    assert world.arrived == [("hello", WAY)]


def test_an_unknown_transport_is_refused() -> None:
    world = World()
    with pytest.raises(ValueError, match="transport must be one of tcp, datagram, got 'udp'"):
        world.send(transport="udp")
    with pytest.raises(ValueError, match="transport must be one of tcp, datagram, got 'udp'"):
        world.network.connect(world.a, world.server(), transport="udp")


# -- bandwidth


def test_the_size_of_a_message_counts_where_there_is_a_bandwidth() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    world.send("small", size_bytes=500)
    world.env.run()
    assert world.arrived == [("small", 0.5 + WAY)]


def test_messages_queue_for_the_wire_and_not_for_the_way() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    for size_bytes in (1_000, 500, 0, 250):
        world.send(size_bytes, size_bytes=size_bytes)
    world.env.run(until=4.0)
    world.send("after a pause", size_bytes=1_000)
    world.env.run()
    assert world.arrived == [
        (1_000, 1.0 + WAY), (500, 1.5 + WAY), (0, 1.5 + WAY), (250, 1.75 + WAY), ("after a pause", 5.0 + WAY)
    ]  # fmt: skip


def test_the_two_directions_have_a_wire_each() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    world.send("there", size_bytes=1_000)
    world.network.send(world.b, world.a, world.note, "back", size_bytes=1_000)
    world.env.run()
    assert world.arrived == [("there", 1.0 + WAY), ("back", 1.0 + WAY)]


def test_a_wire_is_free_when_the_clock_begins_wherever_that_is() -> None:
    world = World()
    world.env = Environment(initial_time=-100.0, seed=1)
    world.network = Network(world.env, latencies=WAY)
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    world.send("early", size_bytes=1_000)
    world.env.run()
    assert world.arrived == [("early", -99.0 + WAY)]


def test_an_infinite_bandwidth_undoes_a_finite_one() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1.0)
    world.network.override(world.a, world.b, bandwidth=inf)
    world.send("fast", size_bytes=10**9)
    world.env.run()
    assert world.arrived == [("fast", WAY)]


# -- loss


@pytest.mark.parametrize("lost_count", range(len(RETRANSMITTED_AFTER)))
def test_tcp_sends_again_what_was_lost_after_a_timeout_that_doubles_up_to_two_minutes(
    lost_count: int,
) -> None:
    world = World()
    world.network.install(losing(lost_count))
    world.send("hello", transport="tcp")
    world.env.run()
    [(_, arrival)] = world.arrived
    assert arrival == pytest.approx(RETRANSMITTED_AFTER[lost_count] + WAY, rel=1e-12)


def test_a_datagram_that_is_lost_is_gone() -> None:
    world = World()
    world.network.install(losing(1))
    world.send("lost")
    world.send("arrives")
    world.env.run()
    assert world.arrived == [("arrives", WAY)]


def test_a_message_that_tcp_gives_up_vanishes_without_a_word() -> None:
    world = World(loss_probability=1.0)
    world.send("lost", transport="tcp")
    world.env.run()
    assert world.arrived == []
    assert world.env.now == pytest.approx(924.6)


@pytest.mark.parametrize("probability", [-0.1, 1.1, float("nan")])
def test_a_loss_probability_is_a_probability(probability: float) -> None:
    with pytest.raises(ValueError, match=r"loss_probability must be in \[0, 1\]"):
        Network(Environment(seed=1), loss_probability=probability)


def test_an_override_can_make_one_pair_lossless() -> None:
    world = World(loss_probability=1.0)
    world.network.override(world.a, world.b, loss_probability=0.0, one_way=True)
    world.send("there")
    world.network.send(world.b, world.a, world.note, "back")
    world.env.run()
    assert world.arrived == [("there", WAY)]


# -- a source that crashes


def test_a_host_that_crashes_sends_nothing_again() -> None:
    world = World()
    world.network.install(losing(1))
    world.send("lost", transport="tcp")
    world.env.call_later(0.0625, world.a.crash)
    world.env.call_later(0.125, world.a.restart)  # up again, but it has forgotten
    world.env.run()
    assert world.arrived == []


def test_a_host_that_crashes_leaves_unsent_what_queued_for_the_wire() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    for number in range(3):
        world.send(number, size_bytes=1_000)
    world.env.call_later(1.5, world.a.crash)
    world.env.run()
    assert world.arrived == [(0, 1.0 + WAY)]


# -- duplicates


def test_a_datagram_may_arrive_twice_and_tcp_does_not() -> None:
    world = World()
    world.network.override(world.a, world.b, duplicate_probability=1.0)
    world.send("datagram")
    world.send("tcp", transport="tcp")
    world.env.run()
    assert world.arrived == [("datagram", WAY)] * 2 + [("tcp", WAY)]


def test_the_copies_have_latencies_and_fates_of_their_own() -> None:
    world = World(latencies=Uniform(0.0, 1.0))
    world.network.override(world.a, world.b, duplicate_probability=1.0)
    world.send("twice")
    world.env.run()
    (_, first), (_, second) = world.arrived
    assert first != second
    world.network.install(losing(1))
    world.send("one copy lost")
    world.env.run()
    assert [what for what, _ in world.arrived] == ["twice", "twice", "one copy lost"]
