"""What an operation of a store costs, and a message between its nodes: CPU time of this process."""

from __future__ import annotations

import gc
import time
from collections.abc import Callable
from dataclasses import dataclass

Work = Callable[[int, int], tuple[int, int]]
"""`work(size, seed)` does about `size` operations; returns how many, and how many messages they took."""

_RUNS = 3


@dataclass(frozen=True, slots=True, kw_only=True)
class MessageCosts:
    """CPU seconds `per_operation`, and `per_message` where all of it is put down to messages."""

    per_operation: float
    per_message: float

    def detail(self, kind: str) -> dict[str, float]:
        """Return it for a benchmark's details, where the operations are of a `kind` ("write")."""
        return {
            f"{kind}s_per_second": 1.0 / self.per_operation,
            f"microseconds_per_{kind}": 1e6 * self.per_operation,
            f"microseconds_per_message_of_{kind}s": 1e6 * self.per_message,
        }

    def text(self, kind: str) -> str:
        """Return it as a part of a line."""
        rate = f"{1.0 / self.per_operation:,.0f} {kind}s per CPU second"
        return f"{rate}, {1e6 * self.per_message:.1f} us per message"


def least_costs(work: Work, size: int) -> MessageCosts:
    """Return the least costs of a few runs: disturbance only ever adds."""
    found = []
    for seed in range(_RUNS):
        gc.collect()
        start = time.process_time()
        operation_count, message_count = work(size, seed)
        seconds = time.process_time() - start
        found.append((seconds / operation_count, seconds / message_count))
    per_operation, per_message = min(found)
    return MessageCosts(per_operation=per_operation, per_message=per_message)
