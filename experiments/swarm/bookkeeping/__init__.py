"""What the parts of each class say about themselves must add up: one table of rules, an entry for each class.

    books           Books, Rule: what an entry says; sums, at_most, none_left: the usual rules
    foundations     hosts, permits, tables, clients, connections, balancers, instances, faults
    fleets          backlogs and workers, groups and autoscalers, deployments, addresses and names
    resilience      timeouts, retries, breakers and other wrappers
    caches          caches and their stores
    table           BOOKS, by class, and how an entry is found

A new class is a new entry in one of the tables.
"""

from .books import Books, Rule, at_most, none_left, sums
from .table import BOOKS, books_of, negative_fields, statistics_of

__all__ = [
    "BOOKS",
    "Books",
    "Rule",
    "at_most",
    "books_of",
    "negative_fields",
    "none_left",
    "statistics_of",
    "sums",
]
