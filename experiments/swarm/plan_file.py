"""A plan in a JSON file, written for whoever looks into a failure, and read back to replay it."""

from __future__ import annotations

import sys
from collections.abc import Callable
from os import PathLike
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ..misuse import Misuse
from ..rules import broken_rule
from . import plan as records
from .building import build
from .plan import Plan, Record, SystemPlan

_Plan = TypeVar("_Plan", bound=Plan)


def write_plan(plan: Plan, path: str | PathLike[str]) -> Path:
    """Write a plan and return the path; raises Misuse where nothing can be written."""
    file = Path(path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(plan.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise Misuse(f"plan file must be one that can be written, got {path}: {error.strerror}") from None
    return file


def read_plan(path: str | PathLike[str]) -> SystemPlan:
    """Read the plan of a system that can be built; raises Misuse with one line for what is wrong with it."""
    return checked_plan(plan_text(path), path, SystemPlan, build)


def plan_text(path: str | PathLike[str]) -> str:
    """Return what is in a plan file; raises Misuse where it cannot be read."""
    try:
        return Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise Misuse(f"plan file must be a file that can be read, got {path}: {reason}") from None


def checked_plan(
    text: str, path: str | PathLike[str], kind: type[_Plan], build: Callable[[_Plan], object]
) -> _Plan:
    """Return the plan of a `kind` that `text`, from `path`, is, and that can be built.

    Raises Misuse with one line for whatever is wrong with it.
    """
    try:
        plan = kind.model_validate_json(text)
        build(plan)
    except ValidationError as error:
        raise Misuse(f"{path}: {_complaint(error, kind)}") from None
    except Misuse as error:
        raise Misuse(f"{path}: {error}") from None
    return plan


def _complaint(error: ValidationError, kind: type[Plan]) -> str:
    """One line for the first breach: the place in the file, the rule, the value."""
    first = error.errors(include_url=False)[0]
    *place, key = map(str, first["loc"]) if first["loc"] else ("plan",)
    within = ".".join(place) or "plan"
    match first["type"]:
        case "json_invalid":
            return first["msg"].replace("Invalid JSON", "plan must be JSON, got")
        case "extra_forbidden":
            return f"{within} must have no other keys than a plan has there, got {key!r}"
        case "union_tag_invalid":
            known, got = first["ctx"]["expected_tags"], first["ctx"]["tag"]
            return f"{within}.{key}.kind must be one of {known}, got {got!r}"
        case "union_tag_not_found":
            return f"{within}.{key}.kind must be given: it has no default"
    line, value = broken_rule(error, _fields(kind)), first["input"]
    # What is bare on a command line is in quotes in a file: "2" is not 2.
    return line.removesuffix(f"got {value}") + f"got {value!r}" if isinstance(value, str) else line


def _fields(kind: type[Plan]) -> dict[str, FieldInfo]:
    """All keys that a plan of a `kind` may have, wherever."""
    modules = [records, sys.modules[kind.__module__]]
    known = [each for module in modules for each in vars(module).values()]
    kinds = [each for each in known if isinstance(each, type) and issubclass(each, Record)]
    return {name: each for kind in kinds for name, each in kind.model_fields.items()}
