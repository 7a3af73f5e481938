"""Turns in proportion to weights, which may change in between."""

from __future__ import annotations

from models.balancing.earliest_deadline import EarliestDeadline


def test_who_had_next_to_no_weight_does_not_wait_for_that_once_he_has_more() -> None:
    weights = {"a": 0.5, "b": 0.5}
    turns: EarliestDeadline[str] = EarliestDeadline(lambda item: weights[item])
    turns.keep(weights)
    weights.update(a=0.001, b=0.999)
    assert [turns.turn() for _ in range(2)] == ["a", "b"]  # the next one of "a" is a thousand turns away
    weights.update(a=0.5, b=0.5)
    turns.keep(weights)
    assert [turns.turn() for _ in range(6)].count("a") == 3


def test_who_stays_keeps_his_place() -> None:
    weights = {"a": 1.0, "b": 1.0, "c": 1.0}
    turns: EarliestDeadline[str] = EarliestDeadline(lambda item: weights[item])
    turns.keep(weights)
    assert [turns.turn() for _ in range(2)] == ["a", "b"]
    turns.keep(["a", "b", "c"])
    assert [turns.turn() for _ in range(4)] == ["c", "a", "b", "c"]
