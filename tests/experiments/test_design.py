"""Designs: the points they give, always the same ones."""

import pytest

from experiments import Grid, LatinHypercube, Misuse, Points, Range, Sobol


def test_grid_is_the_product_with_the_last_name_fastest():
    assert Grid({"a": [1, 2], "b": ["x", "y"]}).points() == [
        {"a": 1, "b": "x"},
        {"a": 1, "b": "y"},
        {"a": 2, "b": "x"},
        {"a": 2, "b": "y"},
    ]


def test_empty_grid_is_the_one_point_of_all_defaults():
    assert Grid({}).points() == [{}]


def test_listed_points_keep_their_order():
    assert Points([{"b": 1}, {"a": 2}]).points() == [{"b": 1}, {"a": 2}]


RANGES = {"a": Range(0.0, 10.0), "b": Range(1.0, 100.0, log=True), "c": Range(0, 1000, whole=True)}


@pytest.mark.parametrize("kind", [LatinHypercube, Sobol])
def test_quasi_random_designs_are_deterministic_and_in_range(kind):
    points = kind(count=16, ranges=RANGES).points()
    assert points == kind(count=16, ranges=RANGES).points()
    assert points != kind(count=16, ranges=RANGES, seed=1).points()
    assert all(0 <= point["a"] <= 10 and 1 <= point["b"] <= 100 for point in points)
    assert all(isinstance(point["c"], int) for point in points)


@pytest.mark.parametrize("kind", [LatinHypercube, Sobol])
def test_quasi_random_designs_visit_every_slice_of_every_range_once(kind):
    points = kind(count=16, ranges=RANGES).points()
    assert sorted(int(point["a"] / 10 * 16) for point in points) == list(range(16))


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: Grid({"a": []}), "grid of a must have at least one value"),
        (lambda: Grid({"a": "xyz"}), "grid of a must be a list of values, got 'xyz'"),
        (lambda: Points([]), "points must have at least one point"),
        (lambda: Range(1.0, 1.0), "low to a higher high"),
        (lambda: Range(0.0, 1.0, log=True), "low end of a log range must be > 0, got 0"),
        (lambda: Sobol(count=12, ranges=RANGES), "power of two, got 12"),
        (lambda: LatinHypercube(count=0, ranges=RANGES), "count must be >= 1, got 0"),
        (lambda: LatinHypercube(count=2, ranges={}), "at least one parameter"),
    ],
)
def test_impossible_designs_are_refused(make, message):
    with pytest.raises(Misuse, match=message):
        make()
