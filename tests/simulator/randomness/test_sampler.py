"""The sampler: the stream's values one by one, whatever the block."""

from __future__ import annotations

import copy
import pickle
from math import inf

import numpy as np
import pytest

from simulator.randomness import Constant, Distribution, Exponential, Pareto, Sampler, Streams, Uniform

from .laws import ALL


def generator(seed: int = 1) -> np.random.Generator:
    return Streams(seed).stream("test")


@pytest.mark.parametrize("law", ALL.values(), ids=ALL.keys())
def test_values_do_not_depend_on_the_block(law: Distribution) -> None:
    samplers = [Sampler(generator(), law, block=block) for block in (1, 7, 1024)]
    first, second, third = ([sampler() for _ in range(70)] for sampler in samplers)
    assert first == second == third == law.sample(generator(), 70).tolist()


def test_values_are_pinned() -> None:
    sampler = Sampler(generator(), Uniform(0.0, 1.0))
    assert [sampler() for _ in range(3)] == GOLDEN_UNIFORM


def test_a_draw_is_a_python_float() -> None:
    assert type(Sampler(generator(), Exponential(mean=1.0))()) is float
    assert type(Sampler(generator(), Constant(1))()) is float


def test_draw_and_call_take_from_the_same_sequence() -> None:
    sampler = Sampler(generator(), Exponential(mean=1.0))
    expected = Exponential(mean=1.0).sample(generator(), 3).tolist()
    assert [sampler(), next(sampler.values), sampler()] == expected


@pytest.mark.parametrize("block", [1, 3, 1024])
def test_all_ways_to_draw_take_from_the_same_sequence(block: int) -> None:
    sampler = Sampler(generator(), Exponential(mean=1.0), block=block)
    expected = Exponential(mean=1.0).sample(generator(), 600).tolist()

    def taken() -> float:
        value = sampler.stack.pop()
        return sampler.refill() if value == inf else value

    ways = [taken, sampler, lambda: next(sampler.values)]
    order = np.random.Generator(np.random.PCG64(5)).integers(3, size=600)
    assert [ways[way]() for way in order] == expected
    assert sampler.stack.count(inf) == 1


def test_nothing_is_drawn_before_the_first_call() -> None:
    untouched, bound = generator(), generator()
    Sampler(bound, Exponential(mean=1.0))
    assert bound.random() == untouched.random()


def test_a_call_takes_no_arguments() -> None:
    with pytest.raises(TypeError):
        Sampler(generator(), Exponential(mean=1.0))(3)


def test_a_sampler_shows_its_distribution() -> None:
    sampler = Sampler(generator(), Exponential(mean=1.0))
    assert sampler.distribution == Exponential(mean=1.0)
    assert repr(sampler) == "Sampler(Exponential(mean=1.0))"


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_sampler_cannot_be_copied(duplicate: object) -> None:
    assert callable(duplicate)
    with pytest.raises(TypeError, match="cannot be copied or pickled"):
        duplicate(Sampler(generator(), Exponential(mean=1.0)))


def test_a_draw_beyond_the_range_of_floats_is_an_error() -> None:
    sampler = Sampler(generator(), Pareto(shape=0.001, minimum=1.0))
    with pytest.raises(OverflowError, match="draws must be finite, got inf from Pareto"):
        [sampler() for _ in range(1000)]


def test_misuse_is_an_error_at_construction() -> None:
    with pytest.raises(ValueError, match="block must be >= 1, got 0"):
        Sampler(generator(), Exponential(mean=1.0), block=0)
    with pytest.raises(TypeError, match=r"distribution must be a Distribution, got 0\.5"):
        Sampler(generator(), 0.5)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"generator must be a numpy\.random\.Generator, got 1"):
        Sampler(1, Exponential(mean=1.0))  # type: ignore[arg-type]


GOLDEN_UNIFORM: list[float] = [0.11782129539668673, 0.7006528236023986, 0.5985916397649351]


def test_a_stream_that_is_made_late_gives_the_same_values() -> None:
    made = []

    def make() -> np.random.Generator:
        made.append(generator())
        return made[-1]

    sampler = Sampler.to_be_made(make, Exponential(mean=1.0))
    assert not made
    early = Sampler(generator(), Exponential(mean=1.0))
    assert [sampler() for _ in range(100)] == [early() for _ in range(100)]
    assert len(made) == 1
    with pytest.raises(TypeError, match="distribution must be a Distribution"):
        Sampler.to_be_made(make, 1.0)  # type: ignore[arg-type] # this is the point
