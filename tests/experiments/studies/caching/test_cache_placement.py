"""The study of where a cache stands: what it saves there, and what it costs to tell it of writes."""

from __future__ import annotations

from collections.abc import Sequence
from math import isnan
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Misuse, Points
from experiments.studies.caching.cache_placement import (
    CAPACITY,
    CAPACITY_APART,
    CLIENTS,
    PLACEMENTS,
    READ_RATE,
    WRITE_RATE,
    cache_placement,
    places_of,
)
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")

FAR_WAYS = 2 * (0.03 + 0.0005)
"""Seconds from a web server to the database and back."""


@pytest.mark.parametrize("placement", PLACEMENTS)
def test_each_read_is_answered_at_one_place_and_the_database_works_for_its_share(placement: str) -> None:
    for measures in runs_of(cache_placement, placement=placement):
        shares = [measures[f"at_{place}"] for place in ("client", "proxy", "server", "database")]
        assert sum(shares) == pytest.approx(1.0)
        without = {"client", "proxy", "server"} - set(places_of(placement))
        assert all(measures[f"at_{place}"] == 0.0 for place in without)
        asked = READ_RATE * measures["at_database"] + WRITE_RATE
        assert measures["database_busy"] == pytest.approx(asked * 0.02 / 2, rel=0.05)
        outer = measures["at_client"] + measures["at_proxy"]
        assert measures["far"] == pytest.approx(READ_RATE * (1.0 - outer), rel=0.05)


@pytest.mark.parametrize("placement", ["none", "server"])
def test_what_hears_of_every_write_tells_nothing_old(placement: str) -> None:
    for measures in runs_of(cache_placement, placement=placement):
        assert measures["stale"] == 0.0
        assert isnan(measures["stale_time"])


def test_the_server_cache_saves_work_and_not_the_way_and_the_proxy_both() -> None:
    none, server, proxy = (
        means(cache_placement, placement=placement) for placement in ("none", "server", "proxy")
    )
    assert server["at_database"] == pytest.approx(proxy["at_database"], rel=0.02)
    assert proxy["latency_mean"] < FAR_WAYS < server["latency_mean"] < none["latency_mean"]
    assert server["far"] == pytest.approx(none["far"], rel=0.01)
    assert proxy["far"] < 0.5 * none["far"]


def test_clients_that_have_the_memory_of_one_proxy_between_them_answer_half_as_much() -> None:
    assert CAPACITY <= 12 * CAPACITY_APART < 1.05 * CAPACITY
    each, apart, proxy = (
        means(cache_placement, placement=placement, capacity=capacity)
        for placement, capacity in (("client", CAPACITY), ("client", CAPACITY_APART), ("proxy", CAPACITY))
    )
    assert apart["at_client"] < 0.55 * each["at_client"] < 0.4 * proxy["at_proxy"]


def test_one_behind_the_other_is_older_and_answers_little_more() -> None:
    client, proxy, both, all_three = (
        means(cache_placement, placement=placement)
        for placement in ("client", "proxy", "client + proxy", "client + proxy + server")
    )
    assert both["age_mean"] > max(client["age_mean"], proxy["age_mean"]) + 3.0
    assert both["stale"] > max(client["stale"], proxy["stale"])
    assert 0.0 < proxy["at_database"] - all_three["at_database"] < 0.06


@pytest.mark.parametrize("placement", [each for each in PLACEMENTS if each not in ("none", "server")])
def test_messages_are_as_many_as_caches_and_leave_what_is_under_way(placement: str) -> None:
    places = places_of(placement)
    expected = 12 * ("client" in places) + ("proxy" in places) + ("server" in places)
    for told, untold in zip(
        runs_of(cache_placement, placement=placement, tells=True),
        runs_of(cache_placement, placement=placement),
        strict=True,
    ):
        assert told["messages"] == pytest.approx(expected)
        assert told["stale"] < 0.02 * untold["stale"]
        assert isnan(told["stale_time"]) or told["stale_time"] < 0.0315  # a way
        assert untold["messages"] == ("server" in places)


def test_clients_learn_each_for_themselves_and_a_proxy_for_all() -> None:
    found = {
        placement: [
            means(cache_placement, placement=placement, tells=True, clients=clients) for clients in CLIENTS
        ]
        for placement in ("client", "proxy")
    }
    few, some, many = (each["at_database"] for each in found["client"])
    assert few < some - 0.1 < many - 0.2
    assert max(each["at_database"] for each in found["proxy"]) < few
    assert [round(each["messages"]) for each in found["client"]] == list(CLIENTS)
    assert {round(each["messages"]) for each in found["proxy"]} == {1}


@pytest.mark.parametrize("placement", ["none", "server"])
def test_messages_to_nobody_are_refused(placement: str) -> None:
    with pytest.raises(Misuse, match="tells must be false with no cache at a client or a proxy"):
        cache_placement(placement=placement, tells=True)


SMALL: Sequence[tuple[list[dict[str, Any]], list[str]]] = (
    (
        [
            {"placement": placement, "tells": True, "clients": clients}
            for placement in ("client", "proxy")
            for clients in CLIENTS
        ],
        ["clients"],
    ),
    (
        [
            *({"placement": placement} for placement in PLACEMENTS),
            *(
                {"placement": placement, "tells": True}
                for placement in PLACEMENTS
                if placement not in ("none", "server")
            ),
        ],
        ["placements"],
    ),
    ([{"placement": "none"}, {"placement": "proxy"}], []),
)


@pytest.mark.slow
@pytest.mark.parametrize(("points", "names"), SMALL)
def test_figures_are_complete_and_there_for_what_was_swept(
    points: list[dict[str, Any]], names: list[str]
) -> None:
    result = kept_sweep(cache_placement, Points(points).points(), replications=2)
    figures = dict(cache_placement.figures_of_sweep(result))
    assert list(figures) == names
    assert_complete(figures)
    plt.close("all")


@pytest.mark.slow
def test_figures_say_what_the_sweep_shows() -> None:
    figures = dict(cache_placement.figures_of_sweep(kept_sweep(cache_placement)))
    proxy, all_three = (
        means(cache_placement, placement=placement)["at_database"]
        for placement in ("proxy", "client + proxy + server")
    )
    said = f"leaves {proxy:.0%} of the reads to the database, three behind each other {all_three:.0%}"
    assert said in texts(figures["placements"])
    few, many = (
        means(cache_placement, placement="client", tells=True, clients=clients)["at_database"]
        for clients in (3, 48)
    )
    assert f"of 3 the database answers {few:.0%} of the reads, of 48 {many:.0%}" in texts(figures["clients"])
    plt.close("all")


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(cache_placement)
    none, client, proxy, server, both, all_three = (
        means(cache_placement, placement=placement)
        for placement in ("none", "client", "proxy", "server", "client + proxy", "client + proxy + server")
    )
    assert (
        f"without a cache a read takes {1e3 * none['latency_mean']:.0f} ms, of which {1e3 * FAR_WAYS:.0f}"
        in (said)
    )
    assert f"the database is busy for {percent(none['database_busy'])}" in said
    assert f"in each web server answers {percent(client['at_client'])} of the reads" in said
    assert percent(proxy["at_proxy"]) == percent(server["at_server"])
    assert f"at the proxy or at the server, {percent(proxy['at_proxy'])}" in said
    apart = means(cache_placement, placement="client", capacity=CAPACITY_APART)
    assert f"({CAPACITY_APART} items each) the clients' answer {percent(apart['at_client'])}" in said
    times = [1e3 * each["latency_mean"] for each in (client, proxy, server)]
    assert (
        "takes {:.0f} ms with the clients' caches, {:.0f} ms with the proxy's and {:.0f} ms".format(*times)
        in said
    )
    assert (
        f"has {percent(all_three['at_database'])} of the reads, with the proxy's alone "
        f"{percent(proxy['at_database'])}" in said
    )
    old = [percent(each["stale"], 1) for each in (client, proxy, both)]
    assert "caches {} is old, through the proxy's {}, through both {}".format(*old) in said
    ago = [each["stale_time"] for each in (client, proxy, both)]
    assert "replaced {:.0f}, {:.0f} and {:.0f} s ago".format(*ago) in said
    told = [
        means(cache_placement, **{**point, "tells": True})
        for point in cache_placement.points()
        if point["tells"]
    ]
    assert f"it is {percent(max(each['stale'] for each in told), 2)} at most" in said


def test_what_it_says_of_the_cost_of_being_right_is_what_the_sweep_shows() -> None:
    said = what_to_see(cache_placement)
    messages = [
        means(cache_placement, placement=placement, tells=True)["messages"]
        for placement in ("proxy", "client", "client + proxy + server")
    ]
    assert "{:.0f} message with the proxy's, {:.0f} with the clients' and {:.0f} with all".format(
        *messages
    ) in (said)
    instead = [
        percent(means(cache_placement, placement="client", tells=tells)["at_database"])
        for tells in (True, False)
    ]
    assert "the database has {} of the reads instead of {} with the clients'".format(*instead) in said
    with_it, without = (
        means(cache_placement, placement=placement)["write_latency"]
        for placement in ("proxy + server", "proxy")
    )
    assert f"a write waits for the delete, {1e3 * (with_it - without):.0f} ms" in said
    few, many = (
        means(cache_placement, placement="client", tells=True, clients=clients) for clients in (3, 48)
    )
    assert f"leave {percent(many['at_database'])} of the reads to the database and not" in said
    assert f"and not {percent(few['at_database'])}, and a write is {many['messages']:.0f} messages" in said
    shared = {
        percent(means(cache_placement, placement="proxy", tells=True, clients=clients)["at_database"])
        for clients in (3, 48)
    }
    assert shared == {"40 %"}
