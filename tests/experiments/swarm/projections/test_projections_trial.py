"""Event logs and projections under fire: what passes, what each kind of fault does, and what is promised."""

from __future__ import annotations

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.plan import FaultPlan
from experiments.swarm.projections import (
    LAWS,
    LiveProjections,
    build_projections,
    draw_projections,
    run_projections_trial,
)
from experiments.swarm.projections.fault_catalogue import FAULTS
from experiments.swarm.projections.plan import ViewPlan
from experiments.swarm.projections.trial import _run
from models.cqrs import Accepted, Declined
from models.cqrs.commands import Submitted

from .plans import fault, plan

STRUCK: dict[str, dict[str, object]] = {
    "cut": {"inside": ("leader", "user-1")},
    "cut_link": {"source": "leader", "target": "view-1"},
    "loss": {"inside": ("leader",)},
    "delay": {"inside": ("view-2",)},
    "hunt": {},
    "power_outage": {},
    "rebuild": {"host": "view-2"},
}


def struck(kind: str) -> FaultPlan:
    return fault(kind, 1.0, 1.4, **STRUCK.get(kind, {"host": "leader"}))  # type: ignore[arg-type]


@pytest.mark.slow
@pytest.mark.parametrize("log", ["disk", "raft"])
def test_where_nothing_happens_all_is_answered_and_read_models_are_the_fold(log: str) -> None:
    quiet = plan(log)
    assert isinstance(run_projections_trial(quiet, thorough=True), Passed)
    live = build_projections(quiet)
    assert live.laws == set(LAWS)
    _run(live)
    assert all(isinstance(each.answer, Accepted | Declined | Submitted) for each in live.commands)
    assert {type(each.answer) for each in live.commands} == {Accepted, Declined, Submitted}
    assert len(live.questions) > 10
    assert any(each.demanded for each in live.questions)


@pytest.mark.slow
@pytest.mark.parametrize("log", ["disk", "raft"])
@pytest.mark.parametrize("kind", FAULTS)
def test_every_kind_strikes_heals_and_breaks_no_law(kind: str, log: str) -> None:
    made = plan(log, struck(kind))
    verdict = run_projections_trial(made, thorough=False)
    assert isinstance(verdict, Passed), verdict
    live = build_projections(made)
    live.env.run(until=2.9)
    times = {record.kind: record.time for record in live.env.event_log if record.kind.startswith("fault.")}
    assert times == ({} if (kind, log) == ("disk_loss", "raft") else {"fault.start": 1.0, "fault.end": 1.4})


def played(*faults: FaultPlan, checkpointing: str = "together", sync_time: float = 0.03) -> LiveProjections:
    views = (ViewPlan(name="view-1", checkpointing=checkpointing),)  # type: ignore[arg-type] # one of those
    live = build_projections(plan("disk", *faults, views=views, parameters={"sync_time": sync_time}))
    _run(live)
    return live


@pytest.mark.parametrize(("checkpointing", "counted"), [("after", "doubled_count"), ("before", "lost_count")])
def test_what_a_naive_choice_doubles_or_loses_is_allowed_to_it_alone(
    checkpointing: str, counted: str
) -> None:
    crashes = fault("restarts", 0.2, 2.9, host="view-1", up=0.08, down=0.05)
    naive = played(crashes, checkpointing=checkpointing).views["view-1"].projection
    assert getattr(naive.counts, counted) > 0
    counts = played(crashes).views["view-1"].projection.counts
    assert (counts.doubled_count, counts.lost_count) == (0, 0)


def test_a_view_is_rebuilt_when_it_is_ordered() -> None:
    live = played(fault("rebuild", 1.0, 1.0, host="view-1"))
    assert live.views["view-1"].projection.rebuilt_count == 1


@pytest.mark.slow
def test_a_log_that_loses_what_it_told_keeps_nothing_and_views_follow_it() -> None:
    outage = fault("host_crash", 1.03, 1.3, host="log")
    made = plan("disk", outage, parameters={"durability": "periodic"})
    live = build_projections(made)
    assert not live.laws & {"keeps_what_it_acknowledges", "views_are_folds", "positions_go_forward"}
    assert isinstance(run_projections_trial(made, thorough=False), Passed)
    _run(live)
    assert live.log.statistics().lost_shown_count > 0  # type: ignore[attr-defined]
    lost = plan("disk", fault("disk_loss", 1.0, 1.2, host="log"))
    assert "keeps_what_it_acknowledges" not in build_projections(lost).laws


@pytest.mark.slow
@pytest.mark.parametrize("first", range(1, 121, 40))
def test_random_projections_keep_what_they_promise(first: int) -> None:
    seeds = range(first, first + 40)
    verdicts = {seed: run_projections_trial(draw_projections(seed), thorough=False) for seed in seeds}
    assert [f"{seed}: {each.what}" for seed, each in verdicts.items() if isinstance(each, Failed)] == []
