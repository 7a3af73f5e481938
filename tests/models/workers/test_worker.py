"""A worker: jobs done, failed, done twice, and given back; and what becomes of them when it dies."""

from __future__ import annotations

from collections.abc import Generator
from math import inf
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, Request, ServerError
from models.faults import ProcessCrash
from models.resilience import Timeout
from models.resilience.idempotency import Effect, IdempotencyStore
from models.services import Dependency, Instance, Pause, Step, Work, in_sequence
from models.workers import BacklogSettings, Worker, WorkerSettings, sqs
from simulator import PARKED, Environment
from simulator.randomness import Constant

from .floor import ONE_WAY, Floor, check_worker


def fail(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield 1.0
    raise ServerError("bad job")


def poison(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    """Crash the worker with it, if it is that kind of job."""
    yield 1.0
    if request.operation == "poison":
        instance.crash()
        yield PARKED


def test_job_is_fetched_done_and_deleted() -> None:
    floor = Floor()
    worker = floor.hire(2.0)
    floor.send("a", at=1.0)
    floor.env.run(until=3.2)
    assert floor.log.applications("a") == 1
    assert floor.backlog.statistics().deleted_count == 1
    now = worker.statistics()
    assert (now.received_count, now.completed_count, now.undeleted_count) == (1, 1, 0)
    floor.check()


def test_each_thread_does_one_job_at_a_time() -> None:
    floor = Floor(BacklogSettings(visibility=100.0))
    floor.hire(1.0, threads=3)
    floor.send(*range(9), at=1.0)
    floor.env.run(until=4.5)
    # Each round costs a poll and a delete, two round trips, and the second.
    assert floor.log.applied_count == 9
    assert floor.backlog.statistics().in_flight.maximum == 3
    floor.check()


def test_worker_that_is_started_twice_has_its_slots_once() -> None:
    floor = Floor()
    worker = floor.hire(2.0, threads=2)
    floor.at(0.5, worker.instance.start)
    floor.send("a", "b", "c", at=1.0)
    floor.env.run(until=2.0)
    assert worker.statistics().in_hand_count == worker.busy_count == 2
    assert floor.backlog.statistics().visible_count == 1, "nobody holds what he cannot begin"
    floor.env.run(until=10.0)
    assert floor.log.applied_count == 3
    assert worker.busy_count == 0


def test_worker_that_crashes_and_restarts_at_one_instant_has_all_its_slots() -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    worker = floor.hire(2.0, threads=2, settings=WorkerSettings(restart_delay=float("inf")))
    floor.at(0.5, worker.instance.crash)
    floor.at(0.5, worker.instance.restart)
    # The polls of the dead take a message each with them.
    floor.send(*"abcd", at=1.0)
    floor.env.run(until=2.0)
    assert worker.busy_count == 2
    floor.env.run(until=20.0)
    assert floor.log.applied_count == 4


def test_idle_worker_polls_as_often_as_its_wait_says() -> None:
    floor = Floor()
    long = floor.hire(1.0, settings=WorkerSettings(wait=20.0))
    short = floor.hire(1.0, settings=WorkerSettings(wait=0.0, pause=0.5))
    floor.env.run(until=100.0)
    assert long.statistics().poll_count == 5
    assert short.statistics().poll_count == pytest.approx(100.0 / 0.52, abs=1)
    assert long.statistics().failed_poll_count == short.statistics().failed_poll_count == 0


def test_failed_job_is_done_again_when_its_timeout_is_over() -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    worker = floor.hire(handler=fail)
    floor.send("a")
    floor.env.run(until=11.5)
    assert worker.statistics().failed_count == 2
    assert floor.backlog.statistics().received_count == 2
    floor.check()


def test_failed_job_may_be_given_back_after_a_delay() -> None:
    floor = Floor(BacklogSettings(visibility=100.0))
    worker = floor.hire(handler=fail, settings=WorkerSettings(wait=5.0, retry_delay=2.0))
    floor.send("a")
    floor.env.run(until=10.0)
    assert worker.statistics().failed_count == 3  # each of a second, two seconds apart
    floor.check()


def test_job_that_always_fails_ends_as_a_dead_letter_and_holds_up_nobody() -> None:
    floor = Floor(BacklogSettings(visibility=5.0, receives_max=3))

    def handle(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        if request.operation == "poison":
            yield from fail(instance, request)
        yield 0.5
        floor.log.apply(request.key)

    floor.hire(handler=handle)
    floor.send("bad", operation="poison")
    floor.send("good 1", "good 2", at=0.1)
    floor.env.run(until=60.0)
    assert floor.graveyard is not None
    assert [message.job.key for message in floor.graveyard.messages()] == ["bad"]
    assert [floor.log.applications(f"good {number}") for number in (1, 2)] == [1, 1]
    assert floor.backlog.size == 0
    floor.check()


def test_job_that_crashes_its_worker_ends_as_a_dead_letter_and_the_worker_goes_on() -> None:
    floor = Floor(BacklogSettings(visibility=5.0, receives_max=3))
    worker = floor.hire(
        handler=in_sequence(poison, Effect(floor.log)), settings=WorkerSettings(wait=2.0, restart_delay=3.0)
    )
    floor.send("bad", operation="poison")
    floor.send("good", at=20.0)
    floor.env.run(until=60.0)
    now = worker.statistics()
    assert (now.crash_count, now.killed_count, now.completed_count) == (3, 3, 1)
    assert floor.backlog.statistics().dead_count == 1
    assert floor.log.applications("bad") == 0
    assert floor.log.applications("good") == 1
    floor.check()


def test_without_dead_letters_a_job_that_crashes_its_worker_does_so_for_ever() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    worker = floor.hire(handler=poison, settings=WorkerSettings(wait=2.0))
    floor.send("bad", operation="poison")
    floor.env.run(until=600.0)
    assert worker.statistics().crash_count > 90
    assert floor.backlog.size == 1


# -- death


def test_worker_whose_host_dies_loses_nothing_the_work_takes_longer() -> None:
    floor = Floor(BacklogSettings(visibility=10.0))
    first = floor.hire(4.0)
    floor.send("a", at=0.5)
    floor.at(2.0, first.host.crash)
    floor.at(3.0, lambda: floor.hire(4.0))
    floor.env.run(until=20.0)
    # Received at about 0.5 s, and shown again 10 s later.
    assert floor.log.applications("a") == 1
    assert floor.backlog.statistics().deleted_count == 1
    assert first.statistics().killed_count == 1
    floor.check()


def test_worker_starts_again_with_its_host_and_takes_its_start_time() -> None:
    floor = Floor(BacklogSettings(visibility=2.0))
    worker = floor.hire(1.0, start_time=3.0)
    floor.env.run(until=2.0)
    assert not worker.is_ready
    floor.env.run(until=3.5)
    assert worker.is_ready
    floor.at(4.0, worker.host.crash)
    floor.at(5.0, worker.host.restart)
    floor.send("a", at=5.5)
    floor.env.run(until=7.9)
    assert not worker.is_ready
    floor.env.run(until=9.2)
    assert floor.log.applications("a") == 1
    assert worker.statistics().crash_count == 1
    floor.check()


def test_worker_whose_process_crashes_is_started_again_by_itself() -> None:
    floor = Floor(BacklogSettings(visibility=2.0))
    worker = floor.hire(1.0, threads=2, settings=WorkerSettings(wait=5.0, restart_delay=4.0))
    floor.at(1.0, worker.instance.crash)
    floor.env.run(until=4.9)
    assert not worker.is_ready
    floor.env.run(until=5.1)
    assert worker.is_ready
    assert worker.statistics().crash_count == 1, "once, for both of its threads"


def test_worker_that_nobody_starts_again_stays_down() -> None:
    floor = Floor()
    worker = floor.hire(1.0, settings=WorkerSettings(wait=5.0, restart_delay=inf))
    floor.at(1.0, worker.instance.crash)
    floor.env.run(until=1_000.0)
    assert not worker.is_ready
    worker.instance.restart()
    assert worker.is_ready


def test_fault_keeps_a_worker_down_for_as_long_as_it_lasts() -> None:
    floor = Floor()
    worker = floor.hire(1.0, settings=WorkerSettings(wait=5.0, restart_delay=1.0))
    fault = ProcessCrash(worker.instance)
    floor.at(1.0, fault.inject)
    floor.at(10.0, fault.heal)
    floor.env.run(until=9.9)
    assert not worker.is_ready
    floor.env.run(until=10.1)
    assert worker.is_ready


def test_worker_that_dies_between_effect_and_delete_has_the_job_done_twice() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    worker = floor.hire(1.0)
    floor.send("a", at=0.5)
    # Sent at 0.5, there at 0.51, fetched by an open poll at 0.52, done at 1.52, deleted there at 1.53.
    floor.at(1.52 + 0.005, worker.host.crash)
    floor.at(3.0, worker.host.restart)
    partition = floor.network.partition(worker.host, floor.broker, one_way=True)
    floor.network.heal(partition)
    floor.env.run(until=1.5)
    rule = floor.network.partition(worker.host, floor.broker, one_way=True)
    floor.at(3.0, lambda: floor.network.heal(rule))
    floor.env.run(until=20.0)
    assert floor.log.applications("a") == 2
    assert floor.log.lost_count == 0
    assert worker.statistics().completed_count == 2
    assert worker.statistics().undeleted_count == 1
    floor.check()


def test_job_that_was_done_twice_takes_effect_once_behind_an_idempotency_key() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    env = floor.env
    bank_host = Host(env, "bank")
    bank = Instance(env, bank_host, Effect(floor.log), name="bank")
    store = IdempotencyStore(env, bank, is_durable=True)

    def pays(host: Host) -> Step:
        return in_sequence(Pause(Constant(1.0)), Dependency(floor.network.connect(host, store)))

    worker_host = Host(env, "worker host")
    instance = Instance(env, worker_host, pays(worker_host), threads=1, name="payer")
    worker = Worker(
        env, instance, floor.network.connect(worker_host, floor.backlog), WorkerSettings(wait=5.0)
    )
    instance.start()
    floor.at(0.5, lambda: floor.users.issue(Request("pay", "order 1", idempotency_key="order 1")))
    # The delete is lost: the worker's messages to the backlog are, from before it is sent.
    rules: list[Any] = []
    floor.at(1.0, lambda: rules.append(floor.network.partition(worker_host, floor.broker, one_way=True)))
    floor.at(4.0, lambda: floor.network.heal(rules[0]))
    floor.at(2.5, worker_host.crash)
    floor.at(3.5, worker_host.restart)
    env.run(until=30.0)
    assert worker.statistics().completed_count == 2
    assert floor.log.applications("order 1") == 1
    assert store.statistics().replayed_count == 1
    assert floor.backlog.size == 0


def test_only_answers_are_cut_off_and_jobs_are_handed_to_nobody_until_it_heals() -> None:
    floor = Floor(BacklogSettings(visibility=5.0, receives_max=100))
    worker = floor.hire(0.5, settings=WorkerSettings(wait=1.0, patience=1.0))
    floor.env.run(until=0.5)
    rule = floor.network.partition(floor.broker, worker.host, one_way=True)
    floor.send("a", at=1.0)
    floor.at(30.0, lambda: floor.network.heal(rule))
    floor.env.run(until=29.0)
    assert floor.log.applied_count == 0
    assert floor.backlog.statistics().received_count > 3, "handed out, and never heard of again"
    floor.env.run(until=60.0)
    assert floor.log.applications("a") == 1
    assert floor.backlog.size == 0
    floor.check()


def test_delete_whose_answer_is_lost_is_tried_again_and_does_no_harm() -> None:
    floor = Floor(BacklogSettings(visibility=60.0))
    worker = floor.hire(1.0, settings=WorkerSettings(wait=5.0, patience=2.0))
    floor.send("a", at=0.5)
    floor.env.run(until=1.0)
    rule = floor.network.partition(floor.broker, worker.host, one_way=True)
    floor.at(3.0, lambda: floor.network.heal(rule))
    floor.env.run(until=10.0)
    assert worker.statistics().undeleted_count == 0
    now = floor.backlog.statistics()
    assert (now.deleted_count, now.stale_count) == (1, 1)
    assert floor.log.applications("a") == 1


def test_what_stands_in_front_of_the_handler_sees_the_job_first() -> None:
    floor = Floor(BacklogSettings(visibility=5.0))
    stores: list[IdempotencyStore] = []

    def front(instance: Instance) -> IdempotencyStore:
        stores.append(IdempotencyStore(floor.env, instance, is_durable=True))
        return stores[-1]

    worker = floor.hire(1.0, front=front, settings=WorkerSettings(wait=5.0, patience=0.5, delete_attempts=1))
    floor.at(0.5, lambda: floor.users.issue(Request("job", "a", idempotency_key="a")))
    floor.env.run(until=1.0)
    rule = floor.network.partition(worker.host, floor.broker, one_way=True)  # its delete is lost
    floor.at(4.0, lambda: floor.network.heal(rule))
    floor.env.run(until=30.0)
    assert worker.statistics().completed_count == 2
    assert worker.statistics().undeleted_count == 1
    assert stores[0].statistics().replayed_count == 1
    assert floor.log.applications("a") == 1
    assert floor.backlog.size == 0


# -- misuse


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"pause": 0.0}, "pause must be finite and > 0 s"),
        ({"patience": inf}, "patience must be finite and > 0 s"),
        ({"heartbeat": 0.0}, "heartbeat must be finite and > 0 s"),
        ({"visibility": 5.0, "heartbeat": 5.0}, "heartbeat must be shorter than visibility"),
        ({"wait": -1.0}, "wait must be finite and >= 0 s"),
        ({"retry_delay": -1.0}, "retry_delay must be finite and >= 0 s"),
        ({"delete_attempts": 0}, "delete_attempts must be a whole number"),
        ({"restart_delay": 0.0}, "restart_delay must be > 0 s"),
    ],
)
def test_settings_that_cannot_be_are_refused(wrong: dict[str, Any], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        WorkerSettings(**wrong)


def test_worker_is_made_of_an_instance_and_a_way() -> None:
    env = Environment()
    host = Host(env, "host")
    way = FunctionEndpoint(lambda request: iter(()))  # type: ignore[arg-type, return-value]
    with pytest.raises(TypeError, match="instance must be an Instance"):
        Worker(env, host, way)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="settings must be WorkerSettings"):
        Worker(env, Instance(env, host, Work(1.0)), way, 20.0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="time_left must be >= 0 s"):
        Worker(env, Instance(env, host, Work(1.0)), way).drain(-1.0)


@pytest.mark.slow
def test_way_that_answers_in_place_of_the_backlog_stops_the_run_unless_it_says_that_there_is_nothing() -> (
    None
):
    floor = Floor()
    worker = floor.hire(1.0, way=lambda host: FunctionEndpoint(say_nothing, host=host))
    floor.env.run(until=10.0)
    assert worker.statistics().poll_count < 12, "it pauses, since nobody has made it wait"
    other = Floor()
    other.hire(1.0, way=lambda host: FunctionEndpoint(say_none, host=host))
    with pytest.raises(TypeError, match="way must answer a poll with the backlog's messages, got 'none'"):
        other.env.run(until=1.0)


def say_nothing(request: Request) -> Generator[Any, Any, tuple[Any, ...]]:
    yield from ()
    return ()


def say_none(request: Request) -> Generator[Any, Any, str]:
    yield 0.1
    return "none"


def test_way_may_have_anything_around_it() -> None:
    floor = Floor(sqs())
    floor.hire(
        1.0, way=lambda host: Timeout(floor.env, Network.connect(floor.network, host, floor.backlog), 6.0)
    )
    floor.send("a", at=0.5)
    floor.env.run(until=5.0)
    assert floor.log.applications("a") == 1
    check_worker(floor.workers[0].statistics())
    assert ONE_WAY < 1.0
