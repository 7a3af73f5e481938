"""Active health checks: somebody asks each target every so often whether it is well, and tells a balancer.

A probe is a request (operation "health") that goes where the calls go: over the network, from the balancer's
host, through the target's queue and threads, and costs work there. So a target that has no thread free fails
it, as a target does that nobody reaches; a target that answers probes and nothing else is well (a gray
failure). What a probe asks for is the target's affair: see `probed` for shallow and deep ones, and for one
that goes past the threads.

Rules:

1. Each target is probed by itself, the first time when it becomes one (after `initial_jitter`), and then as
   `settings` say. Probes of one target never overlap: one that is due while the last is under way is sent
   when that has ended.
2. A response is a success, anything else a failure, silence after `timeout` included. What the target still
   does for a probe that was given up goes on, unless the connection propagates cancellation.
3. What the results make of the target is told to the balancer, and nothing but changes is: it never hears of
   a target that stays as it is taken to be. (`verdict`)
4. A target that is removed is not probed any more; the probe under way comes to nothing. One that is ejected
   still is.
5. All this runs in the balancer's process and dies with it, probes under way and rows of results included;
   when that starts again, nothing is known of any target. One on no host goes on for ever.
6. Once told to `stop` it sends no probe any more, and what is under way comes to nothing; whom it has marked
   stays marked, until the balancer begins anew.

Changes are logged as "health.down" and "health.up". Who is told may be a name server as well: see `Checked`.

Source: Envoy's active health checking; Brooker and others, "Implementing health checks" (Amazon Builders'
Library), for what shallow and deep checks miss.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any, Protocol

from simulator import Environment, Process
from simulator.randomness import Uniform

from ...endpoint import Endpoint, require_endpoint
from ...failures import CallFailed, Rejected, ServerError, Unavailable
from ...infrastructure import Host
from ...request import Request
from .settings import HealthCheckSettings
from .verdict import Verdict

HEALTH = "health"
"""The operation of a probe."""

_PROBE = Request(HEALTH)
_ANSWERS = (ServerError, Rejected, Unavailable)


class Checked(Protocol):
    """Who has targets that can be healthy or not: a balancer, or a name server."""

    name: str
    host: Host | None

    @property
    def targets(self) -> tuple[Endpoint, ...]:
        """All of them, healthy or not."""

    def set_healthy(self, endpoint: Endpoint, is_healthy: bool, /) -> None:
        """Hear how one is."""

    def on_changed(self, function: Callable[[], object], /) -> None:
        """Call `function` when one has come or gone."""

    def on_afresh(self, function: Callable[[], object], /) -> None:
        """Call `function` when the memory has begun anew."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheckStatistics:
    """Of `probe_count` probes begun, `passed_count` passed and `failed_count` failed.

    The rest are under way, or came to no end. `down_count` and `up_count` times a target was marked so.
    """

    probe_count: int
    passed_count: int
    failed_count: int
    down_count: int
    up_count: int


@dataclass(slots=True, eq=False)
class _Session:
    """One target under check."""

    target: Endpoint
    probed: Endpoint
    verdict: Verdict
    process: Process | None = None
    is_over: bool = False


class HealthChecker:
    """Checks the targets of `checked` and tells it which of them are well.

    `probed(target)` returns the endpoint that is asked about a target: by default the target itself, which
    for a balancer is its connection to an instance. `request` is what is asked. Jitter draws from the stream
    "health/<name>".

    Example::

        balancer = system.balanced(proxy, shop)
        HealthChecker(env, balancer, envoy(interval=5, timeout=1, unhealthy_threshold=3, healthy_threshold=2))
    """

    def __init__(
        self,
        env: Environment,
        checked: Checked,
        settings: HealthCheckSettings,
        *,
        probed: Callable[[Endpoint], Endpoint] | None = None,
        request: Request = _PROBE,
        name: str | None = None,
    ) -> None:
        """Begin to check."""
        if not isinstance(settings, HealthCheckSettings):
            raise TypeError(f"settings must be HealthCheckSettings, such as haproxy(), got {settings!r}")
        self._env = env
        self.checked = checked
        self.settings = settings
        self.name = name or f"checks of {checked.name}"
        self._probed = probed
        self._request = request
        self._sessions: dict[Endpoint, _Session] = {}
        self._on_passed: list[Callable[[Endpoint], object]] = []
        self._is_stopped = False
        self._uniform = (
            env.sampler(f"health/{self.name}", Uniform(0.0, 1.0))
            if settings.initial_jitter or settings.interval_jitter
            else None
        )
        self._probe_count = 0
        self._passed_count = 0
        self._failed_count = 0
        self._down_count = 0
        self._up_count = 0
        checked.on_changed(self._look)
        checked.on_afresh(self._start_afresh)
        self._look()

    def is_healthy(self, target: Endpoint) -> bool:
        """Return what is thought of a target now. Raises `ValueError` for one that is not checked."""
        session = self._sessions.get(target)
        if session is None:
            raise ValueError(f"target must be one of {self.checked.name!r}, got {target.name!r}")
        return session.verdict.is_healthy

    def on_passed(self, function: Callable[[Endpoint], object]) -> None:
        """Call `function(target)` after each probe that a target has passed which is taken to be healthy."""
        self._on_passed.append(function)

    def stop(self) -> None:
        """Check no more, for good: no probe is sent, and what is known stays as it is."""
        self._is_stopped = True
        for session in self._sessions.values():
            self._leave(session)

    # -- who is checked -------------------------------------------------------------------------------------

    def _start_afresh(self) -> None:
        # A target that has come back with the same host, before this, is checked already: that ends too.
        for session in self._sessions.values():
            self._leave(session)
        self._sessions.clear()
        self._look()

    def _is_up(self) -> bool:
        """Whether the process is there in which all this runs."""
        host = self.checked.host
        is_listening = not isinstance(self.checked, Endpoint) or self.checked.is_listening
        return host is None or (host.is_up and is_listening)

    def _look(self) -> None:
        """Begin with who is new, and leave who is gone."""
        if self._is_stopped or not self._is_up():
            return  # who is there is found out at the start
        listed = self.checked.targets
        if len(listed) == len(self._sessions) + 1 and listed[-1] not in self._sessions:
            self._begin(listed[-1])  # mostly so, and quick, as while a large system is built
            return
        targets = dict.fromkeys(listed)
        for target in [target for target in self._sessions if target not in targets]:
            self._leave(self._sessions.pop(target))
        for target in targets:
            if target not in self._sessions:
                self._begin(target)

    def _begin(self, target: Endpoint) -> None:
        probed = target if self._probed is None else self._probed(target)
        require_endpoint("probed", probed)
        session = self._sessions[target] = _Session(target, probed, Verdict(self.settings))
        if not session.verdict.is_healthy:
            self.checked.set_healthy(target, False)
        name, host = f"{self.name}: {target.name}", self.checked.host
        if host is None:
            session.process = self._env.process(self._check(session), name)
            return
        session.process = host.start(self._check(session), name)
        if isinstance(self.checked, Endpoint):
            host.bind(session.process, self.checked)

    def _leave(self, session: _Session) -> None:
        session.is_over = True
        # Who is told that a target is down may remove it on the spot: then it is this very process.
        if session.process is not None and session.process is not self._env.active_process:
            session.process.cancel()

    # -- checking -------------------------------------------------------------------------------------------

    def _check(self, session: _Session) -> Generator[Any, Any, None]:
        env, settings = self._env, self.settings
        if settings.initial_jitter and self._uniform is not None:
            yield settings.initial_jitter * self._uniform()
        while not session.is_over:
            start = env.now
            yield from self._probe(session)
            since = start if settings.counts_from == "start" else env.now
            yield max(0.0, since + self._interval(session.verdict) - env.now)

    def _interval(self, verdict: Verdict) -> float:
        settings = self.settings
        usual = settings.interval if verdict.is_healthy else settings.unhealthy_interval or settings.interval
        edge = settings.unhealthy_edge_interval if verdict.is_healthy else settings.healthy_edge_interval
        interval = edge if edge is not None and verdict.is_pending else usual
        if settings.interval_jitter and self._uniform is not None:
            interval += interval * settings.interval_jitter * self._uniform()
        return interval

    def _probe(self, session: _Session) -> Generator[Any, Any, None]:
        self._probe_count += 1
        has_passed = False
        try:
            with self._env.fail_after(self.settings.timeout):
                yield from session.probed.call(self._request)
        except CallFailed as failure:
            self._failed_count += 1
            at_once = self.settings.answers_decide and isinstance(failure, _ANSWERS)
            has_changed = session.verdict.failed(at_once=at_once)
        else:
            self._passed_count += 1
            has_changed = session.verdict.passed()
            has_passed = session.verdict.is_healthy
        if has_changed:
            self._tell(session)
        if has_passed and not session.is_over:
            for function in self._on_passed:
                function(session.target)

    def _tell(self, session: _Session) -> None:
        is_healthy = session.verdict.is_healthy
        if is_healthy:
            self._up_count += 1
        else:
            self._down_count += 1
        kind = "health.up" if is_healthy else "health.down"
        self._env.log(kind, session.target.name, checker=self.name)
        self.checked.set_healthy(session.target, is_healthy)

    def statistics(self) -> HealthCheckStatistics:
        """Return what has happened so far."""
        return HealthCheckStatistics(
            probe_count=self._probe_count,
            passed_count=self._passed_count,
            failed_count=self._failed_count,
            down_count=self._down_count,
            up_count=self._up_count,
        )
