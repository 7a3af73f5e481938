"""Availability and durability: random failures and repairs against their theory, on hosts that really crash.

catalogue          all of them, in order
redundancy         k of n hosts, with many repairers or few, or a limit on how many are down
zones              hosts that share the fate of their zone
data_loss          replicas: the mean time until all are down at once
detection          how soon probes find out that a host has crashed
ejection           how long outlier detection leaves a target in, and out
false_marks        how often probes find a target ill that fails one now and then
false_ejections    how many outliers there are among targets that are all alike
replication_lag    acknowledged writes that a crash takes, since no replica had them yet
watching           shares of time by how many hosts are up, from the log of a run
"""

from .catalogue import CHECKS
from .data_loss import data_loss, time_to_data_loss_mean
from .detection import detection, detection_time_mean
from .ejection import calls_per_ejection, ejection, share_ejected
from .false_ejections import false_ejections, outliers_among_equals
from .false_marks import false_marks, probes_per_mark, share_marked
from .redundancy import down_probabilities, redundancy
from .replication_lag import replication_lag, writes_lost
from .zones import zones, zones_availability

__all__ = [
    "CHECKS",
    "calls_per_ejection",
    "data_loss",
    "detection",
    "detection_time_mean",
    "down_probabilities",
    "ejection",
    "false_ejections",
    "false_marks",
    "outliers_among_equals",
    "probes_per_mark",
    "redundancy",
    "replication_lag",
    "share_ejected",
    "share_marked",
    "time_to_data_loss_mean",
    "writes_lost",
    "zones",
    "zones_availability",
]
