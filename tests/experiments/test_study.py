"""The study decorator: what it accepts, what a run is, how a study travels."""

import pickle
from dataclasses import replace

import cloudpickle
import pytest

from experiments import Grid, InProcess, Measure, Misuse, Points, Run, study, sweep
from tests.experiments.toy_studies import fragile, queue

ONE = {"value": Measure(description="a number")}


def make(returned):
    @study(name="made", question="?", measures=ONE)
    def made(*, seed: int, timeout: float = 1.0) -> Run:
        return returned

    return made


def test_run_carries_its_parameters_and_seed_and_is_a_value():
    run = queue(load=0.7, seed=3)
    assert run.seed == 3
    assert run.parameters["load"] == 0.7
    assert run.parameters["customers"] == 200
    assert run.measures == pytest.approx(queue(seed=3, **run.parameters).measures, nan_ok=True)


@pytest.mark.parametrize(
    "returned, message",
    [
        ({"value": 1.0}, "must return a Run, got dict"),
        (Run(measures={}), "must return the measure 'value'"),
        (Run(measures={"value": 1.0, "other": 2.0}), "must return declared measures only, got other"),
        (Run(measures={"value": None}), "measure 'value' must be a number or nan, got None"),
    ],
)
def test_run_must_have_exactly_the_declared_measures(returned, message):
    with pytest.raises(TypeError, match=message):
        make(returned)()


@pytest.mark.parametrize("seed", [-1, 1.5, True, "1"])
def test_seed_is_a_whole_number_from_zero(seed):
    with pytest.raises(Misuse, match="seed must be a whole number >= 0"):
        make(Run(measures={"value": 1.0}))(seed=seed)


@pytest.mark.parametrize("name", ["", "two words", "a/b"])
def test_study_needs_a_plain_name(name):
    with pytest.raises(ValueError, match="name must be"):
        study(name=name, question="?", measures=ONE)(queue.function)


@pytest.mark.parametrize("name", ["seed", "Load", "not a name"])
def test_measure_needs_a_free_name(name):
    with pytest.raises(ValueError, match="a measure's name must be"):
        study(name="s", question="?", measures={name: ONE["value"]})(queue.function)


def test_default_sweep_that_breaks_a_rule_is_found_at_definition():
    with pytest.raises(Misuse, match="load must be < 1, got 2"):
        study(name="s", question="?", measures=ONE, sweep={"load": [2]})(queue.function)


def test_fixed_value_takes_its_parameter_out_of_the_default_sweep():
    assert [point["load"] for point in queue.points()] == [0.5, 0.9]
    assert [point["load"] for point in queue.points(fixed={"load": 0.3})] == [0.3]


def test_own_design_must_not_sweep_what_is_fixed_nor_repeat_a_point():
    with pytest.raises(Misuse, match="load must be swept or set, not both"):
        queue.points(Grid({"load": [0.1]}), {"load": 0.2})
    with pytest.raises(Misuse, match="points must differ, got point 1 equal to point 0"):
        queue.points(Points([{"load": 0.5}, {}]))


def test_importable_study_travels_by_name():
    assert pickle.loads(pickle.dumps(queue)) is queue


def test_study_of_a_function_travels_by_value():
    copy = pickle.loads(cloudpickle.dumps(make(Run(measures={"value": 4.0}))))
    assert copy().measures == {"value": 4.0}


def test_changed_copy_of_an_importable_study_travels_by_value():
    copy = pickle.loads(cloudpickle.dumps(replace(fragile, replications=9)))
    assert copy.replications == 9


def test_study_of_which_nobody_said_what_to_draw_draws_no_figure():
    made = make(Run(measures={"value": 1.0}))
    assert made.figures_of_run(made()) == {}
    assert made.figures_of_sweep(sweep(made, replications=1, executor=InProcess())) == {}
