"""Effect: the instant at which a request takes effect in an instance, and which cannot be taken back.

It takes no time. Where it stands among the steps is what matters: work before it that is cut short leaves
nothing behind; work after it that fails, or is cut short, leaves an effect that nobody was told of. With an
`IdempotencyStore` around the instance, an effect that is the last thing a handler does and the record of the
answer are one transaction, since nothing can come between them; any time after the effect is the gap between
two.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ...request import Request
from ...services import Handler, Step
from .effect_log import EffectLog

if TYPE_CHECKING:
    from ...services import Instance


@dataclass(frozen=True, slots=True)
class Effect(Step):
    """Write into `log` that the effect of the order `request.key` took place; several may share a log.

    The key of a request must be hashable, and not `None`: an order without a name cannot be told from others,
    and stops the run (`ValueError`).

    Example::

        in_sequence(Work(0.01), Effect(orders), Work(0.005))
    """

    log: EffectLog

    def __post_init__(self) -> None:
        """Refuse what cannot act."""
        if not isinstance(self.log, EffectLog):
            raise TypeError(f"log must be an EffectLog, got {self.log!r}")

    def handler(self, instance: Instance) -> Handler:
        """Return a handler that writes it down."""
        apply = self.log.apply

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, None]:
            apply(order_of(request, instance.name))
            yield from ()

        return handle


def order_of(request: Request, where: str) -> Any:
    """Return the order that `request` belongs to; `where` is who asks. Raises `ValueError` if it has none."""
    if request.key is None:
        raise ValueError(f"key of a request must say which order it is, for {where!r}, got None in {request}")
    return request.key
