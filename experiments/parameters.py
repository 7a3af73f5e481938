"""The parameters of a study as pydantic models made from its function's signature.

One declaration serves the notebook, the command line and the results file: name, type, default, range,
description and unit are read off `timeout: Annotated[float, Field(gt=0, description="..."), Unit("s")] =
0.5`. Text (from the command line) and values (from Python) meet the same rules and end as the same values.
Rules that tie two parameters together are the study's own business: it raises `Misuse`.
"""

import inspect
import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import NoneType
from typing import Any, get_args, get_type_hints

import numpy as np
from pydantic import BaseModel, ConfigDict, ValidationError, create_model
from pydantic.fields import FieldInfo

from .misuse import Misuse, unknown_name
from .rules import broken_rule, rules_of_field, type_text

RESERVED_NAMES = frozenset(
    {
        "point",
        "replication",
        "seed",
        "status",
        "error",
        "json",
        "out",
        "help",
        "grid",
        "set",
        "replications",
        "jobs",
    }
    | {"until", "renew", "figures", "parameters", "replay"}
)
"""Names with a meaning in results files or on the command line: no parameter or measure can have them."""

_CONFIG = ConfigDict(extra="forbid", frozen=True, validate_default=True, protected_namespaces=())


@dataclass(frozen=True, slots=True)
class Unit:
    """The unit of a parameter, for tables and axes: `Annotated[float, Field(gt=0), Unit("s")]`."""

    symbol: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """What a listing says about one parameter; `default` means nothing where `required` is true."""

    name: str
    type: str
    default: Any
    required: bool
    rule: str
    unit: str
    description: str


class ParameterSpace:
    """The named, typed and bounded parameters of one study function; `seed` is not one of them.

    `function` takes keyword-only arguments, `seed` among them, each annotated. Raises TypeError where it does
    not.
    """

    def __init__(self, function: Callable[..., Any], *, study_name: str) -> None:
        self.study_name = study_name
        fields = _fields_of(function)
        self.model = _model(function.__name__, fields)
        self._alone = {name: _model(name, {name: (kind, ...)}) for name, (kind, _) in fields.items()}

    @property
    def names(self) -> tuple[str, ...]:
        """The parameters' names in the order of the signature."""
        return tuple(self.model.model_fields)

    def unit(self, name: str) -> str:
        """The unit of one parameter, "" if it declares none."""
        units = [item.symbol for item in self.model.model_fields[name].metadata if isinstance(item, Unit)]
        return units[0] if units else ""

    def describe(self) -> list[Parameter]:
        """One record per parameter, for listings."""
        return [self._describe(name, field) for name, field in self.model.model_fields.items()]

    def values(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The full set of parameters: `given` checked and converted, defaults for the rest.

        Raises Misuse naming the first parameter that is unknown, missing or against its rule.
        """
        for name in given:
            self.require(name)
        try:
            checked = self.model(**{name: self._plain(name, value) for name, value in given.items()})
        except ValidationError as error:
            raise Misuse(broken_rule(error, self.model.model_fields)) from None
        return {name: getattr(checked, name) for name in self.names}

    def value(self, name: str, value: Any) -> Any:
        """One parameter's value, checked and converted; raises Misuse as `values` does."""
        self.require(name)
        try:
            return getattr(self._alone[name](**{name: self._plain(name, value)}), name)
        except ValidationError as error:
            raise Misuse(broken_rule(error, self._alone[name].model_fields)) from None

    def parse(self, name: str, text: str) -> Any:
        """The value that `text` on a command line stands for: none if allowed, else by type, else as JSON.

        A string parameter takes the text as it is. Raises Misuse if the text is no value of that parameter.
        """
        self.require(name)
        if text.lower() == "none" and NoneType in get_args(self.model.model_fields[name].annotation):
            return None
        try:
            return self.value(name, text)
        except Misuse:
            # Literal[1, 2] and tuples take no text, but their JSON spelling. The error about the text speaks
            # best.
            try:
                return self.value(name, json.loads(text))
            except (Misuse, json.JSONDecodeError, RecursionError):
                pass
            raise

    def is_switch(self, name: str) -> bool:
        """Whether the parameter is a plain bool, so that `--name` alone means true and `--no-name` false."""
        return self.model.model_fields[name].annotation is bool

    def require(self, name: str) -> None:
        """Raise Misuse, with near misses, unless `name` is a parameter."""
        if name not in self.model.model_fields:
            raise unknown_name(f"a parameter of {self.study_name}", name, self.names)

    def _plain(self, name: str, value: Any) -> Any:
        """A value before its rules are asked: NumPy's as Python's, the text `none` as none where allowed."""
        if isinstance(value, np.generic):
            value = value.item()
        kind = type_text(self.model.model_fields[name].annotation)
        if isinstance(value, str) and value.lower() == "none" and kind.endswith(" or none"):
            # TOML has no null. A text that may be none is taken as it is.
            return value if kind.startswith("text") else None
        if isinstance(value, float) and math.isnan(value):
            # nan differs from itself, so a point with a nan could never be found again in a results file.
            raise Misuse(f"{name} must be a number, got nan")
        if isinstance(value, bool) and kind.removesuffix(" or none") in ("number", "whole number"):
            raise Misuse(f"{name} must be a {kind}, got {str(value).lower()}")  # pydantic reads it as 1 or 0
        return value

    def _describe(self, name: str, field: FieldInfo) -> Parameter:
        return Parameter(
            name=name,
            type=type_text(field.annotation),
            default=None if field.is_required() else field.default,
            required=field.is_required(),
            rule=", ".join(rules_of_field(field)),
            unit=self.unit(name),
            description=field.description or "",
        )


def to_json(value: Any) -> Any:
    """A value as strict JSON has it: paths as text, tuples as lists, nan as null, infinity as "inf"."""
    if isinstance(value, float) and not math.isfinite(value):
        return None if math.isnan(value) else str(value)
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, Mapping):
        return {str(key): to_json(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [to_json(item) for item in value]
    return value


def to_text(value: Any) -> str:
    """The text that `ParameterSpace.parse` turns into `value` again."""
    if value is None or isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, (str, Path, int)):
        return str(value)
    return json.dumps(to_json(value))


def _model(name: str, fields: dict[str, Any]) -> type[BaseModel]:
    return create_model(name, __config__=_CONFIG, **fields)


def _fields_of(function: Callable[..., Any]) -> dict[str, tuple[Any, Any]]:
    try:
        hints = get_type_hints(function, include_extras=True)
    except NameError as error:
        raise TypeError(
            f"{function.__name__}: annotations must be names of the module, got {error}"
        ) from None
    signature = inspect.signature(function)
    if "seed" not in signature.parameters:
        raise TypeError(f"{function.__name__} must take a keyword-only parameter seed: int, got {signature}")
    fields = {}
    for name, parameter in signature.parameters.items():
        if parameter.kind is not inspect.Parameter.KEYWORD_ONLY:
            raise TypeError(
                f"{function.__name__}: parameters must be keyword-only (after a *), got {parameter}"
            )
        if name == "seed":
            continue
        if name in RESERVED_NAMES or name.startswith("no_"):
            raise TypeError(f"{function.__name__}: a parameter's name must not be reserved, got {name!r}")
        if name not in hints:
            raise TypeError(f"{function.__name__}: each parameter must have a type, got {parameter}")
        default = ... if parameter.default is inspect.Parameter.empty else parameter.default
        fields[name] = (hints[name], default)
    return fields
