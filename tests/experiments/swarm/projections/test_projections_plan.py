"""The plan of a log survives its file, is always the same for a seed, and nonsense is refused in one line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.swarm import write_plan
from experiments.swarm.projections import build_projections, draw_projections
from experiments.swarm.projections.plan import AskPlan, UserPlan
from experiments.swarm.projections.users import command_of
from experiments.swarm.subjects import SUBJECTS, read_any_plan, subject_named
from models.cqrs.items import Cancel, Reserve

from .plans import fault, plan


@pytest.mark.parametrize("seed", range(1, 7))
def test_a_plan_comes_back_from_its_file_as_it_was(seed: int, tmp_path: Path) -> None:
    drawn = draw_projections(seed)
    subject, read = read_any_plan(write_plan(drawn, tmp_path / "plan.json"))
    assert (subject.name, read) == ("projections", drawn)


def test_a_seed_is_always_the_same_plan_and_a_flaw_stands_in_it() -> None:
    assert draw_projections(5) == draw_projections(5) != draw_projections(6)
    assert "projections" in SUBJECTS
    assert subject_named("projections", "forgets_ids").draw(3).flaw == "forgets_ids"
    with pytest.raises(Misuse, match="flaw must be one of ignores_versions, "):
        subject_named("projections", "no_fencing")


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"flaw": "none"}, "flaw must be one of ignores_versions, "),
        ({"parameters": {"speed": 1}}, "a key of parameters must be one of durability, "),
        ({"handlers": ("view-1",)}, "the names of hosts and users must be given once, got 'view-1' twice"),
        ({"faults": (fault("drift", 1.0, 2.0, host="log"),)}, "faults.0.kind must be one of process_crash, "),
        ({"faults": (fault("hunt", 2.0, 1.0),)}, "faults.0.end must be >= start (2.0 s), got 1.0"),
        (
            {"users": (UserPlan(name="u", asks=(AskPlan(at=1.0), AskPlan(at=1.0))),)},
            "the times of users.0.asks must be given once, got '1.0' twice",
        ),
    ],
)
def test_nonsense_is_refused_in_one_line(changes: Any, line: str) -> None:
    with pytest.raises(Misuse) as refused:
        build_projections(plan().model_copy(update=changes))
    assert line in str(refused.value)


def test_a_cancellation_is_that_of_the_last_order_before_it() -> None:
    asks = (
        AskPlan(at=0.1, does="reserve"),
        AskPlan(at=0.2, does="reserve"),
        AskPlan(at=0.3, does="reserve", item=2),
        AskPlan(at=0.4, does="cancel"),
    )
    user = UserPlan(name="ann", asks=asks)
    ordered, cancelled = command_of(user, asks[1]).intent, command_of(user, asks[3]).intent
    assert isinstance(ordered, Reserve)
    assert cancelled == Cancel(ordered.order)
