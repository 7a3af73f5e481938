"""One plan is run; if it passes, and is to be tried thoroughly, it is run twice more, with a trace.

All that can be seen of the three must be the same, and so must the two traces, to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, TypeVar

from simulator import Environment

from .invariants import BrokenInvariant
from .verdict import Failed, failure_of


class Live(Protocol):
    """What a plan is built into."""

    env: Environment


AnyLive = TypeVar("AnyLive", bound=Live)


def tried(
    build: Callable[..., AnyLive],
    run: Callable[[AnyLive], None],
    seen: Callable[[AnyLive], str],
    broken: Callable[[AnyLive, str, str], BrokenInvariant],
    *,
    thorough: bool,
) -> tuple[AnyLive, Failed | None]:
    """Return what was built and run first, and how it has failed, or one of the others has.

    `build(trace=True)` is with a trace; `run` raises `BrokenInvariant` for what does not hold; `seen` is a
    digest of all that a run has come to; `broken(live, law, detail)` is the breach of a law.
    """
    live = build()
    failed = failure_of(live.env, lambda: run(live))
    if failed is None and thorough:
        again, once_more = build(trace=True), build(trace=True)

        def compare() -> None:
            for each in (again, once_more):
                run(each)
                if seen(each) != seen(live):
                    raise broken(each, "a run with a trace is the same as one without", "")
            if again.env.trace_digest() != once_more.env.trace_digest():
                raise broken(again, "two runs of one plan have the same trace", "")

        failed = failure_of(again.env, compare)
    return live, failed
