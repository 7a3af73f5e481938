"""One key that is dirty: what is to be written, since when, and who waits until it is."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

from simulator import Process
from simulator.fast_simpy import Call as Timer

from ....request import Request, Response


@dataclass(slots=True, eq=False)
class Waiter:
    """A process that waits until `key_count` keys are flushed; as a write that goes through, to go next.

    It `is_lost` when a crash has taken what it waited for.
    """

    process: Process
    key_count: int
    is_write: bool
    is_lost: bool = False


@dataclass(slots=True, eq=False)
class DirtyKey:
    """What was written to `key` and is not flushed.

    `request` is what the target is to be asked, `response` what a read is told; both are of the last write.
    The writes were acknowledged at the times `acknowledged_at` (s); the first `sent_count` of them have been
    in one of the `attempt_count` attempts of the present flush. `timer` rings when it is due; `is_parked`
    says that `process` waits to be told to go on. Of the waiters, those with True came before the last
    attempt began.
    """

    key: Hashable
    request: Request
    response: Response
    acknowledged_at: list[float]
    process: Process = field(init=False)
    sent_count: int = 0
    attempt_count: int = 0
    timer: Timer | None = None
    is_parked: bool = False
    waiters: dict[Waiter, bool] = field(default_factory=dict)
