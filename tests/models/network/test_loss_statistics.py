"""Loss, duplicates and delay at random: shares within exact bounds that one run in a million would leave."""

import pytest
from scipy.stats import binom

from models.network import AddedDelay, PacketLoss
from simulator.randomness import Uniform
from tests.models.network.building import WAY, World

COUNT = 4_000


def bounds(probability: float, count: int = COUNT) -> tuple[float, float]:
    """Return the range in which a binomial count lies but for one time in a million."""
    law = binom(count, probability)
    return law.ppf(5e-7), law.isf(5e-7)


def arrived_of_many(world: World, transport: str = "datagram") -> int:
    for _ in range(COUNT):
        world.send(transport=transport)
    world.env.run()
    return len(world.arrived)


@pytest.mark.slow
@pytest.mark.parametrize("probability", [0.01, 0.3, 0.9])
@pytest.mark.parametrize("how", ["network", "override", "rule"])
def test_the_share_of_lost_datagrams(probability: float, how: str) -> None:
    world = World(seed=11, loss_probability=probability if how == "network" else 0.0)
    if how == "override":
        world.network.override(world.a, world.b, loss_probability=probability)
    elif how == "rule":
        world.network.install(PacketLoss(world.env, world.a, world.b, probability, name="loss"))
    lowest, highest = bounds(1.0 - probability)
    assert lowest <= arrived_of_many(world) <= highest


def test_two_lossy_parts_lose_independently() -> None:
    world = World(seed=12, loss_probability=0.5)
    world.network.install(PacketLoss(world.env, world.a, world.b, 0.5, name="loss"))
    lowest, highest = bounds(0.25)
    assert lowest <= arrived_of_many(world) <= highest


@pytest.mark.slow
def test_the_share_of_duplicates() -> None:
    world = World(seed=13)
    world.network.override(world.a, world.b, duplicate_probability=0.2)
    lowest, highest = bounds(0.2)
    assert lowest <= arrived_of_many(world) - COUNT <= highest


@pytest.mark.slow
def test_the_number_of_retransmissions_is_geometric() -> None:
    world = World(seed=14, loss_probability=0.3)
    assert arrived_of_many(world, "tcp") == COUNT
    for resent, after in enumerate([0.0, 0.2, 0.6]):
        lowest, highest = bounds(0.3**resent * 0.7)
        count = sum(abs(arrival - WAY - after) < 1e-9 for _, arrival in world.arrived)
        assert lowest <= count <= highest


def test_each_rule_and_each_path_draws_for_itself() -> None:
    """The same losses on one path whatever happens on another: a new consumer shifts no other."""

    def lost_on_the_way_there(busy: bool) -> list[int]:
        world = World(seed=15, loss_probability=0.5)
        for number in range(50):
            world.send(number)
            if busy:
                world.network.send(world.b, world.a, lambda: None)
        world.env.run()
        return [number for number, _ in world.arrived]

    assert lost_on_the_way_there(busy=False) == lost_on_the_way_there(busy=True)


@pytest.mark.slow
def test_added_delay_is_added() -> None:
    world = World(seed=16)
    world.network.install(AddedDelay(world.env, world.a, world.b, Uniform(1.0, 2.0), name="slow"))
    arrived_of_many(world)
    added = [arrival - WAY for _, arrival in world.arrived]
    assert min(added) >= 1.0
    assert max(added) <= 2.0
    # The mean of 4,000 has a standard error of 0.2887 / 63.2 = 0.0046.
    assert sum(added) / COUNT == pytest.approx(1.5, abs=5 * 0.0046)
