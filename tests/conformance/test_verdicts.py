"""What each failure means to each part: one row for each member of the family, one column for each part.

Semantics: only an answer is a success; breakers count every failure but their own rejections; retries ask
again after every failure but an open breaker; budgets are charged for what is worth a retry; an instance's
own troubles are a server error to its callers, but for its full queue.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from models import (
    BreakerOpen,
    CallFailed,
    ConnectionLost,
    Endpoint,
    Refused,
    Rejected,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.balancing import Balancer
from models.consensus import NotLeader
from models.outcome import Outcome, outcome_of
from models.resilience import (
    CircuitBreaker,
    ConstantBackoff,
    GrpcRetryThrottle,
    Outbox,
    Retry,
    Timeout,
    TokenBucketBudget,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Dependency, Instance, in_parallel, in_sequence
from models.sharding import Moved
from models.transactions.sagas import Marked
from tests.in_one_test import in_one_test

from .bad_targets import Unheard
from .world import World


@dataclass(frozen=True, slots=True)
class Row:
    """A failure, its outcome, and whether it is worth a retry."""

    failure: CallFailed
    outcome: Outcome
    is_retried: bool = True

    def __repr__(self) -> str:
        return type(self.failure).__name__


class TooBusy(Rejected):
    """A rejection that a user has derived."""


ROWS = (
    Row(TimedOut("late"), Outcome.TIMED_OUT),
    Row(Refused("nobody there"), Outcome.REFUSED),
    Row(ConnectionLost("reset"), Outcome.UNKNOWN),
    Row(Rejected("pool", "full"), Outcome.REJECTED),
    Row(TooBusy("pool", "full"), Outcome.REJECTED),
    Row(NotLeader("node", "another"), Outcome.REJECTED),
    Row(Moved("server", 3), Outcome.REJECTED),
    Row(Marked("service", "item", "another saga"), Outcome.REJECTED),
    Row(BreakerOpen("another"), Outcome.BREAKER_OPEN, is_retried=False),
    Row(Unavailable("no quorum"), Outcome.UNAVAILABLE),
    Row(ServerError("bug"), Outcome.SERVER_ERROR),
    Row(CallFailed("somehow"), Outcome.UNKNOWN),
    Row(Unheard("what?"), Outcome.UNKNOWN),
)


def _members(kind: type[CallFailed]) -> set[type[CallFailed]]:
    return {kind}.union(*(_members(child) for child in kind.__subclasses__()))


def test_table_has_a_row_for_each_member_of_the_family() -> None:
    library = {
        kind for kind in _members(CallFailed) if kind.__module__.partition(".")[0] in ("models", "simulator")
    }
    # What an instance makes of any failure inside it, which is tested below.
    assert {kind.__name__ for kind in library} - {repr(row) for row in ROWS} == {"DependencyFailed"}


def ask(world: World, target: Endpoint, *delays: float, patience: float = 10.0) -> list[Outcome]:
    """Call after each of the delays; say how the calls have ended, `patience` seconds after the last."""
    client = world.client(target)
    start = world.env.now
    world.issue(client, *(start + delay for delay in delays))
    world.env.run(until=start + delays[-1] + patience)
    return [Outcome(code) for code in client.table.columns()["outcome"]]


def failing(world: World, row: Row) -> Endpoint:
    return world.link(world.serve(0.25, results=(row.failure,)))


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_outcome_is_that_of_the_failure_through_all_that_only_pass_it_on(row: Row) -> None:
    world = World()
    env = world.env
    assert outcome_of(row.failure) is row.outcome
    for wrap in (
        lambda inner: inner,
        lambda inner: Timeout(env, inner, 5.0),
        lambda inner: Balancer(env, [inner]),
        lambda inner: CircuitBreaker(env, inner),
        lambda inner: world.network.connect(world.web, inner, host=world.proxy),
    ):
        assert ask(world, wrap(failing(world, row)), 0.0) == [row.outcome]
    # A failure that says "timed out" is not one of the timeout that stands around it.
    inner = Timeout(env, failing(world, row), 5.0)
    ask(world, inner, 0.0)
    assert inner.statistics().expired_count == 0


@in_one_test("row", ROWS, ids=repr)
@pytest.mark.parametrize(
    "settings",
    [
        resilience4j(minimum_calls=3, failure_rate_threshold=1.0),
        hystrix(request_volume=3, error_percentage=100, sleep_window=50.0),
        polly(minimum_throughput=3, failure_ratio=1.0, break_duration=50.0),
        consecutive_failures(3, open_duration=50.0),
    ],
    ids=["resilience4j", "hystrix", "polly", "consecutive"],
)
def test_breaker_counts_it_as_a_failure_and_its_own_rejections_not_at_all(settings: object, row: Row) -> None:
    world = World()
    breaker = CircuitBreaker(world.env, failing(world, row), settings)  # type: ignore[arg-type] # a row of the table
    seen = ask(world, breaker, 0.0, 1.0, 2.0, 10.0, 11.0)
    assert seen == [row.outcome] * 3 + [Outcome.BREAKER_OPEN] * 2
    statistics = breaker.statistics()
    assert (statistics.permitted_count, statistics.failed_count, statistics.rejected_count) == (3, 3, 2)
    assert (statistics.opened_count, statistics.total_count_now, statistics.ignored_count) == (1, 3, 0)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_breaker_takes_what_is_not_counted_for_a_success_and_what_is_ignored_for_nothing(row: Row) -> None:
    kind = type(row.failure)
    others = tuple(type(each.failure) for each in ROWS if not issubclass(kind, type(each.failure)))
    base = resilience4j(minimum_calls=1)
    world = World()
    uncounted = CircuitBreaker(world.env, failing(world, row), replace(base, counts_as_failure=others))
    assert ask(world, uncounted, 0.0) == [row.outcome]
    statistics = uncounted.statistics()
    assert (statistics.failed_count, statistics.total_count_now, statistics.opened_count) == (0, 1, 0)
    unheard = CircuitBreaker(world.env, failing(world, row), replace(base, ignores=(kind,)))
    assert ask(world, unheard, 0.0) == [row.outcome]
    statistics = unheard.statistics()
    assert (statistics.ignored_count, statistics.total_count_now, statistics.opened_count) == (1, 0, 0)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_retry_asks_again_and_is_charged_for_it_unless_a_breaker_is_open(row: Row) -> None:
    world = World()
    budget, throttle = TokenBucketBudget(capacity=5), GrpcRetryThrottle(tokens_max=10)
    for each in (budget, throttle):
        retry = Retry(
            world.env, failing(world, row), 3, backoff=ConstantBackoff(delay=0.125), budget=each, name="retry"
        )
        assert ask(world, retry, 0.0) == [row.outcome]
        assert retry.statistics().attempt_count == (3 if row.is_retried else 1)
        assert retry.statistics().gave_up_count == row.is_retried
    assert budget.tokens == (3 if row.is_retried else 5)
    assert throttle.tokens == (7 if row.is_retried else 10)


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_retry_that_is_told_to_gives_up_on_it_or_asks_again_after_it(row: Row) -> None:
    world = World()
    kind = type(row.failure)
    backoff = ConstantBackoff(delay=0.125)
    others = (CallFailed,) if kind is not CallFailed else (Unheard,)
    picky = Retry(world.env, failing(world, row), 3, backoff=backoff, retries_on=others, gives_up_on=(kind,))
    ask(world, picky, 0.0)
    assert picky.statistics().attempt_count == 1
    keen = Retry(world.env, failing(world, row), 3, backoff=backoff, retries_on=(kind,), gives_up_on=())
    ask(world, keen, 0.0)
    assert keen.statistics().attempt_count == 3


@in_one_test("row", ROWS, ids=repr)
@in_one_test("shape", ["alone", "in sequence", "in parallel", "handler function"])
def test_instance_turns_it_into_a_server_error_or_a_gap(shape: str, row: Row) -> None:
    world = World()
    shapes = {
        "alone": lambda step: step,
        "in sequence": in_sequence,
        "in parallel": in_parallel,
        # One that lets the failure escape; it knows of nothing optional.
        "handler function": lambda step: (
            step if not step.required else lambda instance, request: step.endpoint.call(request)
        ),
    }
    for required, wanted in ((True, Outcome.SERVER_ERROR), (False, Outcome.DEGRADED)):
        step = shapes[shape](Dependency(failing(world, row), required=required))
        instance = Instance(world.env, world.proxy, step, name=f"instance {required}")
        assert ask(world, instance, 0.0) == [wanted]
        assert instance.statistics().failed_count == required


@pytest.mark.parametrize("row", ROWS, ids=repr)
def test_outbox_accepts_it_and_tries_again_until_it_is_dead(row: Row) -> None:
    world = World()
    outbox = Outbox(world.env, failing(world, row), attempts_max=2, backoff=ConstantBackoff(delay=0.125))
    world.endpoints.append(outbox)
    assert ask(world, outbox, 0.0) == [Outcome.OK]
    [letter] = outbox.dead_letters
    assert type(letter.failure) is type(row.failure)
    assert outbox.statistics().attempt_count == 2
