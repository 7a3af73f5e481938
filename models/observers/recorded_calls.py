"""Observers of calls: an endpoint and a step that write down how each call ended, and change nothing.

They see from where they stand: around a breaker, what the caller got; inside the server, how long the work
took, also for callers who had given up. A call that is cancelled, or killed by a crash, ends as cancelled.
Leaves out: which request it was.
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

from simulator import CallFailed, Cancelled, Environment, Gauge, RequestTable

from ..endpoint import Call, Endpoint, Wrapper
from ..outcome import Outcome, outcome_of
from ..request import Request, Response
from ..services import Handler, Instance, Step

_OK, _DEGRADED, _CANCELLED = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.CANCELLED)


class RecordedCalls(Wrapper):
    """Answers as `target` does and records each call in `table`, which several may share.

    `under_way`, a gauge that may be shared too, follows how many calls are under way.

    Example::

        calls = request_table()
        payment = RecordedCalls(env, CircuitBreaker(env, Timeout(env, service, 0.5)), calls)
    """

    def __init__(
        self,
        env: Environment,
        target: Endpoint,
        table: RequestTable,
        under_way: Gauge | None = None,
        *,
        name: str = "recorded",
    ) -> None:
        """Watch `target` from now on."""
        super().__init__(target, name=name)
        self.table = table
        self.under_way = Gauge(env) if under_way is None else under_way
        self._env = env

    def call(self, request: Request) -> Call:
        """Answer `request` as the target does."""
        env, table = self._env, self.table
        start = env.now
        table.issued += 1
        self.under_way.add(1)
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            table.record(start, env.now, int(outcome_of(failure)))
            raise
        except Cancelled:
            table.record(start, env.now, _CANCELLED)
            raise
        except GeneratorExit:
            _record_kill(env, table, start)
            raise
        finally:
            self.under_way.add(-1)
        table.record(start, env.now, _DEGRADED if response.degraded else _OK)
        return response


def recorded(step: Step, table: RequestTable) -> Step:
    """Return a step that does `step` and records in `table` how long that took, and how it ended.

    Without the wait for a thread, and without what a fault does around the handler: for those, put a
    `RecordedCalls` around the instance.
    """
    return _RecordedStep(step, table)


@dataclass(frozen=True, slots=True, eq=False)
class _RecordedStep(Step):
    step: Step
    table: RequestTable

    def handler(self, instance: Instance) -> Handler:
        env, table = instance.env, self.table
        inner = self.step.handler(instance)

        def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
            start = env.now
            table.issued += 1
            try:
                answer = yield from inner(instance, request)
            except CallFailed as failure:
                table.record(start, env.now, int(outcome_of(failure)))
                raise
            except Cancelled:
                table.record(start, env.now, _CANCELLED)
                raise
            except GeneratorExit:
                _record_kill(env, table, start)
                raise
            is_degraded = isinstance(answer, Response) and answer.degraded
            table.record(start, env.now, _DEGRADED if is_degraded else _OK)
            return answer

        return handle


def _record_kill(env: Environment, table: RequestTable, start: float) -> None:
    """Record a killed call through the schedule.

    A generator that is only collected, after the end of the run, must leave the table as it was read.
    """
    env.call_later(0.0, table.record, start, env.now, _CANCELLED)
