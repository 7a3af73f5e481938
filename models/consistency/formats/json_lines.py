"""Our own format: JSON, an operation a line, with the names of `Operation`.

    {"process": 0, "kind": "write", "key": "x", "value": 3, "result": null, "invoked_at": 1.2,
     "ended_at": 1.9, "ending": "ok", "site": "zone-a", "invoked_order": 5, "ended_order": 6, "session": 0}

(on one line). `ended_at` is null where the ending is "info"; what follows `ending` may be left out. Nothing
is lost in it but that tuples come back where lists were. Lines may come in any order, but a process must have
ended one operation before it invokes another; one at the instant at which the other ends may have done so.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import inf, isfinite
from typing import Any

from ..intervals import frozen
from ..operation import Ending, Operation
from .malformed import MalformedHistory, shortened

_NEEDED = ("process", "kind", "key", "value", "result", "invoked_at", "ended_at", "ending")
_OPTIONAL = ("site", "invoked_order", "ended_order", "session")
_ENDINGS = {each.value: each for each in Ending}


def read_json_lines(text: str) -> tuple[Operation, ...]:
    """Return the operations of a history in JSON lines. Raises `MalformedHistory`."""
    lines = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            try:
                lines.append((number, _operation(number, line)))
            except RecursionError:
                raise MalformedHistory(number, "values must not be nested that deep") from None
    _require_one_at_a_time(lines)
    return tuple(operation for _, operation in lines)


def json_lines_text(history: Sequence[Operation]) -> str:
    """Return a history in JSON lines. Raises `ValueError` for values that JSON does not have."""
    return "".join(f"{_line(each)}\n" for each in history)


def _line(operation: Operation) -> str:
    fields: dict[str, Any] = {name: getattr(operation, name) for name in (*_NEEDED, *_OPTIONAL)}
    fields["ending"] = operation.ending.value
    fields["ended_at"] = operation.ended_at if isfinite(operation.ended_at) else None
    try:
        return json.dumps(fields, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise ValueError(f"values must be such as JSON has, got those of {operation!r}: {error}") from None


def _operation(number: int, line: str) -> Operation:
    try:
        fields = json.loads(line, parse_constant=_refuse)
    except ValueError as error:
        raise MalformedHistory(
            number, f"a line must be a JSON object, got {shortened(line)}: {error}"
        ) from None
    if not isinstance(fields, dict):
        raise MalformedHistory(number, f"a line must be a JSON object, got {shortened(line)}")
    missing = [name for name in _NEEDED if name not in fields]
    strange = [name for name in fields if name not in (*_NEEDED, *_OPTIONAL)]
    if missing or strange:
        what = f"{missing[0]} must be there" if missing else f"{strange[0]} is no field of an operation"
        raise MalformedHistory(number, what)
    ending = _ENDINGS.get(fields["ending"]) if isinstance(fields["ending"], str) else None
    if ending is None:
        raise MalformedHistory(number, f"ending must be one of ok, fail, info, got {fields['ending']!r}")
    _require(number, fields, ending)
    for name in ("key", "value", "result"):
        fields[name] = frozen(fields[name])
    is_open = ending is Ending.UNKNOWN or fields["ended_at"] is None
    return Operation(**{**fields, "ending": ending, "ended_at": inf if is_open else fields["ended_at"]})


def _require_one_at_a_time(lines: Sequence[tuple[int, Operation]]) -> None:
    """Raise `MalformedHistory` for a process that invokes before what it did last has ended, if that ends."""
    ends: dict[int, tuple[float, int, int]] = {}
    for number, each in sorted(lines, key=lambda line: (line[1].invoked_at, line[1].invoked_order, line[0])):
        ended_at, ended_order, before = ends.get(each.process, (-inf, 0, 0))
        if (each.invoked_at, each.invoked_order) < (ended_at, ended_order):
            raise MalformedHistory(
                number,
                f"process {each.process} invokes again, and its operation of line {before} has not ended",
            )
        if each.ending is not Ending.UNKNOWN:
            ends[each.process] = (each.ended_at, each.ended_order, number)


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no value of JSON")


def _require(number: int, fields: dict[str, Any], ending: Ending) -> None:
    """Raise `MalformedHistory` for a field that is not of its kind."""
    for name in ("process", "invoked_order", "ended_order", "session"):
        value = fields.get(name, 0)
        if not _is_whole(value) and not (name == "session" and value is None):
            raise MalformedHistory(number, f"{name} must be a whole number of less than 2**53, got {value!r}")
    for name in ("kind", "site"):
        if not isinstance(fields.get(name, ""), str):
            raise MalformedHistory(number, f"{name} must be a text, got {fields[name]!r}")
    begin, end = fields["invoked_at"], fields["ended_at"]
    if not _is_time(begin):
        raise MalformedHistory(number, f"invoked_at must be a finite number, got {begin!r}")
    if ending is not Ending.UNKNOWN and not (_is_time(end) and end >= begin):
        raise MalformedHistory(number, f"ended_at must be a finite number >= invoked_at, got {end!r}")
    is_pair = isinstance(fields["value"], list) and len(fields["value"]) == 2
    if fields["kind"] == "compare-and-set" and not is_pair:
        raise MalformedHistory(
            number, f"value of a compare-and-set must be [expected, new], got {fields['value']!r}"
        )
    if fields["kind"] == "add" and not (_is_whole(fields["value"]) or _is_time(fields["value"])):
        raise MalformedHistory(number, f"value of an add must be a number, got {fields['value']!r}")
    if fields["kind"] == "transaction":
        _require_parts(number, fields["value"])
        if ending is Ending.OK:
            _require_parts(number, fields["result"])


def _require_parts(number: int, parts: Any) -> None:
    is_list = isinstance(parts, list) and all(isinstance(part, list) and len(part) == 3 for part in parts)
    if not is_list:
        raise MalformedHistory(number, f"a transaction must be a list of [kind, key, value], got {parts!r}")


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and abs(value) < 2**53


def _is_time(value: Any) -> bool:
    return (isinstance(value, float) and isfinite(value)) or _is_whole(value)
