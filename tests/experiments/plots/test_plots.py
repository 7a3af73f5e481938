"""Figures hold what was computed: curves, bands, faults, strips, cells; names and units on the axes."""

from collections.abc import Iterator

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.collections import LineCollection
from matplotlib.colors import to_rgb

from experiments import Run
from experiments.plots import (
    OUTCOME_COLOURS,
    POLICY_COLOURS,
    MeasuresByParameter,
    availability_over_time,
    compare_availability_over_time,
    curves_over_time,
    fault_bands,
    latency_over_time,
    outcomes_over_time,
    plot_availability_over_time,
    plot_curves_over_time,
    plot_latency_over_time,
    plot_measures_by_parameter,
    plot_outcomes_over_time,
    plot_sweep_heat_map,
    position_of,
)
from experiments.plots.palette import colours_by_policy, colours_of
from experiments.plots.sweep_heat_map import SweepHeatMap
from experiments.summary import Estimate
from models.workload import request_table
from simulator import EventLog, RequestTable
from simulator.measurement import windowed_rate

mpl.use("Agg")


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


class Recorded:
    """The least that a figure over time needs: a request each second from 0 to 9; those from 4 to 6 fail."""

    def __init__(self, failing: range = range(4, 7)) -> None:
        self.duration = 10.0
        self.requests: RequestTable = request_table()
        get = self.requests.operation("get")
        for second in range(10):
            outcome = 2 if second in failing else 0
            self.requests.record(float(second), second + (3.0 if outcome else 0.1), outcome, get)
        self.log = EventLog()
        self.log.append(4.0, "fault.start", "payment", {"mode": "silent"})
        self.log.append(5.0, "breaker.open", "web")
        self.log.append(7.0, "fault.end", "payment")
        self.log.append(8.0, "breaker.closed", "web")


def run_of(recorded: Recorded) -> Run:
    return Run(measures={}, detail=recorded)


def labels(ax: Axes) -> list[str]:
    return ax.get_legend_handles_labels()[1]


def test_availability_is_by_the_time_of_sending() -> None:
    data = availability_over_time(run_of(Recorded()), width=1.0)
    (curve,) = data.curves
    assert curve.label == "get"
    assert curve.mean.tolist() == [1, 1, 1, 1, 0, 0, 0, 1, 1, 1]
    assert np.isnan(curve.low).all()


def test_policies_are_compared_by_mean_and_interval_over_runs() -> None:
    runs = [run_of(Recorded()), run_of(Recorded(range(4, 5)))]
    data = compare_availability_over_time({"timeout": runs}, width=1.0)
    (curve,) = data.curves
    assert curve.mean[4:8].tolist() == [0.0, 0.5, 0.5, 1.0]
    assert curve.low[5] < 0.5 < curve.high[5]
    assert data.runs_count == 2


@pytest.mark.slow
def test_answer_that_comes_too_late_does_not_count() -> None:
    data = compare_availability_over_time({"timeout": [run_of(Recorded())]}, width=1.0, within=0.05)
    assert not data.curves[0].mean.any()
    assert "within 0.05 s" in plot_availability_over_time(data).get_ylabel()


def test_availability_is_drawn_with_fault_band_and_breaker_strip() -> None:
    ax = plot_availability_over_time(
        compare_availability_over_time({"timeout": [run_of(Recorded())] * 2}, width=1.0), title="Message"
    )
    bands = [patch for patch in ax.patches if patch.get_gid() == "fault"]
    assert len(bands) == 1
    assert ax.get_title("left") == "Message"
    assert "share per 1 s" in ax.get_ylabel()
    assert "payment silent" in [text.get_text() for text in ax.texts]
    assert to_rgb(ax.lines[0].get_color()) == to_rgb(POLICY_COLOURS["timeout"])
    (strip,) = ax.child_axes
    assert [text.get_text() for text in strip.get_yticklabels()] == ["web"]
    assert [patch.get_width() for patch in strip.patches] == [5.0, 3.0, 2.0]
    assert strip.get_xlabel().startswith("time sent (s)")


def test_without_breakers_there_is_no_strip() -> None:
    recorded = Recorded()
    recorded.log = EventLog()
    ax = plot_availability_over_time(availability_over_time(run_of(recorded)))
    assert ax.child_axes == []
    assert ax.get_xlabel() == "time sent (s)"


def test_a_figure_is_drawn_on_the_axes_given() -> None:
    _, ax = plt.subplots()
    assert plot_availability_over_time(availability_over_time(run_of(Recorded())), ax=ax) is ax


def test_a_run_without_a_time_line_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="detail must have requests, log and duration"):
        availability_over_time(Run(measures={}))


def test_outcomes_are_stacked_in_their_colours() -> None:
    recorded = Recorded()
    data = outcomes_over_time(
        recorded.requests, until=10.0, width=1.0, faults=fault_bands(recorded.log, 10.0), what="calls"
    )
    assert data.outcomes == ("ok", "timed_out")
    assert data.rates.sum(axis=0).tolist() == [1.0] * 10
    ax = plot_outcomes_over_time(data)
    assert labels(ax) == ["ok", "timed out"]
    assert ax.get_ylabel() == "calls (1/s)"
    assert to_rgb(ax.patches[-1].get_facecolor()) == to_rgb(OUTCOME_COLOURS["timed_out"])  # type: ignore[arg-type]


def test_an_empty_table_gives_an_empty_stack_not_an_error() -> None:
    data = outcomes_over_time(request_table(), until=10.0)
    assert plot_outcomes_over_time(data).get_xlabel() == "time sent (s)"


def test_latency_has_a_line_per_percentile_on_a_logarithmic_axis_in_milliseconds() -> None:
    ax = plot_latency_over_time(latency_over_time(run_of(Recorded()), qs=(50.0, 99.0), width=1.0))
    assert ax.get_yscale() == "log"
    assert "(ms)" in ax.get_ylabel()
    assert labels(ax) == ["p50", "p99"]
    assert np.max(ax.lines[0].get_ydata()) == pytest.approx(3000.0)


def heat_map(means: list[list[float]]) -> SweepHeatMap:
    values = np.array(means)
    return SweepHeatMap(
        x="timeout (s)",
        y="threshold",
        x_values=(0.5, None),
        y_values=(0.2, 0.8),
        means=values,
        half_widths=np.full(values.shape, 0.01),
        label="available",
    )


@pytest.mark.slow
def test_heat_map_prints_each_value_and_its_half_width() -> None:
    ax = plot_sweep_heat_map(heat_map([[0.5, 1.0], [0.25, np.nan]]), limits=(0.0, 1.0))
    assert [text.get_text() for text in ax.texts] == ["50.0\n±1.0", "100\n±1.0", "25.0\n±1.0", "–"]
    assert [text.get_text() for text in ax.get_xticklabels()] == ["0.5", "none"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("timeout (s)", "threshold")


@pytest.mark.slow
def test_heat_map_of_equal_or_infinite_values_is_drawn() -> None:
    ax = plot_sweep_heat_map(heat_map([[2.0, 2.0], [np.inf, 2.0]]))
    assert [text.get_text() for text in ax.texts][2] == "never"


def test_what_never_happens_has_the_colour_of_the_worst() -> None:
    ax = plot_sweep_heat_map(heat_map([[2.0, 60.0], [np.inf, 30.0]]), limits=(0.0, 60.0), good="low")
    drawn = ax.images[0].get_array()
    assert drawn is not None
    assert float(drawn[1, 0]) == 60.0
    colours = [text.get_color() for text in ax.texts]
    assert colours[2] == colours[1] == "white"
    assert colours[0] == "black"


def measures(*estimates: tuple[float, float]) -> MeasuresByParameter:
    line = tuple(
        Estimate(mean=mean, half_width=width, standard_deviation=width, count=3) for mean, width in estimates
    )
    return MeasuresByParameter(
        parameter="zones", values=tuple(range(len(line))), lines={"careful shop": line}, label="answered"
    )


def test_bars_end_where_a_measure_cannot_go() -> None:
    ax = plot_measures_by_parameter(measures((0.99, 0.05), (0.5, 0.1), (0.02, 0.05)), limits=(0.0, 1.0))
    (bars,) = [lines for lines in ax.collections if isinstance(lines, LineCollection)]
    ends = [(float(segment[:, 1].min()), float(segment[:, 1].max())) for segment in bars.get_segments()]
    assert ends == [pytest.approx(each) for each in [(0.94, 1.0), (0.4, 0.6), (0.0, 0.07)]]


@pytest.mark.parametrize(("count", "title"), [(1, ""), (2, "bars: 95 % interval")])
def test_bars_are_named_where_there_are_any(count: int, title: str) -> None:
    line = (Estimate(mean=1.0, half_width=float("nan"), standard_deviation=0.0, count=count),)
    data = MeasuresByParameter(parameter="zones", values=(1,), lines={"shop": line}, label="answered")
    legend = plot_measures_by_parameter(data).get_legend()
    assert legend is not None
    assert legend.get_title().get_text() == title


def test_label_has_the_colour_of_the_policy_that_it_stands_for() -> None:
    found = colours_by_policy({"own pools of 4": "own pools", "a pool of gold": "gold"})
    assert found == {"own pools of 4": POLICY_COLOURS["own pools"]}


def test_faults_are_named_once_where_panels_share_a_time_axis() -> None:
    recorded = Recorded()
    series = windowed_rate(recorded.requests.sample(by="start").start, width=1.0, until=10.0)
    data = curves_over_time({"timeout": [series]}, label="1/s", faults=fault_bands(recorded.log, 10.0))
    named, unnamed = (plot_curves_over_time(data, faults_named=said) for said in (True, False))
    assert [len(ax.texts) for ax in (named, unnamed)] == [1, 0]
    assert [len(ax.patches) for ax in (named, unnamed)] == [1, 1]


def test_numbers_stand_between_values_by_their_logarithm() -> None:
    assert position_of(2.0, [1.0, 4.0, None]) == pytest.approx(0.5)
    assert position_of(8.0, [1.0, 4.0, None]) is None


def test_a_line_without_a_colour_of_its_own_takes_none_of_those_that_have_one() -> None:
    named = {"no timeout": POLICY_COLOURS["no timeout"]}
    drawn = colours_of(["timeout 1 s", "timeout 4 s", "no timeout"], named)
    assert drawn["no timeout"] == named["no timeout"]
    assert len(set(drawn.values())) == 3
    assert len(set(colours_of([str(number) for number in range(7)], named).values())) == 7
