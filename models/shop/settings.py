"""The numbers of the shop, checked when they are made, and two sets of them: bare and careful.

The defaults are a small shop: 100 requests/s, of which 70 % look at pages, 20 % change their cart and 10 %
check out, in three zones whose hosts are mostly idle: what goes wrong goes wrong because of a fault, or
because of the load that one asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from math import inf
from types import MappingProxyType

from simulator import Environment
from simulator.randomness import Distribution, Exponential, LogNormal

from ..balancing import Policy, PowerOfTwoChoices
from ..balancing.health_checks import HealthCheckSettings
from ..balancing.outlier_ejection import OutlierSettings
from ..endpoint import Endpoint
from ..resilience import resilience4j
from ..workload import Operation, OperationMix
from .protection import Protection

PAGE, CART, CHECKOUT = "page", "cart", "checkout"
"""The operations: look at a page, change the cart, check out."""

OPERATIONS = (PAGE, CART, CHECKOUT)
FEATURES = ("catalogue", "cart", "recommendations", "checkout", "payment")
"""What a page or an order is made of; each is a service, has a switch, and is protected in its own way."""


Front = Callable[[Environment, Endpoint], Endpoint]
"""Makes what stands in front of an instance, in its process."""


class PayLater(StrEnum):
    """When an order is accepted before it is paid: never, if payment fails, or always."""

    NEVER = "never"
    ON_FAILURE = "on failure"
    ALWAYS = "always"


class Deadlines(StrEnum):
    """What becomes of a user's patience inside the shop.

    It is kept to oneself, travels with the request and is honoured by all who get it, or also cancels what is
    under way at once, by messages.
    """

    KEPT = "kept"
    HONOURED = "honoured"
    CANCELLING = "cancelling"


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceSize:
    """The hosts of a service, one in each zone: `cores` (>= 1), `threads` (>= 1), `queue_size_max` (>= 0).

    A request costs `work` seconds of a core.
    """

    cores: int = 2
    threads: int = 32
    queue_size_max: int = 64
    work: Distribution = Exponential(0.01)


_SIZES = {
    "web": ServiceSize(cores=4, work=Exponential(0.005)),
    "catalogue": ServiceSize(),
    "cart": ServiceSize(work=Exponential(0.004)),
    "recommendations": ServiceSize(work=Exponential(0.02)),
    "checkout": ServiceSize(work=Exponential(0.008)),
    # It has threads for all who wait for the bank, so that its silence is not mistaken for a full queue.
    "payment": ServiceSize(cores=1, threads=10_000, work=Exponential(0.002)),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ShopSettings:
    """How large the shop is, what its users do, and how its parts are protected from each other.

    - `rate` (> 0 per second) of requests, of which `cart_share` and `checkout_share` (each in [0, 1),
      together below 1) are no pages; `patience` (> 0 s): then a user gives up. `deadlines`: see `Deadlines`.
    - `zones`: their names, at least one, each with a host of every service. `sizes` by service, for those
      that differ from the defaults.
    - `bank_time`: how long the bank takes for a payment, in seconds; waiting for it costs no core.
    - `optional`: the features that a page can do without; the others fail it.
    - `protections` by feature: how it is called. `shared_pool` (>= 1, or None): one bulkhead on each web host
      for all features that have none of their own.
    - `pay_later`: see `PayLater`; such orders wait in a queue of their checkout host, which survives its
      crash if `orders_are_durable`.
    - `payments_are_idempotent`: each order carries a key, and payment charges a key once.
    - `fronts` by service: `front(env, instance)` makes what stands in front of each of its instances, such as
      a load shedder.
    - `policy` of all balancers; `health_checks` and `outlier_ejection` (None: none) of all of them, too. A
      probe is a small piece of work, and takes a thread.
    - `has_second_edge`: a pair of edges with a virtual address, the second in the second zone.

    Example: `replace(careful_shop(), rate=300.0)`.
    """

    rate: float = 100.0
    cart_share: float = 0.2
    checkout_share: float = 0.1
    patience: float = 10.0
    deadlines: Deadlines = Deadlines.KEPT
    zones: tuple[str, ...] = ("zone-a", "zone-b", "zone-c")
    sizes: Mapping[str, ServiceSize] = field(default_factory=dict)
    bank_time: Distribution = LogNormal.from_percentiles(p50=0.08, p99=0.6)
    optional: tuple[str, ...] = ()
    protections: Mapping[str, Protection] = field(default_factory=dict)
    shared_pool: int | None = None
    pay_later: PayLater = PayLater.NEVER
    orders_are_durable: bool = True
    payments_are_idempotent: bool = False
    fronts: Mapping[str, Front] = field(default_factory=dict)
    policy: Policy = PowerOfTwoChoices()
    health_checks: HealthCheckSettings | None = None
    outlier_ejection: OutlierSettings | None = None
    has_second_edge: bool = False

    def __post_init__(self) -> None:
        """Check what no part of the shop checks for itself."""
        if not 0.0 < self.rate < inf:
            raise ValueError(f"rate must be finite and > 0 per s, got {self.rate!r}")
        if not 0.0 < self.patience < inf:
            raise ValueError(f"patience must be finite and > 0 s, got {self.patience!r}")
        shares = (self.cart_share, self.checkout_share)
        if min(shares) < 0.0 or not sum(shares) < 1.0:
            raise ValueError(f"cart_share and checkout_share must be >= 0 and together < 1, got {shares}")
        if not self.zones or len(set(self.zones)) != len(self.zones):
            raise ValueError(f"zones must be distinct names, at least one, got {self.zones!r}")
        _require_names("sizes", self.sizes, tuple(_SIZES))
        _require_names("fronts", self.fronts, tuple(_SIZES))
        _require_names("protections", self.protections, FEATURES)
        _require_names("optional", self.optional, ("catalogue", "cart", "recommendations"))
        if self.pay_later is PayLater.NEVER and not self.orders_are_durable:
            raise ValueError("orders_are_durable must be True where no order waits (pay_later), got False")
        if self.has_second_edge and len(self.zones) < 2:
            raise ValueError(f"zones must be at least two for a second edge, got {self.zones!r}")
        if self.shared_pool is not None and self.shared_pool < 1:
            raise ValueError(f"shared_pool must be >= 1 or None, got {self.shared_pool!r}")
        for name in ("sizes", "protections", "fronts"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    def size_of(self, service: str) -> ServiceSize:
        """Return the size of a service."""
        return self.sizes.get(service, _SIZES[service])

    def protection_of(self, feature: str) -> Protection:
        """Return how a feature is called."""
        return self.protections.get(feature, _UNPROTECTED)

    @property
    def mix(self) -> OperationMix:
        """What users ask for."""
        shares = {
            PAGE: 1.0 - self.cart_share - self.checkout_share,
            CART: self.cart_share,
            CHECKOUT: self.checkout_share,
        }
        # What is bought matters more than what is looked at; load shedding by priority sees it.
        priority = {PAGE: 0, CART: 1, CHECKOUT: 2}
        return OperationMix(
            *(
                Operation(name=name, weight=share, priority=priority[name])
                for name, share in shares.items()
                if share
            )
        )


_UNPROTECTED = Protection()


def bare_shop() -> ShopSettings:
    """Return a shop without any protection: nothing is optional, nobody stops waiting, except the users."""
    return ShopSettings()


def careful_shop() -> ShopSettings:
    """Return a shop as the book would have it.

    Timeouts, bulkheads and breakers around every feature, pages that do without recommendations and cart, and
    orders that are accepted when payment fails, and are charged once.
    """
    breaker = resilience4j(minimum_calls=20, open_duration=5.0, trial_count=5)
    quick = Protection(timeout=0.5, attempts=2, bulkhead=16, breaker=breaker)
    return ShopSettings(
        optional=("cart", "recommendations"),
        protections={
            "catalogue": quick,
            "cart": quick,
            # Nobody waits long for what a page can do without.
            "recommendations": replace(quick, timeout=0.2, attempts=1, bulkhead=8),
            "checkout": Protection(timeout=3.0, attempts=2, bulkhead=16, breaker=breaker),
            "payment": Protection(timeout=2.0, bulkhead=16, breaker=breaker),
        },
        pay_later=PayLater.ON_FAILURE,
        # An order that timed out may have been paid, and is tried again: by the web host, and from the queue.
        payments_are_idempotent=True,
    )


def _require_names(name: str, given: Mapping[str, object] | tuple[str, ...], known: tuple[str, ...]) -> None:
    for each in given:
        if each not in known:
            raise ValueError(f"{name} must be of {', '.join(known)}, got {each!r}")
