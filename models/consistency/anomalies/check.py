"""All anomalies of a history of transactions on lists or on registers."""

from __future__ import annotations

from collections.abc import Sequence

from ..operation import Operation
from .anomaly import Anomaly
from .cycles import cycle_anomalies
from .dependencies import list_dependencies, register_dependencies
from .direct import direct_anomalies, is_list
from .transaction import transactions_of


def find_anomalies(history: Sequence[Operation]) -> tuple[Anomaly, ...]:
    """Return the anomalies of a history: those that one read shows first, then cycles.

    An empty answer is no proof that the transactions are serializable, though for lists it is close to one.
    Raises `ValueError` where a value was written twice to a key, or where lists and registers are mixed.
    """
    transactions = transactions_of(history)
    of_kind = list_dependencies if is_list(transactions) else register_dependencies
    dependencies = of_kind(transactions)
    return (*direct_anomalies(transactions), *cycle_anomalies(transactions, dependencies))


def lost_updates(history: Sequence[Operation]) -> tuple[Anomaly, ...]:
    """Return the lost updates alone: several read the same version of a key, and each wrote upon it."""
    return tuple(each for each in direct_anomalies(transactions_of(history)) if each.name == "lost-update")
