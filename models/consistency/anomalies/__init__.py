"""Anomalies of transactions, after Adya and Elle: each with the transactions that prove it.

check          find_anomalies: all of a history; lost_updates: these alone
anomaly        Anomaly: name, transactions, proof
transaction    Transaction: an operation as parts
direct         G1a, G1b, internal, lost update and others that need no cycle
dependencies   who depends on whom: ww, wr, rw
cycles         G0, G1c, G-single, G2-item
"""

from .anomaly import Anomaly
from .check import find_anomalies, lost_updates
from .transaction import Part, Transaction, transactions_of

__all__ = ["Anomaly", "Part", "Transaction", "find_anomalies", "lost_updates", "transactions_of"]
