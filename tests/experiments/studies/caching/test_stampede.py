"""The study of stampedes: what takes the origin down for good, and what keeps it up."""

from __future__ import annotations

from math import inf
from typing import Any

import pytest

from experiments import Misuse
from experiments.studies.caching.stampede import (
    CAPACITY,
    END,
    LOADS,
    REMEDIES,
    TROUBLE_AT,
    stampede,
)
from tests.experiments.studies.what_is_said import Measures, means, percent, runs_of, what_to_see


def swept(**point: Any) -> list[Measures]:
    return runs_of(stampede, **point)


def found(**point: Any) -> Measures:
    return means(stampede, **point)


@pytest.mark.parametrize("scene", ["cold start", "hot key", "one batch"])
def test_with_nothing_done_the_origin_stays_down_and_works_for_nobody(scene: str) -> None:
    for measures in swept(scene=scene):
        assert measures["answered_after"] == measures["hit_ratio_after"] == 0.0
        assert measures["recover_time"] == inf
        assert measures["origin_after"] == pytest.approx(4.0, rel=0.05)
        assert measures["useless"] > 0.97


@pytest.mark.parametrize("remedy", ["coalescing", "stale while revalidate", "hidden origin"])
@pytest.mark.parametrize("scene", ["cold start", "hot key", "one batch"])
def test_one_question_for_a_key_at_a_time_survives_everything(scene: str, remedy: str) -> None:
    for measures in swept(scene=scene, remedy=remedy):
        assert measures["answered_after"] > 0.998
        assert measures["recover_time"] < 6.0
        assert measures["origin_peak"] < 2.0
        assert measures["origin_after"] < 0.3
        assert measures["useless"] < 0.01


@pytest.mark.parametrize(
    ("scene", "helping"),
    [
        ("cold start", []),
        ("hot key", ["early expiry", "refresh ahead"]),
        ("one batch", ["jitter", "refresh ahead"]),
    ],
)
def test_what_is_done_before_an_entry_expires_helps_where_entries_expire_and_are_asked_for(
    scene: str, helping: list[str]
) -> None:
    for remedy in ("jitter", "early expiry", "refresh ahead"):
        served = [measures["recover_time"] == 0.0 for measures in swept(scene=scene, remedy=remedy)]
        assert served == [remedy in helping] * 3, remedy


def test_a_hidden_origin_is_never_asked_for_more_than_it_can_do() -> None:
    for load in LOADS:
        for measures in swept(remedy="hidden origin", load=load):
            assert measures["origin_peak"] < 1.2
            assert measures["p99"] < 0.01


def test_only_what_is_kept_stale_is_given_stale() -> None:
    for remedy in REMEDIES:
        for measures in swept(scene="one batch", remedy=remedy):
            assert (measures["stale"] > 0.0) is (remedy in ("stale while revalidate", "hidden origin"))


@pytest.mark.slow
def test_what_a_run_has_seen_over_time_is_what_it_measures() -> None:
    run = stampede(seed=1, remedy="coalescing", load=2.0)
    questions, answered = run.detail.questions(1.0), run.detail.answered(1.0)
    assert questions.values.max() / CAPACITY == pytest.approx(run.measures["origin_peak"])
    assert int(questions.values.argmax()) == TROUBLE_AT
    assert answered.values.sum() / END == pytest.approx(2.0 * CAPACITY, rel=0.05)


def test_nonsense_is_refused() -> None:
    with pytest.raises(Misuse, match="remedy"):
        stampede(seed=1, remedy="prayer")
    with pytest.raises(Misuse, match="load"):
        stampede(seed=1, load=0.0)


def test_what_it_says_of_a_cold_start_is_what_the_sweep_shows() -> None:
    said, lost = what_to_see(stampede), found()
    assert f"asked for {lost['origin_peak']:.1f} times what it can answer" in said
    assert f"; {percent(lost['answered_first'])} of the requests are answered in the first 20 s" in said
    assert f"{percent(lost['useless'])} of what it answers is kept by nobody" in said
    assert [measures["recover_time"] for measures in swept(load=2.0)] == [0.0] * 3
    assert sum(measures["recover_time"] < inf for measures in swept(load=3.0)) == 1
    shared, hidden = found(remedy="coalescing"), found(remedy="hidden origin")
    assert f"Coalescing makes that {shared['origin_peak']:.1f} times" in said
    assert f"served after {shared['recover_time']:.0f} s" in said
    assert (
        f"a hidden origin {hidden['origin_peak']:.1f} times, and after {hidden['recover_time']:.0f} s" in said
    )
    assert f"turns away {percent(1.0 - hidden['answered_first'], 1)} of the first 20 s" in said
    assert found(remedy="jitter")["answered_after"] == found(remedy="early expiry")["answered_after"] == 0.0
    ahead = found(remedy="refresh ahead")
    assert (
        f"at the end {percent(ahead['answered_after'])} are answered, and the origin is asked for "
        f"{ahead['origin_after']:.1f} times what it can answer"
    ) in said
    late = found(remedy="coalescing", load=8.0)
    assert f"is back in {late['recover_time']:.0f} s if they may take 5 s" in said
    assert found(remedy="coalescing", load=8.0, origin_timeout=1.0)["recover_time"] == inf


def test_what_it_says_of_what_expires_is_what_the_sweep_shows() -> None:
    said = what_to_see(stampede)
    hot = {remedy: found(scene="hot key", remedy=remedy) for remedy in REMEDIES}
    assert f"early expiry 99 % wait for {hot['early expiry']['p99']:.2f} s at most" in said
    assert f"with refresh ahead {hot['refresh ahead']['p99']:.2f} s" in said
    assert f"with coalescing {hot['coalescing']['p99']:.2f} s" in said
    stale = hot["stale while revalidate"]
    assert stale["p99"] < 0.001
    assert f"{percent(stale['stale'], 1)} of the answers are stale" in said
    jitter = found(scene="one batch", remedy="jitter")
    assert f"needs jitter ({jitter['origin_peak']:.1f} times)" in said
