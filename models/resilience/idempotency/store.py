"""The server's half of idempotency: remember keys, and repeat the answer instead of the work.

States of a key: *unknown* -> *in progress* -> *answered* -> *unknown* (after `ttl`, or evicted). Rules for a
request with a key:

1. Unknown: it is worked on. When it is answered, the answer is recorded and the key is answered.
2. Answered: the answer is repeated, and nothing is worked on.
3. In progress: it waits for the first one's answer and gets that, or with `duplicates="reject"` is `Rejected`
   at once, as Stripe and the IETF draft have it (409): those who wait take no thread of the instance. That
   rejection is `in_doubt`: what is in progress may be done.
4. Another request (operation, key, value) under a key that is not unknown is misuse (422): a `ServerError`.
5. The first one *fails*: the key passes to the duplicate that has waited longest, which works in its stead;
   if none waits, the key is unknown again. With `replays_failures`, as at Stripe, a failure is an answer like
   others, unless it says that nothing was done (`CallFailed.nothing_done`).
6. The first one is *cut short* (cancelled by its caller, killed): as if it had failed, since its work was cut
   short with it. Who has only lost its caller is not cut short: over a network that does not propagate
   cancellations it works on, and its answer is there when the retry comes.

What is without a key, or comes where nobody is there to look it up, passes untouched.

The store lives in the process of its target. By default it is in memory: a crash of the process or its host
forgets everything, and a retry after it takes effect twice. A durable one keeps its answers, and forgets what
was in progress. That is its known gap: a crash between the effect and the record of the answer leaves an
effect that nobody remembers, and a retry takes effect twice all the same. It closes only where both are one
transaction, as they are here if nothing takes time after the effect (see `effect`). The same gap opens
whenever an attempt ends after its effect without an answer (rules 5 and 6); closing it the other way, with
`replays_failures`, gives the caller a failure for something that took effect.

It knows what came this way, and nothing else: a retry that a balancer sends to another instance meets another
store, and takes effect twice. What can be done about that is a matter of place: one store in front of the
balancer, or one around the database where the effect takes place, to which the key is passed on. Leaves out:
a store that instances share over the network (it needs claims with leases, and fencing, which are a lock
service's); the time that recording takes (say it as work after the effect); keys by account and endpoint.

Sources: Stripe's API reference, "Idempotent requests"; IETF draft-ietf-httpapi-idempotency-key-header,
sections 2.6 and 2.7; B. Leach, "Implementing Stripe-like Idempotency Keys in Postgres" (2017).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Generator
from dataclasses import dataclass, field
from math import inf
from typing import Any

from simulator import PARKED, Environment, Process

from ...endpoint import Call, Endpoint, Wrapper
from ...failures import CallFailed, ServerError, in_doubt
from ...request import Request, Response
from ..rejection import rejection
from .answers import Answer, Answers

DUPLICATES = ("wait", "reject")


@dataclass(frozen=True, slots=True, kw_only=True)
class IdempotencyStatistics:
    """What has become of the calls to a store, of the work on keys, and of the answers, so far.

    Calls: of `call_count`, `passed_count` went past the store, `worked_count` were worked on (of which
    `taken_over_count` had waited for one that came to nothing), `replayed_count` got the answer to another,
    `rejected_count` were duplicates of one in progress, `mismatched_count` misused a key, `abandoned_count`
    ended while they waited, and `waiting_count` wait now, for another or for the look-up. All but the
    taken-over add up to the calls.

    Work: of the `worked_count`, `recorded_count` led to an answer that was recorded, `failed_count` failed
    and were not, `cut_short_count` came to nothing, and `in_progress_count` go on: they add up.

    Answers: of the `recorded_count`, `kept_count` are there now, `expired_count` were too old,
    `evicted_count` had to make room, `forgotten_count` were lost in crashes: they add up too.
    """

    call_count: int
    passed_count: int
    worked_count: int
    taken_over_count: int
    replayed_count: int
    rejected_count: int
    mismatched_count: int
    abandoned_count: int
    waiting_count: int
    recorded_count: int
    failed_count: int
    cut_short_count: int
    in_progress_count: int
    kept_count: int
    expired_count: int
    evicted_count: int
    forgotten_count: int


@dataclass(slots=True, eq=False)
class _Attempt:
    """A key in progress: who waits for it, and which of them was told last to take over."""

    key: str
    request: Request
    waiters: OrderedDict[Process, None] = field(default_factory=OrderedDict)
    successor: Process | None = None


class IdempotencyStore(Wrapper):
    """Answers as `target` does, once for all requests with the same idempotency key.

    An answer is repeated until it is `ttl` seconds old (> 0; infinity: for ever), or until `capacity` others
    (>= 1, may be infinite) were recorded after it; keys in progress do not count, and are never evicted.
    `duplicates` of a request in progress "wait" or are rejected ("reject"). `replays_failures` and
    `is_durable`: see above. `lookup_time` (>= 0 s) is what it costs each request with a key to be looked up.

    Put it around an instance, on the server's side: around a connection, on the caller's, it forgets attempts
    that the caller gives up while the server still works on them.

    Example::

        bank = Instance(env, host, in_sequence(Work(0.01), Effect(orders)))
        payment = network.connect(web, IdempotencyStore(env, bank, is_durable=True))
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        ttl: float = 86_400.0,
        capacity: float = 100_000,
        duplicates: str = "wait",
        replays_failures: bool = False,
        is_durable: bool = False,
        lookup_time: float = 0.0,
        name: str = "idempotency store",
    ) -> None:
        """Remember nothing yet."""
        super().__init__(target, name=name)
        if duplicates not in DUPLICATES:
            raise ValueError(f"duplicates must be one of {', '.join(DUPLICATES)}, got {duplicates!r}")
        if not 0.0 <= lookup_time < inf:
            raise ValueError(f"lookup_time must be finite and >= 0 s, got {lookup_time!r}")
        self.duplicates = duplicates
        self.replays_failures = replays_failures
        self.is_durable = is_durable
        self.lookup_time = lookup_time
        self._env = env
        self._attempts: dict[str, _Attempt] = {}
        self._answers = Answers(env, ttl, capacity)
        self._call_count = 0
        self._passed_count = 0
        self._worked_count = 0
        self._taken_over_count = 0
        self._replayed_count = 0
        self._rejected_count = 0
        self._mismatched_count = 0
        self._abandoned_count = 0
        self._waiting_count = 0
        self._failed_count = 0
        self._cut_short_count = 0
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, request: Request) -> Call:
        """Answer `request`, by work or from memory."""
        self._call_count += 1
        key = request.idempotency_key
        if key is not None and self.lookup_time:
            yield from self._look_up()
        if key is None or not self._is_up():
            self._passed_count += 1
            return (yield from self.target.call(request))
        answer, attempt = self._answers.find(key), self._attempts.get(key)
        known = answer or attempt
        if known is None:
            attempt = self._attempts[key] = _Attempt(key, request)
            return (yield from self._work(attempt, request))
        if not _is_same(known.request, request):
            self._mismatched_count += 1
            raise ServerError(f"{self.name}: key {key!r} is that of another request")
        if attempt is not None:
            answer = yield from self._wait(attempt)
            if answer is None:
                self._taken_over_count += 1
                return (yield from self._work(attempt, request))
        assert answer is not None, "neither answered nor in progress, and known all the same"
        self._replayed_count += 1
        return answer.replay()

    def _is_up(self) -> bool:
        """Whether the process that holds the store is there.

        Calls over the network do not come this far otherwise; what calls from elsewhere see then is the
        target's affair.
        """
        return (self.host is None or self.host.is_up) and self.serving.is_listening

    def _look_up(self) -> Generator[Any, Any, None]:
        self._waiting_count += 1
        try:
            yield self.lookup_time
        except BaseException:
            self._abandoned_count += 1
            raise
        finally:
            self._waiting_count -= 1

    def _wait(self, attempt: _Attempt) -> Generator[Any, Any, Answer | None]:
        """Wait for the answer to an attempt; `None` says that there is none, and whose turn it is."""
        if self.duplicates == "reject":
            self._rejected_count += 1
            raise in_doubt(rejection(self, "duplicate of a request in progress"))  # which may be done yet
        process: Any = self._env.active_process
        attempt.waiters[process] = None
        self._waiting_count += 1
        try:
            answer: Answer | None = yield PARKED
        except BaseException:
            self._abandoned_count += 1
            if process in attempt.waiters:
                del attempt.waiters[process]
            elif attempt.successor is process:
                self._pass_on(attempt)
            raise
        finally:
            self._waiting_count -= 1
        return answer

    # -- work -----------------------------------------------------------------------------------------------

    def _work(self, attempt: _Attempt, request: Request) -> Call:
        self._worked_count += 1
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            if self.replays_failures and not failure.nothing_done:
                self._record(attempt, failure)
            else:
                self._failed_count += 1
                self._pass_on(attempt)
            raise
        except BaseException:
            self._cut_short_count += 1
            self._pass_on(attempt)
            raise
        self._record(attempt, response)
        return response

    def _record(self, attempt: _Attempt, result: Response | CallFailed) -> None:
        """Remember how an attempt ended, and tell those who wait for it."""
        if self._attempts.get(attempt.key) is not attempt:
            # The process that knew of it has crashed: there is nothing left to record it in.
            self._cut_short_count += 1
            return
        del self._attempts[attempt.key]
        answer = self._answers.record(attempt.key, attempt.request, result)
        waiters, attempt.waiters = attempt.waiters, OrderedDict()
        for process in waiters:
            self._env.wake(process, answer)

    def _pass_on(self, attempt: _Attempt) -> None:
        """Let the next one that waits take over, or forget the key."""
        if attempt.waiters:
            attempt.successor, _ = attempt.waiters.popitem(last=False)
            self._env.wake(attempt.successor)
        elif self._attempts.get(attempt.key) is attempt:
            del self._attempts[attempt.key]

    # -- memory ---------------------------------------------------------------------------------------------

    def _start_afresh(self) -> None:
        """Forget what the crash has taken."""
        for attempt in self._attempts.values():
            # Who still waits was in the process that has crashed, and will hear nothing of it.
            attempt.waiters.clear()
        self._attempts.clear()
        if not self.is_durable:
            self._answers.forget_all()

    def statistics(self) -> IdempotencyStatistics:
        """Return what has happened so far."""
        answers = self._answers
        ended_count = answers.recorded_count + self._failed_count + self._cut_short_count
        return IdempotencyStatistics(
            call_count=self._call_count,
            passed_count=self._passed_count,
            worked_count=self._worked_count,
            taken_over_count=self._taken_over_count,
            replayed_count=self._replayed_count,
            rejected_count=self._rejected_count,
            mismatched_count=self._mismatched_count,
            abandoned_count=self._abandoned_count,
            waiting_count=self._waiting_count,
            recorded_count=answers.recorded_count,
            failed_count=self._failed_count,
            cut_short_count=self._cut_short_count,
            in_progress_count=self._worked_count - ended_count,
            kept_count=answers.kept_count,
            expired_count=answers.expired_count,
            evicted_count=answers.evicted_count,
            forgotten_count=answers.forgotten_count,
        )


def _is_same(one: Request, other: Request) -> bool:
    """Whether two requests ask the same: the fingerprint of the IETF draft."""
    return (one.operation, one.key, one.value) == (other.operation, other.key, other.value)
