"""How an instance stops in good order: graceful termination, as Kubernetes does it with a pod.

States: *listening* -> *lingering* (told to stop; it goes on accepting for `linger` seconds, so that balancers
may hear of it before they are refused) -> *finishing* (refuses; does what it has) -> *stopped*, for good.
What is left when `grace` seconds are over, counted from the order to stop, is killed, and its callers learn
of it as of a crash of the process. A crash meanwhile ends it at once: whoever was to stop does not start
again.

An instance has finished when no call is left in its process, those included that wait in what stands in front
of it, and what its parts do in the background: they are told when it begins to refuse (`on_stopping`), as a
program's own handlers of SIGTERM are.

Source: Kubernetes, "Pod Lifecycle", termination of pods (`preStop` hook, which here is `linger` and
comes before the signal, and `terminationGracePeriodSeconds`, which counts from before the hook).
"""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import PARKED

if TYPE_CHECKING:
    from .instance import Instance

GRACE = 30.0
"""Kubernetes' default (s)."""


def stopping(instance: Instance, linger: float, grace: float) -> Generator[Any, Any, None]:
    """Linger, refuse, finish, and end; for a process that is bound to the instance."""
    process: Any = instance.env.active_process

    def call_has_left() -> None:
        if not _has_calls(instance, process):
            instance.on_left = None
            instance.env.wake(process)

    try:
        with instance.env.move_on_after(grace):
            yield linger
            instance.finish()
            if _has_calls(instance, process):
                instance.on_left = call_has_left
                yield PARKED
    finally:
        instance.on_left = None
        instance.host.release(process)
        instance.host.end_process(instance)


def _has_calls(instance: Instance, but: object) -> bool:
    running = instance.host.running
    return any(where is instance and process is not but for process, where in running.items())


def require_times(linger: float, grace: float) -> None:
    """Raise `ValueError` unless `linger` is finite and >= 0 s, and `grace` not shorter."""
    if not 0 <= linger < inf:
        raise ValueError(f"linger must be finite and >= 0 s, got {linger!r}")
    if not grace >= linger:
        raise ValueError(f"grace must be at least linger ({linger!r} s), which it includes, got {grace!r}")
