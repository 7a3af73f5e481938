"""Mixes of operations and popularity of keys: shares as asked for."""

import math
from collections import Counter
from itertools import cycle
from typing import Any

import pytest
from scipy import stats

from models.workload import Operation, OperationMix, UniformKeys, ZipfKeys, request_table
from models.workload.mix import RequestSource
from simulator import Environment


def test_operations_come_in_proportion_to_their_weights() -> None:
    env = Environment(seed=1)
    mix = OperationMix(
        *(Operation(name=name, weight=weight) for name, weight in (("a", 6), ("b", 3), ("c", 1)))
    )
    source = RequestSource(env, "users", request_table(), mix, None)
    counts = Counter(source()[0].operation for _ in range(20_000))
    assert mix.probabilities == pytest.approx({"a": 0.6, "b": 0.3, "c": 0.1})
    observed = [counts[name] for name in "abc"]
    assert stats.chisquare(observed, [12_000, 6_000, 2_000]).pvalue > 0.001


@pytest.mark.parametrize("weights", [[0.1] * 10, [1e-12, 1.0], [1 / 3, 1 / 3, 1 / 3]])
def test_every_number_below_one_stands_for_an_operation(weights: list[float]) -> None:
    mix = OperationMix(*(Operation(name=str(n), weight=weight) for n, weight in enumerate(weights)))
    assert mix.index(math.nextafter(1.0, 0.0)) == len(weights) - 1
    assert mix.index(0.0) == 0


def test_a_single_operation_without_keys_draws_nothing_and_makes_one_request() -> None:
    source = RequestSource(Environment(), "users", request_table(), None, None)
    assert source()[0] is source()[0]


def test_the_code_is_that_of_the_operation_in_the_table() -> None:
    table = request_table()
    source = RequestSource(Environment(), "users", table, OperationMix(Operation(name="put")), lambda: "k")
    request, code = source()
    assert (request.operation, request.key, table.operations[code]) == ("put", "k", "put")


def test_uniform_keys_are_all_alike() -> None:
    keys = UniformKeys(Environment(seed=1), 10)
    counts = Counter(keys() for _ in range(20_000))
    assert sorted(counts) == list(range(10))
    assert stats.chisquare([counts[key] for key in range(10)]).pvalue > 0.001


@pytest.mark.parametrize("exponent", [0.0, 0.8, 1.0, 2.0])
def test_zipf_keys_follow_the_power_law(exponent: float) -> None:
    keys = ZipfKeys(Environment(seed=1), 20, exponent=exponent)
    counts = Counter(keys() for _ in range(20_000))
    weights = [rank**-exponent for rank in range(1, 21)]
    expected = [20_000 * weight / sum(weights) for weight in weights]
    assert stats.chisquare([counts[key] for key in range(20)], expected).pvalue > 0.001


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (OperationMix, "operations must be distinct and at least one"),
        (lambda: OperationMix(Operation(name="a"), Operation(name="a")), r"distinct.*\['a', 'a'\]"),
        (lambda: Operation(name=""), "name must not be empty"),
        (lambda: Operation(name="a", weight=0.0), "weight of operation 'a' must be finite and > 0, got 0.0"),
        (lambda: Operation(name="a", weight=math.inf), "weight of operation 'a' must be finite"),
        (lambda: Operation(name="a", size_bytes=-1), "size_bytes of operation 'a' must be >= 0, got -1"),
        (lambda: UniformKeys(Environment(seed=1), 0), "count must be a whole number >= 1, got 0"),
        (lambda: UniformKeys(Environment(seed=1), 2.5), r"count must be a whole number >= 1, got 2\.5"),  # type: ignore[arg-type]
        (lambda: ZipfKeys(Environment(seed=1), 0), "count must be a whole number >= 1, got 0"),
        (lambda: ZipfKeys(Environment(seed=1), 2.5), r"count must be a whole number >= 1, got 2\.5"),  # type: ignore[arg-type]
        (
            lambda: ZipfKeys(Environment(seed=1), 5, exponent=-1.0),
            "exponent must be finite and >= 0, got -1.0",
        ),
    ],
)
def test_misuse_is_an_error_on_construction(make: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        make()


def test_requests_of_one_number_are_one_object_and_what_only_equals_it_is_not() -> None:
    env = Environment(seed=1)
    keys = iter([1, 2, 1, True, 1.0, "1", 1])
    source = RequestSource(env, "users", request_table(), None, keys.__next__)
    requests = [source()[0] for _ in range(7)]
    assert [(type(each.key), each.key) for each in requests] == [
        (int, 1),
        (int, 2),
        (int, 1),
        (bool, True),
        (float, 1.0),
        (str, "1"),
        (int, 1),
    ]
    assert requests[0] is requests[2] is requests[6]


def test_requests_of_operations_are_apart_and_only_so_many_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.workload.mix._MADE_MAX", 2)
    env = Environment(seed=1)
    keys = cycle([1, 2, 3])
    mix = OperationMix(Operation(name="get"), Operation(name="put", size_bytes=7))
    source = RequestSource(env, "users", request_table(), mix, keys.__next__)
    requests = [source()[0] for _ in range(60)]
    assert {(each.operation, each.key, each.size_bytes) for each in requests} == {
        (operation, key, size) for operation, size in (("get", 0), ("put", 7)) for key in (1, 2, 3)
    }
    assert [len(made) for made in source._made] == [2, 2]
