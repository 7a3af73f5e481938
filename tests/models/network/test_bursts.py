"""Bursts: the two-state chain, its shares and lengths, whatever the traffic; and isolation of an area."""

from __future__ import annotations

from itertools import groupby
from typing import Any

import numpy as np
import pytest
from scipy.stats import expon, kstest

from models.network import CUT, LOSE, PASS, InBursts, PacketLoss, Partition
from simulator import Environment
from tests.models.network.building import WAY, Scripted, World, losing


def bursts_of(world: World, rule: Any = None, *, burst: float = 1.0, gap: float = 4.0) -> InBursts:
    inner = rule or Partition(world.a, world.b)
    return InBursts(world.env, inner, burst_mean=burst, gap_mean=gap, name="test")


def states(world: World, bursts: InBursts, step: float, count: int) -> list[bool]:
    """Look every `step` seconds."""
    seen = []
    for _ in range(count):
        world.env.run(until=world.env.now + step)
        seen.append(bursts.is_in_burst)
    return seen


def test_the_inner_rule_judges_in_a_burst_and_everything_passes_in_a_gap() -> None:
    world = World(seed=1)
    inner = Scripted([LOSE, CUT] * 200)
    bursts = bursts_of(world, inner)
    seen = set()
    for _ in range(200):
        world.env.run(until=world.env.now + 1.0)
        asked = len(inner.asked)
        verdict = bursts.judge(world.a, world.b)
        assert (len(inner.asked) > asked) is bursts.is_in_burst is (verdict is not PASS)
        seen.add(verdict)
    assert seen == {PASS, LOSE, CUT}


@pytest.mark.slow
def test_lengths_of_bursts_and_gaps_are_exponential() -> None:
    world = World(seed=2)
    step = 0.04
    runs = [
        (state, len(list(group)) * step)
        for state, group in groupby(states(world, bursts_of(world), step, 100_000))
    ]
    for is_burst, mean in ((True, 1.0), (False, 4.0)):
        lengths = np.array([length for state, length in runs[1:-1] if state is is_burst])
        assert len(lengths) > 600
        assert lengths.mean() == pytest.approx(mean, abs=4 * mean / len(lengths) ** 0.5)
        assert lengths.std() == pytest.approx(mean, rel=0.15)
        # Lengths are seen in steps: shift each to the middle of its step.
        jittered = lengths + step * (np.random.default_rng(0).random(len(lengths)) - 0.5)
        assert kstest(jittered, expon(scale=mean).cdf).pvalue > 1e-3


@pytest.mark.slow
@pytest.mark.parametrize(("burst", "gap", "probability"), [(1.0, 4.0, 1.0), (2.0, 2.0, 0.3), (0.5, 9.5, 0.8)])
def test_the_long_run_share_of_lost_packets(burst: float, gap: float, probability: float) -> None:
    world = World(seed=3)
    loss = PacketLoss(world.env, world.a, world.b, probability, name="loss")
    world.network.install(bursts_of(world, loss, burst=burst, gap=gap))
    count, every = 20_000, 0.5
    for number in range(count):
        world.env.call_later(every * number, world.send)
    world.env.run()
    share = 1.0 - len(world.arrived) / count
    expected = probability * burst / (burst + gap)
    # The chain's own variance (time average of a two-state chain) and that of the single packets.
    in_burst = burst / (burst + gap)
    chain = 2.0 * in_burst * (1.0 - in_burst) * (burst * gap / (burst + gap)) / (count * every)
    error = (probability**2 * chain + expected * (1.0 - expected) / count) ** 0.5
    assert share == pytest.approx(expected, abs=4 * error)


@pytest.mark.slow
def test_losses_follow_each_other_more_than_independent_ones_do() -> None:
    world = World(seed=4)
    bursts = bursts_of(world, burst=1.0, gap=4.0)
    seen = np.array(states(world, bursts, 0.25, 40_000), dtype=float)
    correlation = np.corrcoef(seen[:-1], seen[1:])[0, 1]
    # exp(-(1/burst + 1/gap) t), which is netem's "correlation" for packets that are t apart.
    assert correlation == pytest.approx(np.exp(-(1.0 + 0.25) * 0.25), abs=0.03)


def test_bursts_come_when_they_come_whatever_the_traffic() -> None:
    def at(times: list[float]) -> dict[float, bool]:
        world = World(seed=5)
        bursts = bursts_of(world)
        seen = {}
        for time in times:
            world.env.run(until=time)
            seen[time] = bursts.is_in_burst
        return seen

    rare = [10.0 * number for number in range(1, 200)]
    often = sorted({*rare, *(0.37 * number for number in range(1, 5_000))})
    seen = at(often)
    assert {time: seen[time] for time in rare} == at(rare)


@pytest.mark.slow
def test_it_is_in_a_burst_with_its_long_run_share_from_the_first_instant_on() -> None:
    for time in (0.0, 0.5):
        count = 0
        for seed in range(1_000):
            env = Environment(seed=seed)
            bursts = InBursts(env, losing(1), burst_mean=1.0, gap_mean=3.0, name="x")
            if time:
                env.run(until=time)
            count += bursts.is_in_burst
        # Standard deviation sqrt(1000 x 3 / 16) = 13.7.
        assert count == pytest.approx(250, abs=4 * 13.7)


def test_two_of_one_name_have_streams_of_their_own() -> None:
    world = World(seed=6)
    first, second = bursts_of(world), bursts_of(world)
    assert states(world, first, 0.5, 200) != states(world, second, 0.5, 200)


def test_nothing_is_scheduled() -> None:
    world = World(seed=7)
    world.network.install(bursts_of(world))
    world.send()
    world.env.run()
    assert world.env.now <= WAY


@pytest.mark.parametrize(
    ("burst", "gap"), [(0.0, 1.0), (1.0, -1.0), (float("inf"), 1.0), (1.0, float("nan"))]
)
def test_means_are_finite_and_above_zero(burst: float, gap: float) -> None:
    world = World(seed=8)
    with pytest.raises(ValueError, match=r"(burst|gap)_mean must be finite and > 0 s, got"):
        bursts_of(world, burst=burst, gap=gap)
