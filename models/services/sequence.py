"""In sequence: one step after the other. The times add up, and so do the chances to fail."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ..request import Request, Response
from .step import Handler, Step, handler_of, require_steps

if TYPE_CHECKING:
    from .instance import Instance


def in_sequence(*steps: Step | Handler) -> Step:
    """Return a step that does `steps` one after the other; a failure ends it there.

    The answer's value is the last one that is not `None`, its weight on the wire the last one that is not 0;
    it lacks what any of the steps' answers lacks, and is as old as the oldest of them. A step may be a
    handler function.

    Example::

        in_sequence(Work(0.01), Dependency(stock), Dependency(payment), Work(0.005))
    """
    return _Sequence(steps)


@dataclass(frozen=True, slots=True)
class _Sequence(Step):
    steps: tuple[Step | Handler, ...]

    def __post_init__(self) -> None:
        require_steps("in_sequence", self.steps)

    def handler(self, instance: Instance) -> Handler:
        handlers = tuple(handler_of(step, instance) for step in self.steps)

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
            value: Any = None
            degraded: tuple[str, ...] = ()
            size_bytes = 0
            as_of: float | None = None
            for handler in handlers:
                answer = yield from handler(instance, request)
                if answer is None:
                    continue
                if answer.__class__ is Response:
                    if answer.degraded:
                        degraded += answer.degraded
                    if answer.size_bytes:
                        size_bytes = answer.size_bytes
                    if answer.as_of is not None and (as_of is None or answer.as_of < as_of):
                        as_of = answer.as_of
                    answer = answer.value
                    if answer is None:
                        continue
                value = answer
            return Response(value, degraded, size_bytes, None, as_of)

        return handle
