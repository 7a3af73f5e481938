"""Play a game day: build the system, break it as planned, and judge what its users saw.

The run is a value: the same plan and seed give the same report. Users come for the plan's duration; the run
goes on for five minutes more, so that the last of them have an answer or have lost patience, and queued
orders are through, as far as they will ever be, before durability is judged.
"""

from collections.abc import Callable, Mapping
from math import inf
from typing import Protocol

from models import System
from models.deployment import Routes
from models.faults import Fault, FaultPlan
from models.requirements import Evidence, Judgement
from models.resilience.feature_switches import FeatureSwitch
from models.resilience.idempotency import EffectLog
from models.shop import Feature, Shop
from models.workload import OpenLoop
from simulator import Environment

from ..misuse import Misuse, unknown_name
from ..recovery import time_to_recover
from .course import WINDOW, Course, run_course
from .detection import detections
from .plan import Action, GameDay
from .report import GameDayReport, PhaseView, feature_views, impact_of, of_phase
from .strategies import StrategyTable
from .time_line import time_line
from .upgrades import Upgrades


class UnderTest(Protocol):
    """A system to play a game day on: its parts by name, its users, its features, and its orders, if any.

    `features` have a switch and a table of calls each; `orders` were acknowledged and charged. Services that
    have `routes` may be upgraded by any strategy, the others by rolling only. A shop is one.
    """

    system: System
    routes: dict[str, Routes]
    features: dict[str, Feature]
    orders: EffectLog

    def admit_users(self, *, until: float) -> OpenLoop:
        """Let users in until a time (s)."""

    @property
    def lost_orders_count(self) -> int:
        """How many orders users were told of that will never be charged."""


def play(
    game_day: GameDay, *, seed: int | None = None, build: Callable[[Environment], UnderTest] | None = None
) -> GameDayReport:
    """Play `game_day` once and return its report; `seed` None: the plan's.

    `build` makes the system, by default the shop of the plan. Raises Misuse where the plan names what the
    system does not have.
    """
    env = Environment(seed=game_day.seed if seed is None else seed)
    under_test = Shop(env, game_day.shop.settings()) if build is None else build(env)
    chaos = _prepare(env, under_test, game_day)
    users = under_test.admit_users(until=game_day.duration)
    known = users.table.operations[1:] or users.table.operations  # the first is that of who has no names
    for name, place in game_day.steady_state.operations.items():
        if name not in known:
            raise unknown_name(f"an operation of steady_state.{place}", name, known)
    course = run_course(env, game_day, chaos, users)
    return GameDayReport(
        title=game_day.title,
        seed=game_day.seed if seed is None else seed,
        hypothesis=game_day.steady_state,
        course=course,
        phases=tuple(
            PhaseView(
                name=name, start=start, end=end, judgement=_judged(game_day, name, course, under_test, users)
            )
            for name, (start, end) in course.phases.items()
        ),
        impact=impact_of(users.table, course),
        features=feature_views(users.table, under_test.features, course.phases),
        orders=under_test.orders.statistics(),
        lost_orders_count=under_test.lost_orders_count,
        detections=detections(
            env.event_log,
            since=course.struck_at,
            until=course.phases["after"][0],
            quiet_since=game_day.warm_up,
        ),
        time_to_recover=_recovery(game_day, course, users),
        time_line=time_line(env.event_log, game_day.warm_up, game_day.duration),
        requests=users.table,
        log=env.event_log,
        duration=game_day.duration,
    )


def _prepare(env: Environment, under_test: UnderTest, game_day: GameDay) -> list[Fault]:
    """Plan what is to happen; return the faults that come at random.

    Raises Misuse for names that the system does not have.
    """
    system = under_test.system
    upgrades = Upgrades(system, under_test.routes)  # first, so that faults find their controller
    actions = [
        _doing(action, under_test.features, upgrades, f"actions.{number}")
        for number, action in enumerate(game_day.actions, start=1)
    ]
    plan = FaultPlan(env)
    at_random: list[Fault] = []
    for number, planned in enumerate(game_day.faults, start=1):
        try:
            plan.at(planned.start, planned.fault(system), end=planned.end)
        except ValueError as error:
            raise Misuse(f"faults.{number}: {error}") from None
    for number, chaos in enumerate(game_day.chaos, start=1):
        try:
            at_random += chaos.begin(system, f"chaos {number}")
        except ValueError as error:
            raise Misuse(f"chaos.{number}: {error}") from None
    for action, do in zip(game_day.actions, actions, strict=True):
        env.call_later(action.at, do)
    return at_random


def _doing(
    action: Action, features: Mapping[str, Feature], upgrades: Upgrades, place: str
) -> Callable[[], object]:
    try:
        if action.upgrade is not None:
            by = action.strategy or StrategyTable()
            return upgrades.upgrade(action.upgrade, action.new_version or "good", by)
        if action.roll_back is not None:
            return upgrades.roll_back(action.roll_back)
    except ValueError as error:
        raise Misuse(f"{place}: {error}") from None
    return _turning(action, features, place)


def _turning(action: Action, features: Mapping[str, Feature], place: str) -> Callable[[], None]:
    name = action.turn_off or action.turn_on or ""
    if name not in features:
        raise Misuse(f"{place}: feature must be one of {', '.join(features) or '(none)'}, got {name!r}")
    switch: FeatureSwitch = features[name].switch

    def turn() -> None:
        # What is so already is left as it is: an operator who presses a button twice does no harm.
        if action.turn_off is not None and switch.is_on:
            switch.turn_off("by hand")
        elif action.turn_on is not None and not switch.is_on:
            switch.turn_on()

    return turn


def _judged(
    game_day: GameDay, phase: str, course: Course, under_test: UnderTest, users: OpenLoop
) -> Judgement | None:
    slo = game_day.steady_state.slo(phase)
    if slo is None:
        return None
    start, end = course.phases[phase]
    has_been = start < end
    orders = under_test.orders
    is_last = phase == "after"
    evidence = Evidence(
        start=start if has_been else game_day.trouble_start,
        end=end,
        requests=of_phase(users.table, phase, start, end) if has_been else None,
        in_flight_count=course.hung[phase],
        acknowledged_count=orders.acknowledged_count if is_last else None,
        lost_count=under_test.lost_orders_count if is_last else None,
    )
    return slo.judge(evidence)


def _recovery(game_day: GameDay, course: Course, users: OpenLoop) -> float:
    if course.healed_at >= game_day.duration:
        return inf
    return time_to_recover(
        users.table,
        healed_at=course.healed_at,
        until=game_day.duration,
        healthy=of_phase(users.table, "before", *course.phases["before"]).availability(),
        width=WINDOW,
    )
