"""The storefront: a whole system to break, in one region and three zones.

    storefront    Storefront: hosts, services, connections, breakers; who calls whom
    settings      StorefrontSettings: load, capacities, protection of the payment dependency

Browsing needs the catalogue only, buying needs payment too, and both share the web tier's threads: that is
how a failing payment reaches those who never wanted to pay. What makes it fail is one of `models.faults`.
"""

from .settings import BROWSE, BUY, StorefrontSettings
from .storefront import Storefront

__all__ = [
    "BROWSE",
    "BUY",
    "Storefront",
    "StorefrontSettings",
]
