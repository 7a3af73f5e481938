"""The reference request path: what a call costs with everything around it that a careful client has.

    public -> breaker -> retry -> timeout -> balancer --(network)--> one of three hosts --(network)--> back

180 requests/s; power of two choices; three hosts of four cores, in use 75 % of the time; work is exponential
with a mean of 50 ms; each way through the network is lognormal with a median of 1 ms; the timeout is 0.5 s.
The breaker is there and never opens, and each request is recorded. The balancer stands in the client, as
those of the storefront do, so that a call crosses the network once each way.

On the hosts stand stations, which only work, as in the plain script; or instances of a service, which have
pools of threads and bounded queues as well.
"""

from __future__ import annotations

from collections.abc import Callable

from models import Endpoint, Host, Network
from models.balancing import Balancer, PowerOfTwoChoices
from models.resilience import CircuitBreaker, FullJitter, Retry, Timeout
from models.services import Instance, Work
from models.workload import OpenLoop
from simulator import Environment, RequestTable
from simulator.randomness import Exponential, LogNormal

from .station import Station

RATE = 180.0
"""Requests per second."""

HOST_COUNT = 3
"""Hosts to choose from."""

CORES = 4
"""Cores of each host."""

WORK_MEAN = 0.05
"""Seconds of a core that a request costs on average."""

HOP = LogNormal.from_percentiles(p50=0.001, p99=0.003)
"""One way through the network, in seconds."""

TIMEOUT = 0.5
"""Seconds that an attempt may take."""

ATTEMPTS = 3
"""Attempts in all."""

BACKOFF_BASE = 0.1
"""Seconds: the wait before retry k is uniform between 0 and this times 2^(k - 1)."""


MakeServer = Callable[[Host, float, str], Endpoint]
"""Makes what stands on a host, from the host, the mean work in seconds, and a name."""


def reference_path_in_gameday(
    duration: float, seed: int, *, work_mean: float = WORK_MEAN, make_server: MakeServer = Station
) -> RequestTable:
    """Let the public come for `duration` seconds; return what became of each request."""
    env = Environment(seed=seed)
    hosts = [Host(env, f"host-{number}", cores=CORES) for number in range(HOST_COUNT)]
    servers = [make_server(host, work_mean, f"server-{number}") for number, host in enumerate(hosts)]
    public = OpenLoop(env, protected(env, servers), rate=RATE, until=duration, name="public")
    env.run()
    return public.table


def instance_on(host: Host, work_mean: float, name: str) -> Endpoint:
    """Return an instance of a service in place of a station."""
    return Instance(host.env, host, Work(Exponential(work_mean)), name=name)


def protected(env: Environment, servers: list[Endpoint]) -> Endpoint:
    """Return the path to `servers`, from the breaker on."""
    network = Network(env, latencies=HOP)
    client = Host(env, "client")
    connections = [network.connect(client, server) for server in servers]
    balancer = Balancer(env, connections, policy=PowerOfTwoChoices(), host=client)
    timeout = Timeout(env, balancer, TIMEOUT)
    retry = Retry(env, timeout, attempts=ATTEMPTS, backoff=FullJitter(base=BACKOFF_BASE))
    return CircuitBreaker(env, retry)
