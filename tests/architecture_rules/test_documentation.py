"""The rules on docstrings fail on modules and names without one."""

from __future__ import annotations

import sys
from types import ModuleType

import pytest

from .documentation import undocumented_module, undocumented_names
from .source import Source

TEXT = '''
from dataclasses import dataclass
from pathlib import Path

class Base:
    """Documented."""

    def call(self):
        """Documented."""

    def bare(self):
        pass

class Override(Base):
    """Documented."""

    def call(self):
        pass

    @property
    def size(self):
        return 1

    @classmethod
    def make(cls):
        return cls()

    def _inner(self):
        pass

@dataclass
class Record:
    value: int = 0

def function():
    pass

def documented():
    """Documented."""

def _private():
    pass
'''


@pytest.fixture
def made_up(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    module = ModuleType("made_up")
    monkeypatch.setitem(sys.modules, "made_up", module)  # where dataclass looks for it
    exec(compile(TEXT, "made_up.py", "exec"), vars(module))
    return module


def test_public_names_without_a_docstring_are_found(made_up: ModuleType) -> None:
    assert [complaint.partition(":")[0] for complaint in undocumented_names(made_up)] == [
        "made_up.Base.bare",
        "made_up.Override.size",
        "made_up.Override.make",
        "made_up.Record",
        "made_up.function",
    ]


def test_module_without_a_docstring_is_found() -> None:
    assert undocumented_module(Source("models/link.py", '"""A link."""\n')) == []
    assert len(undocumented_module(Source("models/link.py", "x = 1\n"))) == 1
    assert len(undocumented_module(Source("models/link.py", '""" """\n'))) == 1
