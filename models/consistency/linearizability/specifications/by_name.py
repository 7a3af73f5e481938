"""Specifications by the name that users give, and by what a history asks."""

from __future__ import annotations

from collections.abc import Iterable

from ...operation import Operation
from .append_list import AppendList
from .counter import Counter
from .register import CasRegister, Register
from .specification import Specification
from .text import Text

SPECIFICATIONS: dict[str, Specification] = {
    each.name: each for each in (Register(), CasRegister(), Text(), AppendList(), Counter())
}
"""By name: register, cas-register, kv, list-append, counter."""


def specification_named(name: str) -> Specification:
    """Return the specification of that name. Raises `ValueError` if there is none."""
    if name not in SPECIFICATIONS:
        raise ValueError(f"model must be one of {', '.join(SPECIFICATIONS)}, got {name!r}")
    return SPECIFICATIONS[name]


def specification_for(history: Iterable[Operation]) -> Specification:
    """Return the specification that has the operations of the history.

    Appends are to lists if a read tells one, or if what is appended is no text.
    """
    operations = tuple(history)
    kinds = {each.kind for each in operations}
    if "append" in kinds:
        told = (each.result for each in operations if each.kind == "read")
        appended = (each.value for each in operations if each.kind == "append")
        is_list = any(isinstance(each, list | tuple) for each in told) or not all(
            isinstance(each, str) for each in appended
        )
        return AppendList() if is_list else Text()
    if "add" in kinds:
        return Counter()
    return CasRegister() if "compare-and-set" in kinds else Register()
