"""The client: sends a request and writes down, exactly once, how it ended.

What the users of a system see is what stands in the client's table. Invariant: issued = recorded + in flight,
at every instant and however a request ends: answered, failed, cancelled from outside, or killed with its
host. An error in the model's code is no outcome: it stops the run, and the request stays in flight.

Leaves out: what the client does about failures (that is wrapped around the target, see `models.resilience`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator
from typing import Any

from simulator import CallFailed, Cancelled, Environment, Process, RequestTable

from ..endpoint import Endpoint, does_not_run, require_endpoint
from ..failures import Rejected
from ..outcome import OUTCOME_NAMES, Outcome, outcome_of
from ..request import Request, Response

Draw = Callable[[], tuple[Request, int]]
"""Says the next request, and the code of its operation."""

# Plain integers: a lookup on an enumeration and its conversion cost 60 ns, twice per request.
_OK, _DEGRADED, _CANCELLED = int(Outcome.OK), int(Outcome.DEGRADED), int(Outcome.CANCELLED)


def request_table() -> RequestTable:
    """Return an empty table for the outcomes of this family; full and degraded answers count as available."""
    return RequestTable(
        OUTCOME_NAMES, successes=[name for name in OUTCOME_NAMES if Outcome[name.upper()].is_answer]
    )


class Client:
    """Sends requests to `target` and records how they end.

    `table` is a new one if none is given; several clients may share one. `issued` counts the requests of this
    client alone, and `rejected_by` says which part turned how many of them away (`Rejected.by`). `name` is
    that of the processes which `issue` starts.

    Example::

        client = Client(env, shop)
        client.issue(Request("get", "/cart"))
        env.run()
        client.table.counts()
    """

    __slots__ = ("_ended", "_env", "issued", "name", "rejected_by", "table", "target")

    def __init__(
        self, env: Environment, target: Endpoint, *, table: RequestTable | None = None, name: str = "client"
    ) -> None:
        """Begin with nothing sent."""
        require_endpoint("target", target)
        self._env = env
        self.target = target
        self.table = request_table() if table is None else table
        self.name = name
        self.issued = 0
        self.rejected_by: Counter[str] = Counter()
        self._ended = 0

    @property
    def in_flight(self) -> int:
        """Requests of this client that were sent and have not ended."""
        return self.issued - self._ended

    def issue(self, request: Request, operation_code: int = 0) -> Process:
        """Send `request` in a process of its own and return that; `operation_code` is the table's."""
        return self._env.process(self.send(request, operation_code), self.name)

    def send(self, request: Request | Draw, operation_code: int = 0) -> Generator[Any, Any, int]:
        """Send `request` from the running process (`yield from`), record and return its outcome's code.

        `operation_code` is what `table.operation(name)` gave. Instead of both a workload gives a function
        that says both when the request is sent: a generator around this one, only to ask for them, would cost
        as much as the asking. A simulated failure is recorded, not raised.
        """
        if not isinstance(request, Request):
            request, operation_code = request()
        env = self._env
        table = self.table
        start = env.now
        table.issued += 1
        self.issued += 1
        try:
            response = yield from self.target.call(request)
            outcome = _DEGRADED if response.degraded else _OK
        except CallFailed as failure:
            outcome = int(outcome_of(failure))
            if isinstance(failure, Rejected):
                self.rejected_by[failure.by] += 1
        except (AttributeError, TypeError) as error:
            _explain(error, self.target)
            raise
        except Cancelled:
            table.record(start, env.now, _CANCELLED, operation_code)
            raise
        except GeneratorExit:
            # Killed, or collected after the end of the run. Recording through the schedule tells the two
            # apart: the killed request is in the table at this same instant, while a run that is over stays
            # as it was when its results were read.
            env.call_later(0.0, table.record, start, env.now, _CANCELLED, operation_code)
            raise
        finally:
            self._ended += 1
        table.record(start, env.now, outcome, operation_code)
        return outcome


def _explain(error: AttributeError | TypeError, target: Endpoint) -> None:
    """Raise in plain words what `error` means if `target` broke an endpoint's rules; else do nothing."""
    if isinstance(error, AttributeError):
        if error.name == "degraded" and not isinstance(error.obj, Response):
            raise TypeError(f"call of {target!r} must return a Response, got {error.obj!r}") from None
    elif does_not_run(error):
        raise TypeError(f"call of {target!r} must be a generator, with a yield in it: {error}") from None
