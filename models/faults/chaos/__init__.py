"""Random chaos: subjects that fail and are repaired by chance, and what Netflix and Google are known to do.

chaos            Chaos: each subject on its own; working hours, repairers, most down at once
working_hours    WorkingHours: when failures may happen
chaos_monkey     ChaosMonkey: one of a group on some days, as Netflix does
presets          chaos_gorilla, latency_monkey, dirt
"""

from .chaos import Chaos, ChaosStatistics, SubjectStatistics
from .chaos_monkey import ChaosMonkey, ChaosMonkeyStatistics, GroupStatistics
from .presets import chaos_gorilla, dirt, latency_monkey
from .working_hours import WorkingHours

__all__ = [
    "Chaos",
    "ChaosMonkey",
    "ChaosMonkeyStatistics",
    "ChaosStatistics",
    "GroupStatistics",
    "SubjectStatistics",
    "WorkingHours",
    "chaos_gorilla",
    "dirt",
    "latency_monkey",
]
