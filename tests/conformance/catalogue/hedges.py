"""Hedges: what gRPC's proposal A6 says of them, and the plain kind that is against slowness alone."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import partial
from typing import Any

from models.outcome import Outcome
from models.resilience import GrpcRetryThrottle, RetryBudget
from models.resilience.hedging import Hedge

from ..budget_expectation import BudgetModel, GrpcModel
from ..bulkhead_expectation import LimitModel
from ..expectation import Clock, Done, Node, Withdraw, WrapperModel
from ..host_expectation import HopModel, InstanceModel
from .shedding import LimiterModel
from .wrapper import Wrapper

SOON, SOONER, LATER = 0.23117, 0.17939, 0.29303


class HedgeModel(WrapperModel):
    """Asks again after `delay`, up to `copies` times; the first answer counts.

    With `at_once` a failure is followed by the next question at once; a `final` one ends it all.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        delay: float,
        copies: int,
        *,
        at_once: bool,
        final: tuple[Outcome, ...],
        budget: BudgetModel,
    ) -> None:
        super().__init__(clock, inner)
        self.delay, self.copies, self.at_once, self.final, self.budget = delay, copies, at_once, final, budget
        self.call_count = self.copy_count = self.denied_count = self.cancelled_count = 0
        self.first_won_count = self.copy_won_count = self.failed_count = self.aborted_count = 0

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
    """One call: `under_way` are the attempts that have not ended, number 0 the first."""

    def __init__(self, hedge: HedgeModel, done: Done) -> None:
        self.hedge, self.done = hedge, done
        self.left = hedge.copies
        self.sent = 0
        self.under_way: dict[int, Withdraw] = {}
        self.later()
        self.send()

    def later(self) -> None:
        self.next_copy = self.hedge.clock.after(self.hedge.delay, self.send_copy)

    def send(self) -> None:
        number = self.sent
        self.sent += 1
        self.under_way[number] = self.hedge.inner.ask(partial(self.hear, number))

    def hear(self, number: int, outcome: Outcome) -> None:
        """Learn of an outcome: now, or after what is due now.

        In the second case a thread that was given back has gone to the next in the queue, which may be
        another attempt, before this one's answer is heard of.
        """
        if _answers_from_another_process(self.hedge.inner):
            self.under_way[number] = self.hedge.clock.after(0.0, partial(self.end, number, outcome))
        else:
            self.end(number, outcome)

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
        self.send()

    def end(self, number: int, outcome: Outcome) -> None:
        hedge = self.hedge
        del self.under_way[number]
        if number:
            hedge.budget.retry_ended()
        if outcome.is_answer:
            hedge.budget.succeeded(is_first=not number)
            hedge.first_won_count += not number
            hedge.copy_won_count += number > 0
        elif outcome in hedge.final:
            hedge.failed_count += 1
        else:
            hedge.budget.failed()
            if hedge.at_once and self.left:
                self.send_copy()
            if self.under_way:
                return
            hedge.failed_count += 1
        hedge.cancelled_count += len(self.under_way)
        self.take_back(False)
        self.done(outcome)

    def take_back(self, killed: bool) -> None:
        self.next_copy(False)
        for number, withdraw in self.under_way.items():
            withdraw(killed)
            if number:
                self.hedge.budget.retry_ended()
        self.hedge.budget.ended()

    def withdraw(self, killed: bool) -> None:
        self.hedge.aborted_count += 1
        self.take_back(killed)


def _answers_from_another_process(node: Node) -> bool:
    """Whether an instance in there is not called over a link: it answers from a process of its own.

    One inside another hedge has been waited for by that; a queue in front of the instance passes its permit
    on only when the answer has come that far.
    """
    if isinstance(node, HopModel | HedgeModel | LimitModel | LimiterModel):
        return False
    if isinstance(node, InstanceModel) and not node.hops:
        return True
    inner = getattr(node, "inner", [])
    return any(map(_answers_from_another_process, inner if isinstance(inner, list) else [inner]))


def _hedge(
    name: str,
    delay: float,
    copies: int,
    *,
    final: tuple[Outcome, ...] = (Outcome.BREAKER_OPEN,),
    budget: Callable[[], RetryBudget | None] = lambda: None,
    budget_model: Callable[[], BudgetModel] = BudgetModel,
    **settings: Any,
) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: Hedge(
            world.env, inner, after=delay, copies_max=copies, budget=budget(), **settings
        ),
        model=lambda clock, inner, host: HedgeModel(
            clock,
            inner,
            delay,
            copies,
            at_once=settings.get("at_once_on_failure", True),
            final=final,
            budget=budget_model(),
        ),
    )


WRAPPERS = (
    _hedge("Hedge", SOON, 1, at_once_on_failure=False),
    _hedge("Hedge of two copies at once", SOONER, 2, gives_up_on=(), final=()),
    _hedge(
        "Hedge on gRPC's tokens",
        LATER,
        2,
        budget=lambda: GrpcRetryThrottle(tokens_max=4, token_ratio=0.5),
        budget_model=lambda: GrpcModel(4, Fraction(1, 2)),
    ),
)
