"""Divergence of nodes, and when they hold the same again."""

from __future__ import annotations

from typing import Any

from models.consistency import convergence_time, divergence


def holding(*values: Any) -> dict[str, dict[str, Any]]:
    """Contents of nodes n0, n1, ... that hold these values of x."""
    return {f"n{number}": {"x": value} for number, value in enumerate(values)}


def test_keys_on_which_nodes_differ_are_told_with_what_each_holds() -> None:
    assert divergence(holding(1, 1, 1)) == {}
    assert divergence(holding(1, 2)) == {"x": {"n0": 1, "n1": 2}}
    assert divergence({"n0": {"x": 1}, "n1": {}}) == {"x": {"n0": 1, "n1": None}}
    assert divergence({"n0": {"x": [1, 2]}, "n1": {"x": [1, 2]}}) == {}
    assert divergence({}) == {}


def test_convergence_is_counted_from_the_heal_to_the_last_change_to_the_better() -> None:
    samples = [
        (0.0, holding(1, 2)),
        (5.0, holding(1, 1)),
        (6.0, holding(1, 2)),
        (8.0, holding(2, 2)),
        (9.0, holding(3, 3)),
    ]
    assert convergence_time(samples, healed_at=4.0) == 4.0
    assert convergence_time(samples, healed_at=8.0) == 0.0


def test_nodes_that_differ_in_the_end_have_not_converged() -> None:
    assert convergence_time([(1.0, holding(1, 1)), (2.0, holding(1, 2))], healed_at=0.0) is None
    assert convergence_time([(1.0, holding(1, 1))], healed_at=2.0) is None
