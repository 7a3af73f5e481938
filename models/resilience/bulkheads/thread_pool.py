"""Thread pool: each call runs in a thread of a pool, so that its caller can walk away from it.

A call takes a thread, or waits for one in a first-in first-out queue, or is `Rejected` where that is full.
The thread works in a process of its own, while the caller waits for its answer. A caller who gives up
(deadline, cancellation) goes at once, and leaves behind

- in the queue: nothing. So does Hystrix since 1.5.7; before, the cancelled task stayed in the queue of Java's
  executor until a thread dropped it. In resilience4j a cancellation does not even reach the task, which a
  thread will work on for nobody; that is not reproduced.
- a thread at work, with `interrupts`: its work is cancelled, and the thread is free when that has cleaned up.
  This is Hystrix's `interruptOnTimeout`, true by default (its `interruptOnFutureCancel`, false by default, is
  the same thing here).
- a thread at work, without: the call is *abandoned*. The thread stays taken until the work ends by itself,
  for nobody. So does resilience4j, and any work that does not heed interrupts, such as a blocking read. A
  silent dependency uses up such a pool, unless there is a `Timeout` inside too.

A crash of the host or process that the pool stands in ends its threads, and with a restart the pool begins
anew: all threads free, nobody in the queue. A thread is bound to what its caller is bound to, and dies with
its caller. That of a caller from elsewhere is bound to where the target stands when, and only when, it is
abandoned; before, no crash reaches it, and it belongs to the old pool.

Leaves out: what a change of threads costs, threads made on demand, and the extra ones that resilience4j
starts when its queue is full. Sources: Hystrix `HystrixContextScheduler`, `HystrixThreadPoolProperties`,
pull request 1375; resilience4j `AbstractExecutorServiceBulkhead`.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from simulator import CallFailed, Environment, Permits, Process, QueueFull

from ...endpoint import Call, Endpoint, Wrapper
from ...infrastructure import Host
from ...request import Request, Response
from ...validation import require_count, require_room
from ..rejection import rejection


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadPoolBulkheadStatistics:
    """What has become of the calls to a thread pool so far.

    Of `call_count` calls `answered_count` got their thread's answer, failures included, and `rejected_count`
    found all threads taken and the queue full. Others were cut short from outside: `left_count` in the queue,
    `interrupted_count` with a thread that stopped for it, `abandoned_count` with one that did not. Now
    `waiting_count` wait in the queue and `in_flight_count` for their thread's answer: these seven add up to
    the calls. `busy_count` threads are taken: more than in flight, while some work for nobody. A call from
    before a restart, of a caller whom the crash has not reached, is in flight until it ends, and without a
    thread of these.
    """

    call_count: int
    answered_count: int
    rejected_count: int
    left_count: int
    interrupted_count: int
    abandoned_count: int
    waiting_count: int
    in_flight_count: int
    busy_count: int


class _Task:
    """One call that has a thread, one of `threads` until it is given back."""

    __slots__ = ("process", "threads")

    process: Process

    def __init__(self, threads: Permits) -> None:
        self.threads: Permits | None = threads


class ThreadPoolBulkhead(Wrapper):
    """Answers as `target` does, from one of `threads` (>= 1) threads; others are `Rejected`, "bulkhead full".

    `queue_size_max` (>= 0, may be infinite) calls wait for a thread. `interrupts` says whether the work of a
    caller who has given up is cancelled, or goes on and keeps its thread. `host` is where the pool stands, if
    the target stands nowhere, such as a balancer in the client; `ValueError` if that stands elsewhere.

    Example::

        payment = ThreadPoolBulkhead(env, network.connect(web, payment), threads=10, name="payment")
        patient = Timeout(env, payment, 1.0)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        *,
        threads: int,
        queue_size_max: float = 0,
        interrupts: bool = True,
        host: Host | None = None,
        name: str = "thread pool",
    ) -> None:
        """Start with all threads free."""
        super().__init__(target, name=name)
        require_count("threads", threads)
        require_room("queue_size_max", queue_size_max)
        if host is not None and self.host not in (None, host):
            raise ValueError(f"host must be that of the target, {self.host!r}, got {host!r}")
        self.host = host or self.host
        self.interrupts = interrupts
        self._env = env
        self._threads = Permits(env, threads, queue_size_max)
        self._call_count = 0
        self._answered_count = 0
        self._rejected_count = 0
        self._left_count = 0
        self._interrupted_count = 0
        self._abandoned_count = 0
        if self.host is not None:
            self.host.on_restart(self._start_afresh, endpoint=self.serving)

    @property
    def thread_count(self) -> int:
        """How many threads there are."""
        return self._threads.capacity

    def _start_afresh(self) -> None:
        self._threads = Permits(self._env, self._threads.capacity, self._threads.queue_size_max)

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does, or raise `Rejected`."""
        self._call_count += 1
        threads = self._threads
        if threads.free:
            threads.free -= 1
        else:
            yield from self._wait(threads)
        task = self._start(request, threads)
        try:
            answer = yield task.process
        except GeneratorExit:
            self._interrupted_count += 1
            self._kill(task)
            raise
        except BaseException:
            self._walk_away(task)
            raise
        self._answered_count += 1
        if answer.__class__ is not Response and isinstance(answer, CallFailed):
            raise answer
        return answer

    def _wait(self, threads: Permits) -> Generator[Any, Any, None]:
        """Wait for a thread, and take it."""
        try:
            yield from threads.wait()
        except QueueFull:
            self._rejected_count += 1
            raise rejection(self, "bulkhead full") from None
        except BaseException:
            self._left_count += 1
            raise

    # -- threads ---------------------------------------------------------------------------------------------

    def _start(self, request: Request, threads: Permits) -> _Task:
        """Let a thread, which the caller has taken, work on `request`, where the caller runs."""
        env, host = self._env, self.host
        task = _Task(threads)
        task.process = env.process(self._work(request, task), self.name)
        caller: Any = env.active_process
        if host is not None and caller in host.running:
            host.bind(task.process, host.running[caller])
        return task

    def _work(self, request: Request, task: _Task) -> Generator[Any, Any, Response | CallFailed]:
        # A failure is the value of the process: raised, it would stop the run where the caller has gone.
        try:
            return (yield from self.target.call(request))
        except CallFailed as failure:
            return failure
        finally:
            self._give_back(task)

    def _give_back(self, task: _Task) -> None:
        threads, task.threads = task.threads, None
        if threads is not None:
            if self.host is not None:
                self.host.release(task.process)
            threads.release()

    def _kill(self, task: _Task) -> None:
        task.process.kill()
        # A process that was killed before it could begin has given nothing back.
        self._give_back(task)

    def _walk_away(self, task: _Task) -> None:
        """Leave a thread, for a caller that has given up."""
        process, host = task.process, self.host
        if self.interrupts or not process.is_alive:
            self._interrupted_count += 1
            process.cancel()
            return
        self._abandoned_count += 1
        if host is None or process in host.running:
            return
        # The thread has lost its caller, with which it would have died: it dies with its host from now on,
        # and at once if that is gone.
        if host.is_up and self.serving.is_listening:
            host.bind(process, self.serving)
        else:
            self._kill(task)

    def statistics(self) -> ThreadPoolBulkheadStatistics:
        """Return what has happened so far."""
        waiting_count = self._threads.waiting_count
        ended = self._answered_count + self._rejected_count + self._left_count
        walked_away = self._interrupted_count + self._abandoned_count
        return ThreadPoolBulkheadStatistics(
            call_count=self._call_count,
            answered_count=self._answered_count,
            rejected_count=self._rejected_count,
            left_count=self._left_count,
            interrupted_count=self._interrupted_count,
            abandoned_count=self._abandoned_count,
            waiting_count=waiting_count,
            in_flight_count=self._call_count - ended - walked_away - waiting_count,
            busy_count=self._threads.held_count,
        )
