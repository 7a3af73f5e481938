"""The orchestrator of sagas: asks service after service, and never forgets a saga that it has begun.

1. Three things are on the orchestrator's disk before it goes on: that a saga has begun, before its first step
   goes out (else a crash would leave it half-done for ever); that it turns back, before the first
   compensation goes out; and how it has ended, before the client is told. A crash must not forget the second:
   the orchestrator would go forward again, be told that the steps are done, and end, while a compensation
   that is still on its way undoes one of them.
   How far it is in between need not be there: services remember their answers, so that an orchestrator that
   has forgotten asks again and is told the same. What it writes as it goes saves it the asking. But it cannot
   know how far it was: where it has to give up, asking again, it turns back from the pivot and not from that
   step.
2. Forward: each step is asked for until the service answers. Before the pivot, and for the pivot, it gives up
   after `patience` without an answer (or where a mark is in the way, see `saga`), and then the step is
   *unknown*. Refused, undone or unknown: it turns back. After the pivot it never gives up.
3. Back: what was done is undone, last first, the unknown step first of all. Each compensation is asked for
   until the service answers. A pivot that is unknown is asked to be never done; where the answer is that it
   is done already, the way leads forward again.
4. In the end the marks are taken off, and the client is told.
5. After a crash, of its process or its host, all sagas that had not ended go on by themselves. What clients
   are promised says `leader`.

The services are endpoints on the orchestrator's host: connections, with timeouts, retries and breakers around
them as one likes. What a stand-in answers (degraded) is no answer of a service. Each call has a
`step_timeout` besides, as a service may be silent. An orchestrator is one node: while it is down its sagas
stand still, half-done, but block nobody (semantic locks do). One that never comes back leaves them so for
ever: nobody else knows them.

Leaves out: several orchestrators that share the work; parallel steps; a saga that its client aborts; a log
that is cut. Source: Garcia-Molina and Salem, "Sagas" (SIGMOD 1987), section 5, the saga execution component,
whose log has the beginning, the turn and the end of each saga, with backward recovery before the pivot and
forward recovery after it; Richardson, "Microservices Patterns" (2018), section 4.2.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, replace
from math import inf
from typing import Any

from simulator import CallFailed, Environment

from ...endpoint import Endpoint, require_endpoint
from ...network import Network
from ...request import Request
from ...storage import Disk
from ...validation import require_finite_duration, require_kind
from ..ending import Ending
from ..leader import TransactionLeader
from ..storing_node import StoringNode
from .flaws import NO_FLAWS, SagaFlaws
from .observer import SagaObserver
from .requests import DONE, UNDONE, UNKNOWN, StepAnswer, StepWork, do, release, undo
from .saga import Saga

SAGAS = "sagas"


@dataclass(frozen=True, slots=True, kw_only=True)
class OrchestratorSettings:
    """Times in seconds (> 0), by the host's clock.

    A call to a service is given up after `step_timeout` and made again after `pause`; a step that may be
    given up is, once it was asked for `patience` seconds.
    """

    step_timeout: float = 0.5
    pause: float = 0.2
    patience: float = 5.0

    def __post_init__(self) -> None:
        """Check the times."""
        require_finite_duration("step_timeout", self.step_timeout)
        require_finite_duration("pause", self.pause)
        require_finite_duration("patience", self.patience)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a saga is: `number` is the step that is next, forward or back."""

    saga: Saga
    number: int = 0
    is_turned_back: bool = False
    reason: str = ""

    @property
    def is_over(self) -> bool:
        """Whether all steps are done, or none is any more."""
        return self.number < 0 if self.is_turned_back else self.number == len(self.saga.steps)

    def turned_back(self, number: int, reason: str) -> Progress:
        """Return the way back, which begins with undoing step `number`."""
        return replace(self, number=number, is_turned_back=True, reason=reason)


_SETTINGS = OrchestratorSettings()


class Orchestrator(TransactionLeader):
    """An orchestrator on the host of `disk` that reaches `services`, endpoints by their names.

    It answers `run(id, saga)` with an `Ending`. `observer` is told of its sagas' beginnings and ends;
    `settings` are an `OrchestratorSettings`, `node_settings` those of `StoringNode`.

    Example::

        services = {name: network.connect(host, service) for name, service in by_name.items()}
        orchestrator = Orchestrator(env, Disk(host), network, services, observer=observer)
        ending = (yield from network.connect(web, orchestrator).call(run("order 7", saga))).value
    """

    __slots__ = ("_flaws", "_observer", "_services", "_settings")

    def __init__(
        self,
        env: Environment,
        disk: Disk,
        network: Network,
        services: Mapping[str, Endpoint],
        *,
        observer: SagaObserver,
        settings: OrchestratorSettings = _SETTINGS,
        flaws: SagaFlaws = NO_FLAWS,
        name: str = "orchestrator",
        **node_settings: Any,
    ) -> None:
        require_kind("disk", disk, Disk)
        require_kind("services", services, Mapping)
        for service, endpoint in services.items():
            require_endpoint(f"service {service!r}", endpoint)
            if isinstance(endpoint, StoringNode) and endpoint.host is not disk.host:
                raise ValueError(f"service {service!r} must be reached over the network, got {endpoint!r}")
        require_kind("observer", observer, SagaObserver)
        require_kind("settings", settings, OrchestratorSettings)
        require_kind("flaws", flaws, SagaFlaws)
        self._services = dict(services)
        self._observer = observer
        self._settings = settings
        self._flaws = flaws
        super().__init__(env, disk, network, name=name, **node_settings)

    # -- life -----------------------------------------------------------------------------------------------

    def wake_up(self) -> None:
        """Go on with all sagas that have not ended."""
        for saga in self.store[SAGAS]:
            self.await_end(saga)
            self._drive(saga, is_resumed=True)

    def begin(self, key: Any, work: Any) -> None:
        """Write that a saga has begun, and go."""
        self._require_runnable(work)
        self.store.write({(SAGAS, key): Progress(work)})
        self._drive(key, is_resumed=False)

    def _drive(self, saga: Any, *, is_resumed: bool) -> None:
        self.run(self._run_saga(saga, is_resumed=is_resumed), f"saga {saga}")

    def _require_runnable(self, saga: object) -> None:
        require_kind("what is to be run", saga, Saga)
        assert isinstance(saga, Saga)
        for step in saga.steps:
            if step.service not in self._services:
                known = ", ".join(self._services)
                raise ValueError(f"service of a step must be one of {known}, got {step.service!r}")

    # -- a saga ---------------------------------------------------------------------------------------------

    def _run_saga(self, saga: Any, *, is_resumed: bool) -> Generator[Any, Any, None]:
        """Go forward and, if need be, back, until it has ended."""
        if not self._flaws.begins_unlogged:
            yield from self.store.safe()
        self._observer.began(saga)
        progress: Progress = self.store[SAGAS][saga]
        while not progress.is_over:
            was_turned_back = progress.is_turned_back
            if was_turned_back:
                progress = yield from self._step_back(saga, progress)
            else:
                progress = yield from self._step_forward(saga, progress, is_resumed)
            position = self.store.write({(SAGAS, saga): progress})
            if progress.is_turned_back and not (was_turned_back or self._flaws.turns_back_unlogged):
                yield from self.store.safe(position)
        ending = Ending(is_done=not progress.is_turned_back, reason=progress.reason)
        yield from self._release(saga, progress)
        self._observer.ended(saga, is_done=ending.is_done)
        yield from self.store.safe(self.end(saga, ending, {(SAGAS, saga): None}))
        self.tell(saga, ending)

    def _step_forward(self, saga: Any, progress: Progress, is_resumed: bool) -> Generator[Any, Any, Progress]:
        number, steps, pivot = progress.number, progress.saga.steps, progress.saga.pivot
        step = steps[number]
        work = StepWork(
            step.changes,
            is_undoable=number < pivot,
            marks=progress.saga.has_semantic_locks and number < pivot,
            heeds=number <= pivot,
        )
        patience = self._settings.patience if number <= pivot else inf
        answer = yield from self._ask(step.service, do(saga, number, work), patience)
        if answer.what == DONE:
            return replace(progress, number=number + 1)
        if answer.what == UNKNOWN and not self._takes_for_not_done(number, pivot):
            forgetful = is_resumed and not self._flaws.trusts_memory
            return progress.turned_back(pivot if forgetful else number, answer.reason)
        return progress.turned_back(number - 1, answer.reason)

    def _takes_for_not_done(self, number: int, pivot: int) -> bool:
        flaws = self._flaws
        return flaws.trusts_silent_pivot if number == pivot else flaws.leaves_unknown_step

    def _step_back(self, saga: Any, progress: Progress) -> Generator[Any, Any, Progress]:
        number = progress.number
        step = progress.saga.steps[number]
        patience = 0.0 if self._flaws.gives_up_undoing else inf
        answer = yield from self._ask(step.service, undo(saga, number, step), patience)
        if answer.what == DONE:  # the pivot, after all
            return replace(progress, number=number + 1, is_turned_back=False, reason="")
        assert answer.what == UNDONE or self._flaws.gives_up_undoing or step.compensation is None, answer
        return replace(progress, number=number - 1)

    def _release(self, saga: Any, progress: Progress) -> Generator[Any, Any, None]:
        """Take the marks off that compensations have not."""
        if progress.saga.has_semantic_locks and not progress.is_turned_back:
            marking = progress.saga.steps[: progress.saga.pivot]
            for service in dict.fromkeys(step.service for step in marking):
                yield from self._ask(service, release(saga), inf)

    def _ask(self, service: str, request: Request, patience: float) -> Generator[Any, Any, StepAnswer]:
        """Ask a service until it answers; `UNKNOWN`, and why, once `patience` is over."""
        settings, host = self._settings, self.host
        start = host.monotonic_clock()
        while True:
            try:
                with self.env.fail_after(settings.step_timeout / host.clock_rate):
                    response = yield from self._services[service].call(request)
            except CallFailed as failure:
                reason = f"{service}: {failure}"
            else:
                if not response.degraded:
                    return response.value  # type: ignore[no-any-return]
                reason = f"{service}: answered without {', '.join(response.degraded)}"
            if host.monotonic_clock() + settings.pause >= start + patience:
                return StepAnswer(UNKNOWN, reason)
            yield settings.pause / host.clock_rate
