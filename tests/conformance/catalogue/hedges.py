"""Hedges: what gRPC's proposal A6 says of them, and the plain kind that is against slowness alone."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import partial
from types import MappingProxyType
from typing import Any

from models import CallFailed, Unavailable
from models.outcome import Outcome
from models.resilience import GrpcRetryThrottle, RetryBudget
from models.resilience.hedging import Hedge

from ..budget_expectation import BudgetModel, GrpcModel
from ..doubt import in_doubt, says_nothing_done
from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import at_each_start
from .wrapper import Wrapper

SOON, SOONER, LATER = 0.23117, 0.17939, 0.29303


class HedgeModel(WrapperModel):
    """Asks again after `delay`, up to `copies` times; the first answer counts.

    With `at_once` a failure is followed by the next question at once; one in `gives_up` by none at all, and a
    `fatal` one ends it all.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        delay: float,
        copies: int,
        *,
        at_once: bool,
        gives_up: tuple[Outcome, ...],
        fatal: tuple[Outcome, ...],
        budget: BudgetModel,
    ) -> None:
        super().__init__(clock, inner)
        self.delay, self.copies, self.at_once, self.budget = delay, copies, at_once, budget
        self.gives_up, self.fatal = gives_up, fatal
        self.call_count = self.copy_count = self.denied_count = self.cancelled_count = 0
        self.first_won_count = self.copy_won_count = self.failed_count = self.aborted_count = 0
        at_each_start(self, budget.begin_anew)

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        self.budget.started(self.clock.now)
        return _Question(self, done).withdraw

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.call_count,
            "first_won_count": self.first_won_count,
            "copy_won_count": self.copy_won_count,
            "failed_count": self.failed_count,
            "aborted_count": self.aborted_count,
            "copy_count": self.copy_count,
            "cancelled_count": self.cancelled_count,
            "budget_denied_count": self.denied_count,
        }


class _Question:
    """One call: `under_way` are the attempts that have not ended, number 0 the first.

    Each copy has a process, which starts, and is cancelled, before all else that is due then, in that order.
    """

    def __init__(self, hedge: HedgeModel, done: Done) -> None:
        self.hedge, self.done = hedge, done
        self.left = hedge.copies
        self.sent = 0
        self.is_over = False
        self.failure: Outcome | None = None
        self.nothing_done = True
        self.under_way: dict[int, Withdraw] = {}
        self.later()
        self.send(self.start)

    def soon(self, function: Callable[[], None]) -> Withdraw:
        return self.hedge.clock.after(0.0, function, at_once=True)

    def later(self) -> None:
        self.next_copy = self.hedge.clock.after(self.hedge.delay, self.send_copy)

    def send(self, start: Callable[[int], None]) -> None:
        number = self.sent
        self.sent += 1
        start(number)

    def start(self, number: int) -> None:
        self.under_way[number] = self.hedge.inner.ask(partial(self.end, number))

    def start_soon(self, number: int) -> None:
        self.under_way[number] = self.soon(partial(self.start, number))

    def send_copy(self) -> None:
        hedge = self.hedge
        self.next_copy(False)
        if not hedge.budget.take(hedge.clock.now):
            hedge.denied_count += 1
            self.left = 0
            return
        hedge.copy_count += 1
        self.left -= 1
        if self.left:
            self.later()
        self.send(self.start_soon)

    def end(self, number: int, outcome: Outcome) -> None:
        hedge = self.hedge
        del self.under_way[number]
        if number:
            hedge.budget.retry_ended()
        if self.is_over:
            return
        self.nothing_done &= says_nothing_done(outcome)
        if outcome.is_answer:
            hedge.budget.succeeded(is_first=not number)
        elif outcome not in hedge.fatal:
            if outcome in hedge.gives_up:
                self.left = 0
                self.next_copy(False)
                outcome = self.failure or outcome
            else:
                hedge.budget.failed()
                if hedge.at_once and self.left:
                    self.send_copy()
            self.failure = outcome
            if self.under_way:
                return
        self.is_over = True
        self.next_copy(False)
        hedge.cancelled_count += len(self.under_way)
        if not (outcome.is_answer or (self.nothing_done and not self.under_way)):
            outcome = in_doubt(outcome)
        for loser in self.under_way:
            if loser:
                self.soon(partial(self.take_back, loser, False))
        told = partial(self.tell, number, outcome)
        if number or self.under_way:
            # Not withdrawn by who withdraws the call: it does nothing then.
            self.soon(told)
        else:
            told()

    def tell(self, number: int, outcome: Outcome) -> None:
        """Take back the first attempt, and let the caller go on."""
        hedge = self.hedge
        if self.done is _gone:
            return
        self.take_back(0, False)
        hedge.first_won_count += outcome.is_answer and not number
        hedge.copy_won_count += outcome.is_answer and number > 0
        hedge.failed_count += not outcome.is_answer
        hedge.budget.ended()
        self.done(outcome)

    def take_back(self, number: int, killed: bool) -> None:
        if number in self.under_way:
            self.under_way.pop(number)(killed)
            if number:
                self.hedge.budget.retry_ended()

    def withdraw(self, killed: bool) -> None:
        hedge = self.hedge
        hedge.aborted_count += 1
        was_over, self.is_over, self.done = self.is_over, True, _gone
        self.next_copy(False)
        self.take_back(0, killed)
        for number in list(self.under_way):
            if killed:
                self.take_back(number, True)
            elif not was_over:
                self.soon(partial(self.take_back, number, False))
        hedge.budget.ended()


def _gone(outcome: Outcome) -> None:
    """Nobody listens."""


def _hedge(
    name: str,
    delay: float,
    copies: int,
    *,
    gives_up: tuple[Outcome, ...] = (Outcome.BREAKER_OPEN,),
    fatal: Mapping[type[CallFailed], Outcome] = MappingProxyType({}),
    budget: Callable[[], RetryBudget | None] = lambda: None,
    budget_model: Callable[[], BudgetModel] = BudgetModel,
    **settings: Any,
) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: Hedge(
            world.env, inner, after=delay, copies_max=copies, fatal=tuple(fatal), budget=budget(), **settings
        ),
        model=lambda clock, inner, host: HedgeModel(
            clock,
            inner,
            delay,
            copies,
            at_once=settings.get("at_once_on_failure", True),
            gives_up=gives_up,
            fatal=tuple(fatal.values()),
            budget=budget_model(),
        ),
    )


WRAPPERS = (
    _hedge("Hedge", SOON, 1, at_once_on_failure=False),
    _hedge("Hedge of two copies at once", SOONER, 2, gives_up_on=(), gives_up=()),
    _hedge(
        "Hedge on gRPC's tokens",
        LATER,
        2,
        fatal={Unavailable: Outcome.UNAVAILABLE},
        budget=lambda: GrpcRetryThrottle(tokens_max=4, token_ratio=0.5),
        budget_model=lambda: GrpcModel(4, Fraction(1, 2)),
    ),
)
