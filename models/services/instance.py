"""An instance of a service: a process on a host, with a pool of threads and a bounded queue in front of it.

A call takes a thread, or waits for one in a first-in first-out queue, or is `Rejected` where the queue is
full; then the handler does what there is to do, with the thread held all the while, waiting for dependencies
included. Rules for how it ends:

- A failure that leaves the handler is a `ServerError`, whatever it was inside (see `dependency`). Two pass as
  they are: a server error, and a `Rejected` by this very instance.
- What is not a `CallFailed` is an error in the model's code, and stops the run.
- However it ends, the thread is given back.

States: *listening* -> *down* (`crash`) -> *starting* (`restart`) -> *listening*, after `start_time`; with its
host likewise; and *stopped* for good (`stop`; see `stopping`). While it starts it refuses. One that is made
listens at once, as a part of the system that is there when the run begins; one that is added to a service
later starts first.

It always runs in a process that is bound to it, so that it dies with its host and its own process: a call
over the network comes in one, and a call from anywhere else is given one. Such a call sees what one over a
network without latency would: silence where the host is down, `Refused` where only the process is,
`ConnectionLost` at the crash of the process.

Leaves out: threads that are created on demand; caches that are cold after a start. Source: Tomcat's connector
(`maxThreads` 200, `acceptCount` 100) for the defaults; little else differs elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from simulator import PARKED, CallFailed, Environment, Permits, Process, ProcessCancelled, QueueFull, Sampler
from simulator.randomness import Distribution

from ..endpoint import Call, Endpoint, does_not_run
from ..failures import ConnectionLost, Refused, Rejected, ServerError
from ..infrastructure import NOTHING_ASKED, Host, Resources
from ..request import Request, Response
from ..validation import require_delay
from .dependency import DependencyFailed
from .step import Handler, Step, handler_of
from .stopping import GRACE, require_times, stopping

_DONE = Response()  # the answer of all handlers that return nothing; nobody changes an answer


@dataclass(frozen=True, slots=True, kw_only=True)
class InstanceStatistics:
    """What has become of the calls to an instance so far.

    Of `call_count` calls, `completed_count` were answered, `degraded_count` of them with something missing;
    `failed_count` ended in a server error; `rejected_count` were not taken on; `aborted_count` were cut short
    from outside, by a cancellation or a crash. Now `in_service_count` have a thread and `waiting_count` wait
    for one: these six, without the degraded, add up to the calls. `waited_count` calls got their thread only
    after waiting, for `waiting_time` seconds in all.
    """

    call_count: int
    completed_count: int
    degraded_count: int
    failed_count: int
    rejected_count: int
    aborted_count: int
    in_service_count: int
    waiting_count: int
    waited_count: int
    waiting_time: float


class Instance(Endpoint):
    """One process of a service on `host`; `handler`, a step or handler function, says what it does.

    `threads` (>= 1) requests are in service at a time, at most `queue_size_max` (>= 0, may be infinite) wait.
    `version` is a label, for deployments. `state` is what the handler keeps in memory: `make_state()` makes
    it, and makes it anew at each restart. `start_time` in seconds passes from the start of the process, alone
    or with its host, until it listens. `resources` is what it takes of its host from now until it has stopped
    for good. `work(demand)` works on the host's cores, with the share of them that it has (`cpu_share`, where
    the host's scheduling knows of shares).

    Example::

        def count(instance, request):
            yield from instance.work(0.01)
            instance.state["visits"] = instance.state.get("visits", 0) + 1
            return instance.state["visits"]

        counter = Instance(env, host, count, threads=8, queue_size_max=20, name="counter-1")
    """

    __slots__ = (
        "_aborted_count",
        "_call_count",
        "_degraded_count",
        "_failed_count",
        "_handle",
        "_interposed",
        "_make_state",
        "_on_ready",
        "_on_restart",
        "_on_stopping",
        "_own_handle",
        "_rejected_count",
        "_running",
        "_start_count",
        "_stopping",
        "_threads",
        "cpu_share",
        "env",
        "has_stopped",
        "host",
        "is_listening",
        "name",
        "on_left",
        "on_stopped",
        "resources",
        "start_time",
        "state",
        "version",
        "work",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        handler: Step | Handler,
        *,
        threads: int = 200,
        queue_size_max: float = 100,
        version: str = "1",
        make_state: Callable[[], Any] = dict,
        start_time: float = 0.0,
        resources: Resources = NOTHING_ASKED,
        name: str = "instance",
    ) -> None:
        """Listen. Raises `DoesNotFit` where the host has not the room."""
        _require_threads(threads)
        require_delay("start_time", start_time)
        if host.env is not env:
            raise ValueError(f"host of {name!r} must belong to the same environment, got {host!r} of another")
        self.env = env
        self.host: Host = host
        self.name = name
        self.resources = resources
        self.cpu_share = host.share(resources.cpu_weight, resources.cpu_quota)
        host.room.take(self, resources)
        # The cores' own generator function, as on the host.
        self.work: Callable[[float], Generator[Any, Any, None]] = (
            host.work if self.cpu_share is None else self.cpu_share.work
        )
        self.version = version
        self.state: Any = make_state()
        self._make_state = make_state
        self._running = host.running
        self._threads = Permits(env, threads, queue_size_max)
        self.start_time = start_time
        self.is_listening = True
        self.has_stopped = False
        self.on_left: Callable[[], object] | None = None
        self.on_stopped: Callable[[Any], object] | None = None
        self._start_count = 0
        self._stopping: Process | None = None
        self._on_restart: list[Callable[[], object]] = []
        self._on_ready: list[Callable[[], object]] = []
        self._on_stopping: list[Callable[[], object]] = []
        self._call_count = 0
        self._degraded_count = 0
        self._failed_count = 0
        self._rejected_count = 0
        self._aborted_count = 0
        host.on_restart(self._start_afresh, endpoint=self)
        self._own_handle = self._handle = handler_of(handler, self)
        self._interposed: dict[object, Callable[[Handler], Handler]] = {}

    def __repr__(self) -> str:
        return f"Instance({self.name!r})"

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, request: Request) -> Call:
        """Answer `request` with what the handler returns."""
        if self._running.get(self.env.active_process) is not self:  # type: ignore[arg-type]
            return (yield from self._call_from_elsewhere(request))
        self._call_count += 1
        threads = self._threads
        handle = self._handle
        if threads.free:
            threads.free -= 1
        else:
            try:
                yield from threads.wait()
            except QueueFull:
                self._rejected_count += 1
                rejected = Rejected(self.name, "queue full")
                rejected.part = self
                try:
                    raise rejected from None
                finally:
                    del rejected  # its traceback holds this frame: see `Retry`
            except BaseException:
                self._aborted_count += 1
                raise
        try:
            answer = yield from handle(self, request)
        except CallFailed as failure:
            if self._is_own(failure):
                raise
            raise DependencyFailed(self.name, failure) from failure
        except BaseException as error:
            self._abort(error)
            raise
        finally:
            if threads.free or not threads.waiting:
                threads.free += 1
            else:
                threads.release()
        if answer is None:
            return _DONE
        if answer.__class__ is not Response:
            return Response(answer)
        if answer.degraded:
            self._degraded_count += 1
        return answer

    def _abort(self, error: BaseException) -> None:
        """Count a call that has no result; say in plain words if that is because the handler cannot run."""
        self._aborted_count += 1
        if does_not_run(error):
            raise TypeError(f"handler of {self.name!r} must be a generator function: {error}") from None

    def _is_own(self, failure: CallFailed) -> bool:
        """Count a failure that leaves the handler, and say whether it may leave the instance as it is."""
        if isinstance(failure, Rejected) and failure.by == self.name and failure.part in (None, self):
            failure.part = self
            self._rejected_count += 1
            return True
        self._failed_count += 1
        return isinstance(failure, ServerError)

    def _call_from_elsewhere(self, request: Request) -> Call:
        """Answer a call from a process that is not bound to this instance, in one that is."""
        host = self.host
        if not host.is_up:
            yield PARKED
        if not self.is_listening:
            raise Refused(f"{self.name} is not listening")
        process = self.env.process(self._answer(request), self.name)
        host.bind(process, self)
        try:
            answer = yield process
        except ProcessCancelled:
            answer = None
        except GeneratorExit:
            process.kill()
            host.release(process)
            raise
        except BaseException:
            process.cancel()
            raise
        if answer is None:
            # A crash. Of the host it says nothing, and nothing ever follows.
            if not host.is_up and not host.has_reset:
                yield PARKED
            raise ConnectionLost(f"{self.name} crashed: connection reset")
        if isinstance(answer, CallFailed):
            try:
                raise answer
            finally:
                del answer, process
        return answer  # type: ignore[no-any-return]

    def _answer(self, request: Request) -> Generator[Any, Any, Response | CallFailed | None]:
        # A failure is the value of the process: raised, it would stop the run where the caller has gone at
        # this very instant.
        process: Any = self.env.active_process
        answer: Response | CallFailed
        try:
            answer = yield from self.call(request)
        except CallFailed as failure:
            answer = failure.with_traceback(None)
        finally:
            where = self._running.pop(process, None)
            if self.on_left is not None:
                self.on_left()
        # One that has crashed its own host or process, and come to its end without waiting, answers nobody.
        return None if where is None else answer

    # -- trouble --------------------------------------------------------------------------------------------

    def interpose(self, holder: object, around: Callable[[Handler], Handler]) -> None:
        """Let `around(handler)` stand for the handler until `withdraw(holder)`, for calls that begin then.

        For faults. Of several, the last stands outermost. Raises `ValueError` if the holder has one already.
        """
        if holder in self._interposed:
            raise ValueError(f"handler of {self.name!r} is interposed by {holder} already")
        self._interposed[holder] = around
        self._handle = around(self._handle)

    def withdraw(self, holder: object) -> None:
        """Undo `interpose`. Raises `ValueError` if the holder has nothing there."""
        if holder not in self._interposed:
            raise ValueError(f"handler of {self.name!r} is interposed by others only, not by {holder}")
        del self._interposed[holder]
        self._handle = self._own_handle
        for around in self._interposed.values():
            self._handle = around(self._handle)

    # -- crash and restart ----------------------------------------------------------------------------------

    def crash(self) -> None:
        """Crash the process: what runs in it ends, callers learn of it, and later ones are refused.

        Raises `RuntimeError` if it is down.
        """
        self.host.crash_process(self)

    def restart(self) -> None:
        """Start the process again, with fresh state.

        Raises `RuntimeError` if it is up, or the host is down.
        """
        self.host.restart_process(self)

    def on_restart(self, function: Callable[[], object]) -> None:
        """Call `function()` at each restart of the process, alone or with its host: `state` is fresh."""
        self._on_restart.append(function)

    def _start_afresh(self) -> None:
        if self._stopping is not None:
            # It crashed at the very instant at which it was told to stop.
            self.host.end_process(self)
            return
        self.state = self._make_state()
        for function in self._on_restart:
            function()
        self.start()

    # -- start and stop in good order -----------------------------------------------------------------------

    @property
    def is_ready(self) -> bool:
        """Whether it takes calls, and has not been told to stop."""
        return self.host.is_up and self.is_listening and self._stopping is None

    def on_ready(self, function: Callable[[], object]) -> None:
        """Call `function()` whenever it begins to listen, after a start or a restart."""
        self._on_ready.append(function)

    def on_stopping(self, function: Callable[[], object]) -> None:
        """Call `function()` when it has been told to stop and begins to refuse, to end what it has begun.

        What is done for that in processes that are bound to it is waited for, as calls are: for the grace.
        """
        self._on_stopping.append(function)

    def finish(self) -> None:
        """Refuse from now on, and let those who asked for it know; a part of `stopping`."""
        self.is_listening = False
        for function in self._on_stopping:
            function()

    def start(self) -> None:
        """Listen after `start_time` seconds, and not before; a service does this to those that it adds.

        On a host that is down it starts when the host has booted.
        """
        self._start_count += 1
        if self.start_time:
            self.is_listening = False
            self.env.call_later(self.start_time, self._listen, self._start_count)
        else:
            self._listen(self._start_count)

    def _listen(self, start_count: int) -> None:
        # A crash has made this start void, and a restart has begun another.
        if start_count == self._start_count and self.host.runs(self) and self._stopping is None:
            self.is_listening = True
            for function in self._on_ready:
                function()

    @property
    def is_stopping(self) -> bool:
        """Whether it has been told to stop, and perhaps has; or its host has gone."""
        return self._stopping is not None or self.has_stopped

    @property
    def stopping(self) -> Process | None:
        """The process that sees to its stop, once it has been told to."""
        return self._stopping

    def stop(self, *, linger: float = 0.0, grace: float = GRACE) -> Process:
        """Stop in good order and for good; return the process that sees to it, to wait for if one likes.

        It goes on accepting for `linger` seconds, then refuses and finishes what it has; what is left
        `grace` seconds from now is killed (see `stopping`). Raises `RuntimeError` if it was told to already
        or has stopped.
        """
        require_times(linger, grace)
        if self.is_stopping:
            raise RuntimeError(f"{self.name!r} was told to stop already, or has stopped with its host")
        self._stopping = process = self.env.process(stopping(self, linger, grace), f"stopping {self.name}")
        if self.host.runs(self):
            self.host.bind(process, self)
        else:
            process.kill()
            self.host.end_process(self)
        return process

    # -- randomness and records -----------------------------------------------------------------------------

    def sampler(self, name: str, distribution: Distribution) -> Sampler:
        """Return a sampler on a stream of this instance's own, "instance/<instance>/<name>".

        For steps, when they make their handler.
        """
        return self.env.sampler(f"instance/{self.name}/{name}", distribution)

    @property
    def thread_count(self) -> int:
        """How many threads there are."""
        return self._threads.capacity

    @property
    def in_service_count(self) -> int:
        """How many calls have a thread now."""
        return self._threads.held_count

    @property
    def waiting_count(self) -> int:
        """How many calls wait for a thread now."""
        return self._threads.waiting_count

    def statistics(self) -> InstanceStatistics:
        """Return what has happened so far."""
        threads = self._threads.statistics()
        others = self._failed_count + self._rejected_count + self._aborted_count
        return InstanceStatistics(
            call_count=self._call_count,
            # Not counted, for it would be at every call.
            completed_count=self._call_count - others - threads.held_count - threads.waiting_count,
            degraded_count=self._degraded_count,
            failed_count=self._failed_count,
            rejected_count=self._rejected_count,
            aborted_count=self._aborted_count,
            in_service_count=threads.held_count,
            waiting_count=threads.waiting_count,
            waited_count=threads.waited_count,
            waiting_time=threads.waiting_time,
        )


def _require_threads(threads: object) -> None:
    if not isinstance(threads, int) or isinstance(threads, bool) or threads < 1:
        raise ValueError(f"threads must be a whole number >= 1, got {threads!r}")
