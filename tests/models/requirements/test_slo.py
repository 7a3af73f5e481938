"""An SLO: objectives together, up to a load."""

from __future__ import annotations

import json
import math

import pytest

from models.requirements import SLO, AvailabilityObjective, DurabilityObjective, LatencyObjective

from .seen import seen, writes

OK, SLOW, FAILED = (0.1, "ok"), (0.5, "ok"), (0.01, "rejected")

LATENCY = LatencyObjective(percentile=90.0, at_most=0.3)
AVAILABILITY = AvailabilityObjective(at_least=0.9)
SHOP = SLO(name="shop", objectives=(LATENCY, AVAILABILITY))


def test_it_holds_where_all_objectives_do() -> None:
    judgement = SHOP.judge(seen(*[OK] * 10))
    assert judgement.holds is True
    assert [verdict.name for verdict in judgement.verdicts] == [LATENCY.name, AVAILABILITY.name]


def test_one_objective_that_does_not_hold_is_enough() -> None:
    judgement = SHOP.judge(seen(*[OK] * 8, SLOW, SLOW))
    assert judgement.holds is False
    assert [verdict.holds for verdict in judgement.verdicts] == [False, True]


def test_a_missing_piece_leaves_it_undecided_unless_another_is_broken() -> None:
    slo = SLO(name="shop", objectives=(AVAILABILITY, DurabilityObjective()))
    assert slo.judge(seen(OK)).holds is None
    assert slo.judge(seen(FAILED)).holds is False


def test_above_its_load_it_does_not_apply() -> None:
    slo = SLO(name="shop", objectives=(LATENCY, AVAILABILITY), at_load=1.0)
    bad = [FAILED] * 10
    assert slo.judge(seen(*bad)).holds is False
    above = slo.judge(seen(*bad, FAILED))
    assert above.is_applicable is False
    assert above.holds is None
    assert above.load == pytest.approx(1.1)
    assert [verdict.holds for verdict in above.verdicts] == [None, None]
    assert above.verdicts[1].value == 0.0


def test_the_load_that_was_meant_counts_more_than_chance() -> None:
    slo = SLO(name="shop", objectives=(AVAILABILITY,), at_load=1.0)
    assert slo.judge(seen(*[OK] * 11, arrival_rate=1.0)).holds is True
    assert slo.judge(seen(OK, arrival_rate=1.1)).holds is None


def test_a_load_that_nobody_knows_is_not_taken_to_be_low() -> None:
    slo = SLO(name="store", objectives=(DurabilityObjective(),), at_load=1.0)
    assert slo.judge(writes(10, 0)).holds is None


def test_margins_do_not_depend_on_the_load_promised() -> None:
    evidence = seen(*[OK] * 9, FAILED)
    low = SLO(name="shop", objectives=SHOP.objectives, at_load=0.5).judge(evidence)
    assert low.margins == SHOP.judge(evidence).margins == {LATENCY.name: 0.0, AVAILABILITY.name: 0.0}


def test_a_judgement_is_strict_json() -> None:
    for evidence in (seen(OK), seen(FAILED), seen()):
        judgement = SHOP.judge(evidence)
        read = json.loads(json.dumps(judgement.as_json(), allow_nan=False))
        assert read["name"] == "shop"
        assert read["holds"] is judgement.holds
        assert [item["name"] for item in read["verdicts"]] == [LATENCY.name, AVAILABILITY.name]
    assert SHOP.judge(seen(FAILED)).as_json()["verdicts"][0]["value"] == "inf"


def test_objectives_may_come_in_any_sequence() -> None:
    assert SLO(name="shop", objectives=[LATENCY, AVAILABILITY]) == SHOP  # type: ignore[arg-type]  # made a tuple


def test_nothing_promised_and_the_same_promised_twice_are_misuse() -> None:
    with pytest.raises(ValueError, match="objectives must be at least one and no two alike"):
        SLO(name="nothing", objectives=())
    with pytest.raises(ValueError, match="objectives must be at least one and no two alike"):
        SLO(name="twice", objectives=(LATENCY, LATENCY))
    with pytest.raises(TypeError, match="objectives must be Objectives, got"):
        SLO(name="number", objectives=(0.3,))  # type: ignore[arg-type]  # on purpose
    for load in (0.0, math.inf):
        with pytest.raises(ValueError, match="at_load must be finite and > 0 per s"):
            SLO(name="load", objectives=(LATENCY,), at_load=load)
