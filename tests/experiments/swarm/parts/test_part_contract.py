"""Every kind of part works with every value, in trouble too, and with whatever can be done to it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from experiments.swarm import Failed, build, run_trial
from experiments.swarm.bookkeeping import books_of, statistics_of
from experiments.swarm.choices import Choice
from experiments.swarm.parts import PARTS
from models.faults import Fault

from .building import SERVERS, fault, plan_with


def values_of(kind: str) -> Iterator[dict[str, Any]]:
    yield {}
    for name, parameter in PARTS[kind].parameters.items():
        if isinstance(parameter, Choice):
            yield from ({name: value} for value in parameter.values[1:])


@pytest.mark.slow
@pytest.mark.parametrize("kind", PARTS)
def test_every_kind_works_with_every_value(kind: str) -> None:
    trouble = fault("host_crash", host=SERVERS[0])
    for given in values_of(kind):
        verdict = run_trial(plan_with(kind, trouble, **given), thorough=False, locate=False)
        assert not isinstance(verdict, Failed), (given, verdict.what)


@pytest.mark.parametrize("kind", PARTS)
def test_every_kind_is_the_same_twice(kind: str) -> None:
    trouble = fault("host_chaos", between=0.5)
    verdict = run_trial(plan_with(kind, trouble), thorough=True, locate=False)
    assert not isinstance(verdict, Failed), verdict.what


@pytest.mark.parametrize(
    ("kind", "struck"), [(kind, name) for kind, each in PARTS.items() for name in each.faults]
)
def test_whatever_can_be_done_to_a_part_is_done_and_undone_with_every_value(kind: str, struck: str) -> None:
    parameters = PARTS[kind].faults[struck].parameters
    choices = {name: each for name, each in parameters.items() if isinstance(each, Choice)}
    for given in ({}, *({name: value} for name, each in choices.items() for value in each.values[1:])):
        trouble = fault(struck, part="part", **given)
        plan = plan_with(kind, trouble)
        verdict = run_trial(plan, thorough=False, locate=False)
        assert not isinstance(verdict, Failed), (given, verdict.what)
        live = build(plan)
        live.env.run(until=1.5)
        assert live.system.part(trouble["name"], Fault).is_injected


@pytest.mark.parametrize("kind", PARTS)
def test_whatever_counts_in_a_part_has_books(kind: str) -> None:
    live = build(plan_with(kind))
    live.env.run(until=2.0)
    for part in live.others[0].counting:
        assert statistics_of(part) is not None
        assert books_of(part) is not books_of(object()), f"{type(part).__name__} has no entry in BOOKS"
