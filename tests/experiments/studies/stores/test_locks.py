"""The study of locks: what each loses, in which trouble, and that its text says so."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import pytest

from experiments import Run
from experiments.studies.stores.locks import locks
from experiments.summary import estimate
from tests.experiments.studies.what_is_said import means, runs_of, what_to_see


@lru_cache
def ran(**parameters: Any) -> Run:
    return locks(seed=1, duration=60.0, **parameters)


@pytest.mark.slow
def test_workers_without_a_lock_overwrite_each_other_and_with_one_they_do_not() -> None:
    assert ran(lock="no lock", trouble="none").measures["lost_updates"] > 300.0
    for lock in ("key", "service"):
        measures = ran(lock=lock, trouble="none").measures
        assert measures["lost_updates"] == measures["double_stays"] == 0.0
        assert measures["goodput"] > 2.0


@pytest.mark.slow
def test_tokens_refuse_what_is_late_and_change_nothing_else() -> None:
    unfenced, fenced = ran(lock="service", trouble="late messages"), ran(trouble="late messages")
    assert fenced.measures["lost_updates"] == 0.0 < unfenced.measures["lost_updates"]
    assert fenced.measures["refused"] > unfenced.measures["refused"] == 0.0
    well = [ran(lock=lock, trouble="none").measures for lock in ("service", "service, fenced")]
    assert well[0] == well[1]


@pytest.mark.slow
def test_fencing_writes_alone_is_fencing_too() -> None:
    measures = ran(lock="service, fenced writes", trouble="late messages").measures
    assert measures["lost_updates"] == 0.0 < measures["refused"]


@pytest.mark.slow
def test_clock_that_is_ahead_opens_the_key_and_not_the_service() -> None:
    assert ran(lock="key", trouble="wrong clock").measures["double_stays"] > 20.0
    assert ran(lock="service", trouble="wrong clock").measures["double_stays"] == 0.0


@pytest.mark.slow
def test_each_side_of_a_cut_has_a_key_and_one_side_alone_the_service() -> None:
    assert ran(lock="key, own only", trouble="cuts").measures["double_stays"] > 20.0
    assert ran(lock="service", trouble="cuts").measures["double_stays"] == 0.0


@pytest.mark.slow
def test_crash_of_the_leader_is_survived_by_both() -> None:
    for lock in ("key", "service"):
        measures = ran(lock=lock, trouble="crashes").measures
        assert measures["lost_updates"] == 0.0
        assert measures["longest_gap"] < 10.0


@pytest.mark.slow
def test_same_seed_gives_the_same_run() -> None:
    again = locks.run_checked(locks.space.values({"duration": 60.0, "trouble": "cuts", "lock": "key"}), 1)
    assert again.measures == ran(lock="key", trouble="cuts").measures


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(locks)

    def lost(lock: str, **point: Any) -> float:
        return means(locks, lock=lock, **point)["lost_updates"]

    def gap(lock: str, trouble: str) -> str:
        return f"{means(locks, lock=lock, trouble=trouble)['longest_gap']:.1f} s"

    assert f"without a lock {lost('no lock', trouble='none'):.0f} of a thousand updates are lost" in said
    for lock in ("key", "key, own only", "service", "service, fenced"):
        assert lost(lock, trouble="none") == lost(lock, pause=2.0) == 0.0
    assert (
        f"With pauses of 10 s the key loses {lost('key'):.0f} of a thousand, and {lost('key, own only'):.0f}"
        in said
    )
    assert f"the service {lost('service'):.1f}; the service and tokens none" in said
    fenced = means(locks, lock="service, fenced")
    assert fenced["lost_updates"] == 0.0
    assert f"the lock was got {fenced['double_stays']:.0f} times of a thousand while another" in said
    late = {"trouble": "late messages"}
    assert f"as the key: {lost('service', **late):.0f} and {lost('key', **late):.1f}" in said
    wrong = lost("key", trouble="wrong clock")
    assert (
        f"costs the key {wrong:.0f} updates of a thousand and a cut {lost('key', trouble='cuts'):.0f}" in said
    )
    assert lost("service", trouble="wrong clock") == lost("service", trouble="cuts") == 0.0
    assert f"without an update is {gap('service', 'cuts')} where" in said
    assert f"against {gap('key', 'cuts')} with the key" in said
    assert f"{gap('service', 'crashes')} against {gap('key', 'crashes')}" in said
    slow = [means(locks, lock=lock, pause=6.0)["goodput"] for lock in ("service", "key")]
    assert "the service makes {:.1f} updates a second and the key {:.1f}".format(*slow) in said
    times = [1000 * means(locks, lock=lock, trouble="none")["lock_time"] for lock in ("service", "key")]
    assert "takes {:.1f} ms from the service and {:.1f} ms with a key".format(*times) in said


@pytest.mark.parametrize(
    ("one", "other", "point"),
    [("key", "key, own only", {}), ("service", "key", {"trouble": "late messages"})],
    ids=["pauses", "late messages"],
)
def test_what_four_runs_cannot_tell_apart_is_said_to_be_so(
    one: str, other: str, point: dict[str, Any]
) -> None:
    """With ten more seeds the means are 27 and 27, and 11 and 14."""
    of_one, of_other = (runs_of(locks, lock=lock, **point) for lock in (one, other))
    more = [a["lost_updates"] - b["lost_updates"] for a, b in zip(of_one, of_other, strict=True)]
    found = estimate(more)
    assert abs(found.mean) < found.half_width


@pytest.mark.slow
def test_tokens_lose_nothing_in_any_run_of_the_sweep() -> None:
    for point in locks.points():
        if point["lock"] == "service, fenced":
            assert means(locks, **point)["lost_updates"] == 0.0
