"""How somebody is checked: how often, for how long one waits, and how many results make a verdict.

The presets reproduce what others do where these are not told otherwise; they differ in more than numbers:

                    first result    an answer that is none      next probe              before the first
    `envoy`         decides         decides (a bad status)      after the last one's    unhealthy
                                                                end
    `haproxy`       decides         counts                      after the last one's    healthy
                                                                end
    `kubernetes`    counts          counts                      after its start         unhealthy

Where an ill target is probed at another interval, Envoy goes by the last result and HAProxy by whether the
verdict is about to change: see there.

Sources: Envoy, `api/envoy/config/core/v3/health_check.proto` and
`source/extensions/health_checkers/common/health_checker_base_impl.cc` (first result, statuses, timers; where
the two differ, the latter); HAProxy's manual ("inter", "fastinter", "downinter", "fall", "rise", "timeout
check"), `src/server.c` ("up, but will fall down at first failure", `srv_getinter`) and `src/check.c`;
Kubernetes, "Configure Liveness, Readiness and Startup Probes", and the kubelet's `prober/worker.go`, which
has a ticker.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from typing import Literal

from ...validation import require_number

_OTHER_INTERVALS = ("unhealthy_interval", "unhealthy_edge_interval", "healthy_edge_interval")


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheckSettings:
    """Times in seconds: a probe every `interval` (> 0), which has failed after `timeout` (> 0).

    So many failures in a row as `unhealthy_threshold` (>= 1) mark a target down, so many successes as
    `healthy_threshold` (>= 1) up again. `unhealthy_interval` (> 0) is the interval for one that is down,
    `None` the same. The edge intervals (> 0) are for one whose last result speaks against the verdict and is
    not enough to change it: `unhealthy_edge_interval` where it is up and has failed, `healthy_edge_interval`
    where it is down and has passed; with `None` it is as where the result had been the other. The interval
    counts from the start of the last probe or, with `counts_from="end"`, from its end; either way the next
    one waits until the last has ended.

    `initial_jitter` (>= 0 s) delays the first probe of each target by a random time up to that, and
    `interval_jitter` (>= 0, a share of the interval) each later one: without any, all targets are probed in
    step, for ever.

    A target that nothing is known of is taken to be well if it is `initially_healthy`. With
    `first_result_decides` the first result overrules that, whatever the thresholds; with `answers_decide` an
    answer that says no (an error, a rejection) marks down at once, and only silence and broken connections
    are counted.
    """

    interval: float
    timeout: float
    unhealthy_threshold: int = 3
    healthy_threshold: int = 2
    unhealthy_interval: float | None = None
    unhealthy_edge_interval: float | None = None
    healthy_edge_interval: float | None = None
    counts_from: Literal["start", "end"] = "start"
    initial_jitter: float = 0.0
    interval_jitter: float = 0.0
    initially_healthy: bool = True
    first_result_decides: bool = False
    answers_decide: bool = False

    def __post_init__(self) -> None:
        """Check the numbers."""
        for name in ("interval", "timeout", *_OTHER_INTERVALS):
            value = getattr(self, name)
            if value is None and name in _OTHER_INTERVALS:
                continue
            if not 0.0 < require_number(name, value) < inf:
                raise ValueError(f"{name} must be finite and > 0 s, got {value!r}")
        for name in ("initial_jitter", "interval_jitter"):
            value = getattr(self, name)
            if not 0.0 <= require_number(name, value) < inf:
                raise ValueError(f"{name} must be finite and >= 0, got {value!r}")
        for name in ("unhealthy_threshold", "healthy_threshold"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name} must be a whole number >= 1, got {value!r}")
        if self.counts_from not in ("start", "end"):
            raise ValueError(f"counts_from must be start or end, got {self.counts_from!r}")


def envoy(
    *,
    interval: float,
    timeout: float,
    unhealthy_threshold: int,
    healthy_threshold: int,
    unhealthy_interval: float | None = None,
    unhealthy_edge_interval: float | None = None,
    healthy_edge_interval: float | None = None,
    initial_jitter: float = 0.0,
    interval_jitter: float = 0.0,
) -> HealthCheckSettings:
    """Return Envoy's HTTP health checks; it has no defaults for the four that must be given.

    The `unhealthy_interval` is the one after a failure, also after the first of a row, and the `interval` the
    one after a success, unless there are edge intervals. Left out: the longer interval (60 s) for clusters
    without traffic, and that a cluster is not used before the first results: here it panics.
    """
    return HealthCheckSettings(
        interval=interval,
        timeout=timeout,
        unhealthy_threshold=unhealthy_threshold,
        healthy_threshold=healthy_threshold,
        unhealthy_interval=unhealthy_interval,
        unhealthy_edge_interval=(
            unhealthy_interval if unhealthy_edge_interval is None else unhealthy_edge_interval
        ),
        healthy_edge_interval=interval if healthy_edge_interval is None else healthy_edge_interval,
        counts_from="end",
        initial_jitter=initial_jitter,
        interval_jitter=interval_jitter,
        initially_healthy=False,
        first_result_decides=True,
        answers_decide=True,
    )


def haproxy(
    *,
    inter: float = 2.0,
    fastinter: float | None = None,
    downinter: float | None = None,
    fall: int = 3,
    rise: int = 2,
) -> HealthCheckSettings:
    """Return HAProxy's checks, by default every 2 s, with three failures and two successes.

    `fastinter` is the interval (s) where the verdict is about to change, either way, and `downinter` for one
    that is down without a doubt; by default both are `inter`. A check may take as long as that. HAProxy
    spreads the first checks evenly over the interval; here they are spread at random.
    """
    edge = inter if fastinter is None else fastinter
    return HealthCheckSettings(
        interval=inter,
        timeout=inter,
        unhealthy_threshold=fall,
        healthy_threshold=rise,
        unhealthy_interval=downinter,
        unhealthy_edge_interval=edge,
        healthy_edge_interval=edge,
        counts_from="end",
        initial_jitter=inter,
        first_result_decides=True,
    )


def kubernetes() -> HealthCheckSettings:
    """Return the defaults of Kubernetes' readiness probes: every 10 s, 1 s, three failures, one success.

    They are sent by the agent on the pod's own node; here by whoever checks, over the network. Left out: the
    delay before the first, and the two other kinds of probes, which have containers restarted (liveness) or
    hold back the other probes until the first success (startup).
    """
    return HealthCheckSettings(
        interval=10.0,
        timeout=1.0,
        unhealthy_threshold=3,
        healthy_threshold=1,
        initially_healthy=False,
    )
