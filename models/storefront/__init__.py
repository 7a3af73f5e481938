"""The storefront: a whole system to break, in one region and three zones.

    storefront          Storefront: hosts, services, connections, breakers; who calls whom
    settings            StorefrontSettings: load, capacities, protection of the payment dependency
    dependency_fault    DependencyFault: payment is slow, silent or erring for a while

Browsing needs the catalogue only, buying needs payment too, and both share the web tier's threads: that is
how a failing payment reaches those who never wanted to pay.
"""

from .dependency_fault import DependencyFault, FaultMode, FaultSwitch
from .settings import BROWSE, BUY, StorefrontSettings
from .storefront import Storefront

__all__ = [
    "BROWSE",
    "BUY",
    "DependencyFault",
    "FaultMode",
    "FaultSwitch",
    "Storefront",
    "StorefrontSettings",
]
