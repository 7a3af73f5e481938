"""Switched: an endpoint with a switch. Off, it answers something else at once ("Be Back Soon").

While the feature is off the target is not touched: it gets no load, and nobody waits for it. A call that was
under way when the feature was turned off goes on to its end.

The stand-in is that of `Fallback`, without a failure. The usual order is
`Fallback(Switched(CircuitBreaker(...)))`: the switch outside the breaker, which so hears nothing of calls
that are not made, and the fallback outside both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request
from ..stand_in import StandIn
from .feature_switch import FeatureSwitch


@dataclass(frozen=True, slots=True, kw_only=True)
class SwitchedStatistics:
    """Of `call_count` calls, `passed_count` went to the target, and `off_count` came while it was off."""

    call_count: int
    passed_count: int
    off_count: int


class Switched(Wrapper):
    """Answers as `target` does while `switch` is on, else with `instead`, degraded by the switch's name.

    `instead` is a value or `Response`; a function `instead(request)` that returns one; or an `Endpoint`,
    which is asked with the request (and may fail). The endpoint's own `name` is by default the target's.

    Example::

        offers = Switched(network.connect(web, offers_service), switch, "Be Back Soon")
    """

    def __init__(
        self, target: Endpoint, switch: FeatureSwitch, instead: Any = None, *, name: str | None = None
    ) -> None:
        """Put `target` behind `switch`."""
        super().__init__(target, name=getattr(target, "name", "") if name is None else name)
        if not isinstance(switch, FeatureSwitch):
            raise TypeError(f"switch must be a FeatureSwitch, got {switch!r}")
        self.switch = switch
        self._stand_in = StandIn(instead, switch.name)
        self._passed_count = 0
        self._off_count = 0

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, or at once with the stand-in."""
        if self.switch.is_on:
            self._passed_count += 1
            return self.target.call(request)
        self._off_count += 1
        return self._stand_in.answer(request)

    def statistics(self) -> SwitchedStatistics:
        """Return what has happened so far."""
        return SwitchedStatistics(
            call_count=self._passed_count + self._off_count,
            passed_count=self._passed_count,
            off_count=self._off_count,
        )
