"""What an instance does for a request: the contract of steps and handlers.

A *handler* is a generator function `handler(instance, request)`; what it returns is the answer: a `Response`,
another value (which the instance wraps in one), or `None` where there is nothing to say. A *step* is a
description from which each instance makes a handler of its own, because a handler needs what belongs to one
instance: its host's cores, a random stream.

Steps are frozen values, so that one may serve several instances. They are turned into handlers once, when the
instance is made, and cost nothing afterwards but what they do.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from ..request import Request

if TYPE_CHECKING:
    from .instance import Instance

Handler = Callable[["Instance", Request], Generator[Any, Any, Any]]
"""A generator function `handler(instance, request)`, or anything that returns such a generator."""


class Step(ABC):
    """Something that an instance does for a request; derive from it to make your own.

    Example::

        @dataclass(frozen=True, slots=True)
        class Pause(Step):
            duration: float

            def handler(self, instance):
                def handle(instance, request):
                    yield self.duration

                return handle
    """

    __slots__ = ()

    @abstractmethod
    def handler(self, instance: Instance) -> Handler:
        """Return the handler that does this step in `instance`; called once per place where it stands."""


def handler_of(described: Step | Handler, instance: Instance) -> Handler:
    """Return the handler for a step, or the handler function itself. Raises `TypeError` for anything else."""
    if isinstance(described, Step):
        return described.handler(instance)
    if not callable(described):
        raise TypeError(f"handler must be a Step or a generator function, got {described!r}")
    return described


def require_steps(name: str, steps: tuple[Step | Handler, ...]) -> None:
    """Raise `ValueError` where `steps` is empty and `TypeError` for a member that is no step."""
    if not steps:
        raise ValueError(f"{name} must have at least one step, got none")
    for step in steps:
        if not isinstance(step, Step) and not callable(step):
            raise TypeError(f"a step of {name} must be a Step or a generator function, got {step!r}")
