"""The examples in the docstrings run as they stand."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import simulator.randomness as face
from tests.in_one_test import in_one_test

MODULES = [
    face.__name__,
    *(f"{face.__name__}.{module.name}" for module in pkgutil.iter_modules(face.__path__)),
]


@in_one_test("name", MODULES)
def test_examples_run(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0
