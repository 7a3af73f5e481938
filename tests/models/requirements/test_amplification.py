"""Amplification: attempts at a server per request of a user."""

from __future__ import annotations

import math
from typing import Any

import pytest

from models import FunctionEndpoint, Host, Network, ServerError
from models.requirements import Amplification
from models.resilience import Retry
from models.workload import OpenLoop
from simulator import Environment
from simulator.randomness import Constant


def failing(_: object) -> Any:
    """Fail after a tenth of a second."""
    yield 0.1
    raise ServerError("no")


def test_layers_of_retries_multiply() -> None:
    env = Environment(seed=1)
    network = Network(env)
    web, middle, back = (Host(env, name) for name in ("web", "middle", "back"))
    server = FunctionEndpoint(failing, host=back, name="back")
    far = network.connect(middle, server)
    near = network.connect(web, FunctionEndpoint(Retry(env, far, 3).call, host=middle, name="middle"))
    users = OpenLoop(env, Retry(env, near, 3), interarrival=Constant(1.0), until=5.5)
    at_back, at_middle = Amplification(users.table, [far]), Amplification(users.client, [near])
    env.run()
    assert (at_middle.statistics().ratio, at_back.statistics().ratio) == (3.0, 9.0)
    assert at_back.statistics().request_count == 5
    assert at_back.statistics().attempt_count == 45


def test_it_counts_from_its_restart_and_over_all_parts() -> None:
    env = Environment(seed=1)
    network = Network(env)
    web = Host(env, "web")
    servers = [
        FunctionEndpoint(failing, host=Host(env, f"back-{number}"), name=f"back-{number}")
        for number in (1, 2)
    ]
    ways = [network.connect(web, server) for server in servers]
    users = [
        OpenLoop(env, Retry(env, way, attempts), interarrival=Constant(1.0), until=10.5, name=way.name)
        for way, attempts in zip(ways, (1, 3), strict=True)
    ]
    amplification = Amplification(users[0].table, ways)
    env.run(until=4.9)
    assert amplification.statistics().ratio == 4.0
    amplification.restart()
    assert math.isnan(amplification.statistics().ratio)
    env.run()
    assert amplification.statistics().request_count == 6
    assert amplification.statistics().ratio == 4.0


def test_nothing_to_count_is_misuse() -> None:
    env = Environment(seed=1)
    users = OpenLoop(env, FunctionEndpoint(failing), rate=1.0)
    with pytest.raises(ValueError, match="attempts must be at least one part that counts calls, got none"):
        Amplification(users.table, [])
