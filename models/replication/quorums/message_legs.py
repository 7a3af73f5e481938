"""Latencies of the four legs of an operation: what a message takes on top of what the network takes.

    write_request W       coordinator to replica
    acknowledgement A     and back
    read_request R        coordinator to replica
    response S            and back

Each message draws its own, independently; over a network without latency, and with clients as coordinators,
this is the WARS model: a write is acknowledged at the W-th smallest W_i + A_i, and a read that asks all takes
the first R answers. The messages go through the network all the same, and are lost, cut and delayed there; a
leg's delay passes at the receiver's end, where a host that is down receives nothing.

Source: Bailis et al., "Probabilistically Bounded Staleness for Practical Partial Quorums" (VLDB 2012).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import repeat

from simulator import Environment
from simulator.randomness import Constant, Distribution

from ...validation import require_kind


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageLegs:
    """The distribution of each leg's latency in seconds (>= 0)."""

    write_request: Distribution
    acknowledgement: Distribution
    read_request: Distribution
    response: Distribution

    def __post_init__(self) -> None:
        """Check that none is negative."""
        for name in self.__slots__:
            leg = getattr(self, name)
            require_kind(name, leg, Distribution)
            if not leg.support[0] >= 0.0:
                raise ValueError(f"{name} must be >= 0 s, got {leg!r}")


class LegSamplers:
    """Draws for each leg, or `None` where the network alone says how long a message takes."""

    __slots__ = ("acknowledgement", "read_request", "response", "write_request")

    def __init__(self, env: Environment, legs: MessageLegs | None, name: str) -> None:
        def draws(leg: str) -> Callable[[], float] | None:
            if legs is None:
                return None
            distribution: Distribution = getattr(legs, leg)
            if isinstance(distribution, Constant):  # which needs no stream
                return repeat(distribution.value).__next__
            return env.sampler(f"quorums/{name}/{leg}", distribution)

        self.write_request = draws("write_request")
        self.acknowledgement = draws("acknowledgement")
        self.read_request = draws("read_request")
        self.response = draws("response")
