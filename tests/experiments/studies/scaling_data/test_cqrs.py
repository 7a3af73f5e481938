"""The study of CQRS: what separating the two sides buys, and what a user sees right after a command."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import Misuse
from experiments.studies.scaling_data.cqrs import RATES, REMEDIES, cqrs
from experiments.studies.scaling_data.cqrs_shop import bound
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep, means, percent, runs_of, what_to_see

mpl.use("Agg")

ONE: dict[str, Any] = {"design": "one model"}
SCALED = [
    *({**ONE, "cores": cores, "query_rate": rate} for cores in (2, 6) for rate in RATES[:-1]),
    *({"read_hosts": hosts, "query_rate": rate} for hosts in (1, 2, 4) for rate in RATES),
]


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize("point", SCALED, ids=str)
def test_what_is_asked_is_answered_up_to_what_theory_allows_and_beyond_it_nobody_is(
    point: dict[str, Any],
) -> None:
    for measures in runs_of(cqrs, **point):
        if point["query_rate"] < measures["bound"]:
            assert measures["answered_share"] == 1.0
            assert measures["answered"] < 1.06 * measures["bound"]
        else:
            assert measures["answered_share"] < 0.12


def test_bound_is_what_the_cores_can_do_besides_orders_and_what_follows_from_them() -> None:
    one = {"cores": 2, "read_hosts": 1, "command_rate": 10.0}
    assert bound("one model", **one) == pytest.approx((2.0 - 10.0 * 0.031) / 0.06)  # type: ignore[arg-type]
    assert bound("cqrs", **one) == pytest.approx((2.0 - 0.05 - 0.11) / 0.011)  # type: ignore[arg-type]
    many = {**one, "read_hosts": 5}
    assert bound("cqrs", **many) == pytest.approx((5 * 1.95 - 0.11) / 0.011)  # type: ignore[arg-type]


def test_orders_wait_with_questions_where_there_is_one_model_and_only_there() -> None:
    idle, busy = (means(cqrs, **ONE, query_rate=rate)["command_latency"] for rate in (12.5, 25.0))
    assert busy > 3.0 * idle
    times = [means(cqrs, read_hosts=h, query_rate=r)["command_latency"] for h in (1, 2, 4) for r in RATES]
    assert max(times) < 1.01 * min(times)


@pytest.mark.parametrize("interval", [0.0, 0.5])
def test_each_remedy_shows_ones_own_order_and_what_it_costs_differs(interval: float) -> None:
    none, wait, own, command = (means(cqrs, remedy=remedy, reading_interval=interval) for remedy in REMEDIES)
    assert none["own_missed"] > 0.1
    assert wait["own_missed"] == own["own_missed"] == command["own_missed"] == 0.0
    assert wait["look_latency"] > 1.5 * none["look_latency"]
    assert own["look_latency"] == none["look_latency"]
    assert own["others_missed"] == none["others_missed"]
    assert wait["others_missed"] == command["others_missed"] == 0.0
    assert command["write_busy"] > 1.1 * none["write_busy"]
    assert wait["write_busy"] == pytest.approx(none["write_busy"], rel=0.01)


@pytest.mark.parametrize("trouble", ["crash", "rebuild"])
def test_second_read_host_carries_what_the_first_cannot(trouble: str) -> None:
    alone, two = (means(cqrs, trouble=trouble, read_hosts=hosts) for hosts in (1, 2))
    assert two["answered_share"] > 0.99
    assert two["query_latency"] < alone["query_latency"]
    assert (alone["answered_share"] == 1.0) == (trouble == "rebuild")


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"remedy": "wait"}, "remedy must be none with design one model, got wait"),
        ({"trouble": "crash"}, "trouble must be none with design one model, got crash"),
        ({"read_hosts": 2}, "read_hosts must be 1 with design one model, got 2"),
        ({"reading_interval": 0.5}, r"reading_interval must be 0\.0 with design one model, got 0\.5"),
    ],
)
def test_what_is_of_the_read_side_is_refused_where_there_is_none(
    parameters: dict[str, Any], message: str
) -> None:
    with pytest.raises(Misuse, match=message):
        cqrs(**ONE, **parameters)


def test_what_it_says_is_to_be_seen_is_what_the_sweep_shows() -> None:
    said = what_to_see(cqrs)
    one, six = (means(cqrs, **ONE, cores=cores, query_rate=25.0) for cores in (2, 6))
    hosts = [means(cqrs, read_hosts=count, query_rate=25.0)["bound"] for count in (1, 2, 4)]
    assert f"one model on 2 cores answers {one['bound']:.0f} questions per second besides 10" in said
    assert f"and on 6 cores {six['bound']:.0f}; CQRS" in said
    assert "(4, 6 and 10 cores in all) {:.0f}, {:.0f} and {:.0f}.".format(*hosts) in said
    fifty = means(cqrs, **ONE, query_rate=50.0)
    assert f"take {1e3 * one['command_latency']:.0f} ms, with 50 {fifty['command_latency']:.1f} s," in said
    calm, loaded = means(cqrs), means(cqrs, query_rate=150.0)
    assert f"those of CQRS {1e3 * calm['command_latency']:.0f} ms whatever is asked" in said
    assert f"reads on at once, {percent(calm['own_missed'])} of those who look do not find" in said
    assert (
        f"with 150, when it is busy for {percent(loaded['read_busy'])}, {percent(loaded['own_missed'])}."
        in said
    )
    none, wait, own, command = (means(cqrs, remedy=remedy, reading_interval=0.5) for remedy in REMEDIES)
    assert f"Where it reads every 0.5 s, {percent(none['own_missed'], 1)} do not." in said
    assert f"{1e3 * wait['look_latency']:.0f} ms to look and not {1e3 * none['look_latency']:.0f} ms" in said
    assert f"and {percent(own['others_missed'], 1)} still lack an order of others" in said
    assert f"the command side takes {1e3 * command['look_latency']:.0f} ms and lacks nothing" in said
    assert f"busy for {percent(command['write_busy'])} and not for {percent(none['write_busy'])}." in said
    crash, crash_of_two = (means(cqrs, trouble="crash", read_hosts=count) for count in (1, 2))
    assert f"has caught up in {crash['recovered_in']:.2f} s" in said
    shares = percent(crash["answered_share"]), percent(crash_of_two["answered_share"], 1)
    assert "{} are answered with 1 read host, and {} with 2".format(*shares) in said
    rebuilt, of_two = (means(cqrs, trouble="rebuild", read_hosts=count) for count in (1, 2))
    assert f"A rebuild takes {rebuilt['recovered_in']:.1f} s" in said
    times = [1e3 * each["query_latency"] for each in (rebuilt, of_two)]
    assert "of those 24 s take {:.0f} ms, with 2 read hosts {:.0f} ms. None is".format(*times) in said
    assert rebuilt["answered_share"] == of_two["answered_share"] == 1.0


@pytest.mark.slow
def test_figures_of_the_sweep_are_complete() -> None:
    assert cqrs.figures_of_sweep is not None
    figures = dict(cqrs.figures_of_sweep(kept_sweep(cqrs, replications=2)))
    assert list(figures) == ["load", "own_orders", "trouble"]
    assert_complete(figures)
    said = "\n".join(texts(figure) for figure in figures.values())
    assert "One model, 6 cores: no more than 95 questions per second" in said
    assert "wait until it is there\n(read every 0.5 s)" in said


def test_a_small_sweep_has_the_figures_that_it_has_points_for() -> None:
    assert cqrs.figures_of_sweep is not None
    small = [{"query_rate": rate} for rate in RATES[:2]]
    assert dict(cqrs.figures_of_sweep(kept_sweep(cqrs, small))) == {}
    both = [*small, *({**ONE, "query_rate": rate} for rate in RATES[:2])]
    assert list(cqrs.figures_of_sweep(kept_sweep(cqrs, both))) == ["load"]
