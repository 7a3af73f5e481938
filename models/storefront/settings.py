"""The numbers of the storefront, checked when they are made.

The defaults are a small shop: 90 requests/s, of which a fifth buy, on three web hosts of 16 threads. They are
chosen so that Little's law has something to say: 18 payments/s that each hold a web thread for 2.5 s hold all
of the 48 threads.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from simulator.randomness import Distribution, Exponential, LogNormal

from ..resilience import CircuitBreakerSettings
from ..workload import Operation, OperationMix

BROWSE = "browse"
"""The operation that needs the catalogue only."""

BUY = "buy"
"""The operation that needs the catalogue and payment."""

_PAYMENT_TIME = LogNormal.from_percentiles(p50=0.08, p99=0.6)


@dataclass(frozen=True, slots=True, kw_only=True)
class StorefrontSettings:
    """How large the storefront is, what its users do, and how the web tier calls payment.

    - `rate` (> 0 per second) of requests, a share `buy_share` in [0, 1) of which buy; `patience` (> 0 s):
      then a user gives up.
    - `zones`: their names, at least one; each has a web, a catalogue and a payment host.
    - `web_cores`, `web_threads` (>= 1) and `web_queue_size` (>= 0) of each web instance; a request costs it
      `web_work` seconds of a core, and the catalogue `catalogue_work`.
    - `payment_time`: how long a healthy payment takes, in seconds. It waits for a bank, which costs no core.
    - `payment_timeout` (> 0 s, or None for none), `payment_attempts` (>= 1; 1 is no retry), `payment_breaker`
      (settings, or None for none): each web host has its own.

    Example: `StorefrontSettings(payment_timeout=0.5, payment_breaker=hystrix())`.
    """

    rate: float = 90.0
    buy_share: float = 0.2
    patience: float = 10.0
    zones: tuple[str, ...] = ("zone-a", "zone-b", "zone-c")
    web_cores: int = 4
    web_threads: int = 16
    web_queue_size: int = 32
    web_work: Distribution = Exponential(0.005)
    catalogue_work: Distribution = Exponential(0.01)
    payment_time: Distribution = _PAYMENT_TIME
    payment_timeout: float | None = 1.0
    payment_attempts: int = 1
    payment_breaker: CircuitBreakerSettings | None = None

    def __post_init__(self) -> None:
        """Check what no part of the system checks for itself."""
        if not 0.0 < self.rate < inf:
            raise ValueError(f"rate must be finite and > 0 per s, got {self.rate!r}")
        if not 0.0 <= self.buy_share < 1.0:
            raise ValueError(f"buy_share must be >= 0 and < 1, got {self.buy_share!r}")
        if not 0.0 < self.patience < inf:
            raise ValueError(f"patience must be finite and > 0 s, got {self.patience!r}")
        if not self.zones or len(set(self.zones)) != len(self.zones):
            raise ValueError(f"zones must be distinct names, at least one, got {self.zones!r}")
        if self.payment_timeout is not None and not self.payment_timeout > 0.0:
            raise ValueError(f"payment_timeout must be > 0 s or None, got {self.payment_timeout!r}")

    @property
    def thread_count(self) -> int:
        """The threads of the whole web tier."""
        return self.web_threads * len(self.zones)

    @property
    def mix(self) -> OperationMix:
        """What users ask for."""
        browse = Operation(name=BROWSE, weight=1.0 - self.buy_share)
        return OperationMix(browse, *([Operation(name=BUY, weight=self.buy_share)] if self.buy_share else []))
