"""A face: the `__init__.py` of a package of any level, which maps it, shows its names and does nothing."""

from __future__ import annotations

import ast
import re
from typing import TypeGuard

from .source import Source

# What a reader takes in at once; more means that two packages live in one.
FACE_NAMES_MAX = 25


def face_complaints(source: Source) -> list[str]:
    """Return what is wrong with this face: docstring, `__all__`, statements, size."""
    if not source.is_face:
        return []
    logic = _logic(source.tree)
    complaints = [source.at(node, "a face has no logic, only imports and __all__") for node in logic]
    if not (ast.get_docstring(source.tree) or "").strip():
        complaints.append(source.at(source.tree, "a face needs a docstring that maps the package"))
    shown = shown_names(source.tree)
    if shown is None:
        return [*complaints, source.at(source.tree, "a face lists its names in __all__, a list of texts")]
    imported = imported_names(source.tree)
    if len(shown) > FACE_NAMES_MAX:
        complaints.append(source.at(source.tree, f"{len(shown)} names; a face has at most {FACE_NAMES_MAX}"))
    if len(set(shown)) != len(shown):
        complaints.append(source.at(source.tree, "__all__ names something twice"))
    if shown != sorted(shown, key=_face_order):
        complaints.append(source.at(source.tree, f"__all__ is not sorted: {sorted(shown, key=_face_order)}"))
    strange = [f"__all__ names {name}, which is not imported here" for name in sorted(set(shown) - imported)]
    hidden = [f"{name} is imported but not in __all__" for name in sorted(imported - set(shown))]
    return complaints + [source.at(source.tree, complaint) for complaint in strange + hidden]


def shown_names(tree: ast.Module) -> list[str] | None:
    """Return the names in `__all__`, or None if there is no such literal list."""
    for node in tree.body:
        if _is_all(node) and node.value is not None:
            return list(ast.literal_eval(node.value))
    return None


def imported_names(tree: ast.Module) -> set[str]:
    """Return the public names that the face's imports bind."""
    bound = {
        (alias.asname or alias.name).partition(".")[0]
        for node in tree.body
        if isinstance(node, ast.Import | ast.ImportFrom) and getattr(node, "module", None) != "__future__"
        for alias in node.names
    }
    return {name for name in bound if not name.startswith("_")}


def _logic(tree: ast.Module) -> list[ast.stmt]:
    return [node for node in tree.body if not (_is_docstring(node) or _is_import(node) or _is_all(node))]


def _is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and _is_text(node.value)


def _is_import(node: ast.stmt) -> bool:
    return isinstance(node, ast.Import | ast.ImportFrom) and all(alias.name != "*" for alias in node.names)


def _is_all(node: ast.stmt) -> TypeGuard[ast.Assign | ast.AnnAssign]:
    if isinstance(node, ast.Assign):
        target = node.targets[0]
    elif isinstance(node, ast.AnnAssign):
        target = node.target
    else:
        return False
    named = isinstance(target, ast.Name) and target.id == "__all__"
    return named and isinstance(node.value, ast.List | ast.Tuple) and all(map(_is_text, node.value.elts))


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)


def _face_order(name: str) -> tuple[int, list[tuple[int, str]]]:
    """Constants, classes, functions, each by name with numbers in numeric order: what ruff's RUF022 keeps."""
    group = 0 if name.isupper() and len(name) > 1 else 1 if name[:1].isupper() else 2
    pieces = re.findall(r"\d+|\D+", name)
    return group, [(int(piece), "") if piece.isdigit() else (-1, piece) for piece in pieces]
