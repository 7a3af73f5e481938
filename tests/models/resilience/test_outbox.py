"""Outbox: accepted at once, delivered later, dead at last, and nothing lost in between."""

from math import isnan

import pytest

from models.endpoint import Endpoint
from models.failures import BreakerOpen, Rejected, ServerError
from models.infrastructure import Host
from models.resilience import (
    CircuitBreaker,
    ConstantBackoff,
    ExponentialBackoff,
    Outbox,
    consecutive_failures,
)
from simulator import Environment
from tests.models.resilience.scripted import OK, Scripted, call_at

ONE_SECOND = ConstantBackoff(delay=1.0)
ERROR = (0.0, ServerError)


def conserves(outbox: Outbox) -> bool:
    """Whether accepted = delivered + dead + backlog."""
    now = outbox.statistics()
    return now.accepted_count == now.delivered_count + now.dead_letter_count + now.backlog.value


def test_a_call_is_accepted_at_once_and_delivered_later() -> None:
    env = Environment()
    target = Scripted(env, (2.0, None))
    outbox = Outbox(env, target, backoff=ONE_SECOND)
    [seen] = call_at(env, outbox, 1.0)
    env.run()
    assert seen == (1.0, "accepted")
    assert target.call_times == [1.0]
    statistics = outbox.statistics()
    assert (statistics.delivered_count, statistics.delivery_time_mean) == (1, 2.0)
    assert conserves(outbox)


def test_a_failure_is_retried_with_backoff_until_it_is_delivered() -> None:
    env = Environment()
    target = Scripted(env, ERROR, ERROR, ERROR, OK)
    outbox = Outbox(env, target, backoff=ExponentialBackoff(base=1.0))
    call_at(env, outbox, 0.0)
    env.run()
    assert target.call_times == [0.0, 1.0, 3.0, 7.0]
    assert outbox.statistics().attempt_count == 4
    assert outbox.statistics().delivery_time_mean == 7.0


def test_entries_are_delivered_in_the_order_in_which_they_came() -> None:
    env = Environment()
    target = Scripted(env, ERROR, OK)
    outbox = Outbox(env, target, backoff=ONE_SECOND)
    call_at(env, outbox, 0.0, 0.25)
    env.run()
    assert target.call_times == [0.0, 1.0, 1.0]  # the second waits until the first is delivered


def test_several_workers_deliver_at_the_same_time() -> None:
    env = Environment()
    target = Scripted(env, (1.0, None))
    outbox = Outbox(env, target, backoff=ONE_SECOND, workers=2)
    call_at(env, outbox, 0.0, 0.0, 0.0)
    env.run()
    assert target.call_times == [0.0, 0.0, 1.0]
    assert env.now == 2.0


def test_a_full_outbox_rejects() -> None:
    env = Environment()
    outbox = Outbox(env, Scripted(env, (1.0, None)), capacity=2, backoff=ONE_SECOND, name="mail")
    seen = call_at(env, outbox, 0.0, 0.0, 0.5, 1.5)
    env.run()
    assert [each.outcome for each in seen] == ["accepted", "accepted", Rejected, "accepted"]
    assert outbox.statistics().rejected_count == 1
    assert outbox.statistics().backlog.maximum == 2
    assert conserves(outbox)


def test_an_entry_is_dead_after_its_last_attempt() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    outbox = Outbox(env, target, backoff=ONE_SECOND, attempts_max=3)
    call_at(env, outbox, 0.0)
    env.run()
    [letter] = outbox.dead_letters
    assert (letter.accepted_at, letter.died_at, letter.attempt_count) == (0.0, 2.0, 3)
    assert isinstance(letter.failure, ServerError)
    assert outbox.statistics().dead_letter_count == 1
    assert isnan(outbox.statistics().delivery_time_mean)
    assert conserves(outbox)


def test_an_entry_is_dead_when_its_next_attempt_would_be_too_old() -> None:
    env = Environment()
    target = Scripted(env, ERROR)
    outbox = Outbox(env, target, backoff=ONE_SECOND, age_max=2.0)
    call_at(env, outbox, 0.0)
    env.run()
    assert target.call_times == [0.0, 1.0, 2.0]
    assert outbox.dead_letters[0].died_at == 2.0


def test_work_that_meets_an_open_breaker_is_delivered_when_it_closes() -> None:
    env = Environment()
    target = Scripted(env, ERROR, ERROR, OK)
    breaker = CircuitBreaker(env, target, consecutive_failures(2, open_duration=5.0))
    outbox = Outbox(env, breaker, backoff=ONE_SECOND)
    [seen] = call_at(env, outbox, 0.0)
    env.run()
    assert seen == (0.0, "accepted")
    assert target.call_times == [0.0, 1.0, 7.0]  # open from 1 to 6; a permit only after that
    assert breaker.statistics().rejected_count == 5
    assert not issubclass(BreakerOpen, type(seen.outcome))


def test_an_idle_outbox_lets_the_run_end() -> None:
    env = Environment()
    Outbox(env, Scripted(env), backoff=ONE_SECOND)
    env.run()
    assert env.now == 0.0


def test_the_mean_backlog_is_weighted_by_time() -> None:
    env = Environment()
    outbox = Outbox(env, Scripted(env, (1.0, None)), backoff=ONE_SECOND)
    call_at(env, outbox, 0.0, 0.0)
    env.run(until=4.0)
    assert outbox.statistics().backlog.mean == pytest.approx((2 + 1) / 4)


def on_a_host(target: Endpoint, env: Environment, workers: int = 1) -> tuple[Host, Outbox]:
    host = Host(env, "worker host")
    outbox = Outbox(env, target, backoff=ONE_SECOND, workers=workers, start=host.start)
    host.on_restart(outbox.start_workers)
    return host, outbox


@pytest.mark.parametrize("crash_at", [0.5, 1.25], ids=["in delivery", "in the backoff"])
def test_a_crash_of_the_workers_host_delays_delivery_but_loses_nothing(crash_at: float) -> None:
    env = Environment()
    target = Scripted(env, (1.0, ServerError), (1.0, None))
    host, outbox = on_a_host(target, env)
    call_at(env, outbox, 0.0, 0.0)
    env.call_later(crash_at, host.crash)
    env.run(until=5.0)
    assert outbox.statistics().delivered_count == 0
    assert target.under_way == 0
    assert conserves(outbox)
    host.restart()
    env.run()
    assert outbox.statistics().delivered_count == 2
    assert target.call_times[1] == 5.0
    assert conserves(outbox)


def test_a_crash_of_idle_workers_is_survived() -> None:
    env = Environment()
    host, outbox = on_a_host(Scripted(env), env, workers=2)
    env.call_later(1.0, host.crash)
    call_at(env, outbox, 2.0)
    env.run(until=3.0)
    host.restart()
    env.run()
    assert outbox.statistics().delivered_count == 1


def test_a_worker_killed_as_it_is_woken_leaves_its_entry_to_another() -> None:
    env = Environment()
    workers = []

    def start(generator, name):  # type: ignore[no-untyped-def]
        workers.append(env.process(generator, name))
        return workers[-1]

    outbox = Outbox(env, Scripted(env), backoff=ONE_SECOND, workers=2, start=start)
    env.run(until=1.0)
    call_at(env, outbox, 1.0)
    env.call_later(0.0, workers[0].kill)
    env.run()
    assert outbox.statistics().delivered_count == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"capacity": 0}, "capacity must be >= 1, got 0"),
        ({"workers": 0}, "workers must be a whole number >= 1, got 0"),
        ({"attempts_max": 0}, "attempts_max must be >= 1, got 0"),
        ({"age_max": 0.0}, r"age_max must be > 0 s, got 0.0"),
    ],
)
def test_misuse_is_named(settings: dict[str, float], message: str) -> None:
    env = Environment()
    with pytest.raises(ValueError, match=message):
        Outbox(env, Scripted(env), backoff=ONE_SECOND, **settings)  # type: ignore[arg-type]
