"""The study of failover: how long nobody writes, what is lost, and what fencing is for."""

from __future__ import annotations

from statistics import mean

import pytest

from experiments.studies.stores.failover import failover, lost_by_theory, outage_by_theory
from tests.experiments.studies.what_is_said import means, percent, runs_of, what_to_see

from .numbers_in_words import listed

TTLS = (2.0, 5.0, 10.0, 30.0)


@pytest.mark.parametrize("commit", ["asynchronous", "any 1"])
@pytest.mark.parametrize("ttl", TTLS)
def test_time_without_writes_is_the_rest_of_the_lease_and_the_choice(commit: str, ttl: float) -> None:
    """In each run: between two thirds of the lease and all of it, a choice, and a user who comes to see."""
    for measures in runs_of(failover, commit=commit, ttl=ttl):
        assert measures["outage_theory"] == pytest.approx(outage_by_theory(ttl))
        assert abs(measures["outage"] - measures["outage_theory"]) < ttl / 6.0 + 0.5


@pytest.mark.parametrize("ttl", TTLS)
def test_asynchronous_replication_alone_loses_what_was_acknowledged(ttl: float) -> None:
    for commit in ("any 1", "all"):
        assert [measures["lost_count"] for measures in runs_of(failover, commit=commit, ttl=ttl)] == [0.0] * 4
    assert sum(measures["lost_count"] for measures in runs_of(failover, commit="asynchronous", ttl=ttl)) > 0


def test_what_is_lost_is_about_what_stands_in_the_queue_for_the_link() -> None:
    """The number in an M/D/1 queue at 80 % has a standard deviation of about its mean.

    The 16 crashes are of four seeds, and those of one seed are not independent: the bound is stricter than it
    need be.
    """
    lost = [
        measures["lost_count"]
        for ttl in TTLS
        for measures in runs_of(failover, commit="asynchronous", ttl=ttl)
    ]
    assert lost_by_theory() == pytest.approx(2.4)
    assert abs(mean(lost) - lost_by_theory()) < 3.0 * 2.4 / 16**0.5


def test_shorter_lease_means_more_failovers_for_nothing() -> None:
    found = [means(failover, trouble="slow network", ttl=ttl) for ttl in TTLS]
    counts = [measures["false_failovers"] for measures in found]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] > 5.0
    assert counts[-1] == 0.0
    answered = [measures["answered"] for measures in found]
    assert answered == sorted(answered)


def test_all_stops_with_one_replica_and_any_one_does_not() -> None:
    for measures in runs_of(failover, trouble="replica crash", commit="all"):
        assert measures["outage"] > 45.0
        assert measures["answered"] < 0.1  # reads too: those who wait hold all threads
    for commit in ("asynchronous", "any 1"):
        for measures in runs_of(failover, trouble="replica crash", commit=commit):
            assert measures["answered"] == 1.0


@pytest.mark.parametrize("commit", ["asynchronous", "any 1"])
def test_fencing_by_lease_leaves_no_split_brain(commit: str) -> None:
    for measures in runs_of(failover, trouble="cut", commit=commit, fencing="lease", ttl=5.0):
        assert measures["split_brain_count"] == 0.0
        # What was acknowledged before the lease was over, at 10 writes per second.
        assert measures["lost_count"] <= (75.0 if commit == "asynchronous" else 0.0)
    for fencing in ("epoch", "off"):
        split, stale = (
            means(failover, trouble="cut", commit=commit, fencing=fencing, ttl=5.0)[name]
            for name in ("split_brain_count", "stale")
        )
        assert (split > 300.0) is (commit == "asynchronous")
        assert stale > 0.02


@pytest.mark.slow
def test_study_is_run_at_other_points_than_the_sweeps() -> None:
    measures = failover(seed=1, trouble="cut", ttl=3.0, down=10.0, commit="all").measures
    assert measures["outage"] > 10.0
    assert measures["lost_count"] == 0.0


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(failover)
    crashed = [means(failover, commit="asynchronous", ttl=ttl) for ttl in TTLS]
    slow = [means(failover, trouble="slow network", ttl=ttl) for ttl in TTLS]
    assert f"costs {listed([each['outage'] for each in crashed], '.1f')} s without writes" in said
    assert f"(by theory {listed([each['outage_theory'] for each in crashed], '.1f')} s)" in said
    assert f"{listed([each['false_failovers'] for each in slow], '.1f')} failovers for nothing" in said
    assert ", ".join(percent(each["answered"]) for each in slow[:3]) + f" and {percent(1.0)} of the" in said
    lost = mean(each["lost_count"] for each in crashed)
    assert f"loses {lost:.1f} acknowledged writes in a crash (by theory {lost_by_theory():.1f})" in said
    times = [1e3 * means(failover, commit=commit)["write_p50"] for commit in ("asynchronous", "any 1", "all")]
    assert "takes {:.0f} ms, {:.0f} ms with any 1 and {:.0f} ms with all".format(*times) in said
    stopped = means(failover, trouble="replica crash", commit="all")["answered"]
    assert f"{percent(stopped)} of the requests are answered with all" in said
    cut = {
        (commit, fencing): means(failover, trouble="cut", commit=commit, fencing=fencing, ttl=5.0)
        for commit in ("asynchronous", "any 1")
        for fencing in ("lease", "epoch", "off")
    }
    lease, epoch, off = (cut["asynchronous", fencing] for fencing in ("lease", "epoch", "off"))
    assert f"loses {lease['lost_count']:.0f} acknowledged writes if its lease stops it" in said
    assert f"{epoch['lost_count']:.0f} if epochs do and {off['lost_count']:.0f} if nothing does" in said
    assert f"then {percent(off['stale'])} of the reads tell what was replaced" in said
    stale = [percent(cut["any 1", fencing]["stale"], 1) for fencing in ("lease", "epoch", "off")]
    assert "and {}, {} and {} of the reads are stale".format(*stale) in said
