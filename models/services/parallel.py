"""In parallel: all steps at once; over when the last is done, or the first has failed.

Each branch is a process that is bound to the instance's host, and dies with the host and with the instance's
process. The request's own process waits for them. However that ends, no branch outlives it: a failure or a
cancellation cancels the branches (which then may tell those they have called), a crash kills them.

Leaves out: answering when k of n are done (quorums come with storage). Source: fork-join queues; Dean and
Barroso, "The Tail at Scale" (CACM 2013), for what waiting for the slowest does to latency.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from simulator import PARKED, Process

from ..failures import CallFailed
from ..request import Request, Response
from .step import Handler, Step, handler_of, require_steps

if TYPE_CHECKING:
    from .instance import Instance


def in_parallel(*steps: Step | Handler) -> Step:
    """Return a step that does `steps` at the same time.

    The answer's value is the tuple of theirs, in the order given; it lacks what any of them lacks, is as old
    as the oldest of them, and weighs what all of them weigh together. The first failure fails it at once, and
    cancels the others. A step may be a handler function.

    Example::

        in_parallel(Dependency(stock), Dependency(prices), Dependency(reviews, required=False))
    """
    return _Parallel(steps)


@dataclass(frozen=True, slots=True)
class _Parallel(Step):
    steps: tuple[Step | Handler, ...]

    def __post_init__(self) -> None:
        require_steps("in_parallel", self.steps)

    def handler(self, instance: Instance) -> Handler:
        handlers = tuple(handler_of(step, instance) for step in self.steps)

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Response]:
            fork = _Fork(instance, request, handlers)
            try:
                yield PARKED
            except GeneratorExit:
                fork.kill()
                raise
            except BaseException:
                fork.cancel()
                raise
            if fork.failure is not None:
                fork.cancel()
                raise fork.take_failure()
            return _joined(fork.answers)

        return handle


class _Fork:
    """The branches of one request.

    The process that has made it is parked, and woken once: when all are done, or one has failed.
    """

    __slots__ = ("_instance", "_is_over", "_parent", "_processes", "_running_count", "answers", "failure")

    def __init__(self, instance: Instance, request: Request, handlers: Sequence[Handler]) -> None:
        env, host = instance.env, instance.host
        parent: Any = env.active_process
        self._instance = instance
        self._parent: Process = parent
        self._is_over = False
        self._running_count = len(handlers)
        self._processes: list[Process] = []
        self.answers: list[Any] = [None] * len(handlers)
        self.failure: CallFailed | None = None
        for index, handler in enumerate(handlers):
            process = env.process(self._branch(index, handler, request), instance.name)
            host.bind(process, instance)
            self._processes.append(process)

    def _branch(self, index: int, handler: Handler, request: Request) -> Generator[Any, Any, None]:
        instance = self._instance
        process: Any = instance.env.active_process
        try:
            self.answers[index] = yield from handler(instance, request)
        except CallFailed as failure:
            self._end(failure)
        else:
            self._running_count -= 1
            if not self._running_count:
                self._end(None)
        finally:
            instance.host.release(process)

    def _end(self, failure: CallFailed | None) -> None:
        # Two branches may fail at one instant, the second before the parent has cancelled it.
        if not self._is_over:
            self._is_over = True
            self.failure = failure
            self._instance.env.wake(self._parent)

    def take_failure(self) -> CallFailed:
        """Return the failure and forget it: kept, it would hold the frames that hold this fork."""
        failure, self.failure = self.failure, None
        assert failure is not None
        return failure

    def cancel(self) -> None:
        """Cancel the branches that have not ended: now, before anything else that is due now."""
        self._is_over = True
        for process in self._processes:
            process.cancel()

    def kill(self) -> None:
        """Kill the branches that have not ended, here and now."""
        self._is_over = True
        for process in self._processes:
            process.kill()
            # One that has not begun to run has nothing to undo, and undoes nothing.
            self._instance.host.release(process)


def _joined(answers: Sequence[Any]) -> Response:
    degraded: tuple[str, ...] = ()
    size_bytes = 0
    as_of: float | None = None
    values = []
    for answer in answers:
        if isinstance(answer, Response):
            degraded += answer.degraded
            size_bytes += answer.size_bytes
            if answer.as_of is not None and (as_of is None or answer.as_of < as_of):
                as_of = answer.as_of
            answer = answer.value
        values.append(answer)
    return Response(tuple(values), degraded, size_bytes, None, as_of)
