"""Watches over all tests: whatever a test builds, in whatever file, must add up when the test is over.

The constructors of the parts that hold or count something are told to remember what they make. After each
test the invariants are checked for all of it; and where nothing is left to happen and nobody is under way,
nothing may be held either.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from experiments.swarm import BOOKS
from experiments.swarm.invariants import check_books, check_times
from models import Endpoint, Host
from models.services import Instance
from models.workload import Client
from simulator import Environment, Permits

from .invariants import check_empty, check_part

# All that the table of rules knows: a new class there is watched from then on.
ENDPOINTS = tuple(kind for kind in BOOKS if issubclass(kind, Endpoint))
# A test that builds thousands of worlds, one after the other, has to check them itself: the last ones are
# enough here.
REMEMBERED = 10_000
WATCHED = (*ENDPOINTS, Client, Environment, Host, Permits)


class Watch:
    """What the present test has built."""

    def __init__(self) -> None:
        self.made: list[Any] = []
        self.is_on = True
        for kind in WATCHED:
            kind.__init__ = self._remembering(kind.__init__)  # type: ignore[method-assign] # this is the point

    def _remembering(self, construct: Callable[..., None]) -> Callable[..., None]:
        @wraps(construct)
        def construct_and_remember(made: Any, *arguments: Any, **settings: Any) -> None:
            construct(made, *arguments, **settings)
            if self.is_on:
                self.made.append(made)
                if len(self.made) > 2 * REMEMBERED:
                    del self.made[:REMEMBERED]

        return construct_and_remember

    def check(self) -> None:
        """Check what must hold for all that was built since the last time, and forget it."""
        made, self.made = self.made, []
        clients = [each for each in made if isinstance(each, Client)]
        hosts = [each for each in made if isinstance(each, Host)]
        endpoints = [each for each in made if isinstance(each, ENDPOINTS)]
        for client in clients:
            check_books(client, _now(client))
            check_books(client.table, _now(client))
        for part in made:
            if not isinstance(part, Client | Environment):
                check_part(part, _now(part))
        for env in made:
            if isinstance(env, Environment):
                check_times(env)
                if env.peek() == float("inf") and not env.processes:
                    # Where an error in a model has stopped the run, the table still has the request in
                    # flight, by its rules.
                    assert not any(client.in_flight for client in clients if client._env is env)
                    check_empty(
                        env,
                        [],
                        [endpoint for endpoint in endpoints if _environment(endpoint) is env],
                        [host for host in hosts if host.env is env],
                    )


def _environment(part: Any) -> Any:
    return part.env if isinstance(part, Host | Instance) else getattr(part, "_env", None)


def _now(part: Any) -> float:
    env = _environment(part)
    return float("nan") if env is None else float(env.now)
