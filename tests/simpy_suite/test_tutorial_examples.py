"""SimPy's tutorial examples print on our Environment, to the letter, what SimPy publishes beside them."""

from __future__ import annotations

from pathlib import Path

import pytest

from .suite import run_simpy_example

EXAMPLES = (
    "bank_renege",
    "carwash",
    "gas_station_refuel",
    "latency",
    "machine_shop",
    "movie_renege",
    "process_communication",
)

pytestmark = [pytest.mark.slow, pytest.mark.network]


def example_folder(simpy_sources: Path) -> Path:
    return simpy_sources / "docs" / "examples" / "code"


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_prints_the_published_output(name: str, simpy_sources: Path) -> None:
    published = (example_folder(simpy_sources) / f"{name}.out").read_text(encoding="utf-8")
    assert run_simpy_example(example_folder(simpy_sources) / f"{name}.py") == published


def test_no_published_example_is_forgotten(simpy_sources: Path) -> None:
    assert sorted(path.stem for path in example_folder(simpy_sources).glob("*.out")) == sorted(EXAMPLES)


def test_unfaithful_environment_prints_something_else(simpy_sources: Path) -> None:
    carwash = example_folder(simpy_sources) / "carwash.py"
    late = run_simpy_example(carwash, environment_class="unfaithful:LateTimeouts")
    assert late != carwash.with_suffix(".out").read_text(encoding="utf-8")
