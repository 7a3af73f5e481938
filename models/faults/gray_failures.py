"""Gray failures of a host: it is up, and healthy to whoever asks, but slow, or wrong about the time.

    SlowHost      its cores do less
    ClockSkew     its clock is off, and may drift further; everything that happens, happens in true time

Several of each may act on one host: factors multiply, offsets add up.

Source: Huang et al., "Gray Failure: The Achilles' Heel of Cloud-Scale Systems" (HotOS 2017); Gunawi et al.,
"Fail-Slow at Scale" (FAST 2018).
"""

from __future__ import annotations

from math import inf

from ..infrastructure import Host
from .crashes import require_host
from .fault import Fault


class SlowHost(Fault):
    """The cores of `host` work at `factor` (in (0, 1)) times their speed, on what is in progress too.

    Example::

        plan.at(60.0, SlowHost(web_hosts[0], 0.1), duration=30.0)
    """

    def __init__(self, host: Host, factor: float, *, name: str | None = None) -> None:
        require_host(host)
        if not 0.0 < factor < 1.0:
            raise ValueError(f"factor must lie in (0, 1), got {factor!r}")
        super().__init__(host.env, name or host.name, "slow host", {"factor": factor})
        self._host = host
        self._factor = factor

    def _start(self) -> None:
        self._host.slow_down(self, self._factor)

    def _stop(self) -> None:
        self._host.recover(self)


class ClockSkew(Fault):
    """The clock of `host` is off by `offset` seconds and gains `drift` (> -1) seconds a second from then on.

    One of the two must differ from 0. Healing sets it right at once, which may let it jump backwards. Only
    what reads `host.clock()` is affected.

    Example::

        plan.at(60.0, ClockSkew(replica_host, offset=-5.0), duration=600.0)
    """

    def __init__(self, host: Host, offset: float, drift: float = 0.0, *, name: str | None = None) -> None:
        require_host(host)
        if not -inf < offset < inf or not -1.0 < drift < inf:
            raise ValueError(f"offset must be finite and drift > -1, got {offset!r} s and {drift!r}")
        if offset == 0.0 and drift == 0.0:
            raise ValueError(f"offset or drift must differ from 0, got {offset!r} s and {drift!r}")
        super().__init__(host.env, name or host.name, "clock skew", {"offset": offset, "drift": drift})
        self._host = host
        self._offset = offset
        self._drift = drift

    def _start(self) -> None:
        self._host.skew_clock(self, self._offset, self._drift)

    def _stop(self) -> None:
        self._host.set_clock(self)
