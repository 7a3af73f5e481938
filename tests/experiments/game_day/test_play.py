"""Playing a game day: the verdict is about what users saw, and the report says what happened."""

from __future__ import annotations

import json
import math
from pathlib import Path

import pytest

from experiments import Misuse
from experiments.game_day import GameDayReport, play, read_game_day
from experiments.game_day.report_text import report_text
from experiments.game_day.trouble import KINDS
from models.shop import Shop, bare_shop
from simulator import Environment

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


def test_time_to_detect_is_that_of_the_first_signal(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble("dependency outage"))
    kinds = {found.kind: found for found in report.detections}
    timeout = next(record for record in report.log.of_kind("timeout") if record.time >= 8.0)
    assert kinds["first timeout"].delay == timeout.time - 8.0 == report.time_to_detect
    assert 0.2 < report.time_to_detect < 0.5  # the timeout of recommendations, and who asked first
    assert kinds["first breaker"].delay > kinds["first timeout"].delay


def test_nobody_notices_what_hurts_nobody(tmp_path: Path) -> None:
    day = read_game_day(written(tmp_path, HYPOTHESIS, trouble("clock skew")))
    report = play(day, build=bare)
    assert report.holds
    assert math.isnan(report.time_to_detect)
    assert "Noticed: by nobody" in report_text(report, "again")


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
        'kind = "slow answers"\nservices = ["catalogue", "cart"]\ndelay = 1.0',
    ],
)
def test_chaos_strikes_at_random_while_it_lasts(tmp_path: Path, chaos: str) -> None:
    table = f"[[chaos]]\n{chaos}\nbetween = 4.0\nrepair = 1.0\nstart = 6.0\nend = 18.0\n"
    report = played(tmp_path, HYPOTHESIS, table)
    starts = [record.time for record in report.log.of_kind("fault.start")]
    assert starts
    assert 6.0 <= min(starts) <= max(starts) <= 18.0
    assert len(report.log.of_kind("fault.end")) == len(starts)
    assert [(phase.start, phase.end) for phase in report.phases][1] == (6.0, 18.0)


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


def test_report_is_a_value_of_plan_and_seed(tmp_path: Path) -> None:
    reports = [played(tmp_path, HYPOTHESIS, trouble("errors"), seed=seed) for seed in (5, 5, 6)]
    texts = [json.dumps(report.as_json(), allow_nan=False) for report in reports]
    assert texts[0] == texts[1] != texts[2]
    assert report_text(reports[0], "again") == report_text(reports[1], "again")


def test_repetitions_are_counted_in_the_time_line(tmp_path: Path) -> None:
    report = played(tmp_path, HYPOTHESIS, trouble("dependency outage"))
    timeouts = [record for record in report.log.of_kind("timeout") if 1.0 <= record.time < 24.0]
    told = [happening for happening in report.time_line if "times out" in happening.text]
    assert sum(happening.count for happening in told) == len(timeouts) > len(told)
    times = [happening.time for happening in report.time_line]
    assert times == sorted(times)


def bare(env: Environment) -> Shop:
    return Shop(env, bare_shop())


def test_any_system_may_take_the_place_of_the_shop(tmp_path: Path) -> None:
    day = read_game_day(written(tmp_path, HYPOTHESIS, trouble("dependency outage")))
    report = play(day, build=bare)
    page = next(view for view in report.features if view.name == "page")
    # Nobody stops waiting there: pages are late by what recommendations are late, until threads run out.
    assert page.seen["during"].answered < 1.0
    assert page.seen["during"].degraded == 0.0
    assert page.seen["during"].p50 > 2.0
