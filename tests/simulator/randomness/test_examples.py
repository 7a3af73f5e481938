"""The examples in the docstrings run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import simulator.randomness as face

MODULES = [
    face.__name__,
    *(f"{face.__name__}.{module.name}" for module in pkgutil.iter_modules(face.__path__)),
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
