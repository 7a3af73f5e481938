"""The storefront: a whole system to break, in one region and three zones.

    storefront          Storefront: hosts, services, connections, breakers; who calls whom
    settings            StorefrontSettings: load, capacities, protection of the payment dependency
    dependency_fault    DependencyFault: payment is slow, silent or erring for a while
    recorded_calls      observers: what became of the calls to payment
    breaker_stays       the states of its breakers over time, from the event log

Browsing needs the catalogue only, buying needs payment too, and both share the web tier's threads: that is
how a failing payment reaches those who never wanted to pay.
"""

from .breaker_stays import BreakerStay, breaker_names, breaker_stays
from .dependency_fault import DependencyFault, FaultMode, FaultSwitch
from .recorded_calls import RecordedCalls, recorded
from .settings import BROWSE, BUY, StorefrontSettings
from .storefront import Storefront

__all__ = [
    "BROWSE",
    "BUY",
    "BreakerStay",
    "DependencyFault",
    "FaultMode",
    "FaultSwitch",
    "RecordedCalls",
    "Storefront",
    "StorefrontSettings",
    "breaker_names",
    "breaker_stays",
    "recorded",
]
