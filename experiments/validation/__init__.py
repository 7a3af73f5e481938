"""Validation: simulations of what theory, or a published simulation, already knows.

experiment      Claim, TheoryCheck: numbers that theory gives, and a simulation that yields them
verdict         what replications say about a claim
campaign        run_checks: all replications of many checks, on all cores
closed_forms/   the formulas, and small chains that are solved
queueing/       queues, their networks, balancers that compare queues
balancing/      keys on nodes, localities, more choices, old reports
resilience/     tails, retries, backoff, collapse, breakers
availability/   failures and repairs, zones, loss of data
scaling/        autoscalers' rules
replication/    quorums, failovers, elections
transactions/   dual writes, locks, doubt, dirty reads
catalogue       all_checks, which `gameday validate` runs; they are imported when asked for
"""

from .campaign import CheckResult, run_checks
from .catalogue import all_checks
from .experiment import Claim, TheoryCheck
from .verdict import VERDICTS, Judged, judge

__all__ = ["VERDICTS", "CheckResult", "Claim", "Judged", "TheoryCheck", "all_checks", "judge", "run_checks"]
