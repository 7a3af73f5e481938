"""Jepsen's histories in EDN: a map for each event, on lines of their own or in one vector.

    {:process 0, :type :invoke, :f :write, :value 3, :time 1200000000, :index 4}
    {:process 0, :type :ok, :f :write, :value 3, :time 1900000000, :index 5}

`:type` is :invoke, :ok, :fail (it did not happen) or :info (nobody knows). `:f` is :read (:r, :get), :write
(:w, :put), :cas, :append, :add or :txn, whose value is parts like [:r x nil], [:append x 1]. `:time` is in
nanoseconds. The key is `:key`, as in porcupine's key-value histories, which are EDN too; or each value is a
pair of key and value, as those of `jepsen.independent` are, which is taken to be so if every invocation of a
read has the value [key nil]; or there is none. Processes that are keywords (:nemesis) are left out, and the
older events without names, [0 :invoke :write 3], are read too.

A compare-and-set that found another value is a :fail in Jepsen, which tells nothing more. We write `:result
false` beside it, and read that as such an answer.

Source: Jepsen's and Knossos' documentation and histories; porcupine's `test_data/kv`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ..operation import Ending, Operation
from .edn import Keyword, edn_text, read_forms
from .events import Event, in_order, operations_of
from .malformed import MalformedHistory

KINDS = {
    "r": "read",
    "read": "read",
    "get": "read",
    "w": "write",
    "write": "write",
    "put": "write",
    "cas": "compare-and-set",
    "append": "append",
    "add": "add",
    "txn": "transaction",
}
"""Our kinds by the names that `:f` may have; we write the last one of each."""

_ENDINGS = {"invoke": None, "ok": Ending.OK, "fail": Ending.FAILED, "info": Ending.UNKNOWN}
_NAMES = {"read": "read", "write": "write", "compare-and-set": "cas", "append": "append", "add": "add"}
_PART_NAMES = {"read": "r", "write": "w", "append": "append"}


def read_jepsen(text: str) -> tuple[Operation, ...]:
    """Return the operations of a history in EDN. Raises `MalformedHistory`."""
    forms = [(line, _named(line, form)) for line, form in read_forms(text)]
    forms = [(line, form) for line, form in forms if _is_of_a_client(line, form)]
    is_paired = _is_paired([form for _, form in forms])
    return operations_of([_event(line, form, is_paired) for line, form in forms])


def jepsen_text(history: Sequence[Operation]) -> str:
    """Return a history in EDN, an event a line. Raises `ValueError` for values that have no such form."""
    lines = []
    for index, (operation, is_end, time) in enumerate(in_order(history)):
        parts = {
            "process": operation.process,
            "type": Keyword(_type(operation, is_end)),
            "f": Keyword("txn" if operation.kind == "transaction" else _name(operation)),
            **({} if operation.key is None else {"key": operation.key}),
            "value": _value(operation, is_end),
            **({"result": False} if is_end and _found_another(operation) else {}),
            "time": round(time * 1e9),
            "index": index,
        }
        lines.append("{" + ", ".join(f":{name} {edn_text(value)}" for name, value in parts.items()) + "}\n")
    return "".join(lines)


# -- reading


def _named(line: int, form: Any) -> Mapping[str, Any]:
    if isinstance(form, tuple) and len(form) >= 4:
        return dict(zip(("process", "type", "f", "value"), form, strict=False))
    if not isinstance(form, dict):
        raise MalformedHistory(line, f"an event must be a map, got {form!r}")
    return form


def _is_of_a_client(line: int, form: Mapping[str, Any]) -> bool:
    process = form.get("process", 0)
    if isinstance(process, bool) or not isinstance(process, int | Keyword):
        raise MalformedHistory(line, f":process must be a whole number or a keyword, got {process!r}")
    return isinstance(process, int)


def _is_paired(forms: Sequence[Mapping[str, Any]]) -> bool:
    asked = [
        form.get("value")
        for form in forms
        if form.get("type") == "invoke" and KINDS.get(str(form.get("f"))) == "read" and "key" not in form
    ]
    return bool(asked) and all(
        isinstance(value, tuple) and len(value) == 2 and value[1] is None for value in asked
    )


def _event(line: int, form: Mapping[str, Any], is_paired: bool) -> Event:
    ending = _ending(line, form)
    kind = _kind(line, form)
    key, value = form.get("key"), form.get("value")
    if is_paired and "key" not in form:
        if not isinstance(value, tuple) or len(value) != 2:
            raise MalformedHistory(line, f":value must be [key value] as those of the reads, got {value!r}")
        key, value = value
    if kind == "compare-and-set" and ending is Ending.FAILED and form.get("result") is False:
        ending = Ending.OK
    return Event(
        line=line,
        process=form.get("process", 0),
        kind=kind,
        key=key,
        value=_asked(line, kind, value) if ending is None else _told(line, kind, value, form),
        ending=ending,
        time=_time(line, form),
    )


def _ending(line: int, form: Mapping[str, Any]) -> Ending | None:
    kind = form.get("type")
    if not isinstance(kind, str) or kind not in _ENDINGS:
        raise MalformedHistory(line, f":type must be one of :invoke, :ok, :fail, :info, got {kind!r}")
    return _ENDINGS[kind]


def _kind(line: int, form: Mapping[str, Any]) -> str:
    name = form.get("f", "txn")
    if not isinstance(name, str) or name not in KINDS:
        raise MalformedHistory(
            line, f":f must be one of {', '.join(f':{each}' for each in KINDS)}, got {name!r}"
        )
    return KINDS[name]


def _time(line: int, form: Mapping[str, Any]) -> float | None:
    time = form.get("time")
    if time is None:
        return None
    if isinstance(time, bool) or not isinstance(time, int | float):
        raise MalformedHistory(line, f":time must be a number of nanoseconds, got {time!r}")
    try:
        return time / 1e9
    except OverflowError:
        raise MalformedHistory(line, ":time must be a number that a float holds, got a larger one") from None


def _asked(line: int, kind: str, value: Any) -> Any:
    if kind == "compare-and-set" and not (isinstance(value, tuple) and len(value) == 2):
        raise MalformedHistory(line, f":value of a :cas must be [expected new], got {value!r}")
    if kind == "add" and (isinstance(value, bool) or not isinstance(value, int | float)):
        raise MalformedHistory(line, f":value of an :add must be a number, got {value!r}")
    return _parts(line, value) if kind == "transaction" else value


def _told(line: int, kind: str, value: Any, form: Mapping[str, Any]) -> Any:
    if kind == "read":
        return value
    if kind == "compare-and-set":
        return form.get("result") is not False
    return _parts(line, value) if kind == "transaction" and form["type"] == "ok" else None


def _parts(line: int, value: Any) -> tuple[tuple[str, Any, Any], ...]:
    if not isinstance(value, tuple):
        raise MalformedHistory(line, f":value of a :txn must be a vector of parts, got {value!r}")
    for part in value:
        if not (isinstance(part, tuple) and len(part) == 3 and KINDS.get(str(part[0])) in _PART_NAMES):
            raise MalformedHistory(line, f"a part of a :txn must be like [:r key value], got {part!r}")
    return tuple((KINDS[str(name)], key, each) for name, key, each in value)


# -- writing


def _name(operation: Operation) -> str:
    if operation.kind not in _NAMES:
        raise ValueError(f"operations must be one of {', '.join(_NAMES)}, got {operation.kind!r}")
    return _NAMES[operation.kind]


def _found_another(operation: Operation) -> bool:
    is_answered = operation.ending is Ending.OK
    return operation.kind == "compare-and-set" and is_answered and not operation.result


def _type(operation: Operation, is_end: bool) -> str:
    if not is_end:
        return "invoke"
    return "fail" if _found_another(operation) else operation.ending.value


def _value(operation: Operation, is_end: bool) -> Any:
    is_answered = is_end and operation.ending is Ending.OK
    if operation.kind == "transaction":
        parts = operation.result if is_answered else operation.value
        return [[Keyword(_PART_NAMES[kind]), key, value] for kind, key, value in parts]
    if operation.kind == "read":
        return operation.result if is_answered else None
    return operation.value
