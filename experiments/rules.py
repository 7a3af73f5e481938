"""Pydantic's rules and errors in GameDay's words: `timeout must be > 0, got -1.0`.

Pydantic reports every breach with codes and links; whoever mistyped one option needs one line. Rules without
an own wording here keep pydantic's.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MultipleOf
from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

_BOUNDS = (
    (Gt, "gt", ">"),
    (Ge, "ge", ">="),
    (Lt, "lt", "<"),
    (Le, "le", "<="),
    (MultipleOf, "multiple_of", "a multiple of"),
)

_WORDING = {
    "float_parsing": "a number",
    "float_type": "a number",
    "int_parsing": "a whole number",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "int_parsing_size": "a whole number of fewer digits",
    "bool_parsing": "true or false",
    "bool_type": "true or false",
    "string_type": "text",
    "path_type": "a path",
    "finite_number": "finite",
    "greater_than": "> {gt:g}",
    "greater_than_equal": ">= {ge:g}",
    "less_than": "< {lt:g}",
    "less_than_equal": "<= {le:g}",
    "multiple_of": "a multiple of {multiple_of:g}",
    "literal_error": "{expected}",
    "too_short": "at least {min_length} of them",
    "string_too_short": "at least {min_length} characters",
    "path_not_file": "an existing file",
    "path_not_directory": "an existing directory",
}


def broken_rule(error: ValidationError, fields: Mapping[str, FieldInfo]) -> str:
    """One line for the first breach in `error`: the name, the rule, the value."""
    details = _first_about_a_value(error.errors(include_url=False))
    place = ".".join(str(part) for part in details["loc"] if _is_place(part, fields)) or "the value"
    if details["type"] == "value_error" and " must " in details["msg"]:
        return _rule(details)  # a rule about several fields, which names them itself
    if details["type"] == "missing":
        return f"{place} must be given: it has no default"
    if details["type"] == "extra_forbidden":
        return f"{place} must be one of {', '.join(fields)}, got {details['loc'][-1]!r}"
    absent = _or_none(place, fields)
    return f"{place} must be {_rule(details)}{absent}, got {_shown(details['input'])}"


def rules_of_field(field: FieldInfo) -> list[str]:
    """The bounds that a field declares, in words: `["> 0", "<= 1"]`."""
    rules = [
        f"{symbol} {getattr(item, attribute):g}"
        for item in field.metadata
        for kind, attribute, symbol in _BOUNDS
        if isinstance(item, kind)
    ]
    if any(getattr(item, "allow_inf_nan", None) is False for item in field.metadata):
        rules.append("finite")
    if any(getattr(item, "path_type", None) == "file" for item in field.metadata):
        rules.append("an existing file")
    return rules


def type_text(annotation: Any) -> str:
    """A type in a user's words: `number`, `whole number`, `true or false`, `fast | slow`, `text or none`."""
    names: dict[Any, str] = {
        float: "number",
        int: "whole number",
        bool: "true or false",
        str: "text",
        Path: "path",
    }
    if annotation in names:
        return names[annotation]
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Literal:
        return " | ".join(map(str, arguments))
    if origin in (Union, UnionType):
        return " or ".join("none" if item is NoneType else type_text(item) for item in arguments)
    if hasattr(annotation, "__metadata__"):
        return type_text(arguments[0])
    return getattr(annotation, "__name__", str(annotation)) if origin is None else str(annotation)


def _first_about_a_value(errors: list[ErrorDetails]) -> ErrorDetails:
    # Of the members of a union, the one whose own rule is broken is the one that was meant.
    for details in errors:
        if details["type"] == "value_error":
            return details
    return next((details for details in errors if details["type"] != "none_required"), errors[0])


def _is_place(part: int | str, fields: Mapping[str, FieldInfo]) -> bool:
    # Pydantic adds the member of a union ("float", "constrained-int") to the place; a user never wrote that.
    return (
        part in fields
        or isinstance(part, int)
        or not re.match(r"^(float|int|bool|str|function|constrained|[A-Z])|\[|-", part)
    )


def _rule(details: ErrorDetails) -> str:
    wording = _WORDING.get(details["type"])
    if wording is not None:
        return wording.format(**details.get("ctx", {}))
    message = details["msg"]
    for opening in ("Input should be ", "Value error, "):
        message = message.removeprefix(opening)
    return message


def _or_none(place: str, fields: Mapping[str, FieldInfo]) -> str:
    field = fields.get(place)
    return " or none" if field is not None and NoneType in get_args(field.annotation) else ""


def _shown(value: Any) -> str:
    if isinstance(value, str):
        # Text from a command line is shown bare where that is plain: `got -1`, but `got ''`.
        return value if re.fullmatch(r"[-+.\w/]+", value) else repr(value)
    return str(value) if isinstance(value, Path) else repr(value)
