"""Each bug that can be planted is caught, and the same plan without it passes: the swarm can tell.

`WITNESSES` has the seed of a plan that shows it, as it is drawn: that there is one proves that the swarm
finds it, and to run it is all that it takes to see that it still does. Plans change with whatever is drawn;
for a witness that shows nothing any more, `gameday swarm --of stores --flaw NAME --systems 200` finds another
one. Where a few hundred draws have not found one, a plan in `caught/` shows it, whose faults were chosen.
"""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from experiments.swarm import Failed, Passed
from experiments.swarm.stores import (
    DESIGNS,
    StorePlan,
    draw_store,
    flaws_of_stores,
    promises_of,
    run_store_trial,
)
from experiments.swarm.stores.designs.locks import LockBugs
from experiments.swarm.subjects import read_any_plan
from models.consensus import RaftFlaws
from models.consensus.lock_service import LockFlaws
from models.replication.multi_primary import MultiPrimaryFlaws
from models.replication.primary_replica import ReplicationFlaws
from models.replication.quorums import QuorumFlaws
from models.sharding import ShardingFlaws
from models.sharding.mover import MoverFlaws

from .plans import plan

CAUGHT = Path(__file__).parent / "caught"

WITNESSES: dict[str, int] = {
    "acknowledges_alone": 4,
    "acknowledges_before_durable": 1,
    "acknowledges_before_quorum": 1,
    "acknowledges_before_standby": 3,
    "acknowledges_in_memory": 2,
    "acknowledges_unasked": 25,
    "answers_first": 6,
    "commits_older_epochs": 2,
    "commits_older_terms": 58,
    "drops_what_comes": 1,
    "ends_leases_early": 9,
    "fences_writes_alone": 25,
    "forgets_deletions": 3,
    "forgets_epochs": 73,
    "forgets_tombstones": 83,
    "forgets_what_is_removed": 4,
    "hears_nothing": 2,
    "ignores_leases": 29,
    "ignores_sessions": 8,
    "ignores_tokens": 5,
    "lease_factor": 85,
    "leaves_out_last_copy": 2,
    "loses_outbox": 43,
    "merges_by_arrival": 4,
    "no_fencing": 8,
    "no_grace": 107,
    "reads_unasked": 2,
    "reads_unchecked": 13,
    "renewals_unconfirmed": 10,
    "reuses_epochs": 73,
    "serves_frozen": 2,
    "skips_gaps": 2,
    "tokens_not_replicated": 2,
    "trusts_clocks": 31,
    "trusts_unknown_imports": 120,
    "votes_not_durable": 4,
    "waits_for_nobody": 3,
}


def witness(flaw: str) -> StorePlan:
    if flaw in WITNESSES:
        return draw_store(WITNESSES[flaw], flaw)
    _, read = read_any_plan(CAUGHT / f"{flaw}.json")
    assert isinstance(read, StorePlan)
    return read


@pytest.mark.slow
@pytest.mark.parametrize("flaw", sorted(flaws_of_stores()))
def test_every_flaw_is_caught_and_the_same_plan_without_it_passes(flaw: str) -> None:
    flawed = witness(flaw)
    assert flawed.flaw == flaw
    assert isinstance(run_store_trial(flawed, thorough=False), Failed)
    verdict = run_store_trial(flawed.model_copy(update={"flaw": None}), thorough=False)
    assert isinstance(verdict, Passed), verdict.what


@pytest.mark.slow
def test_quorums_that_do_not_overlap_are_stale_when_they_are_held_to_more_than_they_promise() -> None:
    """R + W = N is no bug but a setting: nothing promises fresh reads, and who is held to them fails."""
    overlapping = {"read_level": "two", "write_level": "two", "reads_from": "all"}
    beside = {**overlapping, "read_level": "one"}
    assert "reads_are_fresh" in promises_of(plan("quorums", parameters=overlapping))
    assert "reads_are_fresh" not in promises_of(plan("quorums", parameters=beside))
    seeds = range(1, 31)
    for parameters, is_fresh in ((overlapping, True), (beside, False)):
        plans = (
            plan("quorums", parameters=parameters, held_to=("reads_are_fresh",), seed=seed).model_copy(
                update={
                    "latency": draw_store(1).latency.model_copy(update={"mean": 0.02, "law": "exponential"})
                }
            )
            for seed in seeds
        )
        verdicts = (run_store_trial(each, thorough=False) for each in plans)
        if is_fresh:
            assert all(isinstance(each, Passed) for each, _ in zip(verdicts, range(3), strict=False))
        else:
            failed = next(each for each in verdicts if isinstance(each, Failed))
            assert failed.kind == "quorums: reads_are_fresh"


def test_a_flaw_has_one_design_and_every_flaw_of_the_models_is_there() -> None:
    assert sum(len(design.flaws) for design in DESIGNS.values()) == len(flaws_of_stores())
    planted = [flaw.flaws for design in DESIGNS.values() for flaw in design.flaws.values()]
    planted += [each.service for each in planted if isinstance(each, LockBugs)]
    kinds = (LockBugs, LockFlaws, MultiPrimaryFlaws, QuorumFlaws, RaftFlaws, ReplicationFlaws)
    for kind in (*kinds, ShardingFlaws, MoverFlaws):
        of_kind = [each for each in planted if isinstance(each, kind)]
        names = {each.name for each in fields(kind)}
        changed = {name for each in of_kind for name in names if getattr(each, name) != getattr(kind(), name)}
        assert changed == names


def test_witnesses_are_those_of_flaws() -> None:
    by_hand = {path.stem for path in CAUGHT.glob("*.json")}
    assert set(WITNESSES) | by_hand == set(flaws_of_stores())
    assert not set(WITNESSES) & by_hand
