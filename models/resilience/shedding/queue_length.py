"""Shedding by queue length: nobody is let in behind a queue that is too long already.

The same as a shorter queue at the instance, except that it can be moved, combined with other rules by
nesting, and counted apart. Source: "Site Reliability Engineering", chapter 22 ("Queue Management").
"""

from __future__ import annotations

from dataclasses import dataclass

from ...endpoint import Endpoint
from ...request import Request
from ...services import Instance
from ...validation import require_count
from .shedding_rule import Judge, SheddingRule


@dataclass(frozen=True, slots=True)
class QueueLength(SheddingRule):
    """Sheds every request that finds `length_max` (>= 1) or more waiting for a thread of the instance.

    The instance is the one in whose process the shedder stands: raises `TypeError` where that is none, such
    as on the caller's side.
    """

    length_max: int

    def __post_init__(self) -> None:
        """Check the length."""
        require_count("length_max", self.length_max)

    def judge(self, target: Endpoint) -> Judge:
        """Return a function that looks at the instance's queue."""
        serving = target.serving
        if not isinstance(serving, Instance):
            raise TypeError(
                f"QueueLength needs an Instance behind its shedder, in its process, got {serving!r}"
            )
        length_max = self.length_max

        def judge(request: Request) -> str | None:
            return "queue too long" if serving.waiting_count >= length_max else None

        return judge
