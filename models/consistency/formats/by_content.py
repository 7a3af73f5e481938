"""Reading whatever a text is, and writing by the name of a format."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal, get_args

from ..operation import Operation
from .jepsen import jepsen_text, read_jepsen
from .json_lines import json_lines_text, read_json_lines
from .malformed import MalformedHistory
from .porcupine import etcd_log_text, key_value_text, read_etcd_log

Format = Literal["json", "edn", "etcd", "kv"]
"""Our JSON lines, Jepsen's EDN, and porcupine's etcd log and key-value history."""

_WRITERS: dict[str, Callable[[Sequence[Operation]], str]] = {
    "json": json_lines_text,
    "edn": jepsen_text,
    "etcd": etcd_log_text,
    "kv": key_value_text,
}


def read_history(text: str) -> tuple[Operation, ...]:
    """Return the operations of a text in any of the formats, told apart by how it begins.

    Raises `MalformedHistory`, which names the line, for a text that is in none of them, or holds nothing.
    """
    text = text.removeprefix("\ufeff")  # the mark that some editors begin a file with
    history = _reader(text.lstrip())(text)
    if not history:
        raise MalformedHistory(1, "a history must hold an operation, got none")
    return history


def _reader(begin: str) -> Callable[[str], tuple[Operation, ...]]:
    opened, _, rest = begin.partition("{")
    if opened == "" and rest.lstrip()[:1] in ('"', "}"):
        return read_json_lines
    return read_jepsen if begin[:1] in ("{", "[", ";", "#", "(") else read_etcd_log


def history_text(history: Sequence[Operation], to: Format) -> str:
    """Return a history in the format `to`. Raises `ValueError` where the format cannot hold it."""
    if to not in _WRITERS:
        raise ValueError(f"format must be one of {', '.join(get_args(Format))}, got {to!r}")
    return _WRITERS[to](history)
