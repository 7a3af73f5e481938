"""Upgrades: what users notice of a new version, a good one or a bad one, by the way it is brought out.

A shop of four instances is brought to a new version while 40 requests come per second (see `upgrade_run`).
Three ways: *rolling*, a few at a time; *blue-green*, a whole second set and then the switch; a *canary*, 5,
25 and 50 % of the requests for 30 s each, and then the rest. The last two have a judge, who looks at the
calls to the new version and sends everybody back where more of them are bad than luck explains: failed, or
not answered within half a second. Beside them, what happens without a plan: the same processes *crash* one
after the other; and *abrupt*, a rolling upgrade that cuts off what is under way.

What differs between an upgrade and a crash is that somebody says so first. Who is taken out has to go on
accepting until the balancers have heard of it; the rest of draining is worth little where requests are short.

What to see (the default sweep): replacing four instances loses no request where they go on accepting for 5
s. It loses 24 where they do so for half a second and balancers hear of it after a second, 46 where they
refuse at once, 48 where they are cut off, and 200 where the same processes crash, as nobody tells the
balancers. A version that fails in a fifth of its answers costs 2086 requests when it is rolled out, for
nobody looks; 31 with blue-green, where 1.2 % of all requests met the new version, and 13 with a canary, where
0.5 % did. One that is six times as slow leaves 3 % of the requests answered in time when it is rolled out.
One that never starts hurts nobody: the upgrade stands still. A leak shows too late: 3712, 3816 and 1040
requests are lost by the end, and none where each step of the canary is watched for 120 s, which takes 229 s
until everybody is back. Sessions that the old version cannot read cost 7 requests in a rolling upgrade of 10
s, none with blue-green, where nobody meets both, and 492 in a canary of 105 s: they fail at the old version,
where the judge does not look. Beyond the four, blue-green costs 4.7 minutes of instances, the canary 2.7,
rolling 0.5.

Leaves out: warm-up, rollbacks that meet data of the new version, several services at a time. Sources:
Kubernetes, "Deployments" and "Pod Lifecycle"; Argo Rollouts; Humble and Farley, "Continuous Delivery" (2010),
chapter 10; Sato, "CanaryRelease" (2014); Newman, "Building Microservices" (1st ed. 2015), chapter 7.
"""

from collections.abc import Mapping
from math import inf
from typing import TYPE_CHECKING, Annotated, Literal, get_args

from pydantic import Field

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study
from .upgrade_run import IN_TIME, ORDERED_AT, UpgradePlan, UpgradeRun, run_upgrade

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

StrategyName = Literal["crash", "abrupt", "rolling", "blue-green", "canary"]
VersionKind = Literal["good", "errors", "slow", "never ready", "leak", "incompatible"]
STRATEGIES: tuple[StrategyName, ...] = get_args(StrategyName)
VERSIONS: tuple[VersionKind, ...] = get_args(VersionKind)
DRAINED = STRATEGIES[2:]
PAUSE, LONG_PAUSE = 30.0, 120.0

MEASURES = {
    "lost": Measure(description="requests since the order that were not answered"),
    "in_time": Measure(description="share of the requests since the order that were answered within 0.5 s"),
    "p99": Measure(
        description="99th percentile of the time to an answer, of those answered, until it is over", unit="s"
    ),
    "met_new": Measure(description="share of the requests since the order that the new version got"),
    "finish_time": Measure(
        description="from the order until all are of one version; inf: never; crash: until all are back",
        unit="s",
    ),
    "rolled_back": Measure(description="1 if it was rolled back, 0 if not"),
    "extra": Measure(description="time of instances beyond the four, all together", unit="min"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.upgrade import figures_of_sweep

    return figures_of_sweep(result)


def _figures_of_run(run: Run) -> "Mapping[str, Figure]":
    from .figures.upgrade import figures_of_run

    return figures_of_run(run)


def require_act(
    *, strategy: str, version: str, linger: float | None, pause: float | None, **_others: object
) -> None:
    """Raise Misuse for a parameter that would change nothing."""
    if strategy == "crash" and version != "good":
        raise Misuse(f"version must be good with strategy crash, which brings out none, got {version}")
    if linger is not None and strategy in ("crash", "abrupt"):
        raise Misuse(f"linger must be none with strategy {strategy}, where nothing is drained, got {linger}")
    if pause is not None and strategy != "canary":
        raise Misuse(f"pause must be none with strategy {strategy}, which has no steps, got {pause}")


@study(
    name="upgrade",
    question="What do users notice of a new version, and of a bad one?",
    measures=MEASURES,
    sweep=Points(
        [
            {"strategy": "crash"},
            {"strategy": "abrupt"},
            *({"strategy": "rolling", "linger": linger} for linger in (0.0, 0.5)),
            *({"strategy": name, "version": version} for name in DRAINED for version in VERSIONS),
            {"strategy": "canary", "version": "leak", "pause": LONG_PAUSE},
        ]
    ),
    replications=3,
    check=require_act,
    figures_of_run=_figures_of_run,
    figures_of_sweep=_figures_of_sweep,
)
def upgrade(
    *,
    seed: int,
    strategy: Annotated[
        StrategyName,
        Field(
            description="how it is brought out; abrupt: rolling without draining; crash: no upgrade at all"
        ),
    ] = "rolling",
    version: Annotated[VersionKind, Field(description="what the new version is like")] = "good",
    linger: Annotated[
        float | None,
        Field(
            ge=0,
            le=30,
            allow_inf_nan=False,
            description="how long who is taken out goes on accepting; none: 5 s",
        ),
        Unit("s"),
    ] = None,
    pause: Annotated[
        float | None,
        Field(
            gt=0,
            le=3_600,
            allow_inf_nan=False,
            description="how long each step of a canary is watched; none: 30 s",
        ),
        Unit("s"),
    ] = None,
    discovery_delay: Annotated[
        float,
        Field(ge=0, le=30, allow_inf_nan=False, description="how old news is when a balancer hears of it"),
        Unit("s"),
    ] = 1.0,
    rate: Annotated[
        float, Field(gt=0, le=1_000, allow_inf_nan=False, description="requests of users"), Unit("1/s")
    ] = 40.0,
    duration: Annotated[
        float,
        Field(ge=60, le=3_600, allow_inf_nan=False, description="how long users come; the order is at 30 s"),
        Unit("s"),
    ] = 300.0,
) -> Run:
    """Run a shop of four instances and bring out a new version of it."""
    plan = UpgradePlan(
        strategy=strategy,
        version=version,
        linger=5.0 if linger is None else linger,
        pause=PAUSE if pause is None else pause,
        discovery_delay=discovery_delay,
        rate=rate,
        duration=duration,
    )
    run = run_upgrade(seed, plan)
    return Run(measures=_measures(run), detail=run)


def _measures(run: UpgradeRun) -> dict[str, float]:
    since = run.requests.sample(ORDERED_AT, inf, by="start")
    hung_count = run.requests.in_flight
    until_over = run.requests.sample(ORDERED_AT, min(run.end, run.duration), by="start")
    answered = until_over.where(until_over.succeeded)
    rollouts = run.deployment.rollouts
    return {
        "lost": float(len(since) - int(since.succeeded.sum()) + hung_count),
        "in_time": float(since.in_time(IN_TIME).sum()) / max(len(since) + hung_count, 1),
        "p99": float(answered.percentiles([99.0])[0]),
        "met_new": run.met_new,
        "finish_time": run.end - ORDERED_AT,
        "rolled_back": float(bool(rollouts) and rollouts[0].outcome == "rolled back"),
        "extra": run.extra_minutes,
    }
