"""Scans: many keys read at once, as one read, and what has changed since.

key_sets   KeySet, of which keys: AllKeys, GivenKeys, KeyRange, or one of your own
scanned    Scanned: what a scan is told, items and a mark; items_of: out of a table with its log
"""

from .key_sets import AllKeys, GivenKeys, KeyRange, KeySet
from .scanned import Scanned, items_of

__all__ = [
    "AllKeys",
    "GivenKeys",
    "KeyRange",
    "KeySet",
    "Scanned",
    "items_of",
]
