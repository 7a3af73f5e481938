"""Figure of `idempotency`: orders charged twice, and answers repeated instead, along the timeout."""

from collections.abc import Mapping

from matplotlib import pyplot as plt
from matplotlib.figure import Figure

from ...plots import measures_by_parameter, plot_measures_by_parameter
from ...plots.logarithmic_axis import make_logarithmic_down_to_zero
from ...result import SweepResult


def figures_of_sweep(result: SweepResult) -> Mapping[str, Figure]:
    """Return the figures that the sweep has points for."""
    return {"charged_twice": _charged_twice(result)} if {"keys", "timeout"} <= set(result.varied) else {}


def _charged_twice(result: SweepResult) -> Figure:
    figure, (above, below) = plt.subplots(
        2, 1, figsize=(8.6, 7.0), sharex=True, height_ratios=(3, 2), layout="constrained"
    )
    names = list(dict.fromkeys(point["keys"] for point in result.points))
    twice, replayed = (
        measures_by_parameter(result, "timeout", {name: (measure, {"keys": name}) for name in names})
        for measure in ("charged_twice", "replayed")
    )
    worst = {name: line[0].mean for name, line in twice.lines.items()}
    most, least = max(worst, key=lambda name: worst[name]), min(worst, key=lambda name: worst[name])
    plot_measures_by_parameter(
        twice,
        ax=above,
        title=f"Timeout {twice.values[0]:g} s: {worst[most]:.0f} of a thousand orders are charged twice\n"
        f"({most}), {worst[least]:.2g} with a store that is {least}",
        label="orders charged more than once\n(per thousand)",
        limits=(0.0, 1_000.0),
    )
    plot_measures_by_parameter(
        replayed, ax=below, label="answers that the bank repeats\n(per thousand orders)"
    )
    make_logarithmic_down_to_zero(above, linear_up_to=1.0)
    above.set_ylim(bottom=-0.1)
    below.get_legend().remove()
    below.set_ylim(bottom=-5.0)
    above.set_xlabel("")
    below.set_title("")
    below.set_xlabel("timeout of each attempt (s)")
    return figure
