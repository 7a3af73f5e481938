"""Continuous-time Markov chains by their balance equations: what the closed forms are tested against."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from itertools import combinations_with_replacement
from typing import TypeVar

import numpy as np

State = TypeVar("State", bound=Hashable)
Moves = Callable[[State], Iterable[tuple[State, float]]]


def stationary(states: Iterable[State], moves: Moves[State]) -> dict[State, float]:
    """Return the stationary probabilities; moves to states that are not listed do not happen."""
    known = list(states)
    index = {state: number for number, state in enumerate(known)}
    generator = np.zeros((len(known), len(known)))
    for state, here in index.items():
        for other, rate in moves(state):
            if other in index:
                generator[here, index[other]] += rate
                generator[here, here] -= rate
    equations = generator.T.copy()
    equations[0] = 1.0
    solution = np.linalg.solve(equations, np.eye(len(known))[0])
    return dict(zip(known, solution.tolist(), strict=True))


def mean(probabilities: dict[State, float], value: Callable[[State], float]) -> float:
    return sum(probability * value(state) for state, probability in probabilities.items())


def birth_death(
    arrival_rate: float, service_rate_at: Callable[[int], float], number_max: int
) -> dict[int, float]:
    """Return the probabilities of 0, 1, ... jobs, where nobody enters at `number_max`."""
    return stationary(
        range(number_max + 1),
        lambda number: [(number + 1, arrival_rate), (number - 1, service_rate_at(number))],
    )


def balanced_queues_sojourn(
    utilisation: float, queues_count: int, length_max: int, *, replacement: bool
) -> float:
    """Return the exact mean sojourn for two choices among a few queues, which are cut off at `length_max`."""
    count = queues_count
    states = list(combinations_with_replacement(range(length_max + 1), count))
    pairs = [(i, j) for i in range(count) for j in range(count) if replacement or i != j]

    def moves(state: tuple[int, ...]) -> Iterable[tuple[tuple[int, ...], float]]:
        for first, second in pairs:
            shorter = first if state[first] <= state[second] else second
            yield _changed(state, shorter, 1), utilisation * count / len(pairs)
        for queue, length in enumerate(state):
            if length:
                yield _changed(state, queue, -1), 1.0

    return mean(stationary(states, moves), sum) / (utilisation * count)


def _changed(state: tuple[int, ...], queue: int, step: int) -> tuple[int, ...]:
    lengths = list(state)
    lengths[queue] += step
    return tuple(sorted(lengths))
