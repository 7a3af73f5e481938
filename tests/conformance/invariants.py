"""What must hold at every instant, and what must be left when everything is over, for any world.

`check_always` may be asked at any time between two runs. `check_drained` is for the end: it lets every caller
give up, lets what is left run out, and then nothing may be held, running or waiting anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from models import Endpoint, Host
from models.balancing import Balancer
from models.network import Connection
from models.resilience import BreakerState, CircuitBreaker, EnvoyRetryBudget, Outbox, Retry, Timeout
from models.services import Instance
from models.workload import Client
from simulator import Environment, Permits

from .world import World

# A breaker with timers for both its open and its half-open state goes on for ever, as resilience4j's does: no
# run to the end.
LONG_ENOUGH = 1_000.0

_NEXT_STATES = {
    "closed": {"open"},
    "open": {"half_open"},
    "half_open": {"open", "closed"},
}


def check_always(world: World) -> None:
    """Check that everything adds up now."""
    check_log(world.env)
    for client in world.clients:
        check_client(client)
    for endpoint in world.endpoints:
        check_counts(endpoint)
    for host in world.hosts:
        check_host(host)


def check_client(client: Client) -> None:
    """Every request has exactly one outcome or is in flight; none ends before it begins or after now."""
    table = client.table
    assert table.issued == sum(table.counts().values()) + table.in_flight
    assert client.issued <= table.issued
    assert 0 <= client.in_flight <= client.issued
    columns = table.columns()
    assert (columns["end"] >= columns["start"]).all()
    assert (columns["end"][1:] >= columns["end"][:-1]).all(), "recorded in another order than that of time"
    assert not len(table) or columns["end"][-1] <= client._env.now


def check_log(env: Environment) -> None:
    """The log is in order of time, and no breaker makes a step that its states do not have."""
    check_times(env)
    states: dict[str, str] = {}
    for record in env.event_log:
        kind, _, state = record.kind.partition(".")
        if kind == "breaker":
            before = states.get(record.subject, "closed")
            assert state in _NEXT_STATES[before], f"{record.subject} went from {before} to {state}"
            states[record.subject] = state


def check_times(env: Environment) -> None:
    """The log is in order of time, and knows nothing of the future."""
    times = [record.time for record in env.event_log]
    assert times == sorted(times)
    assert not times or times[-1] <= env.now


def check_host(host: Host) -> None:
    """A host does no more than it can, and nothing while it is down."""
    statistics = host.statistics()
    assert 0.0 <= statistics.utilisation <= 1.0 + 1e-9
    assert 0 <= statistics.running_count <= host.cores
    assert host.is_up or not host.running, f"{host} is down and runs {host.running}"
    assert all(process.is_alive for process in host.running), f"{host} still holds a process that has ended"


def check_permits(permits: Permits) -> None:
    """No permit is held twice, and none is free while somebody waits for it."""
    assert 0 <= permits.free <= permits.capacity
    assert not (permits.free and permits.waiting)


def check_counts(endpoint: Endpoint) -> None:
    """What an endpoint says about itself adds up."""
    if isinstance(endpoint, Connection):
        links = endpoint.statistics()
        # What is left was never answered, or is not yet.
        assert links.answered_count + links.late_count <= links.call_count
        assert 0 <= links.wasted_count <= links.call_count
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
        assert (
            outbox.accepted_count == outbox.delivered_count + outbox.dead_letter_count + outbox.backlog.value
        )
    elif isinstance(endpoint, Instance):
        calls = endpoint.statistics()
        check_permits(endpoint._threads)
        assert calls.aborted_count >= 0
        assert 0 <= calls.degraded_count <= calls.completed_count
    elif isinstance(endpoint, Balancer):
        for target in endpoint.statistics().targets:
            assert 0 <= target.outstanding_count <= target.call_count


def drain(world: World) -> None:
    """Let all callers and outboxes give up, and run until nothing is left to happen."""
    for caller in (*world.callers, *world.squatters):
        caller.cancel()
    for endpoint in world.endpoints:
        if isinstance(endpoint, Outbox):
            for worker in endpoint._running:
                worker.cancel()
    world.env.run(until=world.env.now + LONG_ENOUGH)
    # A call that waits on a host for an answer which was lost waits for ever, as in life: until somebody
    # pulls the plug.
    for host in world.hosts:
        if host.running:
            host.crash()
    world.env.run(until=world.env.now + LONG_ENOUGH)


def check_drained(world: World) -> None:
    """Drain the world, and check that nothing is held, running, waiting or leaked."""
    drain(world)
    check_always(world)
    check_empty(world.env, world.clients, world.endpoints, world.hosts)


def check_empty(
    env: Environment, clients: Iterable[Client], endpoints: Iterable[Endpoint], hosts: Iterable[Host]
) -> None:
    """Check that nothing is held, running or waiting."""
    assert not env.processes, f"still there: {sorted(process.name for process in env.processes)}"
    assert not env._lanes, "a deadline lane outlives its deadlines"
    for client in clients:
        assert client.in_flight == client.table.in_flight == 0
    for host in hosts:
        assert not host.running, f"{host} still runs {[process.name for process in host.running]}"
        statistics = host.statistics()
        assert statistics.running_count == statistics.waiting_count == 0
    for endpoint in endpoints:
        _check_nothing_held(endpoint)


def _check_nothing_held(endpoint: Endpoint) -> None:
    if isinstance(endpoint, CircuitBreaker):
        # Trials that have a result are used up for this stay in the state; the others are all there.
        statistics = endpoint.statistics()
        if statistics.state is BreakerState.HALF_OPEN:
            left = statistics.free_trial_count + statistics.total_count_now
            assert left >= endpoint.settings.trial_count, f"{endpoint.name} has lost a trial slot"
    elif isinstance(endpoint, Retry) and isinstance(endpoint._budget, EnvoyRetryBudget):
        assert endpoint._budget.request_count == endpoint._budget.retry_count == 0
    elif isinstance(endpoint, Balancer):
        assert not any(target.outstanding_count for target in endpoint.statistics().targets)
    elif isinstance(endpoint, Instance):
        calls = endpoint.statistics()
        assert calls.in_service_count == calls.waiting_count == 0
        assert endpoint._threads.free == endpoint._threads.capacity
