"""Figures of one run of the storefront, and what the figures of both sweeps share.

Imported late, by whoever draws: matplotlib takes half a second.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from models.storefront import BROWSE

from ...plots import (
    availability_over_time,
    compare_availability_over_time,
    latency_limits,
    latency_over_time,
    measures_by_parameter,
    outcomes_over_time,
    plot_availability_over_time,
    plot_latency_over_time,
    plot_latency_percentiles,
    plot_outcomes_over_time,
)
from ...plots import fault_bands as bands_of
from ...result import SweepResult
from ...study import Run
from ..storefront_run import StorefrontRun
from .drawing import figure_of

PERCENTILES = {"p50": "browse_p50", "p95": "browse_p95", "p99": "browse_p99"}
"""The measures behind the percentiles, in both studies."""

_STATES = {"errors": "erring", "refused": "down"}


def figures_of_run(run: Run) -> Mapping[str, Figure]:
    """Return availability, latency, users' outcomes and payment calls, all over time."""
    detail: StorefrontRun = run.detail
    fault = run.parameters["fault"]
    browse = f"{detail.during(BROWSE).availability():.1%} of browse requests are answered"
    bands = bands_of(detail.log, detail.duration)
    calls = outcomes_over_time(
        detail.shop.payment_calls, until=detail.duration, faults=bands, what="calls to payment"
    )
    users = outcomes_over_time(detail.requests, until=detail.duration, faults=bands, what="users' requests")
    during = detail.during()
    failed = len(during) - int(during.succeeded.sum())
    waits = latency_over_time(run, operation=BROWSE)
    usual = 1000 * detail.before(BROWSE).percentiles([50.0])[0]
    worst = 1000 * np.nanmax(waits.values[0])
    return {
        "availability_over_time": figure_of(
            plot_availability_over_time(
                availability_over_time(run),
                title=f"While payment is {state_text(fault)}, {browse}",
            )
        ),
        "latency_over_time": figure_of(
            plot_latency_over_time(
                waits, title=f"Browsing: median {usual:,.0f} ms before the fault, {worst:,.0f} ms at worst"
            )
        ),
        "outcomes_over_time": figure_of(
            plot_outcomes_over_time(
                users, title=f"{failed:,} of {len(during):,} requests fail during the fault"
            )
        ),
        "payment_calls": figure_of(
            plot_outcomes_over_time(calls, title="What the web tier's calls to payment come to")
        ),
    }


def compare_policies(
    result: SweepResult, policies: Mapping[str, Mapping[str, Any]], named: Mapping[str, str]
) -> tuple[Figure, Mapping[str, Sequence[Run]]]:
    """Run each policy's parameters again with the sweep's seeds; return browsing over time, and the runs.

    `named` says for the title what each policy is. A run is a value, so these are the very runs of the sweep
    where they were part of it.
    """
    seeds = sorted({row.seed for row in result.rows})[: result.study.replications]
    runs = {
        name: [result.study(seed=seed, **parameters) for seed in seeds]
        for name, parameters in policies.items()
    }
    shares = {
        name: np.nanmean([run.detail.during(BROWSE).availability() for run in several])
        for name, several in runs.items()
    }
    said = ", ".join(f"{shares[name]:.1%} with {text}" for name, text in named.items())
    fault = next(iter(policies.values()))["fault"]
    title = f"Browse requests answered while payment is {state_text(fault)}:\n{said}"
    data = compare_availability_over_time(runs, operation=BROWSE)
    return figure_of(plot_availability_over_time(data, title=title)), runs


def latency_panels(
    result: SweepResult, parameter: str, panels: Mapping[str, tuple[str, Mapping[str, Any]]], title: str
) -> Figure:
    """Return percentiles along a parameter in panels side by side on one axis.

    `panels` maps a panel's title to the policy that gives its colour and the other parameters.
    """
    figure, axes = plt.subplots(
        1,
        len(panels),
        figsize=(4.6 * len(panels) + 0.6, 4.4),
        sharey=True,
        squeeze=False,
        layout="constrained",
    )
    data = {
        heading: measures_by_parameter(
            result, parameter, {name: (measure, where) for name, measure in PERCENTILES.items()}
        )
        for heading, (_, where) in panels.items()
    }
    limits = latency_limits(*data.values())
    for ax, (heading, (policy, _)) in zip(axes[0], panels.items(), strict=True):
        plot_latency_percentiles(data[heading], ax=ax, policy=policy, title=heading, limits=limits)
        legend = ax.get_legend()
        if ax is not axes[0][-1] and legend is not None:
            legend.remove()
        if ax is not axes[0][0]:
            ax.set_ylabel("")
    figure.suptitle(title, x=0.01, ha="left", fontsize=12, fontweight="bold")
    return figure


def state_text(fault: str) -> str:
    """Return a fault as it completes "payment is"."""
    return _STATES.get(fault, fault)


def others_fixed(result: SweepResult, *free: str) -> dict[str, Any]:
    """Return the first value of each varied parameter that is not `free`: where a figure cuts the sweep."""
    return {name: result.points[0][name] for name in result.varied if name not in free}


def cut_text(where: Mapping[str, Any]) -> str:
    """Return what a figure holds fixed, for its title: "" or " (open_time = 5)"."""
    return f" ({', '.join(f'{name} = {value}' for name, value in where.items())})" if where else ""
