"""Who may import whom: simulator <- models <- experiments, across packages from faces, inside one relatively.

Left out: nothing is said of imports between sub-packages of one package, which are relative and may go past a
face.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Container, Iterable, Iterator

from .source import PACKAGES, Source

# Package: the packages of this checkout that it may import.
MAY_IMPORT = {
    "simulator": (),
    "models": ("simulator",),
    "experiments": ("simulator", "models"),
}
# Distribution: import packages that it brings and documents for use beside its own.
COMES_WITH = {"pydantic": frozenset({"pydantic_core", "annotated_types"})}
# Heavy, and about showing results rather than producing them.
ONLY_UNDER_EXPERIMENTS = frozenset({"pandas", "matplotlib"})


def imported_modules(source: Source) -> Iterator[tuple[ast.stmt, str]]:
    """Yield each absolute import, wherever in the file, with the dotted name of the module that is named."""
    for node in source.statements:
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node, alias.name
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node, node.module or ""


def wrong_directions(source: Source) -> list[str]:
    """Return a complaint for each import of a package that must not be known here."""
    complaints = []
    for node, module in imported_modules(source):
        target = module.partition(".")[0]
        if target in PACKAGES and target != source.package and target not in MAY_IMPORT[source.package]:
            complaints.append(source.at(node, f"{source.package} must not import {target}"))
        if target == "tests":
            complaints.append(source.at(node, f"{source.package} must not import the tests"))
        if target in ONLY_UNDER_EXPERIMENTS and source.package != "experiments":
            complaints.append(source.at(node, f"{target} is for experiments only"))
    return complaints


def imports_past_a_face(source: Source, faces: Container[str]) -> list[str]:
    """Return a complaint for each import from another package that names a module behind a face."""
    return [
        source.at(node, f"import from a face, not from {module}")
        for node, module in imported_modules(source)
        if module.partition(".")[0] in PACKAGES
        and module.partition(".")[0] != source.package
        and module not in faces
    ]


def absolute_imports_of_own_package(source: Source) -> list[str]:
    """Return a complaint for each import inside a package that is not relative."""
    return [
        source.at(node, f"inside {source.package}, import relatively instead of from {module}")
        for node, module in imported_modules(source)
        if module.partition(".")[0] == source.package
    ]


def relative_imports_out_of_the_package(source: Source) -> list[str]:
    """Return a complaint for each relative import that climbs above the top-level package."""
    depth = source.path.count("/")
    return [
        source.at(node, f"relative import above {source.package}")
        for node in source.statements
        if isinstance(node, ast.ImportFrom) and node.level > depth
    ]


def undeclared_dependencies(source: Source, declared: Iterable[str]) -> list[str]:
    """Return a complaint for each third-party import that is not among the declared dependencies."""
    known = {*PACKAGES, *sys.stdlib_module_names, *declared}
    known.update(*(COMES_WITH.get(name, ()) for name in declared))
    return [
        source.at(node, f"{module} is no dependency in pyproject.toml")
        for node, module in imported_modules(source)
        if module.partition(".")[0] not in known
    ]
