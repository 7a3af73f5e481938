"""Subprocesses of these tests import the packages of this checkout, as pytest does."""

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(autouse=True)
def packages_of_this_checkout(monkeypatch):
    """Let child processes find `experiments` and `tests`; wherever they run."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
