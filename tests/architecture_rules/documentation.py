"""A docstring on every module and every public name; an override may inherit the one of a base."""

from __future__ import annotations

import ast
import inspect
from functools import cached_property
from types import ModuleType
from typing import Any

from .source import Source

_METHOD_LIKE = (property, cached_property, classmethod, staticmethod)


def undocumented_module(source: Source) -> list[str]:
    """Return a complaint if the module has no docstring, or an empty one."""
    if (ast.get_docstring(source.tree) or "").strip():
        return []
    return [source.at(source.tree, "a module says what it models, what it leaves out and its source")]


def undocumented_names(module: ModuleType) -> list[str]:
    """Return a complaint for each public function, class, method and property without a docstring.

    Looks at the imported module, since only the classes themselves know what a method overrides.
    """
    complaints = []
    for name, value in vars(module).items():
        if name.startswith("_") or getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value) and not _has_words(value):
            complaints.append(f"{module.__name__}.{name}: a public function needs a docstring")
        if inspect.isclass(value):
            complaints += _undocumented_members(value, f"{module.__name__}.{name}")
    return complaints


def _undocumented_members(owner: type, label: str) -> list[str]:
    complaints = [] if _own_words(owner) else [f"{label}: a public class needs a docstring"]
    for name, member in vars(owner).items():
        if name.startswith("_") or not (inspect.isfunction(member) or isinstance(member, _METHOD_LIKE)):
            continue
        if not any(_has_words(vars(base)[name]) for base in owner.__mro__ if name in vars(base)):
            complaints.append(f"{label}.{name}: neither it nor what it overrides has a docstring")
    return complaints


def _own_words(owner: type) -> bool:
    """A class's own docstring, where the signature that dataclass writes in place of one does not count."""
    words = (vars(owner).get("__doc__") or "").strip()
    return bool(words) and not words.startswith(f"{owner.__name__}(")


def _has_words(value: Any) -> bool:
    return bool((getattr(value, "__doc__", None) or "").strip())
