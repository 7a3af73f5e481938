"""Strategies and judges of a game-day file: what they stand for, and what is refused in which words."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.game_day import JudgeTable, StrategyTable, play, read_game_day
from models import System
from models.balancing import Policy, RoundRobin, Weighted
from models.deployment import AgainstOld, BlueGreen, ByObjective, Canary, RollingUpgrade, Routes
from models.requirements import AvailabilityObjective, LatencyObjective
from models.services import Work
from simulator import Environment

from .files import HYPOTHESIS, trouble, written

ROLLING, SWITCHED = StrategyTable(), StrategyTable(kind="blue-green")


def routes(policy: Policy) -> Routes:
    system = System(Environment(seed=1))
    service = system.add_service("shop", [system.add_host("host")], lambda host: Work(0.01))
    made = Routes(system, service)
    made.balanced(system.add_host("edge"), policy=policy)
    return made


def test_rolling_with_all_defaults_is_what_holds_where_nothing_is_said() -> None:
    assert ROLLING.strategy(None) == RollingUpgrade()


def test_what_is_given_is_what_the_strategy_has() -> None:
    judge = JudgeTable(p99=0.5, requests_min=20)
    judged = ByObjective(objective=LatencyObjective(percentile=99.0, at_most=0.5), requests_min=20)
    made = StrategyTable(kind="blue-green", keep=7.0, judge=judge).strategy(routes(RoundRobin()))
    assert made == BlueGreen(keep=7.0, judge=judged)
    table = StrategyTable(kind="canary", shares=(0.1, 0.3), pause=9.0, judge=judge)
    assert table.strategy(routes(Weighted())) == Canary(shares=(0.1, 0.3), pause=9.0, judge=judged)


def test_canary_goes_by_counts_where_balancers_know_no_weights() -> None:
    canary = StrategyTable(kind="canary").strategy(routes(RoundRobin()))
    assert canary == Canary(by_weight=False)


def test_judge_may_hold_the_new_version_against_the_old_one() -> None:
    judge = JudgeTable(availability=0.99, against="old").judge()
    assert judge == AgainstOld(objective=AvailabilityObjective(at_least=0.99))


@pytest.mark.parametrize("table", [SWITCHED, StrategyTable(kind="canary")])
def test_service_without_routes_is_upgraded_by_rolling_only(table: StrategyTable) -> None:
    with pytest.raises(ValueError, match="strategy must be rolling for a service without routes, got "):
        table.strategy(None)


@pytest.mark.parametrize(
    ("strategy", "message"),
    [
        ('"canary"', "actions.1.strategy must be a table, got 'canary'"),
        ('{ kind = "recreate" }', "actions.1.strategy.kind must be .*'canary', got recreate"),
        ("{ keep = 1.0 }", "actions.1.strategy: keep must go with kind blue-green, got it with rolling"),
        ('{ kind = "blue-green", pause = 1.0 }', "pause must go with kind canary, got it with blue-green"),
        ('{ kind = "canary", shares = [0.5, 0.2] }', "strategy: shares must rise, in .0, 1., at least one"),
        ('{ kind = "canary", shares = [1.0] }', "actions.1.strategy.shares"),
        ("{ judge = { availability = 0.9 } }", "judge must go with kind blue-green or canary, got it with"),
        ('{ kind = "canary", judge = { against = "old" } }', "strategy.judge: exactly one of .*got 0 bounds"),
        ('{ kind = "canary", judge = { p50 = 1.0, p99 = 2.0 } }', "exactly one of .*, got 2 bounds"),
        ('{ kind = "canary", judge = { goodput = 9.0 } }', "exactly one of .*, got 1 bounds with goodput"),
        ('{ kind = "canary", judge = { availability = 0.9, against = "new" } }', "judge.against must be"),
        ('{ kind = "blue-green", judge = { availability = 0.9, against = "old" } }', "must not compare"),
        ('{ kind = "canary", judges = 1 }', "a key of actions.1.strategy must be"),
    ],
)
def test_what_is_wrong_is_said_in_one_line(tmp_path: Path, strategy: str, message: str) -> None:
    action = f'\n[[actions]]\nat = 4.0\nupgrade = "cart"\nstrategy = {strategy}\n'
    with pytest.raises(Misuse, match=message) as raised:
        read_game_day(written(tmp_path, HYPOTHESIS, trouble("clock skew"), action))
    assert "\n" not in str(raised.value)


def test_strategy_goes_with_an_upgrade(tmp_path: Path) -> None:
    action = '\n[[actions]]\nat = 4.0\nroll_back = "cart"\nstrategy = { kind = "canary" }\n'
    with pytest.raises(Misuse, match=r"actions.1: strategy must go with upgrade, got it with roll_back"):
        read_game_day(written(tmp_path, HYPOTHESIS, trouble("clock skew"), action))


def steps(report: Any) -> list[str]:
    return [
        each.text.partition(": ")[2] for each in report.time_line if each.text.startswith("upgrade of cart")
    ]


BAD = "judge = { availability = 0.95, requests_min = 20 }"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("strategy", "told"),
    [
        (f'kind = "blue-green", keep = 5.0, {BAD}', ["begin", "build", "switch", "roll back (verdict)"]),
        (
            f'kind = "canary", shares = [0.3], pause = 5.0, {BAD}',
            ["begin", "canary 0.3", "roll back (verdict)"],
        ),
    ],
)
def test_shop_is_upgraded_by_a_strategy_and_a_bad_version_is_sent_back(
    tmp_path: Path, strategy: str, told: list[str]
) -> None:
    """The shop's policy is two choices: a switch needs no weights, and the canary goes by counts."""
    action = (
        f'\n[[actions]]\nat = 4.0\nupgrade = "cart"\nnew_version = "errors"\nstrategy = {{ {strategy} }}\n'
    )
    report = play(read_game_day(written(tmp_path, HYPOTHESIS, trouble("clock skew"), action)))
    assert steps(report)[: len(told)] == told
    assert steps(report)[-1] == "rolled back"
