"""What becomes of a key, and of who waits, when the first request fails, is cut short or gives up."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import Any

import pytest

from models.endpoint import Endpoint
from models.failures import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Refused,
    Rejected,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.request import Request, Response
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.idempotency import IdempotencyStore
from models.services import DependencyFailed
from simulator import Environment
from tests.models.resilience.idempotency.ordering import ERROR, Bank, adds_up, order, send, send_at
from tests.models.resilience.scripted import OK, Scripted


def test_a_failure_is_forgotten_and_the_retry_works() -> None:
    bank = Bank(failures=(ERROR, None))
    seen = send_at(bank.env, bank.connection(), 0.0, 2.0)
    bank.env.run()
    assert seen == [(1.25, ServerError), (3.25, "answer of 3.125")]
    assert bank.orders.applied_more_than_once_count == 1, "the handler failed after its effect"
    assert (bank.counts.failed_count, bank.counts.recorded_count, bank.counts.taken_over_count) == (1, 1, 0)


def test_after_a_failure_who_waits_takes_over_in_the_order_of_arrival() -> None:
    bank = Bank(failures=(ERROR, ERROR, None))
    seen = send_at(bank.env, bank.connection(), 0.0, 0.25, 0.5, 0.75)
    bank.env.run()
    assert seen == [
        (1.25, ServerError),
        (2.25, ServerError),
        (3.25, "answer of 3.125"),
        (3.25, "answer of 3.125"),
    ]
    counts = bank.counts
    assert (counts.worked_count, counts.taken_over_count, counts.replayed_count) == (3, 2, 1)
    assert (counts.failed_count, counts.recorded_count) == (2, 1)


def test_who_comes_while_another_takes_over_waits() -> None:
    bank = Bank(failures=(ERROR, None))
    seen = send_at(bank.env, bank.connection(), 0.0, 0.25, 1.5)
    bank.env.run()
    assert seen == [(1.25, ServerError), (2.25, "answer of 2.125"), (2.25, "answer of 2.125")]


def test_failures_may_be_replayed_like_answers() -> None:
    bank = Bank(failures=(ERROR, None), replays_failures=True)
    seen = send_at(bank.env, bank.connection(), 0.0, 0.25, 2.0)
    bank.env.run()
    assert seen == [(1.25, ServerError), (1.25, ServerError), (2.25, ServerError)]
    assert (bank.orders.applied_count, bank.counts.worked_count, bank.counts.replayed_count) == (1, 1, 2)
    assert (bank.counts.recorded_count, bank.counts.failed_count) == (1, 0)


class Odd(CallFailed):
    """A failure that cannot be made from its arguments."""

    def __init__(self, *, detail: str) -> None:
        super().__init__()
        self.detail = detail


@pytest.mark.parametrize(
    ("failure", "is_replayed"),
    [
        (Refused("nobody"), False),
        (Rejected("pool", "full"), False),
        (BreakerOpen("breaker"), False),
        (Unavailable("no quorum"), False),
        (ServerError("bug"), True),
        (DependencyFailed("bank", TimedOut("late")), True),
        (TimedOut("late"), True),
        (ConnectionLost("reset"), True),
        (Odd(detail="odd"), True),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_failure_is_replayed_only_if_the_work_may_have_begun(
    failure: CallFailed, is_replayed: bool
) -> None:
    env = Environment()
    target = Scripted(env, (0.0, failure))
    store = IdempotencyStore(env, target, replays_failures=True)
    raised: list[CallFailed] = []

    def call() -> Generator[Any, Any, None]:
        for _ in range(3):
            try:
                yield from store.call(order())
            except CallFailed as caught:
                raised.append(caught)

    env.process(call())
    env.run()
    assert target.call_count == (1 if is_replayed else 3)
    assert [(type(each), str(each)) for each in raised] == [(type(failure), str(failure))] * 3
    assert raised[-1].__dict__ == failure.__dict__


def test_key_is_not_given_back_after_a_refusal_that_is_not_the_first_attempt() -> None:
    env = Environment()
    target = Scripted(env, (9.0, None), (0.0, Refused("down")), OK)
    again = Retry(env, Timeout(env, target, 1.0), 2, backoff=ConstantBackoff(delay=1.0))
    store = IdempotencyStore(env, again, replays_failures=True)
    seen = send_at(env, store, 0.0, 5.0)
    env.run()
    assert seen == [(2.0, Refused), (5.0, Refused)]
    assert target.call_count == 2  # the first may have been done, and is not done again
    assert store.statistics().recorded_count == 1


def test_who_is_rejected_as_a_duplicate_may_not_conclude_that_nothing_is_done() -> None:
    env = Environment()
    store = IdempotencyStore(env, Scripted(env, (1.0, None)), duplicates="reject")
    told: list[Rejected] = []

    def duplicate() -> Generator[Any, Any, None]:
        yield 0.5
        try:
            yield from store.call(order())
        except Rejected as rejected:
            told.append(rejected)

    env.process(duplicate())
    send_at(env, store, 0.0)
    env.run()
    assert [(each.part, each.nothing_done) for each in told] == [(store, False)]


def test_a_failure_that_is_replayed_holds_nobody_who_has_seen_it() -> None:
    env = Environment()
    store = IdempotencyStore(env, Scripted(env, (0.0, ServerError("bug"))), replays_failures=True)
    lengths = []

    def call() -> Generator[Any, Any, None]:
        for _ in range(4):
            try:
                yield from store.call(order())
            except ServerError as caught:
                traceback, length = caught.__traceback__, 0
                while traceback is not None:
                    traceback, length = traceback.tb_next, length + 1
                lengths.append(length)

    env.process(call())
    env.run()
    assert lengths[1] == lengths[2] == lengths[3]
    kept = store._answers.find("key")
    assert kept is not None
    assert isinstance(kept.result, ServerError)
    assert kept.result.__traceback__ is None


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_when_the_first_is_cut_short_the_next_takes_over(end: str) -> None:
    bank = Bank()
    seen = send_at(bank.env, bank.store, 0.0, 0.25, 0.375)
    bank.env.call_later(0.5, getattr(seen[0].process, end))
    bank.env.run()
    assert seen == [(None, None), (1.5, "answer of 1.5"), (1.5, "answer of 1.5")]
    assert bank.orders.applied_count == 1
    assert (bank.counts.cut_short_count, bank.counts.taken_over_count, bank.counts.worked_count) == (1, 1, 2)


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_when_the_first_is_cut_short_and_nobody_waits_the_key_is_forgotten(end: str) -> None:
    bank = Bank()
    seen = send_at(bank.env, bank.store, 0.0, 2.0)
    bank.env.call_later(0.5, getattr(seen[0].process, end))
    bank.env.run()
    assert seen == [(None, None), (3.0, "answer of 3.0")]
    assert bank.counts.taken_over_count == 0


def test_a_first_that_is_cut_short_after_its_effect_leaves_it_and_the_next_makes_another() -> None:
    bank = Bank(after=1.0)
    seen = send_at(bank.env, bank.store, 0.0, 0.25)
    bank.env.call_later(1.5, seen[0].process.cancel)
    bank.env.run()
    assert seen[1] == (3.5, "answer of 3.5")
    assert bank.orders.applied_more_than_once_count == 1


@pytest.mark.parametrize("propagates", [False, True])
def test_a_caller_who_gives_up_ends_the_work_only_where_cancellation_is_propagated(propagates: bool) -> None:
    bank = Bank()
    link = bank.connection(propagate_cancellation=propagates)
    first = send(bank.env, Timeout(bank.env, link, 0.5), 0.0)
    seen = send_at(bank.env, link, 0.25, 2.0)
    bank.env.run()
    assert first == (0.5, TimedOut)
    end = 1.625 if propagates else 1.125
    assert seen == [(end + 0.125, f"answer of {end}"), (2.25, f"answer of {end}")]
    assert bank.orders.applied_count == 1
    assert bank.counts.cut_short_count == bank.counts.taken_over_count == propagates


@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_who_stops_waiting_leaves_the_others_in_their_order(end: str) -> None:
    bank = Bank(failures=(ERROR, None))
    seen = send_at(bank.env, bank.store, 0.0, 0.25, 0.375)
    bank.env.call_later(0.5, getattr(seen[1].process, end))
    bank.env.run()
    assert seen == [(1.0, ServerError), (None, None), (2.0, "answer of 2.0")]
    assert (bank.counts.abandoned_count, bank.counts.waiting_count) == (1, 0)


@pytest.mark.parametrize("failure", [ServerError, None], ids=["to take over", "for its answer"])
@pytest.mark.parametrize("end", ["cancel", "kill"])
def test_who_ends_as_it_is_woken_loses_nothing_for_the_others(
    end: str, failure: type[CallFailed] | None
) -> None:
    env = Environment()
    target = Scripted(env, (1.0, failure), (1.0, None))
    store = IdempotencyStore(env, target)

    def first() -> Generator[Any, Any, None]:
        with suppress(ServerError):
            yield from store.call(order())
        # The store has just woken the second, which has not gone on yet.
        getattr(second.process, end)()

    env.process(first())
    second, third = send_at(env, store, 0.25, 0.5)
    env.run()
    assert second == (None, None)
    assert third == (2.0 if failure else 1.0, "answer")
    assert target.call_count == (2 if failure else 1)
    statistics = store.statistics()
    assert adds_up(statistics)
    assert (statistics.abandoned_count, statistics.waiting_count, statistics.in_progress_count) == (1, 0, 0)


def test_when_all_who_know_a_key_have_ended_it_is_unknown_again() -> None:
    env = Environment()
    target = Scripted(env, (10.0, None), OK)
    store = IdempotencyStore(env, target)
    seen = send_at(env, store, 0.0, 0.25, 0.5, 2.0)
    for each in seen[:3]:
        env.call_later(1.0, each.process.kill)
    env.run()
    assert seen[3] == (2.0, "answer")
    assert target.under_way == 0
    assert adds_up(store.statistics())


def test_an_error_in_the_model_is_no_answer() -> None:
    env = Environment()

    class Buggy(Endpoint):
        def call(self, request: Request) -> Generator[Any, Any, Response]:
            yield 1.0
            raise KeyError("bug")

    store = IdempotencyStore(env, Buggy())
    send(env, store, 0.0)
    with pytest.raises(KeyError, match="bug"):
        env.run()
    assert store.statistics().cut_short_count == 1
    assert adds_up(store.statistics())
