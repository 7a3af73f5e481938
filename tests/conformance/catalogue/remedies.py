"""A client of both sides of CQRS that waits for its own command.

One that settles for less asks again at the very instant of a failure. Of duplicates that fail together,
behind an idempotency store, it is then luck which finds what: so it stands in `conformance/cqrs`, not here.
"""

from __future__ import annotations

from typing import Any

from models import Endpoint
from models.cqrs import Accepted, UntilItIsThere
from models.outcome import Outcome

from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start
from ..world import World
from .wrapper import Wrapper


class UntilItIsThereModel(WrapperModel):
    """Passes on; counts what was asked with a demand, which a new start has forgotten, and what was late."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock, inner)
        self.has_a_command = True
        self.query_count = self.remedied_count = self.late_count = 0
        at_each_start(self, self.begin_anew)

    def begin_anew(self) -> None:
        """Have no command of one's own."""
        self.has_a_command = False

    def ask(self, done: Done) -> Withdraw:
        self.query_count += 1
        if not self.has_a_command:
            return self.inner.ask(done)
        self.remedied_count += 1

        def end(outcome: Outcome) -> None:
            self.late_count += outcome is Outcome.UNAVAILABLE
            done(outcome)

        return self.inner.ask(end)

    def counts(self) -> dict[str, Any]:
        names = ("query_count", "remedied_count", "late_count")
        return {name: getattr(self, name) for name in names}


def _build(world: World, inner: Endpoint) -> Endpoint:
    client = UntilItIsThere(inner, inner, patience=1.0)
    client._note("a stream", Accepted("a command", 1, 1))
    return client


WRAPPERS = (
    Wrapper(
        name="Until it is there",
        build=_build,
        model=lambda clock, inner, host: UntilItIsThereModel(clock, inner),
    ),
)
