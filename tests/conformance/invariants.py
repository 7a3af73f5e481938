"""What must hold at every instant, and what must be left when everything is over: for any world, whatever is in it.

`check_always` may be asked at any time between two runs. `check_drained` is for the end: it lets every caller give up, lets what is left run out, and then nothing may be held, running or
waiting anywhere.
"""

from __future__ import annotations

from models import Endpoint
from models.balancing import Balancer
from models.network import Connection
from models.resilience import BreakerState, CircuitBreaker, Outbox, Retry, Timeout
from models.services import Instance
from simulator import Permits

from .world import World


def check_always(world: World) -> None:
    """Check that everything adds up now."""
    for client in world.clients:
        table = client.table
        assert table.issued == sum(table.counts().values()) + table.in_flight
        assert client.issued == table.issued
        assert client.in_flight == table.in_flight >= 0
    for endpoint in world.endpoints:
        _check_counts(endpoint)
    for host in world.hosts:
        statistics = host.statistics()
        assert 0.0 <= statistics.utilisation <= 1.0 + 1e-9
        assert statistics.running_count <= host.cores
        if not host.is_up:
            assert not host.running, f"{host} is down and runs {host.running}"
    held = [process for host in world.hosts for process in host.running]
    assert len(held) == len(set(held))
    assert all(process.is_alive for process in held)


def _check_counts(endpoint: Endpoint) -> None:
    if isinstance(endpoint, Connection):
        links = endpoint.statistics()
        # What is left was never answered, or is not yet.
        assert links.answered_count + links.late_count <= links.call_count
        assert links.wasted_count <= links.call_count
        assert links.wasted_time >= 0.0
    elif isinstance(endpoint, Timeout):
        limits = endpoint.statistics()
        assert 0 <= limits.expired_count <= limits.call_count
    elif isinstance(endpoint, Retry):
        retries = endpoint.statistics()
        assert retries.attempt_count == retries.call_count + retries.retry_count
        assert retries.attempt_count <= retries.call_count * endpoint.attempts
        assert retries.gave_up_count + retries.budget_denied_count <= retries.call_count
    elif isinstance(endpoint, CircuitBreaker):
        breaker = endpoint.statistics()
        assert breaker.failed_count + breaker.ignored_count <= breaker.permitted_count
        assert 0 <= breaker.free_trial_count <= endpoint.settings.trial_count
        assert breaker.free_trial_count == 0 or breaker.state is BreakerState.HALF_OPEN
    elif isinstance(endpoint, Outbox):
        outbox = endpoint.statistics()
        assert outbox.accepted_count == outbox.delivered_count + outbox.dead_letter_count + outbox.backlog.value
    elif isinstance(endpoint, Instance):
        calls = endpoint.statistics()
        assert calls.aborted_count >= 0
        assert calls.degraded_count <= calls.completed_count
    elif isinstance(endpoint, Balancer):
        for target in endpoint.statistics().targets:
            assert 0 <= target.outstanding_count <= target.call_count


def drain(world: World) -> None:
    """Let all callers and outboxes give up, and run until nothing is left to happen."""
    for caller in world.callers:
        caller.cancel()
    for endpoint in world.endpoints:
        if isinstance(endpoint, Outbox):
            for worker in endpoint._running:
                worker.cancel()
    world.env.run()
    # A call that waits on a host for an answer which was lost waits for ever, as in life: until somebody pulls the plug.
    for host in world.hosts:
        if host.running:
            host.crash()
    world.env.run()


def check_drained(world: World) -> None:
    """Drain the world, and check that nothing is held, running, waiting or leaked."""
    drain(world)
    check_always(world)
    env = world.env
    for client in world.clients:
        assert client.in_flight == 0
    for host in world.hosts:
        assert not host.running, f"{host} still runs {[process.name for process in host.running]}"
        statistics = host.statistics()
        assert statistics.running_count == statistics.waiting_count == 0
    for permits in _all_permits(world):
        assert permits.free == permits.capacity
        assert not permits.waiting
    assert not env.processes, f"still there: {sorted(process.name for process in env.processes)}"
    assert not env._lanes, "a deadline lane outlives its deadlines"
    for endpoint in world.endpoints:
        if isinstance(endpoint, CircuitBreaker) and endpoint.state is BreakerState.HALF_OPEN:
            assert _trials_left(endpoint), f"{endpoint.name} has lost a trial slot"
        elif isinstance(endpoint, Balancer):
            assert not any(target.outstanding_count for target in endpoint.statistics().targets)
        elif isinstance(endpoint, Instance):
            calls = endpoint.statistics()
            assert calls.in_service_count == calls.waiting_count == 0


def _trials_left(breaker: CircuitBreaker) -> bool:
    statistics = breaker.statistics()
    return statistics.free_trial_count + statistics.total_count_now >= breaker.settings.trial_count


def _all_permits(world: World) -> list[Permits]:
    found = []
    for owner in (*world.endpoints, *(host._cores for host in world.hosts)):
        for kind in type(owner).__mro__:
            names = [*getattr(kind, "__slots__", ()), *getattr(owner, "__dict__", {})]
            found += [getattr(owner, name) for name in names if isinstance(getattr(owner, name, None), Permits)]
    return found
