"""Named streams: stable across processes, independent of each other and of the order of asking."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import simulator.randomness
from simulator.randomness import Streams

ROOT = Path(simulator.randomness.__file__).parents[2]


def test_values_are_pinned() -> None:
    assert Streams(1).stream("arrivals").integers(2**63, size=3).tolist() == GOLDEN_ARRIVALS
    assert Streams(2**80).stream("Zürich/3").integers(2**63, size=2).tolist() == GOLDEN_LARGE_SEED


@pytest.mark.slow
@pytest.mark.parametrize("hash_seed", ["1", "4242"])
def test_values_are_the_same_in_another_process_with_another_hash_seed(hash_seed: str) -> None:
    program = (
        "from simulator.randomness import Streams\n"
        "print(Streams(1).stream('arrivals').integers(2**63, size=3).tolist())"
    )
    environment = os.environ | {"PYTHONHASHSEED": hash_seed, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-B", "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == str(GOLDEN_ARRIVALS)


def test_a_name_gives_the_same_generator_each_time() -> None:
    streams = Streams(1)
    assert streams.stream("a") is streams.stream("a")


def test_a_new_stream_shifts_no_other() -> None:
    alone, crowded = Streams(1), Streams(1)
    for number in range(10):
        crowded.stream(f"newcomer/{number}").random(100)
    assert alone.stream("a").random() == crowded.stream("a").random()


def test_names_and_seeds_each_give_another_stream() -> None:
    first = {
        Streams(seed).stream(name).random() for seed in range(30) for name in ("a", "b", "a/b", "ab", "A")
    }
    assert len(first) == 150


def test_streams_of_neighbouring_names_are_uncorrelated() -> None:
    streams = Streams(1)
    draws = np.stack([streams.stream(f"host/{number}").random(10_000) for number in range(8)])
    correlations = np.corrcoef(draws)[np.triu_indices(8, k=1)]
    # 28 correlations with standard error 0.01 each.
    assert np.abs(correlations).max() < 0.045


def test_the_generator_is_pcg64() -> None:
    assert isinstance(Streams(1).stream("a").bit_generator, np.random.PCG64)


def test_a_stream_without_a_seed_is_an_error_only_when_asked_for() -> None:
    streams = Streams(None)
    assert streams.seed is None
    with pytest.raises(ValueError, match=r"a random stream needs a seed: Environment\(seed=\.\.\.\)"):
        streams.stream("arrivals")


def test_numpy_integers_are_seeds() -> None:
    assert Streams(np.int64(5)).stream("a").random() == Streams(5).stream("a").random()


@pytest.mark.parametrize("seed", ["1", 1.0, True])
def test_a_seed_that_is_no_integer_is_an_error(seed: object) -> None:
    with pytest.raises(TypeError, match="seed must be an integer >= 0, got"):
        Streams(seed)  # type: ignore[arg-type]


def test_a_negative_seed_is_an_error() -> None:
    with pytest.raises(ValueError, match="seed must be >= 0, got -1"):
        Streams(-1)


def test_a_stream_needs_a_name() -> None:
    with pytest.raises(ValueError, match="name of a random stream must not be empty"):
        Streams(1).stream("")
    with pytest.raises(TypeError, match="name of a random stream must be a string, got 3"):
        Streams(1).stream(3)  # type: ignore[arg-type]


GOLDEN_ARRIVALS: list[int] = [6109975755385852706, 2993236010842421323, 4863999914173602131]
GOLDEN_LARGE_SEED: list[int] = [2584021457211811502, 5429796036311293989]
