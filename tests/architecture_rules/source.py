"""A Python file of the checkout, parsed once, and the list of files that are or will be committed."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path, PurePosixPath

CHECKOUT = Path(__file__).parents[2]
PACKAGES = ("simulator", "models", "experiments")


@dataclass(frozen=True)
class Source:
    """One Python source: its path from the top of the checkout, with forward slashes, and its text."""

    path: str
    text: str

    @cached_property
    def tree(self) -> ast.Module:
        """What it parses to."""
        return ast.parse(self.text, filename=self.path)

    @cached_property
    def statements(self) -> tuple[ast.stmt, ...]:
        """Every statement, however deep: what an import or a function is. A fifth of the work of `nodes`."""
        return tuple(_statements_of(self.tree))

    @cached_property
    def nodes(self) -> tuple[ast.AST, ...]:
        """Every node, walked once for all rules."""
        return tuple(ast.walk(self.tree))

    @property
    def package(self) -> str:
        """The top-level folder, hence import package: `models` for models/network/link.py."""
        return PurePosixPath(self.path).parts[0]

    @property
    def is_face(self) -> bool:
        """Whether this is the face of a package."""
        return PurePosixPath(self.path).name == "__init__.py"

    @property
    def module(self) -> str:
        """The dotted name: `models.network.link`; a face has its package's."""
        return module_name(self.path)

    def at(self, node: ast.AST, complaint: str) -> str:
        """Return the complaint with the place where it applies."""
        return f"{self.path}:{getattr(node, 'lineno', 1)}: {complaint}"


def _statements_of(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield what stands in the blocks of a node: no expression holds a statement."""
    for block in ("body", "handlers", "cases", "orelse", "finalbody"):
        inside = getattr(node, block, ())
        # The branches of a conditional expression are named as blocks are, and are none.
        for child in inside if isinstance(inside, list) else ():
            if isinstance(child, ast.stmt):
                yield child
            yield from _statements_of(child)


def module_name(path: str) -> str:
    """Return the dotted name of the module at this path from the top of the checkout."""
    parts = PurePosixPath(path).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


@cache
def package_sources() -> tuple[Source, ...]:
    """Return every source of the three packages."""
    paths = [path for package in PACKAGES for path in sorted((CHECKOUT / package).rglob("*.py"))]
    return tuple(_read(path) for path in paths)


@cache
def all_sources() -> tuple[Source, ...]:
    """Return every source of the packages and of the tests."""
    return package_sources() + tuple(_read(path) for path in sorted((CHECKOUT / "tests").rglob("*.py")))


def known_faces() -> frozenset[str]:
    """Return the dotted names of all packages, of any level, that have a face."""
    return frozenset(source.module for source in package_sources() if source.is_face)


@cache
def committed_files() -> tuple[str, ...]:
    """Return the paths of the files that git has or would take, or, in no git checkout, of all but caches."""
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listing, cwd=CHECKOUT, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        listed = done.stdout.split("\0")
        return tuple(sorted({path for path in listed if path and (CHECKOUT / path).is_file()}))
    folders = (*PACKAGES, "tests", "notebooks", "docs")
    found = [path for folder in folders for path in (CHECKOUT / folder).rglob("*")]
    found += [path for path in CHECKOUT.iterdir() if not path.name.startswith(".")]
    kept = [path for path in found if path.is_file() and "__pycache__" not in path.parts]
    return tuple(sorted(path.relative_to(CHECKOUT).as_posix() for path in kept))


def _read(path: Path) -> Source:
    return Source(path.relative_to(CHECKOUT).as_posix(), path.read_text(encoding="utf-8"))
