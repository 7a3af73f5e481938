"""Histories as texts: read, and written so that the field's other checkers can read them.

by_content    read_history, history_text: any format
jepsen        Jepsen's EDN, and porcupine's key-value histories, which are EDN
porcupine     porcupine's etcd logs, and writing key-value histories
json_lines    our own, which loses nothing
events        invocations and ends, from and to operations
edn           the notation
malformed     MalformedHistory: a text is no history, and which line says so
"""

from .by_content import Format, history_text, read_history
from .malformed import MalformedHistory

__all__ = ["Format", "MalformedHistory", "history_text", "read_history"]
