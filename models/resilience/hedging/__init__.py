"""Hedging: a second copy of a request that is slow, and the first answer counts.

    hedge               Hedge: the endpoint, and what it does about failures
    race                the attempts of one call
    delay               AfterPercentile: hedge after a percentile of the hedge's own calls

What a hedge may cost is limited by a budget, one of those for retries (`models.resilience`): a copy is to it
what a retry is. `SreRetryRatio(env, ratio=0.05)` holds copies to 5 % of the calls.
"""

from .delay import AfterPercentile
from .hedge import Hedge, HedgeStatistics

__all__ = ["AfterPercentile", "Hedge", "HedgeStatistics"]
