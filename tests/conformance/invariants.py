"""What must hold at every instant, and what must be left when everything is over, for any world.

The rules are those of `experiments.swarm`, which hold for any system. Here is how they are asked of a
`World`, and what only tests may look at: what parts keep to themselves.

`check_always` may be asked at any time between two runs. `check_drained` is for the end: it lets every caller
give up, lets what is left run out, and then nothing may be held, running or waiting anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from experiments import swarm
from experiments.swarm import check_system
from experiments.swarm.invariants import check_books
from models import Endpoint, Host
from models.resilience import Outbox, Retry
from models.services import Instance
from models.workload import Client
from simulator import Environment

from .world import World

# A breaker with timers for both its open and its half-open state goes on for ever, as resilience4j's does: no
# run to the end.
LONG_ENOUGH = 100.0


def check_always(world: World) -> None:
    """Check that everything adds up now."""
    check_system(world.env, clients=world.clients, endpoints=world.endpoints, hosts=world.hosts)
    for part in world.endpoints:
        check_hidden(part, world.env.now)


def check_part(part: Any, now: float) -> None:
    """Check that what one part says about itself adds up, and so does what it keeps to itself."""
    check_books(part, now)
    check_hidden(part, now)


def check_hidden(part: object, now: float) -> None:
    """Check what a part keeps to itself."""
    if isinstance(part, Instance):
        check_books(part._threads, now)
    elif isinstance(part, Retry):
        check_books(part._budget, now)


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
    endpoints = list(endpoints)
    budgets = [each._budget for each in endpoints if isinstance(each, Retry)]
    threads = [each._threads for each in endpoints if isinstance(each, Instance)]
    swarm.check_empty(env, clients=clients, endpoints=endpoints, hosts=hosts, parts=[*budgets, *threads])
    assert not env._lanes, "a deadline lane outlives its deadlines"
