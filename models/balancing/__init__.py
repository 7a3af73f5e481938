"""Balancing: which of several targets gets a request.

balancer                Balancer: an endpoint in front of several
target                  Target, Targets: what it knows of them, and which may be chosen
discovery               follow: have the instances of a service as targets, also those that come and go
policy                  Policy: the contract of what follows
round_robin             RoundRobin: in turn
random_choice           Random: any
weighted                Weighted: in turn, in proportion to weights, smoothly
least_outstanding       LeastOutstanding: who has the fewest calls under way
power_of_two_choices    PowerOfTwoChoices: the better of two, or d, that are drawn
"""

from .balancer import Balancer, BalancerStatistics, Observer, TargetStatistics
from .discovery import follow
from .least_outstanding import LeastOutstanding
from .policy import Choose, Policy
from .power_of_two_choices import PowerOfTwoChoices
from .random_choice import Random
from .round_robin import RoundRobin
from .target import Target, Targets
from .weighted import Weighted

__all__ = [
    "Balancer",
    "BalancerStatistics",
    "Choose",
    "LeastOutstanding",
    "Observer",
    "Policy",
    "PowerOfTwoChoices",
    "Random",
    "RoundRobin",
    "Target",
    "TargetStatistics",
    "Targets",
    "Weighted",
    "follow",
]
