"""Play a game day: build the system, break it as planned, and judge what its users saw.

The run is a value: the same plan and seed give the same report. Users come for the plan's duration; the run
goes on until the last of them has an answer or has lost patience, and then until queued orders are through,
as far as they will ever be, before durability is judged.
"""

from collections.abc import Callable, Mapping
from typing import Protocol

from models import System
from models.faults import FaultPlan
from models.requirements import Evidence, Judgement
from models.resilience.feature_switches import FeatureSwitch
from models.resilience.idempotency import EffectLog
from models.shop import Feature, Shop
from models.workload import OpenLoop
from simulator import Environment

from ..misuse import Misuse, unknown_name
from ..recovery import time_to_recover
from .detection import detections
from .plan import Action, GameDay
from .report import GameDayReport, PhaseView, feature_views, of_phase
from .time_line import time_line

_WINDOW = 1.0  # s, in which availability is followed to say when users are served again
_SETTLING = 300.0  # s after the last user in which queued orders may still get through


class UnderTest(Protocol):
    """A system to play a game day on: its parts by name, its users, its features, and its orders, if any.

    `features` have a switch and a table of calls each; `orders` were acknowledged and charged. A shop is one.
    """

    system: System
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
    _prepare(env, under_test, game_day)
    users = under_test.admit_users(until=game_day.duration)
    for name in game_day.steady_state.operations:
        if name not in users.table.operations:
            raise unknown_name("an operation of steady_state.of", name, users.table.operations[1:])
    env.run(until=game_day.duration)
    while users.in_flight and env.now < game_day.duration + _SETTLING:
        env.run(until=env.now + _WINDOW)
    env.run(until=game_day.duration + _SETTLING)
    judgements = {name: _judged(game_day, name, users, under_test) for name in game_day.phases}
    start, end = game_day.trouble_start, game_day.trouble_end
    samples = {name: of_phase(users.table, name, *times) for name, times in game_day.phases.items()}
    healthy = samples["before"].availability()
    return GameDayReport(
        title=game_day.title,
        seed=game_day.seed if seed is None else seed,
        phases=tuple(
            PhaseView(name=name, start=begin, end=finish, judgement=judgements[name])
            for name, (begin, finish) in game_day.phases.items()
        ),
        features=feature_views(users.table, under_test.features, game_day.phases),
        orders=under_test.orders.statistics(),
        lost_orders_count=under_test.lost_orders_count,
        detections=detections(env.event_log, start, end),
        time_to_recover=time_to_recover(
            users.table, healed_at=end, until=game_day.duration, healthy=healthy, width=_WINDOW
        ),
        time_line=time_line(env.event_log, game_day.warm_up, game_day.duration),
        requests=users.table,
        log=env.event_log,
        duration=game_day.duration,
    )


def _prepare(env: Environment, under_test: UnderTest, game_day: GameDay) -> None:
    """Plan what is to happen. Raises Misuse for names that the system does not have."""
    system = under_test.system
    plan = FaultPlan(env)
    for number, planned in enumerate(game_day.faults, start=1):
        try:
            plan.at(planned.start, planned.fault(system), end=planned.end)
        except ValueError as error:
            raise Misuse(f"faults.{number}: {error}") from None
    for number, chaos in enumerate(game_day.chaos, start=1):
        try:
            chaos.begin(system, f"chaos {number}")
        except ValueError as error:
            raise Misuse(f"chaos.{number}: {error}") from None
    for number, action in enumerate(game_day.actions, start=1):
        turn = _turning(action, under_test.features, f"actions.{number}")
        env.call_later(action.at, turn)


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


def _judged(game_day: GameDay, phase: str, users: OpenLoop, under_test: UnderTest) -> Judgement | None:
    slo = game_day.steady_state.slo(phase)
    if slo is None:
        return None
    start, end = game_day.phases[phase]
    orders = under_test.orders
    is_last = phase == "after"
    # Everybody has an end by now, except who hangs for ever; those count against each phase.
    evidence = Evidence(
        start=start,
        end=end,
        requests=of_phase(users.table, phase, start, end),
        in_flight_count=users.in_flight,
        acknowledged_count=orders.acknowledged_count if is_last else None,
        lost_count=under_test.lost_orders_count if is_last else None,
    )
    return slo.judge(evidence)
