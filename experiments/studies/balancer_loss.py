"""The balancer dies: a single one takes everything with it, and what stands beside it decides for how long.

Ten client hosts send requests to a shop of four instances. What stands between them is lost for two minutes:

    one balancer            on a host of its own: the single point of failure
    pair                    two, behind a virtual address that the second takes over (VRRP, defaults)
    names                   two, each with an address of its own; a name server leaves out what its health
                            checks (every 10 s, three failures) find dead, and clients believe its answers for
                            their time to live
    names, next address     the same, and a client that gets no answer within 0.25 s asks the other address
    in each client          every client host has its own; what is lost is a client host, with its requests

A pair is without an address for the age of the last advertisement less than 3.6 s, whatever is behind it.
Names are as slow as checks and caches: half of the clients know the dead address, for the 26 s that it takes
on average to find it dead and then until their answer is too old. Those that help themselves lose nothing and
wait a little; but they send a request twice, which not every request survives. With a balancer in each
client none is shared, and none is missed by others.

VRRP watches hosts. Where only the balancer's process dies the address stays, and refuses, unless the process
is tracked.

What to see (the default sweep): one balancer loses all requests of the two minutes. The pair loses as many as
come in 3.2 s, and serves all again after 3.4 s. Names with a time to live of 1, 15 and 60 s lose as many as
come in 13.1, 16.3 and 27.7 s, of one half of the clients, and serve all again after 26, 36 and 74 s; a client
that asks the next address loses none, and 0.4 % of the requests take longer than 0.25 s. With a balancer in
each client it is 12.3 s, all of the client that is lost. When only the process dies, the pair is as lost as
the one balancer, and one that tracks it loses 1.0 s. Cut apart from each other, both hold the address, and
lose nothing by it that is worth counting (0.0 s): these balancers may be two.

Sources: RFC 9568 (VRRP); RFC 1034 and 1035 (names and time to live); Newman, "Building Microservices",
chapter "Microservices at Scale", "Load balancing".
"""

from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field

from models import Endpoint, FunctionEndpoint, Host, Network, Refused, Request, TimedOut
from models.balancing import Balancer
from models.balancing.health_checks import HealthChecker, HealthCheckSettings
from models.faults import Fault, FaultPlan, HostCrash, NetworkPartition, ProcessCrash
from models.naming import ByName, NameServer, VirtualAddress, VrrpSettings
from models.resilience import Timeout
from models.services import Service, Work
from models.workload import OpenLoop, RateSteps
from simulator import Environment, RequestTable
from simulator.measurement import windowed_share
from simulator.randomness import Exponential, Uniform

from ..design import Points
from ..misuse import Misuse
from ..parameters import Unit
from ..study import Measure, Run, study
from .troubled_run import TroubledRun

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from ..result import SweepResult

Arrangement = Literal["one balancer", "pair", "names", "names, next address", "in each client"]
ARRANGEMENTS: tuple[Arrangement, ...] = (
    "one balancer",
    "pair",
    "names",
    "names, next address",
    "in each client",
)
Loss = Literal["host", "process", "cut apart"]

CLIENTS, INSTANCES = 10, 4
PATIENCE = 1.0
"""How long a client waits for the shop, in seconds."""

NEXT_AFTER = 0.25
"""How long one waits for one address who asks the next, in seconds."""

CHECKS = HealthCheckSettings(
    interval=10.0, timeout=1.0, unhealthy_threshold=3, healthy_threshold=3, initial_jitter=10.0
)
"""Of the name server: the faster of the two intervals that Route 53 has, and its threshold."""

SERVED = 0.99
"""Users are served where so large a share of what they send within `_SPAN` s is answered."""

_BEFORE, _AFTER = 60.0, 60.0
_SPAN = 5.0
_LATENCY = 0.0005
_WORK = Exponential(0.02)

MEASURES = {
    "lost": Measure(description="share of the requests sent during the loss that were not answered"),
    "lost_time": Measure(
        description="unanswered requests of the whole run, as the time in which so many come", unit="s"
    ),
    "recover_time": Measure(
        description="from the loss until 99 % of what is sent within 5 s is answered again; inf: never",
        unit="s",
    ),
    "slow": Measure(description="share of the same answered, but later than after 0.25 s"),
    "takeovers": Measure(description="times that the address was taken, the first apart"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Front:
    """What stands between clients and shop: a way from each client, and what is lost of it."""

    ways: tuple[Endpoint, ...]
    victim: Endpoint
    host: Host
    address: VirtualAddress | None = None
    name_server: NameServer | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class BalancerLossRun(TroubledRun):
    """A run that is over, and the `front` that lost something."""

    front: Front


def _figures_of_sweep(result: "SweepResult") -> "Mapping[str, Figure]":
    from .figures.balancer_loss import figures_of_sweep

    return figures_of_sweep(result)


def require_act(*, arrangement: str, ttl: float | None, loss: str, tracking: bool, **_others: object) -> None:
    """Raise Misuse for what does not act in an arrangement, or is missing there."""
    has_names = arrangement.startswith("names")
    if has_names and ttl is None:
        raise Misuse(f"ttl must be a number of seconds with arrangement {arrangement}, got none")
    if not has_names and ttl is not None:
        raise Misuse(f"ttl must be none with arrangement {arrangement}, which has no names, got {ttl}")
    if arrangement != "pair" and (tracking or loss == "cut apart"):
        what = "tracking must be false" if tracking else "loss must be host or process"
        raise Misuse(f"{what} with arrangement {arrangement}, which has no pair")


@study(
    name="balancer_loss",
    question="What is lost when the balancer dies, and what brings it back how soon?",
    measures=MEASURES,
    sweep=Points(
        [
            {"arrangement": "one balancer"},
            {"arrangement": "pair"},
            *({"arrangement": "names", "ttl": ttl} for ttl in (1.0, 5.0, 15.0, 60.0)),
            {"arrangement": "names, next address", "ttl": 60.0},
            {"arrangement": "in each client"},
            {"arrangement": "pair", "loss": "process"},
            {"arrangement": "pair", "loss": "process", "tracking": True},
            {"arrangement": "pair", "loss": "cut apart"},
        ]
    ),
    replications=10,
    check=require_act,
    figures_of_sweep=_figures_of_sweep,
)
def balancer_loss(
    *,
    seed: int,
    arrangement: Annotated[
        Arrangement, Field(description="what stands between clients and shop")
    ] = "one balancer",
    ttl: Annotated[
        float | None,
        Field(
            ge=0,
            le=86_400,
            allow_inf_nan=False,
            description="how long clients may believe what the name server says",
        ),
        Unit("s"),
    ] = None,
    loss: Annotated[
        Loss, Field(description="what is lost: a host, a process on it, or the pair's sight of each other")
    ] = "host",
    tracking: Annotated[
        bool, Field(description="whether a router of the pair looks after its balancer's process")
    ] = False,
    outage: Annotated[
        float, Field(ge=10, le=3_600, allow_inf_nan=False, description="how long it is lost"), Unit("s")
    ] = 120.0,
    rate: Annotated[
        float,
        Field(gt=0, le=200, allow_inf_nan=False, description="requests, of all clients together"),
        Unit("1/s"),
    ] = 20.0,
) -> Run:
    """Lose what is between the clients and the shop, and get it back."""
    env = Environment(seed=seed)
    network = Network(env, latencies=_LATENCY)
    front = _front(env, network, arrangement, ttl, tracking)
    # At any moment between two advertisements, two probes, and two questions for the name.
    start = _BEFORE + env.sampler("moment", Uniform(0.0, CHECKS.interval))()
    end = start + outage
    FaultPlan(env).at(start, _fault(network, front, loss), end=end)
    duration = end + _AFTER
    requests = _admit_users(env, network, front, rate, duration)
    env.run(until=duration + 2.0 * PATIENCE + 1.0)
    run = BalancerLossRun(
        requests=requests, log=env.event_log, start=start, end=end, duration=duration, front=front
    )
    return Run(measures=_measures(run, rate), detail=run)


def _measures(run: BalancerLossRun, rate: float) -> dict[str, float]:
    during = run.during()
    everything = run.requests.sample(0.0, run.duration, by="start")
    taken_counts = () if run.front.address is None else run.front.address.statistics().taken_counts
    return {
        "lost": 1.0 - during.availability(),
        "lost_time": float((~everything.succeeded).sum()) / rate,
        "recover_time": _recover_time(run),
        "slow": float((during.succeeded & (during.latency > NEXT_AFTER)).mean()),
        "takeovers": float(max(0, sum(taken_counts) - 1)),
    }


def _recover_time(run: TroubledRun) -> float:
    """Return how long after the loss the first span begins in which users are served."""
    sample = run.requests.sample(run.start, run.duration, by="start")
    offsets = [
        windowed_share(
            sample.start, sample.succeeded, width=_SPAN, since=run.start + late, until=run.duration
        )
        for late in range(int(_SPAN))
    ]
    served = [
        float(start) - run.start
        for series in offsets
        for start, share in zip(series.starts, series.values, strict=True)
        if share >= SERVED
    ]
    return min(served, default=float("inf"))


# -- the system


def _admit_users(
    env: Environment, network: Network, front: Front, rate: float, duration: float
) -> RequestTable:
    """Let users call the application on each client's host, which calls the shop.

    Each client begins at a moment of its own, or all would ask for the name in step.
    """
    users = Host(env, "users")
    begins = env.sampler("begin", Uniform(0.0, _BEFORE))
    table: RequestTable | None = None
    for number, way in enumerate(front.ways):
        assert way.host is not None
        patient = Timeout(env, network.connect(users, _application(env, way)), 2.0 * PATIENCE)
        table = OpenLoop(
            env,
            patient,
            rate=RateSteps([(0.0, 0.0), (begins(), rate / CLIENTS)]),
            until=duration,
            table=table,
            name=f"users {number}",
        ).table
    assert table is not None
    return table


def _application(env: Environment, way: Endpoint) -> FunctionEndpoint:
    patient = Timeout(env, way, PATIENCE)

    def answer(request: Request) -> Generator[Any, Any, Any]:
        return (yield from patient.call(request))

    return FunctionEndpoint(answer, host=way.host, name=f"application on {way.name}")


def _front(
    env: Environment, network: Network, arrangement: Arrangement, ttl: float | None, tracking: bool
) -> Front:
    shop = Service(
        env, "shop", [Host(env, f"shop {n}", cores=2) for n in range(INSTANCES)], lambda host: Work(_WORK)
    )
    clients = [Host(env, f"client {number}") for number in range(CLIENTS)]

    def balancer_on(host: Host) -> Balancer:
        return Balancer(
            env,
            [network.connect(host, instance) for instance in shop.instances],
            host=host,
            name=f"balancer on {host.name}",
        )

    if arrangement == "in each client":
        own = [balancer_on(client) for client in clients]
        return Front(ways=tuple(own), victim=own[0], host=clients[0])
    count = 1 if arrangement == "one balancer" else 2
    balancers = [balancer_on(Host(env, f"front {number}")) for number in range(count)]
    first = balancers[0].host
    assert first is not None
    lost: dict[str, Any] = {"victim": balancers[0], "host": first}
    if arrangement == "one balancer":
        return Front(ways=tuple(network.connect(each, balancers[0]) for each in clients), **lost)
    if arrangement == "pair":
        settings = VrrpSettings(tracking_interval=1.0 if tracking else None)
        address = VirtualAddress(env, network, balancers, settings=settings, name="shop")
        return Front(ways=tuple(map(address.connect, clients)), address=address, **lost)
    assert ttl is not None
    names, by_name = _names(env, network, balancers, ttl, asks_next=arrangement == "names, next address")
    return Front(ways=tuple(map(by_name, clients)), name_server=names, **lost)


def _names(
    env: Environment, network: Network, balancers: list[Balancer], ttl: float, *, asks_next: bool
) -> tuple[NameServer, Callable[[Host], Endpoint]]:
    """Return a name server that checks the balancers, and what makes a client's way by name."""
    provider = Host(env, "name server")
    names = NameServer(env, "shop", balancers, ttl=ttl, host=provider)
    HealthChecker(env, names, CHECKS, probed=lambda address: network.connect(provider, address))

    def by_name(client: Host) -> Endpoint:
        helps_itself: dict[str, Any] = (
            {"around": lambda way: Timeout(env, way, NEXT_AFTER), "next_on": (Refused, TimedOut)}
            if asks_next
            else {}
        )
        return ByName(env, network, client, network.connect(client, names), "shop", **helps_itself)

    return names, by_name


def _fault(network: Network, front: Front, loss: Loss) -> Fault:
    if loss == "host":
        return HostCrash(front.host)
    if loss == "process":
        return ProcessCrash(front.victim)
    assert front.address is not None
    here, there = (router.host for router in front.address.routers)
    return NetworkPartition(network, here, there)
