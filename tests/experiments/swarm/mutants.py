"""Bugs to be put into the models, each of a kind that has been made: the swarm must find them all.

Each is a function that changes a class with pytest's `monkeypatch`, which takes the change back afterwards.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from models import CallFailed, ConnectionLost, Host, Outcome, Rejected, Request, Response, outcome_of
from models.balancing import Balancer
from models.faults import Fault
from models.infrastructure.cores import FirstComeCores, ProcessorSharingCores
from models.network import Connection
from models.network.path import MessageGone
from models.resilience import CircuitBreaker, EnvoyRetryBudget, Outbox, Retry, Timeout
from models.resilience.bulkheads import Bulkhead
from models.resilience.hedging.race import Race
from models.resilience.idempotency.answers import Answers
from models.resilience.rate_limits import TokenBucket
from models.resilience.rate_limits.token_bucket import Tokens
from models.resilience.shedding import ConcurrencyLimiter
from models.resilience.shedding.concurrency_limiter import _Memory
from models.resilience.stand_in import StandIn
from models.services import Instance
from models.services.parallel import _Fork
from models.workload import Client
from simulator import PARKED, Cancelled, Permits

from .fleet_mutants import FLEET_MUTANTS
from .fleet_parts_mutants import FLEET_PARTS_MUTANTS
from .parts_mutants import PARTS_MUTANTS

Mutant = Callable[[pytest.MonkeyPatch], None]


def permit_is_lost_when_a_waiter_goes(patch: pytest.MonkeyPatch) -> None:
    def wait(permits: Any) -> Any:
        process = permits._env.active_process
        start = permits._env.now
        if len(permits.waiting) >= permits.queue_size_max:
            permits._rejected_count += 1
            from simulator import QueueFull

            raise QueueFull
        permits.waiting[process] = None
        try:
            yield PARKED
        except BaseException:
            # Handed a permit at this very instant: it should go to the next.
            permits.waiting.pop(process, None)
            raise
        permits._waited_count += 1
        permits._waiting_time += permits._env.now - start

    patch.setattr(Permits, "wait", wait)


def waiter_who_goes_stays_in_the_queue(patch: pytest.MonkeyPatch) -> None:
    def wait(permits: Any) -> Any:
        process = permits._env.active_process
        permits.waiting[process] = None
        yield PARKED

    patch.setattr(Permits, "wait", wait)


def balancer_loses_a_count_where_a_call_fails(patch: pytest.MonkeyPatch) -> None:
    def call(balancer: Any, request: Request) -> Any:
        target = balancer._choose(request)
        target.call_count += 1
        target.outstanding += 1
        answer = yield from target.endpoint.call(request)
        target.outstanding -= 1
        return answer

    patch.setattr(Balancer, "call", call)


def breaker_loses_a_trial_that_is_cancelled(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(CircuitBreaker, "_abandon", lambda breaker, epoch: None)


def breaker_calls_while_it_is_open(patch: pytest.MonkeyPatch) -> None:
    admits = CircuitBreaker._admits

    def call(breaker: Any, request: Request) -> Any:
        if breaker._is_guarded and not admits(breaker):
            return (yield from breaker.target.call(request))
        return (yield from breaker._try(request))

    patch.setattr(CircuitBreaker, "call", call)


def timeout_forgets_to_close_its_deadline(patch: pytest.MonkeyPatch) -> None:
    from models import TimedOut

    def call(timeout: Any, request: Request) -> Any:
        timeout._call_count += 1
        deadline = timeout._env.open_deadline(timeout.delay)
        try:
            return (yield from timeout.target.call(request))
        except Cancelled as cancelled:
            if cancelled.scope is not deadline:
                raise
        timeout._expired_count += 1
        raise TimedOut(timeout.name)

    patch.setattr(Timeout, "call", call)


def timeout_that_never_comes(patch: pytest.MonkeyPatch) -> None:
    def call(timeout: Any, request: Request) -> Any:
        timeout._call_count += 1
        return (yield from timeout.target.call(request))

    patch.setattr(Timeout, "call", call)


def budget_is_charged_for_ever_when_a_retry_is_cancelled(patch: pytest.MonkeyPatch) -> None:
    call = Retry._retry

    def retry(self: Any, request: Request, failure: CallFailed) -> Any:
        before = self._budget
        try:
            return (yield from call(self, request, failure))
        except (Cancelled, GeneratorExit):
            if isinstance(before, EnvoyRetryBudget):
                before.retry_count += 1
            raise

    patch.setattr(Retry, "_retry", retry)


def retry_counts_a_retry_that_it_does_not_make(patch: pytest.MonkeyPatch) -> None:
    retry = Retry._retry

    def count(self: Any, request: Request, failure: CallFailed) -> Any:
        try:
            return (yield from retry(self, request, failure))
        except Cancelled:
            self._retry_count += 1
            raise

    patch.setattr(Retry, "_retry", count)


def outbox_loses_an_entry_in_a_crash(patch: pytest.MonkeyPatch) -> None:
    deliver = Outbox._deliver

    def lose(outbox: Any, entry: Any) -> Any:
        try:
            yield from deliver(outbox, entry)
        except GeneratorExit:
            outbox._delivered_count += 1
            raise

    patch.setattr(Outbox, "_deliver", lose)


def client_does_not_record_who_is_killed(patch: pytest.MonkeyPatch) -> None:
    send = Client.send

    def forget(client: Any, request: Request, operation_code: int = 0) -> Any:
        generator = send(client, request, operation_code)
        table = client.table
        try:
            return (yield from generator)
        except GeneratorExit:
            table.issued += 1
            raise

    patch.setattr(Client, "send", forget)


def crash_leaves_processes_alone(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Host, "_kill", lambda host, processes: [host.running.pop(each, None) for each in processes])


def connection_counts_an_answer_twice(patch: pytest.MonkeyPatch) -> None:
    call = Connection.call

    def count(connection: Any, request: Request) -> Any:
        answer = yield from call(connection, request)
        connection._answered_count += 1
        return answer

    patch.setattr(Connection, "call", count)


def instance_keeps_the_thread_of_a_failed_request(patch: pytest.MonkeyPatch) -> None:
    is_own = Instance._is_own

    def keep(instance: Any, failure: CallFailed) -> bool:
        if not instance._threads.waiting and instance._threads.free:
            instance._threads.free -= 1
        return is_own(instance, failure)

    patch.setattr(Instance, "_is_own", keep)


def shared_core_keeps_a_job_that_was_cancelled(patch: pytest.MonkeyPatch) -> None:
    work = ProcessorSharingCores.work

    def keep(cores: Any, demand: float) -> Any:
        try:
            yield from work(cores, demand)
        except BaseException:
            cores._job_count += 1
            raise

    patch.setattr(ProcessorSharingCores, "work", keep)


def work_in_progress_does_not_feel_a_change_of_speed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(FirstComeCores, "_change_speed", lambda cores, speed: setattr(cores, "_speed", speed))


def fork_leaves_its_branches_running(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Fork, "cancel", lambda fork: setattr(fork, "_is_over", True))


def choice_depends_on_the_process(patch: pytest.MonkeyPatch) -> None:
    call = Balancer.call
    chance = random.Random(1)  # never the same twice, and yet the same test every time

    def reorder(balancer: Any, request: Request) -> Any:
        if chance.random() < 0.5:
            balancer._targets.members.reverse()
            balancer._choose_anew()
        return call(balancer, request)

    patch.setattr(Balancer, "call", reorder)


def instance_answers_with_an_error_in_its_code(patch: pytest.MonkeyPatch) -> None:
    call = Instance.call

    def err(instance: Any, request: Request) -> Any:
        answer: Response = yield from call(instance, request)
        if answer.degraded:
            raise KeyError("an error in a model's code")
        return answer

    patch.setattr(Instance, "call", err)


def silence_counts_as_an_answer(patch: pytest.MonkeyPatch) -> None:
    """Make "done" mean "nothing more will come": a lost message and a dead host are instant success."""

    def succeed(connection: Any) -> None:
        connection._env.active_process.answer(Response("nothing"), 0.0)

    patch.setattr(Connection, "_silence", succeed)


def stand_in_passes_for_an_answer(patch: pytest.MonkeyPatch) -> None:
    def answer(stand_in: Any, request: Request, *details: object) -> Any:
        yield from ()
        return Response("as good as any")

    patch.setattr(StandIn, "answer", answer)


def store_forgets_what_it_has_answered(patch: pytest.MonkeyPatch) -> None:
    record = Answers.record

    def forget(answers: Any, *arguments: Any) -> Any:
        answer = record(answers, *arguments)
        answers.forget_all()
        return answer

    patch.setattr(Answers, "record", forget)


def bulkhead_keeps_the_permit_of_a_call_that_fails(patch: pytest.MonkeyPatch) -> None:
    def call(bulkhead: Any, request: Request) -> Any:
        bulkhead._call_count += 1
        if bulkhead._permits.free:
            bulkhead._permits.free -= 1
        else:
            yield from bulkhead._wait()
        response = yield from bulkhead.target.call(request)
        bulkhead._ended_count += 1
        bulkhead.pool.give_back()
        return response

    patch.setattr(Bulkhead, "call", call)


def hedge_leaves_the_copies_of_a_cancelled_call(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Race, "_cancel", lambda race: race._end(forget=True))


def limiter_loses_the_place_of_a_waiter_who_goes(patch: pytest.MonkeyPatch) -> None:
    leave = ConcurrencyLimiter._leave

    def lose(limiter: Any, memory: Any, waiter: Any, *, is_late: bool) -> None:
        leave(limiter, memory, waiter, is_late=is_late)
        limiter._left_count += is_late

    patch.setattr(ConcurrencyLimiter, "_leave", lose)


def fault_forgets_to_heal(patch: pytest.MonkeyPatch) -> None:
    for kind in Fault.__subclasses__():
        for each in (kind, *kind.__subclasses__()):
            if "_stop" in vars(each):
                patch.setattr(each, "_stop", lambda fault: None)


def reply_comes_through_a_cut(patch: pytest.MonkeyPatch) -> None:
    def carry_back(connection: Any, answer: Any, request: Any) -> Any:
        try:
            yield from connection._back.carry(0, connection._transport)
        except (MessageGone, ConnectionLost):
            return answer
        process: Any = connection._env.active_process
        if process.waiter is None:
            connection._late_count += 1
        return answer

    patch.setattr(Connection, "_carry_back", carry_back)


def bucket_holds_one_token_too_many(patch: pytest.MonkeyPatch) -> None:
    def start(limit: Any, env: Any) -> Tokens:
        return Tokens(env, limit, limit.rate, limit.burst + 1.0, limit.cost)

    patch.setattr(TokenBucket, "start", start)


def retry_asks_again_although_it_has_an_answer(patch: pytest.MonkeyPatch) -> None:
    call = Retry.call

    def ask_again(retry: Any, request: Request) -> Any:
        answer = yield from call(retry, request)
        if retry.attempts > 1:
            retry._retry_count += 1
            return (yield from retry.target.call(request))
        return answer

    patch.setattr(Retry, "call", ask_again)


def limiter_gives_a_place_back_twice(patch: pytest.MonkeyPatch) -> None:
    release = _Memory.release

    def release_twice(memory: Any) -> None:
        release(memory)
        release(memory)

    patch.setattr(_Memory, "release", release_twice)


def client_counts_a_rejection_as_an_answer(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(
        "models.workload.client.outcome_of",
        lambda failure: Outcome.OK if isinstance(failure, Rejected) else outcome_of(failure),
    )


def instance_goes_on_when_it_was_told_to_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Host, "end_process", lambda host, endpoint: None)


def crash_leaves_those_who_wait_for_a_thread(patch: pytest.MonkeyPatch) -> None:
    kill = Host._kill

    def spare(host: Any, processes: list[Any]) -> None:
        waiting = {
            process
            for where in set(host.running.values())
            if isinstance(where, Instance)
            for process in where._threads.waiting
        }
        kill(host, [process for process in processes if process not in waiting])

    patch.setattr(Host, "_kill", spare)


MUTANTS: tuple[Mutant, ...] = (
    *FLEET_MUTANTS,
    *FLEET_PARTS_MUTANTS,
    *PARTS_MUTANTS,
    balancer_loses_a_count_where_a_call_fails,
    breaker_calls_while_it_is_open,
    breaker_loses_a_trial_that_is_cancelled,
    bucket_holds_one_token_too_many,
    budget_is_charged_for_ever_when_a_retry_is_cancelled,
    bulkhead_keeps_the_permit_of_a_call_that_fails,
    choice_depends_on_the_process,
    client_counts_a_rejection_as_an_answer,
    client_does_not_record_who_is_killed,
    connection_counts_an_answer_twice,
    crash_leaves_processes_alone,
    crash_leaves_those_who_wait_for_a_thread,
    instance_goes_on_when_it_was_told_to_stop,
    fault_forgets_to_heal,
    fork_leaves_its_branches_running,
    hedge_leaves_the_copies_of_a_cancelled_call,
    instance_answers_with_an_error_in_its_code,
    instance_keeps_the_thread_of_a_failed_request,
    limiter_gives_a_place_back_twice,
    limiter_loses_the_place_of_a_waiter_who_goes,
    outbox_loses_an_entry_in_a_crash,
    permit_is_lost_when_a_waiter_goes,
    reply_comes_through_a_cut,
    retry_asks_again_although_it_has_an_answer,
    retry_counts_a_retry_that_it_does_not_make,
    shared_core_keeps_a_job_that_was_cancelled,
    silence_counts_as_an_answer,
    stand_in_passes_for_an_answer,
    store_forgets_what_it_has_answered,
    timeout_forgets_to_close_its_deadline,
    timeout_that_never_comes,
    waiter_who_goes_stays_in_the_queue,
    work_in_progress_does_not_feel_a_change_of_speed,
)
