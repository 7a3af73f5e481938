"""Health checks: how soon the dead are found, how often the living are taken for dead, and what it costs.

A balancer's host asks each instance every T seconds, waits o seconds for an answer, and after k failures in a
row sends it nothing more. A host that dies is found out after T / 2 + (k - 1) T + o on average. The same
k - 1 intervals and timeout are what an instance that is only slow has to come back.

Two kinds of slowness are usual, and ask for different things. A *pause*, in which a process stands still for
a while, fails all probes that fall into it: one of length L is taken for a death with the chance
(L - (k - 1) T - o) / T, within 0 and 1. What matters is for how long one is patient, (k - 1) T + o, and of
two ways that find the dead as soon the one with a shorter T and a larger k gains little, for more probes.
*Slow answers*, each by itself, fail a probe with probability p: k of them in a row with p^k, whatever T is.
So one strike is never enough, three seldom too few, and the interval is what detection time is bought with:
half of it costs twice the probes.

Who believes checks without a doubt loses more than what is ill. In an *overload* all instances are slow, and
those that are marked first leave their share to the others; where a *dependency* is down that all could do
without, deep checks fail everywhere at once. A balancer that panics, and uses all when less than half are
left, goes on serving. So does one whose checks go past threads and cores, and see no overload.

What to see (the default sweep): a probe every 5 s finds the dead after 3.5 s with one strike, and 13.5 s with
three, as the law says. Where pauses are usual, the former marks a living instance 6.7 times an hour, and the
latter 0.44 times. Three strikes every 2 s and one every 10 s take as long (6.1 and 5.8 s), for five times the
probes: with pauses they are wrong 2.4 and 3.9 times an hour, with slow answers 0.20 and 15 times. In an
overload 73 % of the requests are answered, 75 % where the checks do not see it, and 50 % where the balancer
never panics; when what deep checks ask is down, 100 % and 23 %.

Sources: Envoy, "Health checking" and "Panic threshold"; Amazon Builders' Library, "Implementing health
checks"; Kubernetes, "Configure Liveness, Readiness and Startup Probes".
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np
from pydantic import Field

from models.balancing.health_checks import HealthCheckSettings

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study
from .health_check_scenes import FLEET, QUIET, run_patience, run_trouble

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Scene = Literal["pauses", "slow answers", "overload", "dependency"]
PATIENCE_SCENES: tuple[Scene, ...] = ("pauses", "slow answers")
Check = Literal["shallow", "port", "deep"]
_INTERVALS, _STRIKES = (2.0, 5.0, 10.0), (1, 2, 3)

MEASURES = {
    "detect_time": Measure(description="from the death of a host to its mark, mean", unit="s"),
    "law": Measure(description="what T / 2 + (k - 1) T + o says of that", unit="s"),
    "false_marks": Measure(description="marks of living instances, per instance and hour", unit="1/h"),
    "probes": Measure(description="probes, per instance and hour", unit="1/h"),
    "lost": Measure(description="requests without an answer, per host that dies"),
    "answered": Measure(description="share answered of all requests sent while the trouble lasts"),
}


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.health_checks import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, scene: str, check: str, panic_threshold: float, **_others: object) -> None:
    """Raise Misuse for what does not act in a scene."""
    if scene in PATIENCE_SCENES and (check != "shallow" or panic_threshold != 0.5):
        raise Misuse(
            f"check and panic_threshold must be shallow and 0.5 with scene {scene}, "
            f"got {check} and {panic_threshold}"
        )
    if scene == "overload" and check == "deep":
        raise Misuse("check must be shallow or port with scene overload, got deep")


@study(
    name="health_checks",
    question="How soon do health checks find the dead, and whom else do they take out?",
    measures=MEASURES,
    sweep=Points(
        [
            *(
                {"scene": scene, "interval": interval, "strikes": strikes}
                for scene in PATIENCE_SCENES
                for interval in _INTERVALS
                for strikes in _STRIKES
            ),
            {"scene": "overload", "check": "shallow"},
            {"scene": "overload", "check": "shallow", "panic_threshold": 0.0},
            {"scene": "overload", "check": "port"},
            {"scene": "dependency", "check": "shallow"},
            {"scene": "dependency", "check": "deep"},
            {"scene": "dependency", "check": "deep", "panic_threshold": 0.0},
        ]
    ),
    replications=5,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def health_checks(
    *,
    seed: int,
    scene: Annotated[
        Scene, Field(description="what is usual with instances that live, or what is wrong with all")
    ] = "pauses",
    interval: Annotated[
        float, Field(gt=0, le=20, allow_inf_nan=False, description="from probe to probe"), Unit("s")
    ] = 5.0,
    strikes: Annotated[
        int, Field(ge=1, le=10, description="failures in a row that mark an instance down")
    ] = 2,
    timeout: Annotated[
        float, Field(gt=0, le=20, allow_inf_nan=False, description="for the answer to a probe"), Unit("s")
    ] = 1.0,
    check: Annotated[
        Check, Field(description="what a probe meets: the threads, a port of its own, the dependency too")
    ] = "shallow",
    panic_threshold: Annotated[
        float, Field(ge=0, le=1, description="share of healthy instances below which all are used")
    ] = 0.5,
) -> Run:
    """Check a fleet: patient in the first two scenes, in trouble in the others."""
    settings = HealthCheckSettings(
        interval=interval,
        timeout=timeout,
        unhealthy_threshold=strikes,
        healthy_threshold=2,
        initial_jitter=interval,
    )
    measures = dict.fromkeys(MEASURES, float("nan"))
    detail: Any
    if scene in PATIENCE_SCENES:
        detail = run_patience(seed, settings, scene)
        hours = FLEET * QUIET / 3_600.0
        measures |= {
            "law": interval / 2.0 + (strikes - 1) * max(interval, timeout) + timeout,
            "detect_time": float(np.mean(detail.delays)) if detail.delays else float("nan"),
            "false_marks": detail.false_marks_count / hours,
            "probes": detail.quiet_probes_count / hours,
            "lost": float((~detail.requests.sample().succeeded).sum()) / FLEET,
        }
    else:
        detail = run_trouble(seed, settings, scene, check=check, panic_threshold=panic_threshold)
        measures["answered"] = detail.during().availability()
    return Run(measures=measures, detail=detail)
