"""The study of read replicas: how far they scale, how far they lag, and what their readers see."""

from __future__ import annotations

from math import isnan

import pytest

from experiments import Misuse
from experiments.studies.stores.read_replicas import bound_by_theory, lag_by_theory, read_replicas
from tests.experiments.studies.what_is_said import means, percent, runs_of, what_to_see

from .numbers_in_words import listed

COUNTS = (0, 1, 2, 4, 8)
SOURCES = ("any", "nearest")


@pytest.mark.parametrize("write_share", [0.02, 0.1, 0.3])
@pytest.mark.parametrize("replicas", COUNTS)
def test_no_more_is_answered_than_theory_allows_and_nearly_as_much(write_share: float, replicas: int) -> None:
    """In each run; the share of the writes in 20 s is not just what it is in the long run."""
    for measures in runs_of(read_replicas, users=200, write_share=write_share, replicas=replicas):
        assert measures["answered"] < 1.06 * measures["bound"]
        if measures["primary_busy"] > 0.99:  # who is idle does not answer as much as he could
            assert measures["answered"] > 0.93 * measures["bound"]


def test_bound_is_amdahls_law_with_writes_for_the_serial_part() -> None:
    alone = bound_by_theory(0, "any", 0.25, 10_000)
    assert bound_by_theory(3, "any", 0.25, 10_000) == pytest.approx(alone / (0.25 + 0.75 / 4.0))
    assert bound_by_theory(1_000, "any", 0.25, 10_000) == pytest.approx(4.0 * alone, rel=0.01)
    assert bound_by_theory(8, "primary", 0.25, 10_000) == alone
    assert isnan(bound_by_theory(2, "nearest", 0.25, 10))


@pytest.mark.parametrize("users", [5, 10, 15, 20])
def test_lag_is_that_of_a_queue_for_the_replay(users: int) -> None:
    found = means(read_replicas, users=users, write_share=0.4)
    assert found["lag"] == pytest.approx(found["lag_theory"], rel=0.2)


def test_lag_has_no_bound_beyond_what_can_be_replayed() -> None:
    assert isnan(lag_by_theory(25.0, 2))
    assert lag_by_theory(24.9, 2) > 4.0
    for measures in runs_of(read_replicas, users=30, write_share=0.4):
        assert measures["written"] > 25.0
        assert measures["lag"] > 4.0
        assert measures["primary_busy"] < 0.9


@pytest.mark.parametrize("source", SOURCES)
def test_own_writes_are_found_by_who_asks_for_them_and_it_costs_time(source: str) -> None:
    none, waiting, asking = (
        means(read_replicas, source=source, own_writes=own_writes)
        for own_writes in ("no", "wait", "ask the primary")
    )
    assert none["own_missed"] > 0.4
    assert waiting["own_missed"] == asking["own_missed"] == 0.0
    assert none["own_read_latency"] < waiting["own_read_latency"] < asking["own_read_latency"]
    assert asking["primary_busy"] > 1.15 * none["primary_busy"]


def test_reads_from_the_primary_are_never_stale() -> None:
    for measures in runs_of(read_replicas, source="primary"):
        assert measures["stale"] == measures["own_missed"] == 0.0


def test_way_to_see_ones_own_writes_where_they_are_anyway_is_refused() -> None:
    with pytest.raises(Misuse, match=r"own_writes must be no with source primary, .*, got wait"):
        read_replicas(source="primary", own_writes="wait")


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(read_replicas)
    for share, text in ((0.02, "with 2 % writes 1, 2, 4 and 8 replicas answer {}"), (0.3, "30 % writes {}")):
        alone, *more = (
            means(read_replicas, users=200, write_share=share, replicas=count)["answered"] for count in COUNTS
        )
        assert text.format(listed([each / alone for each in more], ".1f") + " times") in said
    amdahl = [1.0 / (share + (1.0 - share) / 9.0) for share in (0.02, 0.3)]
    assert "By Amdahl's law alone it would be {:.1f} and {:.1f} times with 8".format(*amdahl) in said
    most = means(read_replicas, users=200, write_share=0.02, replicas=8)
    assert f"nobody is busy for more than {percent(most['primary_busy'])} any more" in said
    assert most["replica_busy"] < most["primary_busy"]
    loaded = [means(read_replicas, users=users, write_share=0.4) for users in (5, 10, 15, 20, 30)]
    assert f"At {listed([each['written'] for each in loaded[:4]], '.0f')} writes per second" in said
    assert f"{listed([1e3 * each['lag'] for each in loaded[:4]], '.0f')} ms later" in said
    assert f"(by theory {listed([1e3 * each['lag_theory'] for each in loaded[:4]], '.0f')} ms)" in said
    beyond = loaded[-1]
    assert f"at {beyond['written']:.0f}, more than can be replayed, {beyond['lag']:.1f} s later" in said
    assert f"busy for {percent(beyond['primary_busy'])}, and {percent(beyond['stale'])} of the reads" in said
    none, waiting, asking = (
        means(read_replicas, own_writes=own_writes) for own_writes in ("no", "wait", "ask the primary")
    )
    nearest, primary = (means(read_replicas, source=source) for source in ("nearest", "primary"))
    assert f"With {none['written']:.0f} writes per second that are {percent(none['stale'], 1)}, but" in said
    assert f"but {percent(none['own_missed'])} of those who read from any member" in said
    assert f"and {percent(nearest['own_missed'])} of those who read from the nearest" in said
    times = [1e3 * each["own_read_latency"] for each in (waiting, none, asking)]
    assert (
        "takes them {:.0f} ms instead of {:.0f} ms, to be sent on to the primary {:.0f}".format(*times)
        in said
    )
    assert f"busy for {percent(asking['primary_busy'])} and not for {percent(none['primary_busy'])}" in said
    times = [1e3 * each["read_latency"] for each in (primary, none, nearest)]
    assert (
        "alone takes {:.0f} ms, from any member {:.0f} ms, from the nearest {:.0f} ms".format(*times) in said
    )
