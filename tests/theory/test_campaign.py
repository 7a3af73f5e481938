"""The campaign: all replications, on any number of workers, with seeds that depend on nothing else."""

import pytest

from experiments.validation import judge, run_checks
from experiments.validation.campaign import replication_seeds

from .toy_checks import FALSE, TRUE, answer_too_little, die, fail, with_simulation


def verdicts(results):
    return [[judged.verdict for judged in result.judged] for result in results]


def test_true_claims_hold_and_false_ones_do_not():
    results = run_checks([TRUE, FALSE], workers=1)
    assert verdicts(results) == [["holds", "holds"], ["differs", "holds"]]
    assert [result.holds for result in results] == [True, False]
    assert [result.check for result in results] == [TRUE, FALSE]


def test_a_check_gives_the_same_values_alone_as_among_others():
    alone, among = run_checks([FALSE], workers=1)[0], run_checks([TRUE, FALSE], workers=1)[1]
    assert alone.judged[0].simulated == among.judged[0].simulated
    assert alone.judged[0].half_width < among.judged[0].half_width


def test_seeds_depend_on_seed_and_name_and_the_first_are_the_same_for_any_count():
    seeds = replication_seeds(0, "a", 20)
    assert len(set(seeds)) == 20
    assert replication_seeds(0, "a", 5) == seeds[:5]
    assert not set(seeds) & set(replication_seeds(1, "a", 20))
    assert not set(seeds) & set(replication_seeds(0, "b", 20))


def test_another_seed_gives_other_values():
    means = [run_checks([TRUE], seed=seed, workers=1)[0].judged[0].simulated.mean for seed in (0, 1)]
    assert means[0] != means[1]


def test_less_effort_asks_for_less_precision():
    quick = run_checks([TRUE], effort=0.01, workers=1)[0].judged[0]
    assert quick.half_width > quick.claim.precision * quick.claim.expected
    assert quick.verdict == "holds"
    assert judge(quick.claim, [2.0 - quick.half_width, 2.0 + quick.half_width]).verdict == "imprecise"


def test_simulation_that_raises_is_a_verdict_and_the_others_go_on():
    results = run_checks([with_simulation(fail, "burning"), TRUE], workers=1)
    assert verdicts(results) == [["failed", "failed"], ["holds", "holds"]]
    assert "RuntimeError: the queue is on fire" in results[0].judged[0].error


def test_simulation_that_answers_too_little_is_a_verdict():
    results = run_checks([with_simulation(answer_too_little, "short")], workers=1)
    assert verdicts(results) == [["failed", "failed"]]
    assert results[0].judged[0].error == "simulate must return 2 values, got 1"


@pytest.mark.slow
def test_results_do_not_depend_on_the_number_of_workers_and_a_dead_worker_costs_its_tasks_only():
    alone = run_checks([TRUE, FALSE], workers=1)
    assert run_checks([TRUE, FALSE], workers=2) == alone
    results = run_checks([TRUE, with_simulation(die, "deadly", replications=2)], workers=2)
    assert verdicts(results)[1] == ["failed", "failed"]
    assert "the worker process died" in results[1].judged[0].error


@pytest.mark.parametrize(
    "arguments, said",
    [
        ({"checks": []}, "checks must have distinct names and be at least one"),
        ({"checks": [TRUE, TRUE]}, "got twice: .'true check'"),
        ({"seed": -1}, "seed must be >= 0, got -1"),
        ({"effort": 0.0}, "effort must be finite and > 0, got 0.0"),
        ({"workers": 0}, "workers must be >= 1, got 0"),
    ],
)
def test_numbers_out_of_range_are_refused(arguments, said):
    with pytest.raises(ValueError, match=said):
        run_checks(**{"checks": [TRUE], "workers": 1, **arguments})
