"""The checkout keeps its own rules: directions, faces, docstrings, sizes, determinism, portability.

The rules are in tests/architecture_rules/, where each is also shown to fail on a source that breaks it.
"""

from __future__ import annotations

import ast
import importlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from .architecture_rules.determinism import sources_of_chance
from .architecture_rules.directions import (
    absolute_imports_of_own_package,
    imports_past_a_face,
    relative_imports_out_of_the_package,
    undeclared_dependencies,
    wrong_directions,
)
from .architecture_rules.documentation import undocumented_module, undocumented_names
from .architecture_rules.faces import face_complaints
from .architecture_rules.portability import (
    declared_dependencies,
    is_text,
    machine_traces,
    plain_pins,
    unexplained_ignores,
    unexplained_suppressions,
    unpinned_dependencies,
)
from .architecture_rules.shape import empty_name, long_file, long_functions, star_imports
from .architecture_rules.source import (
    CHECKOUT,
    PACKAGES,
    Source,
    all_sources,
    committed_files,
    known_faces,
    package_sources,
)

PYPROJECT = (CHECKOUT / "pyproject.toml").read_text(encoding="utf-8")
CONSTRAINTS = (CHECKOUT / "constraints.txt").read_text(encoding="utf-8")


def complaints_of(rule: Callable[[Source], list[str]], sources: Iterable[Source]) -> str:
    return "\n".join(complaint for source in sources for complaint in rule(source))


@pytest.mark.parametrize("package", PACKAGES)
def test_package_comes_from_this_checkout(package: str) -> None:
    module = importlib.import_module(package)
    assert module.__file__ is not None
    assert Path(module.__file__).resolve() == CHECKOUT.resolve() / package / "__init__.py"


def test_every_folder_with_sources_has_a_face() -> None:
    folders = {Path(source.path).parent for source in package_sources()}
    faces = {Path(source.path).parent for source in package_sources() if source.is_face}
    assert folders - faces == set()


@pytest.mark.slow
@pytest.mark.parametrize(
    "rule",
    [
        wrong_directions,
        absolute_imports_of_own_package,
        relative_imports_out_of_the_package,
        face_complaints,
        undocumented_module,
        sources_of_chance,
    ],
)
def test_packages_keep_the_rule(rule: Callable[[Source], list[str]]) -> None:
    assert complaints_of(rule, package_sources()) == ""


@pytest.mark.slow
def test_packages_and_tests_keep_the_rules_of_shape() -> None:
    """One test for all: several processes would each have to parse every source, which takes longest."""
    complaints = [complaints_of(rule, all_sources()) for rule in (long_functions, long_file, star_imports)]
    assert "".join(complaints) == ""


@pytest.mark.slow
def test_nobody_waits_for_the_equations_of_validation() -> None:
    """SciPy's integration comes with them, and every command and every worker process imports the studies."""
    waiting = [
        source.path
        for source in package_sources()
        if source.path.startswith("experiments/") and not source.path.startswith("experiments/validation/")
        for node in source.tree.body
        if isinstance(node, ast.ImportFrom) and "validation" in (node.module or "").split(".")
    ]
    assert waiting == []


@pytest.mark.slow
def test_imports_across_packages_are_from_a_face() -> None:
    faces = known_faces()
    assert complaints_of(lambda source: imports_past_a_face(source, faces), package_sources()) == ""


def test_third_party_imports_are_declared_dependencies() -> None:
    declared = declared_dependencies(PYPROJECT)
    assert complaints_of(lambda source: undeclared_dependencies(source, declared), package_sources()) == ""


@pytest.mark.slow
@pytest.mark.parametrize("package", PACKAGES)
def test_public_names_are_documented(package: str) -> None:
    modules = [source.module for source in package_sources() if source.package == package]
    importable = [name for name in modules if not name.endswith("__main__")]
    complaints = [line for name in importable for line in undocumented_names(importlib.import_module(name))]
    assert "\n".join(complaints) == ""


def test_no_file_has_a_name_that_says_nothing() -> None:
    assert [line for path in committed_files() for line in empty_name(path)] == []


@pytest.mark.slow
def test_no_committed_text_names_a_machine_or_a_registry() -> None:
    complaints = []
    for path in filter(is_text, committed_files()):
        complaints += machine_traces(path, (CHECKOUT / path).read_text(encoding="utf-8"))
    assert complaints == []


def test_every_ignored_rule_has_its_reason_beside_it() -> None:
    assert unexplained_ignores(PYPROJECT) == []


@pytest.mark.slow
def test_every_suppression_has_its_reason_beside_it() -> None:
    assert complaints_of(unexplained_suppressions, all_sources()) == ""


def test_constraints_are_plain_pins_of_every_dependency() -> None:
    assert plain_pins(CONSTRAINTS) == []
    assert unpinned_dependencies(PYPROJECT, CONSTRAINTS) == []
