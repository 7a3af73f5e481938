"""Measured data: resampled as it is, and every bad cell named."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulator.randomness import Empirical


def written(folder: Path, text: str) -> Path:
    path = folder / "latency.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_a_column_is_read(tmp_path: Path) -> None:
    path = written(tmp_path, 'host,latency\na,0.3\n\n"b, c", 1e-1 \nd,2\n')
    assert Empirical.from_csv(path, "latency") == Empirical([0.1, 0.3, 2.0])
    assert Empirical.from_csv(str(path), "latency").mean == pytest.approx(0.8)


def test_a_byte_order_mark_is_no_part_of_the_header(tmp_path: Path) -> None:
    assert Empirical.from_csv(written(tmp_path, "\ufefflatency\n1\n"), "latency").mean == 1.0


@pytest.mark.parametrize("cell", ["fast", "-0.1", "nan", "inf", "", "1_000", "0,5"])
def test_a_bad_cell_is_named_with_file_line_value_and_rule(tmp_path: Path, cell: str) -> None:
    path = written(tmp_path, f'host,latency\na,0.3\n"two\nlines",0.4\nb,"{cell}"\n')
    with pytest.raises(
        ValueError, match=r"line 5: column 'latency' must be a finite number >= 0, got"
    ) as error:
        Empirical.from_csv(path, "latency")
    assert str(path) in str(error.value)
    assert repr(cell) in str(error.value)


def test_a_short_row_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="line 3: column 'latency' must be a finite number >= 0, got ''"):
        Empirical.from_csv(written(tmp_path, "host,latency\na,1\nb\n"), "latency")


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "line 1: column 'latency' must be in the header once, got an empty line"),
        ("a,b\n1,2\n", "line 1: column 'latency' must be in the header once, got a, b"),
        (
            "latency,latency\n1,2\n",
            "line 1: column 'latency' must be in the header once, got latency, latency",
        ),
        ("latency\n", "line 1: column 'latency' must hold a value, got none"),
    ],
)
def test_a_file_without_the_column_is_an_error(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Empirical.from_csv(written(tmp_path, text), "latency")


def test_a_file_in_another_encoding_is_an_error_that_names_the_file(tmp_path: Path) -> None:
    path = tmp_path / "latin.csv"
    path.write_bytes("Zürich\n1\n".encode("latin-1"))
    with pytest.raises(ValueError, match=r"latin\.csv, line 1: .*utf-8"):
        Empirical.from_csv(path, "Zürich")


def test_a_missing_file_is_an_error_that_names_it(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"nowhere\.csv"):
        Empirical.from_csv(tmp_path / "nowhere.csv", "latency")


@pytest.mark.parametrize(
    "values, error, message",
    [
        ([], ValueError, "values must hold at least one measurement, got none"),
        ([1.0, -0.5], ValueError, r"values\[1\] must be >= 0, got -0\.5"),
        ([1.0, 2.0, math.inf], ValueError, r"values\[2\] must be finite, got inf"),
        ([1.0, math.nan], ValueError, r"values\[1\] must be finite, got nan"),
        ([1.0, "2"], TypeError, r"values\[1\] must be a number, got '2'"),
        ([True], TypeError, r"values\[0\] must be a number, got True"),
    ],
)
def test_bad_values_are_errors(values: list[float], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        Empirical(values)


measurements = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=50)


@pytest.mark.slow
@given(measurements)
def test_quantile_and_cdf_are_exact_inverses_at_each_measurement(values: list[float]) -> None:
    law = Empirical(values)
    ordered = np.sort(values)
    assert np.array_equal(law.quantile(law.cdf(ordered)), ordered)
    assert np.array_equal(law.upper_quantile(law.survival(ordered)), ordered)


@pytest.mark.slow
@given(measurements)
def test_moments_are_those_of_the_data(values: list[float]) -> None:
    law = Empirical(values)
    assert law.mean == pytest.approx(float(np.mean(values)), rel=1e-12)
    assert law.variance == pytest.approx(float(np.var(values)), rel=1e-9, abs=1e-12)
    assert law.support == (min(values), max(values))


def test_the_order_of_the_data_does_not_matter() -> None:
    assert Empirical([3.0, 1.0, 2.0]) == Empirical(np.array([1, 2, 3]))  # type: ignore[arg-type]


def test_a_million_measurements_print_as_a_summary() -> None:
    assert repr(Empirical([0.25, 1.0, 0.5])) == "Empirical(3 values from 0.25 to 1)"
