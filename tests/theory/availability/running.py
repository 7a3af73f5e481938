"""The checks of this package by the beginnings of their names."""

from __future__ import annotations

from experiments.validation import TheoryCheck
from experiments.validation.availability import CHECKS
from tests.theory import running


def the(beginning: str) -> TheoryCheck:
    """The one check whose name begins so."""
    return running.the(beginning, CHECKS)
