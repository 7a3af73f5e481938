"""The closed forms give the published numbers, and what chains solved on the spot give."""

import re
from math import exp, inf

import numpy as np
import pytest
from scipy.integrate import quad

from experiments.validation.closed_forms import (
    closed_network,
    constant_patience_abandonment,
    constant_service_wait_probability,
    erlang_a,
    erlang_b,
    erlang_c,
    fork_join_sojourn,
    general_service_wait_mean,
    many_servers,
    open_network,
    power_of_choices_sojourn,
    processor_sharing_sojourn_mean,
    processor_sharing_sojourn_variance,
    retrial_wait_mean,
    shorter_of_two_queues_sojourn,
    two_choices_sojourn,
    wait_mean,
    wait_percentile,
)
from tests.in_one_test import in_one_test

from .chains import balanced_queues_sojourn, birth_death, mean, stationary


@in_one_test(
    "found, published, digits",
    [
        (erlang_c(10, 8.0), 0.40918, 5),
        (wait_mean(10, 8.0), 0.20459, 5),
        (wait_percentile(10, 8.0, 95.0), 1.05107, 5),
        (wait_percentile(10, 8.0, 99.0), 1.85579, 5),
        (many_servers(1, 10, 1.2).blocked_probability, 0.192587, 6),
        (many_servers(1, 10, 1.2).sojourn_mean, 6.92614, 5),
        (many_servers(5, 10, 4.5).blocked_probability, 0.0756994, 7),
        (general_service_wait_mean(0.8, 1.0, 0.0), 2.0, 9),
        (general_service_wait_mean(0.8, 1.0, 0.5), 3.0, 9),
        (general_service_wait_mean(0.8, 1.0, 1.0), 4.0, 9),
        (general_service_wait_mean(0.8, 1.0, 4.0), 10.0, 9),
        (constant_service_wait_probability(0.8, 0.0), 0.2, 9),
        (constant_service_wait_probability(0.8, 1.0), 0.445108, 6),
        (constant_service_wait_probability(0.8, 2.0), 0.634520, 6),
        (constant_patience_abandonment(0.8, 1.0), 0.275196, 6),
        (constant_patience_abandonment(1.0, 2.0), 0.25, 9),
        (fork_join_sojourn(0.5), 2.875, 9),
        # Mean jobs per queue of Gast and Van Houdt 2018, at a load of 0.9: the refined values and the limit.
        (0.9 * two_choices_sojourn(0.9, 10, replacement=True), 2.7513, 4),
        (0.9 * two_choices_sojourn(0.9, 20, replacement=True), 2.5520, 4),
        (0.9 * two_choices_sojourn(0.9, 50, replacement=True), 2.4324, 4),
        (0.9 * two_choices_sojourn(0.9, 100, replacement=True), 2.3925, 4),
        (0.9 * two_choices_sojourn(0.9, inf, replacement=True), 2.3527, 4),
    ],
)
def test_published_number(found, published, digits):
    assert found == pytest.approx(published, abs=0.51 * 10**-digits)


@pytest.mark.slow
@pytest.mark.parametrize("servers, rate", [(1, 0.3), (3, 2.5), (10, 8.0)])
def test_erlang_b_and_c_are_the_ends_of_birth_and_death(servers, rate):
    lost = birth_death(rate, lambda number: min(number, servers), servers)
    assert erlang_b(servers, rate) == pytest.approx(lost[servers])
    delayed = birth_death(rate, lambda number: min(number, servers), 400)
    assert erlang_c(servers, rate) == pytest.approx(mean(delayed, lambda number: number >= servers))
    waiting = mean(delayed, lambda number: max(0, number - servers))
    assert wait_mean(servers, rate) == pytest.approx(waiting / rate)


def test_wait_percentile_is_zero_where_fewer_than_that_wait():
    assert wait_percentile(10, 8.0, 50.0) == 0.0
    assert erlang_c(10, 8.0) * exp(-2.0 * wait_percentile(10, 8.0, 90.0)) == pytest.approx(0.1)


@pytest.mark.parametrize("servers, capacity, rate", [(1, 10, 1.2), (5, 10, 4.5), (2, 2, 3.0), (1, 4, 1.0)])
def test_limited_queue_is_birth_and_death(servers, capacity, rate):
    numbers = birth_death(rate, lambda number: min(number, servers), capacity)
    found = many_servers(servers, capacity, rate)
    assert found.blocked_probability == pytest.approx(numbers[capacity])
    assert found.number_mean == pytest.approx(mean(numbers, float))
    accepted = rate * (1.0 - numbers[capacity])
    assert found.wait_mean == pytest.approx(
        mean(numbers, lambda n: max(0, n - servers)) / accepted, abs=1e-12
    )


@pytest.mark.slow
def test_general_service_with_two_phases_is_a_chain_of_phases():
    rate = 0.6
    phases = stationary(range(600), lambda left: [(left + 2, rate), (left - 1, 2.0 if left else 0.0)])
    # An arrival waits for the phases that it finds, of half a second each.
    assert general_service_wait_mean(rate, 1.0, 0.5) == pytest.approx(mean(phases, float) / 2.0)


@pytest.mark.parametrize("rate", [0.2, 0.5])
def test_constant_service_wait_has_the_mean_of_pollaczek_and_khinchine(rate):
    beyond = sum(
        quad(lambda time: 1.0 - constant_service_wait_probability(rate, time), start, start + 1)[0]
        for start in range(15)
    )
    assert beyond == pytest.approx(general_service_wait_mean(rate, 1.0, 0.0), abs=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("rate", [0.3, 0.5, 0.8])
def test_processor_sharing_moments_are_those_of_a_tagged_job(rate):
    count = 200
    # Rows: others present. A job among n others leaves at rate 1 / (n + 1), one of them at n / (n + 1).
    others = np.arange(count)
    system = np.diag(np.full(count, rate + 1.0))
    system[-1, -1] = 1.0
    system -= np.diag(np.full(count - 1, rate), 1) + np.diag((others / (others + 1.0))[1:], -1)
    first = np.linalg.solve(system, np.ones(count))
    second = np.linalg.solve(system, 2.0 * first)
    found = (1.0 - rate) * rate**others
    assert found @ first == pytest.approx(processor_sharing_sojourn_mean(rate))
    variance = found @ second - (found @ first) ** 2
    assert variance == pytest.approx(processor_sharing_sojourn_variance(rate))


@pytest.mark.slow
@pytest.mark.parametrize("servers, rate, patience", [(5, 5.0, 2.0), (1, 0.5, 10.0), (3, 6.0, 0.5)])
def test_erlang_a_is_birth_and_death_with_departures_from_the_queue(servers, rate, patience):
    def leave_rate(number):
        return min(number, servers) + max(0, number - servers) / patience

    numbers = birth_death(rate, leave_rate, 200)
    found = erlang_a(servers, rate, patience)
    waiting = mean(numbers, lambda number: max(0, number - servers))
    assert found.wait_probability == pytest.approx(mean(numbers, lambda number: number >= servers))
    assert found.wait_mean == pytest.approx(waiting / rate)
    assert found.abandonment_probability == pytest.approx(waiting / patience / rate)


def test_endless_patience_is_erlang_c():
    assert erlang_a(10, 8.0, 1e9).wait_probability == pytest.approx(erlang_c(10, 8.0), rel=1e-6)


@pytest.mark.parametrize("rate, patience", [(0.8, 1.0), (1.0, 2.0), (1.5, 0.7)])
def test_constant_patience_is_the_virtual_wait_beyond_it(rate, patience):
    def density(wait):
        reached = min(wait, patience)
        return rate * exp(-(1.0 - rate) * reached - (wait - reached))

    within, beyond = quad(density, 0.0, patience)[0], quad(density, patience, 50.0)[0]
    expected = beyond / (1.0 + within + beyond)
    assert constant_patience_abandonment(rate, patience) == pytest.approx(expected)
    # Work conservation: who does not leave keeps the server busy.
    busy = (within + beyond) / (1.0 + within + beyond)
    assert rate * (1.0 - expected) == pytest.approx(busy)


@pytest.mark.slow
@pytest.mark.parametrize("rate, pause", [(0.5, 2.0), (0.3, 0.1), (0.6, 1.0)])
def test_retrials_are_a_chain_of_server_and_orbit(rate, pause):
    def moves(state):
        busy, orbit = state
        if busy:
            return [((0, orbit), 1.0), ((1, orbit + 1), rate)]
        return [((1, orbit), rate), ((1, orbit - 1), orbit / pause)]

    numbers = stationary([(busy, orbit) for busy in (0, 1) for orbit in range(120)], moves)
    assert retrial_wait_mean(rate, pause) == pytest.approx(mean(numbers, lambda state: state[1]) / rate)


@pytest.mark.slow
def test_open_network_is_a_chain_of_two_numbers():
    rate, again = 0.2, 0.5

    def moves(state):
        front, back = state
        yield (front + 1, back), rate
        yield (front - 1, back), 1.0 - again
        yield (front - 1, back + 1), again
        yield (front + 1, back - 1), 1.0

    numbers = stationary([(front, back) for front in range(32) for back in range(24)], moves)
    found = open_network([rate, 0.0], [[0.0, again], [1.0, 0.0]], [1.0, 1.0])
    assert found.number_means[0] == pytest.approx(mean(numbers, lambda state: state[0]), abs=1e-6)
    assert found.number_means[1] == pytest.approx(mean(numbers, lambda state: state[1]), abs=1e-6)
    assert found.sojourn_mean == pytest.approx(mean(numbers, sum) / rate, abs=1e-5)


def test_closed_network_is_a_chain_of_two_numbers():
    users, think, demands = 8, 5.0, (1.0, 0.5)

    def moves(state):
        first, second = state
        yield (first + 1, second), (users - first - second) / think
        yield (first - 1, second + 1), 1.0 / demands[0]
        yield (first, second - 1), 1.0 / demands[1]

    states = [(first, second) for first in range(users + 1) for second in range(users + 1 - first)]
    numbers = stationary(states, moves)
    found = closed_network(users, think, demands)
    assert found.number_means[0] == pytest.approx(mean(numbers, lambda state: state[0]))
    assert found.throughput == pytest.approx(mean(numbers, lambda state: state[0] > 0) / demands[0])
    assert found.response_mean == pytest.approx(users / found.throughput - think)


@pytest.mark.slow
def test_fork_join_is_a_chain_of_two_queues_and_its_longer_one_the_jobs():
    rate = 0.4

    def moves(state):
        left, right = state
        return [((left + 1, right + 1), rate), ((left - 1, right), 1.0), ((left, right - 1), 1.0)]

    numbers = stationary([(left, right) for left in range(30) for right in range(30)], moves)
    assert fork_join_sojourn(rate) == pytest.approx(mean(numbers, max) / rate, rel=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("replacement", [True, False])
def test_expansion_of_two_choices_errs_by_the_square_of_1_over_n(replacement):
    load = 0.4
    errors = {
        count: two_choices_sojourn(load, count, replacement=replacement)
        - balanced_queues_sojourn(load, count, length_max, replacement=replacement)
        for count, length_max in ((3, 9), (6, 5))
    }
    assert 2.5 < errors[3] / errors[6] < 6.0
    limit = power_of_choices_sojourn(load, 2)
    assert abs(errors[6]) < 0.2 * abs(two_choices_sojourn(load, 6, replacement=replacement) - limit)


@pytest.mark.slow
def test_shorter_of_two_queues_is_two_choices_without_replacement():
    exact = balanced_queues_sojourn(0.6, 2, 20, replacement=False)
    assert shorter_of_two_queues_sojourn(0.6, 20) == pytest.approx(exact, rel=1e-6)


def test_more_choices_are_better_and_one_more_than_one_is_most_of_it():
    one = 1.0 / (1.0 - 0.9)
    two, three = (power_of_choices_sojourn(0.9, count) for count in (2, 3))
    assert three < two < one
    assert one - two > 10.0 * (two - three)


@pytest.mark.parametrize(
    "call, said",
    [
        (lambda: erlang_c(2, 2.0), "utilisation must be > 0 and < 1, got 1.0"),
        (lambda: general_service_wait_mean(1.2, 1.0, 1.0), "utilisation must be > 0 and < 1, got 1.2"),
        (lambda: erlang_b(0, 1.0), "servers_count must be a whole number >= 1, got 0"),
        (lambda: erlang_b(1, inf), "offered_load must be finite and > 0, got inf"),
        (lambda: many_servers(3, 2, 1.0), "capacity must be a whole number >= 3, got 2"),
        (lambda: wait_percentile(1, 0.5, 100.0), "percent must be in"),
        (lambda: constant_service_wait_probability(0.5, -1.0), "time must be >= 0 s, got -1.0"),
        (lambda: general_service_wait_mean(0.5, 1.0, -1.0), "squared_coefficient_of_variation must be >= 0"),
        (lambda: closed_network(3, -1.0, [1.0]), "think_time_mean must be >= 0 s, got -1.0"),
        (lambda: two_choices_sojourn(0.5, 1, replacement=True), "queues_count must be >= 2, got 1"),
        (lambda: open_network([2.0], [[0.0]], [1.0]), "utilisation must be > 0 and < 1, got 2.0"),
    ],
)
def test_number_out_of_range_is_refused(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
