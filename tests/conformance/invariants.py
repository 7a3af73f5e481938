"""What must hold at every instant, and what must be left when everything is over, for any world.

The rules are those of `experiments.swarm`, which hold for any system. Here is how they are asked of a
`World`, and what only tests may look at: what parts keep to themselves.

`check_always` may be asked at any time between two runs. `check_drained` is for the end: it lets every caller
give up, lets what is left run out, and then nothing may be held, running or waiting anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from experiments import swarm
from experiments.swarm.bookkeeping import books_of, negative_fields, statistics_of
from experiments.swarm.invariants import _check_rules, check_books, check_log, entity_of, reachable
from models import Endpoint, Host
from models.resilience import Outbox, Retry
from models.services import Instance
from models.workload import Client
from simulator import Environment

from .world import World

# A breaker with timers for both its open and its half-open state goes on for ever, as resilience4j's does: no
# run to the end.
LONG_ENOUGH = 100.0
_OF_CACHES = ("cache refresh", "cache flush")


def check_always(world: World) -> None:
    """Check that everything adds up now."""
    _check_world(world, is_over=False)


def _check_world(world: World, *, is_over: bool) -> None:
    """Check that everything adds up now, and if it `is_over` that nothing is held, running or waiting.

    These are `swarm.check_system` and `swarm.check_empty` in one go: each part is asked once what it has to
    say.
    """
    env, clients = world.env, world.clients
    check_log(env)
    if is_over:
        assert not env.processes, f"processes are left: {[process.name for process in env.processes]}"
        assert not env._lanes, "a deadline lane outlives its deadlines"
    tables = [client.table for client in clients]
    found = reachable([*(client.target for client in clients), *world.endpoints])
    for part in (*clients, *tables, *found, *world.hosts, *_hidden(world.endpoints)):
        statistics, books = statistics_of(part), books_of(part)
        assert not (names := negative_fields(statistics)), f"{entity_of(part)}: {names} < 0 in {statistics}"
        _check_rules(part, statistics, books.always, env.now)
        if is_over:
            _check_rules(part, statistics, books.idle, env.now)
    for table in tables:
        rows = table.rows()
        assert not rows or rows[-1][1] <= env.now, "a request has ended in the future"


def check_part(part: Any, now: float) -> None:
    """Check that what one part says about itself adds up, and so does what it keeps to itself."""
    check_books(part, now)
    for hidden in _hidden([part]):
        check_books(hidden, now)


def _hidden(parts: Iterable[object]) -> Iterator[object]:
    """Yield what parts keep to themselves."""
    for part in parts:
        if isinstance(part, Instance):
            yield part._threads
        elif isinstance(part, Retry):
            yield part._budget


def drain(world: World) -> None:
    """Let all callers and outboxes give up, and run until nothing is left to happen."""
    for caller in (*world.callers, *world.squatters):
        caller.cancel()
    for endpoint in world.endpoints:
        if isinstance(endpoint, Outbox):
            endpoint.stop_workers()
    world.env.run(until=world.env.now + LONG_ENOUGH)
    # A call that waits on a host for an answer which was lost waits for ever, as in life: until somebody
    # pulls the plug.
    for host in world.hosts:
        if host.running:
            host.crash()
    for process in list(world.env.processes):
        if process.name in _OF_CACHES:  # of one that stands on no host
            process.kill()
    world.env.run(until=world.env.now + LONG_ENOUGH)


def check_drained(world: World) -> None:
    """Drain the world, and check that nothing is held, running, waiting or leaked."""
    drain(world)
    _check_world(world, is_over=True)


def check_empty(
    env: Environment, clients: Iterable[Client], endpoints: Iterable[Endpoint], hosts: Iterable[Host]
) -> None:
    """Check that nothing is held, running or waiting."""
    endpoints = list(endpoints)
    swarm.check_empty(env, clients=clients, endpoints=endpoints, hosts=hosts, parts=_hidden(endpoints))
    assert not env._lanes, "a deadline lane outlives its deadlines"
