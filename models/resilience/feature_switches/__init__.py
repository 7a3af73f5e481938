"""Feature switches: turn a feature off by hand, and say so, instead of letting it drag the rest down.

    feature_switch      FeatureSwitch: on or off, with the reason in the event log
    switched            Switched: the endpoint that asks nobody while its feature is off

Nothing here turns itself off: what watches a dependency and does that is a circuit breaker
(`models.resilience.CircuitBreaker`).
"""

from .feature_switch import FeatureSwitch, FeatureSwitchStatistics
from .switched import Switched, SwitchedStatistics

__all__ = ["FeatureSwitch", "FeatureSwitchStatistics", "Switched", "SwitchedStatistics"]
