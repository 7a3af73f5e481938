"""Faults of a service: it answers with errors, late, never, or does not even listen.

    ErrorBurst          calls fail at once, each with a probability
    SlowAnswers         every answer takes longer, by a random time; the work is done, late
    DependencyOutage    all of a service: silent, errors, slow or refused

What is struck is a service, one instance of it or several. With a service, instances that are added while the
fault lasts are struck as well: what fails is the code that they share, or the bank behind them. A call meets
the fault that it finds on arrival: one that waits for a thread when a fault begins goes well, one that waits
when it heals does not. Silent calls are never answered, not even after the healing, and hold their threads
until they are cancelled or their process restarts; that is what makes silence worse than errors.

Source: Nygard, "Release It!" (2nd ed. 2018), chapters 4 and 5, on slow responses and hung threads; error and
delay injection as in Envoy's fault filter and Netflix' FIT.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator, Iterable, Mapping
from itertools import repeat
from typing import Any

from simulator import PARKED, CallFailed
from simulator.randomness import Distribution, LogNormal, Uniform

from ..failures import ServerError
from ..request import Request
from ..services import Handler, Instance, Service
from ..validation import require_share
from .durations import as_times, seconds
from .fault import Fault

Answering = Service | Instance | Iterable[Instance]
"""What answers: a service, with the instances that it will have, or some instances."""

OUTAGE_MODES = ("silent", "errors", "slow", "refused")
"""How a dependency can be out; the slow response is worse than the error, and the hung one is the worst."""

_SECONDS_LATE = LogNormal.from_percentiles(p50=4.0, p99=12.0)


class _ServiceFault(Fault):
    """Strikes instances one by one, those too that are added while it lasts."""

    def __init__(
        self, answering: Answering, kind: str, name: str | None, detail: Mapping[str, object] | None = None
    ) -> None:
        instances = _instances_of(answering)
        super().__init__(instances[0].env, name or _name_of(answering, instances), kind, detail)
        self._service = answering if isinstance(answering, Service) else None
        self._instances = instances
        self._struck: list[Instance] = []
        if self._service is not None:
            self._service.on_added(self._strike_too)

    def _start(self) -> None:
        self._struck = list(self._instances if self._service is None else self._service.instances)
        for instance in self._struck:
            self._strike(instance)

    def _stop(self) -> None:
        for instance in self._struck:
            self._release(instance)
        self._struck = []

    def _strike_too(self, instance: Instance) -> None:
        if self.is_injected:
            self._struck.append(instance)
            self._strike(instance)

    @abstractmethod
    def _strike(self, instance: Instance) -> None: ...

    @abstractmethod
    def _release(self, instance: Instance) -> None: ...


class _HandlerFault(_ServiceFault):
    """Interposes something between an instance's threads and its handler."""

    def __init__(
        self, answering: Answering, kind: str, name: str | None, detail: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(answering, kind, name, detail)
        self._around: dict[Instance, Callable[[Handler], Handler]] = {}

    def _strike(self, instance: Instance) -> None:
        # Made once per instance: a fault that is injected again goes on with its random numbers.
        if instance not in self._around:
            self._around[instance] = self._make_around(instance)
        instance.interpose(self, self._around[instance])

    def _release(self, instance: Instance) -> None:
        instance.withdraw(self)

    @abstractmethod
    def _make_around(self, instance: Instance) -> Callable[[Handler], Handler]:
        """Return what makes a faulty handler of a sound one."""


class ErrorBurst(_HandlerFault):
    """Calls fail before any work is done, each with a `probability` in (0, 1], independently.

    `make_failure(instance)` makes the failure, by default a server error. What is neither a `ServerError` nor
    a `Rejected` by the instance itself leaves it as a server error, as from any handler. Streams:
    "fault/<name>/<instance>/error", where the probability is below 1.

    Example::

        plan.at(60.0, ErrorBurst(payment, 0.3), duration=30.0)
    """

    def __init__(
        self,
        answering: Answering,
        probability: float = 1.0,
        *,
        make_failure: Callable[[Instance], CallFailed] | None = None,
        name: str | None = None,
    ) -> None:
        require_share("probability", probability)
        super().__init__(answering, "errors", name, {"probability": probability})
        self._probability = probability
        self._make_failure = make_failure or (lambda instance: ServerError(f"{self.subject} is in trouble"))

    def _make_around(self, instance: Instance) -> Callable[[Handler], Handler]:
        probability, make_failure = self._probability, self._make_failure
        stream = f"fault/{self.subject}/{instance.name}/error"
        draw: Callable[[], float] = (
            self.env.sampler(stream, Uniform(0.0, 1.0)) if probability < 1.0 else repeat(0.0).__next__
        )

        def around(handler: Handler) -> Handler:
            def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
                if draw() < probability:
                    raise make_failure(instance)
                return (yield from handler(instance, request))

            return handle

        return around


class SlowAnswers(_HandlerFault):
    """Every call holds its thread longer by `delay`, a distribution or seconds, before it is worked on.

    Streams: "fault/<name>/<instance>/delay".

    Example::

        plan.at(60.0, SlowAnswers(payment, LogNormal.from_percentiles(p50=1.0, p99=4.0)), duration=30.0)
    """

    def __init__(self, answering: Answering, delay: Distribution | float, *, name: str | None = None) -> None:
        self._delay = as_times("delay", delay)
        super().__init__(answering, "slow answers", name, {"delay": self._delay.mean})

    def _make_around(self, instance: Instance) -> Callable[[Handler], Handler]:
        draw = seconds(self.env, f"fault/{self.subject}/{instance.name}/delay", self._delay)

        def around(handler: Handler) -> Handler:
            def handle(instance: Instance, request: Request) -> Generator[Any, Any, Any]:
                yield draw()
                return (yield from handler(instance, request))

            return handle

        return around


class DependencyOutage(Fault):
    """A whole service is out, in one of four modes, which is the fault's kind.

    - "silent": calls are taken and never answered.
    - "errors": calls fail at once, each with `probability` (by default all).
    - "slow": answers take longer by `delay` (by default a few seconds: half of them more than 4, 1 % more
      than 12).
    - "refused": its processes are down: what they were doing is reset, and nobody listens.

    `probability` and `delay` go with their mode only: `ValueError` otherwise.

    Example::

        plan.at(40.0, DependencyOutage(payment, "silent"), duration=40.0)
    """

    def __init__(
        self,
        answering: Answering,
        mode: str = "silent",
        *,
        probability: float | None = None,
        delay: Distribution | float | None = None,
        name: str | None = None,
    ) -> None:
        if mode not in OUTAGE_MODES:
            raise ValueError(f"mode must be one of {', '.join(OUTAGE_MODES)}, got {mode!r}")
        if probability is not None and mode != "errors":
            raise ValueError(f"probability must go with mode errors, got {probability!r} with mode {mode}")
        if delay is not None and mode != "slow":
            raise ValueError(f"delay must go with mode slow, got {delay!r} with mode {mode}")
        self._way: Fault
        if mode == "silent":
            self._way = _Silence(answering, "silent", name)
        elif mode == "errors":
            self._way = ErrorBurst(answering, 1.0 if probability is None else probability, name=name)
        elif mode == "slow":
            self._way = SlowAnswers(answering, _SECONDS_LATE if delay is None else delay, name=name)
        else:
            self._way = _Refusal(answering, "refused", name)
        super().__init__(self._way.env, self._way.subject, mode, self._way.detail)

    def _start(self) -> None:
        self._way.inject_as(None)

    def _stop(self) -> None:
        self._way.heal()


class _Silence(_HandlerFault):
    """Calls are taken and never answered."""

    def _make_around(self, instance: Instance) -> Callable[[Handler], Handler]:
        return lambda handler: _stay_silent


class _Refusal(_ServiceFault):
    """All processes are down, and their hosts up."""

    def _strike(self, instance: Instance) -> None:
        instance.host.hold_process_down(instance, self)

    def _release(self, instance: Instance) -> None:
        instance.host.let_process_up(instance, self)


def _stay_silent(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield PARKED


def _instances_of(answering: Answering) -> tuple[Instance, ...]:
    if isinstance(answering, Service):
        instances = answering.instances
    elif isinstance(answering, Instance):
        instances = (answering,)
    else:
        instances = tuple(answering)
    for instance in instances:
        if not isinstance(instance, Instance):
            raise TypeError(f"what answers must be a Service or Instances, got {instance!r}")
    if not instances:
        raise ValueError(f"what answers must have at least one instance, got {answering!r}")
    if len(set(instances)) < len(instances):
        raise ValueError(f"instances must not be given twice, got {list(instances)!r}")
    return instances


def _name_of(answering: Answering, instances: tuple[Instance, ...]) -> str:
    if isinstance(answering, Service):
        return answering.name
    return ", ".join(instance.name for instance in instances)
