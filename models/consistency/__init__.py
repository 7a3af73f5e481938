"""Consistency, observed: what clients were told, and what that proves about the store.

operation            Operation, Ending: one operation of a history
recorder             HistoryRecorder: writes down what clients ask and are told
linearizability/     check_linearizability: verdict, and a small proof where it is "not"
session_guarantees   read your writes, monotonic reads, monotonic writes, writes follow reads
staleness            staleness_of_reads: in seconds and in versions
losses               acknowledged writes and appends that are gone, counters that do not add up
anomalies/           after Adya and Elle: G0, G1a, G1b, G1c, G-single, lost update
convergence          whether the nodes hold the same, and since when
formats/             read_history, history_text: JSON, Jepsen's EDN, porcupine's logs

versions             who wrote what a read tells, where every write writes another value
intervals            what a checker sees of a history
wording              operations in words
"""

from .anomalies import Anomaly, find_anomalies, lost_updates
from .convergence import convergence_time, divergence
from .formats import MalformedHistory, history_text, read_history
from .linearizability import Linearizability, SearchLimits, Verdict, Witness, check_linearizability
from .losses import counter_balances, lost_appends, lost_writes
from .operation import Ending, Operation
from .recorder import HistoryRecorder
from .session_guarantees import Breach, Guarantee, breaches_of_guarantees
from .staleness import ReadStaleness, staleness_of_reads
from .wording import operation_text

__all__ = [
    "Anomaly",
    "Breach",
    "Ending",
    "Guarantee",
    "HistoryRecorder",
    "Linearizability",
    "MalformedHistory",
    "Operation",
    "ReadStaleness",
    "SearchLimits",
    "Verdict",
    "Witness",
    "breaches_of_guarantees",
    "check_linearizability",
    "convergence_time",
    "counter_balances",
    "divergence",
    "find_anomalies",
    "history_text",
    "lost_appends",
    "lost_updates",
    "lost_writes",
    "operation_text",
    "read_history",
    "staleness_of_reads",
]
