"""Game day: whether a shop keeps its promise while something is broken on purpose.

The same four troubles strike a shop without protection and one as the book would have it: a zone without
power, the zone of the edge balancer cut off, a bank that does not answer, recommendations that are slow.
The hypothesis is the same in all of them: nearly all requests are answered, and no order is lost. A game
day is worth its name where the answer is not known before: when a zone dies in silence, a shop without
timeouts is hardly worse than a careful one. Its balancers count the calls that never come back as
outstanding, and so stay away from the dead; a timeout forgets them, and asks again.

What to see (the default sweep): without the power of a zone 96.3 % of the requests are answered in the bare
shop and 97.1 % in the careful one; both keep the promise. Cut off with the edge's zone, neither answers more
than 0.2 %: of the edge there is one. While payment is silent the careful shop answers all, 10 % with
something missing, and the bare one 70 %; afterwards nobody, for all its threads wait. While recommendations
are slow it is all, 69 % degraded, against 59 %.

Sources: Robbins, Krishnan, Allspaw and Limoncelli, "Resilience Engineering: Learning to Embrace Failure"
(ACM Queue 10, 2012); Basiri et al., "Chaos Engineering" (IEEE Software, 2016).
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from ..design import Grid
from ..game_day import GameDay, GameDayReport, PhaseBounds, PlannedTrouble, SteadyState, play
from ..game_day.report import of_phase
from ..game_day.shop_table import ShopTable
from ..game_day.trouble import KINDS
from ..parameters import Unit
from ..study import Measure, Run, study
from .shop_run import Rate

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

TroubleName = Literal["zone power", "edge zone cut", "payment silent", "recommendations slow"]
TROUBLES: dict[str, dict[str, object]] = {
    "zone power": {"kind": "power outage", "zone": "zone-b"},
    "edge zone cut": {"kind": "network outage", "zone": "zone-a"},
    "payment silent": {"kind": "dependency outage", "service": "payment", "mode": "silent"},
    "recommendations slow": {"kind": "dependency outage", "service": "recommendations", "mode": "slow"},
}
PROMISE, PROMISE_IN_TROUBLE = 0.999, 0.95
"""The share of requests to be answered in good times, and while the trouble lasts."""

MEASURES = {
    "holds": Measure(description="1 if the hypothesis held in all phases, 0 if it did not"),
    "before": Measure(description="share of requests answered before the trouble"),
    "during": Measure(description="the same while it lasts"),
    "after": Measure(description="the same from 5 s after its end on"),
    "degraded": Measure(description="share of requests answered with something missing, while it lasts"),
    "detect_time": Measure(description="from its beginning to the first timeout or breaker", unit="s"),
    "recover_time": Measure(description="from its end until users are served again; inf: never", unit="s"),
    "orders_lost": Measure(description="orders that users were told of and that are never charged"),
    "charged_twice": Measure(description="orders charged more than once"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.game_day import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from ..game_day.game_day_figures import figures_of_report

    report: GameDayReport = run.detail
    return figures_of_report(report)


@study(
    name="game_day",
    question="Does the shop keep its promise while something is broken on purpose?",
    measures=MEASURES,
    sweep=Grid({"trouble": list(TROUBLES), "preset": ["bare", "careful"]}),
    replications=3,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def game_day(
    *,
    seed: int,
    trouble: Annotated[TroubleName, Field(description="what is broken in the middle third")] = "zone power",
    preset: Annotated[Literal["bare", "careful"], Field(description="how the shop is protected")] = "careful",
    zones: Annotated[int, Field(ge=2, le=9, description="zones, each with a host of every service")] = 3,
    rate: Rate = 60.0,
    duration: Annotated[
        float, Field(ge=30, le=3_600, allow_inf_nan=False, description="how long users come"), Unit("s")
    ] = 60.0,
) -> Run:
    """Play one game day on the shop."""
    names = tuple(f"zone-{letter}" for letter in "abcdefghi"[:zones])
    plan = GameDay(
        title=f"Shop, {preset}: {trouble}",
        duration=duration,
        shop=ShopTable(preset=preset, rate=rate, zones=names),
        steady_state=SteadyState(
            availability=PROMISE,
            durability=1.0,
            during=PhaseBounds(availability=PROMISE_IN_TROUBLE),
        ),
        faults=(
            PlannedTrouble(
                trouble=KINDS[str(TROUBLES[trouble]["kind"])].model_validate(TROUBLES[trouble]),
                start=duration / 3,
                end=2 * duration / 3,
            ),
        ),
    )
    report = play(plan, seed=seed)
    phases = {name: of_phase(report.requests, name, start, end) for name, (start, end) in plan.phases.items()}
    measures = {
        "holds": float("nan") if report.holds is None else float(report.holds),
        **{name: sample.availability() for name, sample in phases.items()},
        "degraded": phases["during"].shares()["degraded"],
        "detect_time": report.time_to_detect,
        "recover_time": report.time_to_recover,
        "orders_lost": report.lost_orders_count,
        "charged_twice": report.orders.applied_more_than_once_count,
    }
    return Run(measures=measures, detail=report)
