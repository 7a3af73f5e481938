"""By operation: a service that does different things for different requests.

That is how the failure of a dependency reaches requests that never needed it: they share the instance's
threads with those that do.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from ..request import Request
from .step import Handler, Step, handler_of, require_steps

if TYPE_CHECKING:
    from .instance import Instance


def by_operation(steps: Mapping[str, Step | Handler], *, otherwise: Step | Handler | None = None) -> Step:
    """Return a step that does what `steps` has for the operation of a request, else `otherwise`.

    An operation for which there is nothing is an error of the model, and stops the run: `ValueError`.

    Example::

        by_operation({"buy": in_sequence(Work(0.01), Dependency(payment))}, otherwise=Work(0.005))
    """
    return _ByOperation(steps, otherwise)


class _ByOperation(Step):
    __slots__ = ("otherwise", "steps")

    def __init__(self, steps: Mapping[str, Step | Handler], otherwise: Step | Handler | None) -> None:
        require_steps("by_operation", (*steps.values(), *(() if otherwise is None else (otherwise,))))
        self.steps = MappingProxyType(dict(steps))
        self.otherwise = otherwise

    def handler(self, instance: Instance) -> Handler:
        handlers = {operation: handler_of(step, instance) for operation, step in self.steps.items()}
        otherwise = self._unknown if self.otherwise is None else handler_of(self.otherwise, instance)

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
            return handlers.get(request.operation, otherwise)(instance, request)

        return handle

    def _unknown(self, instance: Instance, request: Request) -> Generator[Any, Any, Any]:
        known = ", ".join(self.steps)
        raise ValueError(f"operation must be one of {known} for {instance.name}, got {request.operation!r}")
