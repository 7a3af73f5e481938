"""Figures: what is shown is computed first, as a frozen record, and drawn second, on axes of one's own.

    availability_over_time    windowed availability with the fault shaded, breakers' states as strips below
    curves_over_time          anything counted per window, a line per policy
    outcomes_over_time        what became of requests, stacked per window
    latency_over_time         windowed percentiles on a logarithmic axis
    measures_by_parameter     measures of a sweep along one parameter, with 95 % intervals
    latency_percentiles       time to an answer along one parameter, failures as never answered
    sweep_heat_map            one measure over two parameters, its value in each cell
    trade_off                 one measure against another, a line per policy
    space_time/               hosts as lines, messages as arrows, what clients asked as bars, cuts shaded
    palette, axis_text        colours, the same for a policy in all figures; names with units
    logarithmic_axis          plain numbers on logarithmic axes
    fault_shading, breaker_strips    what stands behind and below a time axis

Every `plot_...(data, *, ax=None)` draws on `ax`, or on a new figure, and returns the axes. Nothing is shown
and no global style is set.
"""

from .availability_over_time import (
    availability_over_time,
    compare_availability_over_time,
    plot_availability_over_time,
)
from .axis_text import parameter_label, position_of, value_text, values_of
from .curves_over_time import curves_over_time, plot_curves_over_time
from .fault_shading import fault_bands
from .latency_over_time import latency_over_time, plot_latency_over_time
from .latency_percentiles import latency_limits, plot_latency_percentiles
from .measures_by_parameter import MeasuresByParameter, measures_by_parameter, plot_measures_by_parameter
from .outcomes_over_time import outcomes_over_time, plot_outcomes_over_time
from .palette import OUTCOME_COLOURS, POLICY_COLOURS
from .sweep_heat_map import plot_sweep_heat_map, sweep_heat_map
from .trade_off import plot_trade_off, trade_off

__all__ = [
    "OUTCOME_COLOURS",
    "POLICY_COLOURS",
    "MeasuresByParameter",
    "availability_over_time",
    "compare_availability_over_time",
    "curves_over_time",
    "fault_bands",
    "latency_limits",
    "latency_over_time",
    "measures_by_parameter",
    "outcomes_over_time",
    "parameter_label",
    "plot_availability_over_time",
    "plot_curves_over_time",
    "plot_latency_over_time",
    "plot_latency_percentiles",
    "plot_measures_by_parameter",
    "plot_outcomes_over_time",
    "plot_sweep_heat_map",
    "plot_trade_off",
    "position_of",
    "sweep_heat_map",
    "trade_off",
    "value_text",
    "values_of",
]
