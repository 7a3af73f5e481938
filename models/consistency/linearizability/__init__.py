"""Linearizability: whether some order of all operations explains what every client was told.

check            check_linearizability: a whole history, each key by itself
verdict          Verdict, Linearizability, Witness: what it finds
unique_writes    the exact fast check of registers whose writes all write another value
equal_writes     EqualWrites: how little a check proves where writes write the same
search           SearchLimits, search: the general check, bounded
reduction        the small proof
specifications/  the sequential objects: register, cas-register, kv, list-append, counter
"""

from .check import check_linearizability
from .equal_writes import EqualWrites
from .search import SearchLimits, SearchOutcome, search
from .specifications import (
    SPECIFICATIONS,
    AppendList,
    CasRegister,
    Counter,
    Register,
    Specification,
    Text,
    specification_for,
    specification_named,
)
from .verdict import Linearizability, Verdict, Witness

__all__ = [
    "SPECIFICATIONS",
    "AppendList",
    "CasRegister",
    "Counter",
    "EqualWrites",
    "Linearizability",
    "Register",
    "SearchLimits",
    "SearchOutcome",
    "Specification",
    "Text",
    "Verdict",
    "Witness",
    "check_linearizability",
    "search",
    "specification_for",
    "specification_named",
]
