"""The examples in the docstrings do what they say."""

import doctest
import importlib

import pytest

MODULES = ("event_log", "gauge", "histogram", "request_table", "step_function", "warm_up")


@pytest.mark.parametrize("module", MODULES)
def test_an_example_gives_what_it_shows(module: str) -> None:
    result = doctest.testmod(importlib.import_module(f"simulator.measurement.{module}"))

    assert result.attempted > 0
    assert result.failed == 0
