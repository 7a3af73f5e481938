"""Playing a game day: the verdict is about what users saw, and the report says what happened."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.game_day import (
    CHAOS_KINDS,
    KINDS,
    Action,
    GameDay,
    GameDayReport,
    PlannedTrouble,
    ShopTable,
    SteadyState,
    play,
    read_game_day,
)
from experiments.game_day.report_text import report_text
from models.shop import ServiceSize, Shop, bare_shop, careful_shop
from simulator import Environment
from simulator.randomness import Exponential

from .files import HYPOTHESIS, trouble, written


def played(folder: Path, *parts: str, seed: int | None = None) -> GameDayReport:
    return play(read_game_day(written(folder, *parts)), seed=seed)


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_trouble_is_injected_and_healed_in_time(tmp_path: Path, kind: str) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble(kind))
    (spell,) = [(start, end) for _, start, end in report.log.intervals("fault.start", "fault.end", 24.0)]
    assert spell == (8.0, 16.0)
    assert report.phases[0].judgement is not None
    assert report.phases[0].judgement.holds
    assert report.phases[2].judgement is not None
    assert report.phases[2].judgement.holds


@pytest.mark.slow
def test_a_fault_that_flaps_is_there_for_down_and_away_for_up(tmp_path: Path) -> None:
    flapping = trouble("network outage", "flapping = { up = 2.0, down = 0.5 }", end=13.0)
    report = played(tmp_path, HYPOTHESIS.replace("0.95", "0.1"), flapping)
    flaps = report.log.intervals("flap.start", "flap.end", 24.0)
    assert [(start, end) for _, start, end in flaps] == [(8.0, 8.5), (10.5, 11.0)]
    assert [happening.count for happening in report.time_line if "comes" in happening.text] == [2]


@pytest.mark.slow
def test_loss_of_the_region_is_seen_by_all_and_loses_no_order(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble("network outage"))
    assert report.holds is False
    verdicts = [phase.judgement.holds for phase in report.phases if phase.judgement is not None]
    assert verdicts == [True, False, True]
    page = next(view for view in report.features if view.name == "page")
    # Who asked shortly before the beginning gets no answer either.
    assert page.seen["before"].answered > 0.97
    assert page.seen["after"].answered == 1.0
    assert page.seen["during"].answered == 0.0
    assert report.lost_orders_count == 0
    assert report.time_to_recover == 0.0


@pytest.mark.slow
def test_what_a_page_can_do_without_is_told_apart_from_what_it_needs(tmp_path: Path) -> None:
    report = played(
        tmp_path, HYPOTHESIS, trouble("dependency outage").replace("recommendations", "catalogue")
    )
    seen = {view.name: view.seen["during"] for view in report.features}
    assert seen["catalogue"].answered < 0.2
    assert seen["page"].answered < 0.2
    # Calls to the cart that were cancelled with their page are no failures of the cart.
    assert seen["cart"].answered > 0.99
    report = played(tmp_path, HYPOTHESIS, trouble("dependency outage"))
    seen = {view.name: view.seen["during"] for view in report.features}
    assert seen["recommendations"].answered < 0.2
    assert seen["page"].answered == 1.0
    assert seen["page"].degraded > 0.8
    assert report.holds


@pytest.mark.slow
def test_time_to_detect_is_that_of_the_first_signal(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble("dependency outage"))
    kinds = {found.kind: found for found in report.detections}
    timeout = next(record for record in report.log.of_kind("timeout") if record.time >= 8.0)
    assert kinds["first timeout"].delay == timeout.time - 8.0 == report.time_to_detect
    assert 0.2 < report.time_to_detect < 0.5  # the timeout of recommendations, and who asked first
    assert kinds["first breaker"].delay > kinds["first timeout"].delay


@pytest.mark.slow
def test_nobody_notices_what_hurts_nobody(tmp_path: Path) -> None:
    day = read_game_day(written(tmp_path, HYPOTHESIS, trouble("clock skew")))
    report = play(day, build=bare)
    assert report.holds
    assert math.isnan(report.time_to_detect)
    assert "Noticed: by nobody" in report_text(report, "again")


@pytest.mark.slow
def test_operators_may_turn_a_feature_off(tmp_path: Path) -> None:
    actions = (
        '[[actions]]\nat = 9.0\nturn_off = "recommendations"\n'
        '[[actions]]\nat = 20.0\nturn_on = "recommendations"\n'
        '[[actions]]\nat = 21.0\nturn_on = "recommendations"\n'
    )
    report = played(tmp_path, HYPOTHESIS, trouble("dependency outage"), actions)
    told = [
        (happening.time, happening.text) for happening in report.time_line if "operators" in happening.text
    ]
    assert told == [
        (9.0, "operators turn recommendations off (by hand)"),
        (20.0, "operators turn recommendations on again"),
    ]
    with pytest.raises(Misuse, match=r"actions.1: feature must be one of catalogue, .*, got 'mail'"):
        played(tmp_path, HYPOTHESIS, trouble("errors"), '[[actions]]\nat = 9.0\nturn_off = "mail"\n')


@pytest.mark.slow
@pytest.mark.parametrize(
    "chaos",
    [
        'kind = "host crash"',
        'kind = "host crash"\nservice = "web"\ndown_max = 1',
        'kind = "host crash"\nzone = "zone-c"\nrepairers = 1',
        'kind = "process crash"\nservice = "cart"',
        'kind = "power outage"\nzones = ["zone-b", "zone-c"]\ndown_max = 1',
        'kind = "network outage"',
        'kind = "partition"\nzones = ["zone-b", "zone-a"]',
        'kind = "link delay"\ndelay = { p50 = 0.1, p99 = 0.5 }\ndown_max = 1',
        'kind = "link loss"\nprobability = 0.5\nhours = { start = 1.0, end = 3.0, day = 4.0 }',
        'kind = "slow answers"\nservices = ["catalogue", "cart"]\ndelay = 1.0',
    ],
)
def test_chaos_strikes_at_random_while_it_lasts(tmp_path: Path, chaos: str) -> None:
    table = f"[[chaos]]\n{chaos}\nbetween = 4.0\nrepair = 1.0\nstart = 6.0\nend = 18.0\n"
    report = played(tmp_path, HYPOTHESIS, table)
    starts = [record.time for record in report.log.of_kind("fault.start")]
    assert starts
    assert 6.0 <= min(starts) <= max(starts) <= 18.0
    ends = [record.time for record in report.log.of_kind("fault.end")]
    assert len(ends) == len(starts)
    during, after = report.phases[1:]
    assert (during.start, during.end) == (6.0, max(18.0, *ends))
    assert after.start == during.end + 2.0


CHAOS = '[[chaos]]\nkind = "host crash"\nservice = "web"\nstart = 6.0\nend = 12.0\n'


@pytest.mark.slow
def test_after_begins_when_the_last_victim_of_chaos_is_repaired(tmp_path: Path) -> None:
    chaos = CHAOS.replace('"web"', '"catalogue"') + "between = 4.0\nrepair = 3.0\n"
    report = played(tmp_path, HYPOTHESIS, chaos, seed=2)
    first, *_ = report.log.of_kind("fault.start")
    *_, last = report.log.of_kind("fault.end")
    assert last.time > 12.0
    assert report.course.healed_at == last.time
    assert [(phase.start, phase.end) for phase in report.phases] == [
        (1.0, 6.0),
        (6.0, last.time),
        (last.time + 2.0, 24.0),
    ]
    assert report.course.struck_at == first.time > 6.0
    found = next(record for record in report.log.of_kind("timeout") if record.time >= first.time)
    assert report.time_to_detect == found.time - first.time


@pytest.mark.slow
def test_what_is_not_healed_while_users_come_leaves_no_after_and_no_verdict(tmp_path: Path) -> None:
    bounds = "[steady_state]\navailability = 0.1\ndurability = 0.5\n"
    report = played(tmp_path, bounds, CHAOS + "between = 2.0\nrepair = 500.0\ndown_max = 1\n", seed=1)
    assert (report.holds, report.time_to_recover) == (None, math.inf)
    *_, after = report.phases
    assert (after.start, after.end) == (24.0, 24.0)
    assert after.judgement is not None
    assert [verdict.holds for verdict in after.judgement.verdicts] == [None, True]
    assert all(view.seen["after"].count == 0 for view in report.features)
    assert "and until the last user came" in report_text(report, "again")
    assert json.dumps(report.as_json(), allow_nan=False)


@pytest.mark.slow
def test_chaos_that_never_comes_is_told(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, CHAOS + "between = 100000.0\nrepair = 1.0\n")
    text = report_text(report, "again")
    assert report.course.fault_count == 0
    assert "Broken: nothing" in text
    assert "Noticed" not in text
    assert report.as_json()["faults"] == {"count": 0, "first": None, "healed": 12.0}


@pytest.mark.slow
def test_a_signal_counts_that_comes_when_a_brief_trouble_is_over_already(tmp_path: Path) -> None:
    silence = trouble("dependency outage", end=9.0).replace("recommendations", "payment")
    silence = silence.replace('"slow"\ndelay = 2.0', '"silent"')
    report = played(tmp_path, HYPOTHESIS, silence.replace("recovery = 2.0", "recovery = 4.0"), seed=1)
    assert 1.0 < report.time_to_detect < 3.0  # payment is given two seconds


@pytest.mark.slow
def test_signals_of_a_system_that_always_gives_some_are_told_apart(tmp_path: Path) -> None:
    def busy(env: Environment) -> Shop:
        slow = {"recommendations": ServiceSize(work=Exponential(0.1))}
        return Shop(env, replace(careful_shop(), rate=40.0, sizes=slow))

    report = play(read_game_day(written(tmp_path, HYPOTHESIS, trouble("clock skew"))), build=busy)
    [found] = [found for found in report.detections if found.kind == "first timeout"]
    before = [record for record in report.log.of_kind("timeout") if 1.0 <= record.time < 8.0]
    assert found.before_count == len(before) > 0
    assert f"there had been {len(before)} before" in report_text(report, "again")


@pytest.mark.slow
def test_who_hangs_for_ever_counts_where_he_was_sent(tmp_path: Path) -> None:
    patient = "patience = 1000.0\n" + HYPOTHESIS.replace("0.95", "0.3")
    silent = (
        trouble("dependency outage").replace("recommendations", "catalogue").replace('"slow"', '"silent"')
    )
    day = read_game_day(written(tmp_path, patient, silent.replace("delay = 2.0", "")))

    def fragile(env: Environment) -> Shop:
        return Shop(env, replace(bare_shop(), rate=40.0, patience=1000.0))

    report = play(day, build=fragile)
    hung = report.requests.in_flight
    assert hung > 50
    assert report.course.hung["during"] + report.course.hung["after"] == hung
    assert report.course.hung["before"] == 0
    holds = [phase.judgement.holds for phase in report.phases if phase.judgement is not None]
    assert holds == [True, False, False]
    assert report.impact.failed_count >= report.course.hung["during"] > 0


@pytest.mark.slow
def test_impact_is_about_all_requests_of_the_trouble(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble("network outage"))
    impact = report.impact
    operations = [view.seen["during"] for view in report.features if view.is_operation]
    assert impact.sent_count == sum(seen.count for seen in operations)
    answered = sum(round(seen.count * seen.answered) for seen in operations)
    assert impact.failed_count == impact.sent_count - answered > 200
    # Who had asked shortly before gives up first, after ten seconds of patience.
    assert 9.0 < impact.first_failure < 10.0
    assert report.as_json()["impact"]["first_failure"] == impact.first_failure


def test_names_that_the_system_does_not_have_are_misuse(tmp_path: Path) -> None:
    wrong = trouble("host crash").replace("zone-a", "zone-x")
    with pytest.raises(Misuse, match=r"faults.1: host must be one of the system's, got 'cart in zone-x'"):
        played(tmp_path, HYPOTHESIS, wrong)
    chaos = (
        '[[chaos]]\nkind = "process crash"\nservice = "crt"\nbetween = 4\nrepair = 1\nstart = 6\nend = 18\n'
    )
    with pytest.raises(Misuse, match=r"chaos.1: service must be .* did you mean 'cart'"):
        played(tmp_path, HYPOTHESIS, chaos)
    with pytest.raises(Misuse, match=r"operation of steady_state\.of must be one of page, cart, checkout"):
        played(tmp_path, "[steady_state]\nof.pgae = { p99 = 1.0 }\n", trouble("errors"))
    with pytest.raises(Misuse, match=r"operation of steady_state\.during\.of must be .*, got 'request'"):
        played(tmp_path, "[steady_state]\nduring.of.request = { p99 = 1.0 }\n", trouble("errors"))


@pytest.mark.slow
def test_report_is_a_value_of_plan_and_seed(tmp_path: Path) -> None:
    reports = [played(tmp_path, HYPOTHESIS, trouble("errors"), seed=seed) for seed in (5, 5, 6)]
    texts = [json.dumps(report.as_json(), allow_nan=False) for report in reports]
    assert texts[0] == texts[1] != texts[2]
    assert report_text(reports[0], "again") == report_text(reports[1], "again")


@pytest.mark.slow
def test_repetitions_are_counted_in_the_time_line(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble("dependency outage"))
    timeouts = [record for record in report.log.of_kind("timeout") if 1.0 <= record.time < 24.0]
    told = [happening for happening in report.time_line if "times out" in happening.text]
    assert sum(happening.count for happening in told) == len(timeouts) > len(told)
    times = [happening.time for happening in report.time_line]
    assert times == sorted(times)


@pytest.mark.slow
def test_a_game_day_is_written_in_python_with_the_names_of_the_package_alone(tmp_path: Path) -> None:
    kinds: dict[str, Any] = {**KINDS}
    chaos_kinds: dict[str, Any] = {**CHAOS_KINDS}
    day = GameDay(
        title="A short day",
        duration=24.0,
        warm_up=1.0,
        recovery=2.0,
        seed=3,
        shop=ShopTable(rate=40.0),
        steady_state=SteadyState(availability=0.95, durability=1.0),
        faults=(
            PlannedTrouble(
                trouble=kinds["dependency outage"](
                    kind="dependency outage", service="recommendations", mode="slow", delay=2.0
                ),
                start=8.0,
                end=16.0,
            ),
        ),
        actions=(Action(at=9.0, turn_off="recommendations"),),
        chaos=(
            chaos_kinds["host crash"](
                kind="host crash", service="web", between=4.0, repair=1.0, start=8.0, end=16.0
            ),
        ),
    )
    action = '[[actions]]\nat = 9.0\nturn_off = "recommendations"\n'
    chaos = '[[chaos]]\nkind = "host crash"\nservice = "web"\nbetween = 4.0\nrepair = 1.0\n'
    chaos += "start = 8.0\nend = 16.0\n"
    read = read_game_day(written(tmp_path, HYPOTHESIS, trouble("dependency outage"), action, chaos))
    assert play(day).as_json() == play(read).as_json()


def bare(env: Environment) -> Shop:
    return Shop(env, bare_shop())


@pytest.mark.slow
def test_any_system_may_take_the_place_of_the_shop(tmp_path: Path) -> None:
    day = read_game_day(written(tmp_path, HYPOTHESIS, trouble("dependency outage")))
    report = play(day, build=bare)
    page = next(view for view in report.features if view.name == "page")
    # Nobody stops waiting there: pages are late by what recommendations are late, until threads run out.
    assert page.seen["during"].answered < 1.0
    assert page.seen["during"].degraded == 0.0
    assert page.seen["during"].p50 > 2.0
