"""What a client was told, for the log of effects: an observer around what the client calls.

An answer counts, degraded or not; a failure does not, though the effect may have taken place. Where it stands
matters: outermost, it sees what the user sees.
"""

from __future__ import annotations

from ...endpoint import Call, Endpoint, Wrapper
from ...request import Request
from .effect import order_of
from .effect_log import EffectLog


class Acknowledged(Wrapper):
    """Answers as `target` does, and writes into `log` that the order `request.key` was acknowledged.

    Example::

        client = Client(env, Acknowledged(Timeout(env, network.connect(web, bank), 0.5), orders))
    """

    def __init__(self, target: Endpoint, log: EffectLog, *, name: str = "acknowledged") -> None:
        """Watch `target` from now on."""
        super().__init__(target, name=name)
        if not isinstance(log, EffectLog):
            raise TypeError(f"log must be an EffectLog, got {log!r}")
        self.log = log

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does."""
        order = order_of(request, self.name)
        response = yield from self.target.call(request)
        self.log.acknowledge(order)
        return response
