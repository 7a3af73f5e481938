"""Balancing: which of several targets gets a request.

balancer                Balancer: an endpoint in front of several
target                  Target, Targets: what it knows of them, and which may be chosen
discovery               follow: have the instances of a service as targets, also those that come and go
policy                  Policy: the contract of what follows
policy_around           a policy around another one, and the targets that it shows to that
round_robin             RoundRobin: in turn
random_choice           Random: any
weighted                Weighted: in turn, in proportion to weights, smoothly
least_outstanding       LeastOutstanding: who has the fewest calls under way
power_of_two_choices    PowerOfTwoChoices: the better of two, or d, that are drawn
weighted_least_request  WeightedLeastRequest: that, or turns by weight and calls under way
slow_start              SlowStart: less than their weight for targets that are new
consistent_hash         ConsistentHash: by the key, on a ring, with a bound on the load if one likes
jump_hash               JumpHash: by the key, for targets that are numbered
maglev                  Maglev: by the key, through a table
hashed                  what these three share: keys, names of targets, requests without a key
reported_load           ReportedLoad: a policy that goes by what targets say of themselves
load_reports            LoadReports: what they say, over the network, every so often
earliest_deadline       turns in proportion to weights that change

health_checks/          probes, and what they make of a target
outlier_ejection/       how calls end, and what that makes of one
localities/             the zone first: zone-aware, weighted, in order of priority
"""

from .balancer import Balancer, BalancerStatistics, Observer, TargetStatistics
from .consistent_hash import ConsistentHash
from .discovery import Connect, follow
from .jump_hash import JumpHash
from .least_outstanding import LeastOutstanding
from .load_reports import LoadReports
from .maglev import Maglev
from .policy import Choose, Policy
from .power_of_two_choices import PowerOfTwoChoices
from .random_choice import Random
from .reported_load import ReportedLoad
from .round_robin import RoundRobin
from .slow_start import SlowStart
from .target import Target, Targets
from .weighted import Weighted
from .weighted_least_request import WeightedLeastRequest

__all__ = [
    "Balancer",
    "BalancerStatistics",
    "Choose",
    "Connect",
    "ConsistentHash",
    "JumpHash",
    "LeastOutstanding",
    "LoadReports",
    "Maglev",
    "Observer",
    "Policy",
    "PowerOfTwoChoices",
    "Random",
    "ReportedLoad",
    "RoundRobin",
    "SlowStart",
    "Target",
    "TargetStatistics",
    "Targets",
    "Weighted",
    "WeightedLeastRequest",
    "follow",
]
