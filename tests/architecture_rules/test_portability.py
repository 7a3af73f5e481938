"""The rules on what leaves this machine fail on texts that break them.

The texts are put together here from pieces, or this file would break the rules itself.
"""

from __future__ import annotations

import pytest

from .portability import (
    declared_dependencies,
    is_text,
    machine_traces,
    plain_pins,
    unexplained_ignores,
    unexplained_suppressions,
    unpinned_dependencies,
)
from .source import Source

PYPROJECT = """
[project]
dependencies = ["simpy>=4", "numpy"]

[project.optional-dependencies]
test = ["pytest-xdist>=3"]

[tool.ruff.lint]
select = [
    "E",
]
ignore = [
    "E501",  # a long line is a lesser evil here
    "N818",  # the field's own name
]

[tool.ruff.lint.per-file-ignores]
"tests/**" = [
    "D103",  # a test's name is its sentence
]
"""

REASONS = ["  # a long line is a lesser evil here", "  # a test's name is its sentence"]
NO_PINS = ["numpy>=2", "numpy", "numpy==2.0 --hash=sha256:0", "-e .", "numpy @ file:numpy", ""]


@pytest.mark.parametrize("folder", ["home/somebody", "Users/somebody", "root", "tmp", "work"])
def test_path_of_one_machine_is_found(folder: str) -> None:
    assert len(machine_traces("README.md", f"see \n `/{folder}/file.txt`")) == 1


@pytest.mark.parametrize("host", ["pypi" + ".org", "pythonhosted" + ".org", "--index" + "-url here"])
def test_package_registry_is_found(host: str) -> None:
    assert len(machine_traces("Makefile", f"pip install {host}")) == 1


@pytest.mark.parametrize("text", ["#!/usr/bin/env bash", "tests/work/a", "./tmp/a", "GET /home HTTP/1.1"])
def test_other_paths_pass(text: str) -> None:
    assert machine_traces("README.md", text) == []


def test_data_and_pictures_are_not_texts_of_ours() -> None:
    paths = ["a.py", "Makefile", "a.png", "a.gz", "b.ipynb"]
    assert [path for path in paths if is_text(path)] == ["a.py", "Makefile", "b.ipynb"]


def test_ignored_rules_with_reasons_pass() -> None:
    assert unexplained_ignores(PYPROJECT) == []


@pytest.mark.parametrize("reason", REASONS)
def test_ignored_rule_without_a_reason_is_found(reason: str) -> None:
    assert len(unexplained_ignores(PYPROJECT.replace(reason, ""))) == 1
    assert len(unexplained_ignores(PYPROJECT.replace(reason, "  # hm"))) == 1


def test_ignored_rules_on_one_line_are_found() -> None:
    crowded = PYPROJECT.replace('"N818",', '"N818", "N802",')
    complaint = "pyproject.toml: 4 ignored rules, 3 on a line of their own"
    assert unexplained_ignores(crowded) == [complaint]


@pytest.mark.parametrize(
    ("comment", "complaint_count"),
    [
        ("", 0),
        (": E501  a long web address", 0),
        (": E501 - a long address", 0),
        (": E501", 1),
        (" because I can", 1),
    ],
)
def test_suppression_names_rule_and_reason(comment: str, complaint_count: int) -> None:
    line = "x = 1" + (f"  # no{'qa'}{comment}" if comment else "")
    assert len(unexplained_suppressions(Source("models/link.py", line))) == complaint_count


@pytest.mark.parametrize("line", NO_PINS)
def test_line_that_is_no_plain_pin_is_found(line: str) -> None:
    assert len(plain_pins(f"simpy==4.1.2\n{line}\n")) == 1


def test_repeated_pin_is_found() -> None:
    assert len(plain_pins("simpy==4.1.2\nSimPy==4.1.1\n")) == 1


def test_dependency_without_a_pin_is_found() -> None:
    assert declared_dependencies(PYPROJECT) == {"simpy", "numpy", "pytest-xdist"}
    pins = "simpy==4.1.2\npytest_xdist==3.8.0\n"
    assert unpinned_dependencies(PYPROJECT, pins) == ["numpy has no line in constraints.txt"]
