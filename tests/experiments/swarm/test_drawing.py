"""Plans are drawn from a seed and nothing else, and from random halves of all features."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from functools import cache
from pathlib import Path

import pytest

from experiments.swarm import FAULTS, WRAPPERS, SystemPlan, draw_plan
from experiments.swarm.choices import Choice
from experiments.swarm.drawing import LOADS
from experiments.swarm.parts import PARTS
from experiments.swarm.plan_rules import require_sound
from experiments.swarm.policy_catalogue import POLICIES

ROOT = Path(__file__).resolve().parents[3]


@cache
def many_plans() -> list[SystemPlan]:
    # Not at once: each process of the tests collects this file.
    return [draw_plan(seed) for seed in range(300)]


def test_a_seed_is_a_plan() -> None:
    assert draw_plan(17) == draw_plan(17)
    assert draw_plan(17) != draw_plan(18)


@pytest.mark.slow
def test_the_same_plan_is_drawn_in_another_process_under_another_hash_seed() -> None:
    program = "from experiments.swarm import draw_plan; print(draw_plan(17).to_json())"
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "4711"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, check=True, capture_output=True, text=True
    )
    assert done.stdout.strip() == draw_plan(17).to_json()


@pytest.mark.slow
def test_all_plans_are_sound() -> None:
    for plan in many_plans():
        require_sound(plan)


@pytest.mark.slow
@pytest.mark.parametrize("side", ["caller", "server"])
def test_every_kind_of_wrapper_is_drawn_wherever_it_may_stand(side: str) -> None:
    drawn = {wrapper.kind for plan in many_plans() for _, where, wrapper in plan.wrappers() if where == side}
    assert drawn >= {kind for kind, each in WRAPPERS.items() if side in each.sides} - {"timeout"}


def test_every_value_of_every_parameter_is_drawn() -> None:
    drawn: Counter[tuple[str, str, object]] = Counter()
    for plan in many_plans():
        for _, _, wrapper in plan.wrappers():
            for name, parameter in WRAPPERS[wrapper.kind].parameters.items():
                value = wrapper.parameters.get(name, parameter.default(name))
                drawn[wrapper.kind, name, value] += 1
    missing = [
        (kind, name, value)
        for kind, each in WRAPPERS.items()
        for name, parameter in each.parameters.items()
        for value in parameter.values
        if not drawn[kind, name, value]
    ]
    assert missing == []


def test_every_kind_of_fault_policy_and_load_is_drawn() -> None:
    assert {fault.kind for plan in many_plans() for fault in plan.faults} == set(FAULTS)
    assert {way.policy for plan in many_plans() for _, way in plan.ways()} == set(POLICIES)
    assert {client.load.kind for plan in many_plans() for client in plan.clients} == set(LOADS)


def test_every_kind_of_part_is_drawn_with_every_value() -> None:
    drawn = {
        (part.kind, name, part.parameters.get(name, each.default(name)))
        for plan in many_plans()
        for part in plan.parts
        for name, each in PARTS[part.kind].parameters.items()
        if isinstance(each, Choice)
    }
    assert drawn == {
        (kind, name, value)
        for kind, part in PARTS.items()
        for name, each in part.parameters.items()
        if isinstance(each, Choice)
        for value in each.values
    }


def test_what_clients_may_ask_is_asked() -> None:
    for plan in many_plans():
        asked = {client.way.service for client in plan.clients}
        assert {part.name for part in plan.parts if PARTS[part.kind].is_asked} <= asked


def test_each_system_is_allowed_some_kinds_only() -> None:
    """The heart of swarm testing: what is left out is left out of all of a system."""
    with_retries = sum(any(each.kind == "retry" for _, _, each in plan.wrappers()) for plan in many_plans())
    assert 0.1 * len(many_plans()) < with_retries < 0.5 * len(many_plans())
    large = [plan for plan in many_plans() if len(plan.wrappers()) >= 20]
    assert large
    for plan in large:
        assert len({wrapper.kind for _, _, wrapper in plan.wrappers()}) < len(WRAPPERS)
