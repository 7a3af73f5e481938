r"""Porcupine's test data: logs of Jepsen's etcd tests, and key-value histories.

The log has a line for each event of one register, whose values are whole numbers:

    INFO  jepsen.util - 0\t:invoke\t:cas\t[3 0]

Here a `:cas` that ends in `:fail` has found another value, and its answer is False; `:info` is unknown. A
read that ends in `:fail :timed-out` has told nothing. Lines of other programs (`INFO  jepsen.core - ...`) are
passed over, as porcupine does, but a client's event that is cut short is refused. The longer logs of
`test_data/etcd` end each line in a `:hint` at an order, which is not looked at: an order is looked for.

A key-value history is EDN, with texts as keys and values; reading it is `jepsen.read_jepsen`. In it nothing
fails, and an operation of unknown ending just never ends.

Source: `porcupine_test.go` and `test_data` (jepsen, etcd, kv) of porcupine (anishathalye/porcupine).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..operation import Ending, Operation
from .edn import edn_text
from .events import Event, in_order, operations_of
from .malformed import MalformedHistory, shortened

_LINE = re.compile(r"INFO\s+jepsen\.util\s+-\s+(\S+)\s+:(\w+)\s+:(\S+)\s*(.*?)(?:\s+:hint\s+[0-9]+)?")
_OTHER = re.compile(r"[A-Z]+\s+[\w.]+\s+-\s")
_OF_A_CLIENT = re.compile(r"INFO\s+jepsen\.util\s+-\s+-?[0-9]")
_NUMBER = re.compile(r"-?[0-9]{1,4000}")
_PAIR = re.compile(r"\[(-?[0-9]{1,4000})\s+(-?[0-9]{1,4000})\]")
_ENDINGS = {"invoke": None, "ok": Ending.OK, "fail": Ending.FAILED, "info": Ending.UNKNOWN}
_KINDS = {"read": "read", "write": "write", "cas": "compare-and-set"}
_NAMES = {kind: name for name, kind in _KINDS.items()}
_TEXT_NAMES = {"read": "get", "write": "put", "append": "append"}


def read_etcd_log(text: str) -> tuple[Operation, ...]:
    """Return the operations of a log. Raises `MalformedHistory`."""
    events = []
    for number, line in enumerate(text.split("\n"), 1):
        match = _LINE.fullmatch(line.strip())
        if match is not None:
            process, ending, kind, value = match.groups()
            if process.startswith(":"):
                continue  # the nemesis
            events.append(_event(number, process, ending, kind, value.strip()))
        elif line.strip() and (_OF_A_CLIENT.match(line) or not _OTHER.match(line)):
            raise MalformedHistory(number, f"a line must be of a log of Jepsen, got {shortened(line)}")
    return operations_of(events)


def etcd_log_text(history: Sequence[Operation]) -> str:
    """Return a history of one register as a log. Raises `ValueError` for one that cannot be so written."""
    if len({repr(each.key) for each in history}) > 1:
        raise ValueError("an etcd log must be of one key, got several")
    lines = []
    for operation, is_end, _ in in_order(history):
        if is_end and operation.ending is Ending.UNKNOWN and operation.kind == "read":
            continue  # nobody has heard of it again
        parts = (str(operation.process), *_words(operation, is_end))
        lines.append("INFO  jepsen.util - " + "\t".join(parts) + "\n")
    return "".join(lines)


def key_value_text(history: Sequence[Operation]) -> str:
    """Return a history of texts by key. Raises `ValueError` for one that cannot be so written."""
    lines = []
    for operation, is_end, _ in in_order(history):
        if operation.ending is Ending.FAILED or (is_end and operation.ending is Ending.UNKNOWN):
            continue
        name = _TEXT_NAMES.get(operation.kind)
        if name is None:
            raise ValueError(f"operations must be one of {', '.join(_TEXT_NAMES)}, got {operation.kind!r}")
        value = operation.value
        if operation.kind == "read":
            value = (operation.result or "") if is_end else None
        if not isinstance(operation.key, str) or not isinstance(value, str | None):
            raise ValueError(f"keys and values must be texts, got {operation.key!r} and {value!r}")
        lines.append(
            f"{{:process {operation.process}, :type :{'ok' if is_end else 'invoke'}, :f :{name}, "
            f":key {edn_text(operation.key)}, :value {edn_text(value)}}}\n"
        )
    return "".join(lines)


def _event(line: int, process: str, ending: str, kind: str, value: str) -> Event:
    if not _NUMBER.fullmatch(process) or ending not in _ENDINGS or kind not in _KINDS:
        raise MalformedHistory(
            line,
            "an event must be a process, one of :invoke, :ok, :fail, :info, and one of :read, :write, :cas, "
            f"got {process} :{ending} :{kind}",
        )
    event = Event(line=line, process=int(process), kind=_KINDS[kind], key=None, value=None, ending=None)
    event.ending = _ENDINGS[ending]
    if kind == "cas" and ending == "fail" and _PAIR.fullmatch(value):
        event.ending = Ending.OK
        event.value = False
    elif kind == "cas" and ending == "ok":
        event.value = True
    elif ending == "invoke" or (ending == "ok" and kind == "read"):
        event.value = _number_or_pair(line, kind, value)
    return event


def _number_or_pair(line: int, kind: str, value: str) -> int | tuple[int, int] | None:
    pair = _PAIR.fullmatch(value)
    if kind == "cas" and pair is not None:
        return int(pair[1]), int(pair[2])
    if kind == "read" and value == "nil":
        return None
    if kind != "cas" and _NUMBER.fullmatch(value):
        return int(value)
    form = {"cas": "[number number]", "read": "a number or nil", "write": "a number"}[kind]
    raise MalformedHistory(line, f"the value of a :{kind} must be {form}, got {shortened(value)}")


def _words(operation: Operation, is_end: bool) -> tuple[str, str, str]:
    name = _NAMES.get(operation.kind)
    if name is None:
        raise ValueError(f"operations must be one of {', '.join(_NAMES)}, got {operation.kind!r}")
    told = operation.result if operation.kind == "read" and is_end else operation.value
    values = told if operation.kind == "compare-and-set" else (told,)
    may_be = int | None if operation.kind == "read" else int
    if any(isinstance(each, bool) or not isinstance(each, may_be) for each in values):
        raise ValueError(f"values must be whole numbers in an etcd log, got {told!r}")
    ending = operation.ending
    if not is_end:
        return ":invoke", f":{name}", edn_text(told)
    if ending is Ending.OK and operation.kind == "compare-and-set" and not operation.result:
        return ":fail", f":{name}", edn_text(told)
    if ending is Ending.OK:
        return ":ok", f":{name}", edn_text(told)
    return f":{ending.value}", f":{name}", ":timed-out"
