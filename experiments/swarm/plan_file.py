"""A plan in a JSON file, written for whoever looks into a failure, and read back to replay it."""

from __future__ import annotations

from os import PathLike
from pathlib import Path

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from ..misuse import Misuse
from ..rules import broken_rule
from . import plan as records
from .building import build
from .plan import Record, SystemPlan


def write_plan(plan: SystemPlan, path: str | PathLike[str]) -> Path:
    """Write a plan and return the path; raises Misuse where nothing can be written."""
    file = Path(path)
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(plan.to_json() + "\n", encoding="utf-8")
    except OSError as error:
        raise Misuse(f"plan file must be one that can be written, got {path}: {error.strerror}") from None
    return file


def read_plan(path: str | PathLike[str]) -> SystemPlan:
    """Read a plan that can be built; raises Misuse with one line for whatever is wrong with it."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise Misuse(f"plan file must be a file that can be read, got {path}: {reason}") from None
    try:
        plan = SystemPlan.model_validate_json(text)
        build(plan)
    except ValidationError as error:
        raise Misuse(f"{path}: {_complaint(error)}") from None
    except Misuse as error:
        raise Misuse(f"{path}: {error}") from None
    return plan


def _complaint(error: ValidationError) -> str:
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
    line, value = broken_rule(error, _fields()), first["input"]
    # What is bare on a command line is in quotes in a file: "2" is not 2.
    return line.removesuffix(f"got {value}") + f"got {value!r}" if isinstance(value, str) else line


def _fields() -> dict[str, FieldInfo]:
    """All keys that a plan may have, wherever."""
    kinds = [each for each in vars(records).values() if isinstance(each, type) and issubclass(each, Record)]
    return {name: each for kind in kinds for name, each in kind.model_fields.items()}
