"""Crashes: of a process, whose host lives on, and of a host with all that runs on it.

What callers see is the difference. A crashed process resets its connections, and later calls are refused; a
crashed host is silent, unless it `resets`: an orderly shutdown, after which it is silent too. Memory is lost
either way. Healing lets the process or host start, with fresh memory, unless something else keeps it down:
another fault, or for a process its host.

Source: fail-stop and crash-recovery models (Cachin, Guerraoui, Rodrigues 2011, section 2.2).
"""

from __future__ import annotations

from ..endpoint import Endpoint, require_endpoint
from ..infrastructure import Host
from ..network import Connection
from .fault import Fault


class ProcessCrash(Fault):
    """The process of `endpoint` is down: an instance, a balancer, whatever has a host.

    For a wrapper it is the process that it lives in. Raises `ValueError` for an endpoint without a host, and
    for a connection: what it leads to has a process, it has none.

    Example::

        plan.at(60.0, ProcessCrash(payment.instances[0]), duration=30.0)
    """

    def __init__(self, endpoint: Endpoint, *, name: str | None = None) -> None:
        require_endpoint("endpoint", endpoint)
        serving = endpoint.serving
        if serving.host is None:
            raise ValueError(f"endpoint must run on a host to crash there, got {endpoint!r}")
        if isinstance(serving, Connection):
            raise ValueError(f"endpoint must be what crashes, not a way to it, got {endpoint!r}")
        super().__init__(serving.host.env, name or serving.name, "process crash")
        self._host = serving.host
        self._process = serving

    def _start(self) -> None:
        self._host.hold_process_down(self._process, self)

    def _stop(self) -> None:
        self._host.let_process_up(self._process, self)


class HostCrash(Fault):
    """`host` is down, silently; with `resets`, callers of what runs there are told first.

    After healing it boots for its `boot_time`.

    Example::

        plan.at(60.0, HostCrash(web_hosts[0]), duration=30.0)
    """

    def __init__(self, host: Host, *, resets: bool = False, name: str | None = None) -> None:
        require_host(host)
        super().__init__(host.env, name or host.name, "host crash", {"resets": True} if resets else None)
        self._host = host
        self._resets = resets

    def _start(self) -> None:
        self._host.hold_down(self, resets=self._resets)

    def _stop(self) -> None:
        self._host.let_up(self)


def require_host(value: object) -> None:
    """Raise `TypeError` unless `value` is a host."""
    if not isinstance(value, Host):
        raise TypeError(f"host must be a Host, got {value!r}")
