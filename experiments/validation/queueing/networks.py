"""Networks of queues: open with feedback, closed with think times, and fork-join."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from models import Call, FunctionEndpoint, Host, Request
from models.services import Dependency, Instance, Work, in_parallel
from models.workload import ClosedLoop, OpenLoop
from simulator import Distribution, Environment
from simulator.randomness import Erlang, Exponential, Hyperexponential, Uniform

from ..closed_forms import closed_network, fork_join_sojourn, open_network
from ..experiment import Claim, TheoryCheck
from .stations import Station, Watched, Window, little_ratio

_OPEN_RATE, _RETURN = 0.3, 0.5
_USERS, _THINK, _DEMANDS = 10, 8.0, (1.0, 0.5)
_FORK_RATE = 0.5

_OPEN = Window(warm_up=500.0, duration=40_000.0)
_CLOSED = Window(warm_up=300.0, duration=8_000.0)
_FORKED = Window(warm_up=200.0, duration=15_000.0)

_UNBOUNDED = 10**9


def simulate_open(seed: int, effort: float, *, rate: float, return_probability: float) -> Sequence[float]:
    """Front, then perhaps back and front again: mean sojourn, numbers at both, Little's ratio."""
    window = _OPEN.shortened(effort)
    env = Environment(seed=seed)
    front, back = (Watched(env, _single_thread(env, name, Exponential(1.0))) for name in ("front", "back"))
    uniform = env.sampler("route", Uniform(0.0, 1.0))

    def route(request: Request) -> Call:
        response = yield from front.call(request)
        while uniform() < return_probability:
            yield from back.call(request)
            response = yield from front.call(request)
        return response

    network = Watched(env, FunctionEndpoint(route, name="network"))
    users = OpenLoop(env, network, rate=rate)
    window.run(env, front.gauge.restart, back.gauge.restart, network.gauge.restart)
    sample = window.sample(users.table)
    return (
        float(sample.latency.mean()),
        front.gauge.mean(),
        back.gauge.mean(),
        little_ratio(network, sample),
    )


def _single_thread(env: Environment, name: str, law: Distribution) -> Instance:
    return Instance(env, Host(env, name), Work(law), threads=1, queue_size_max=_UNBOUNDED, name=name)


def simulate_closed(seed: int, effort: float, *, users_count: int) -> Sequence[float]:
    """Users of a first-come and a processor-sharing station: throughput, response, number at the first."""
    window = _CLOSED.shortened(effort)
    env = Environment(seed=seed)
    first = Watched(env, Station(env, Host(env, "first"), Exponential(_DEMANDS[0]), "first"))
    law = Hyperexponential.from_mean_and_scv(mean=_DEMANDS[1], scv=4.0)
    second = Station(env, Host(env, "second", scheduling="processor-sharing"), law, "second")

    def round_trip(request: Request) -> Call:
        yield from first.call(request)
        return (yield from second.call(request))

    users = ClosedLoop(
        env,
        FunctionEndpoint(round_trip),
        users_count=users_count,
        think_time=Erlang(shape=2, mean=_THINK),
    )
    window.run(env, first.gauge.restart)
    sample = window.sample(users.table)
    return sample.throughput, float(sample.latency.mean()), first.gauge.mean()


def simulate_fork_join(seed: int, effort: float, *, rate: float) -> Sequence[float]:
    """A front that asks two stations in parallel: mean sojourn, Little's ratio."""
    window = _FORKED.shortened(effort)
    env = Environment(seed=seed)
    stations = [Station(env, Host(env, name), Exponential(1.0), name) for name in ("left", "right")]
    front = Instance(
        env, Host(env, "front"), in_parallel(*map(Dependency, stations)), threads=_UNBOUNDED, name="front"
    )
    watched = Watched(env, front)
    users = OpenLoop(env, watched, rate=rate)
    window.run(env, watched.gauge.restart)
    sample = window.sample(users.table)
    return float(sample.latency.mean()), little_ratio(watched, sample)


def _open_check() -> TheoryCheck:
    expected = open_network([_OPEN_RATE, 0.0], [[0.0, _RETURN], [1.0, 0.0]], [1.0, 1.0])
    return TheoryCheck(
        name=f"open network with feedback, arrival rate {_OPEN_RATE:g}, P(again) {_RETURN:g}",
        group="queueing",
        source="Jackson 1963",
        claims=(
            Claim("mean sojourn", expected.sojourn_mean, precision=0.08),
            Claim("number at the front", expected.number_means[0], precision=0.1),
            Claim("number at the back", expected.number_means[1], precision=0.08),
            Claim("L / (lambda W)", 1.0, precision=0.005),
        ),
        simulate=partial(simulate_open, rate=_OPEN_RATE, return_probability=_RETURN),
    )


def _closed_check() -> TheoryCheck:
    expected = closed_network(_USERS, _THINK, _DEMANDS)
    return TheoryCheck(
        name=f"closed network, {_USERS} users, think time {_THINK:g}",
        group="queueing",
        source="mean value analysis; Reiser and Lavenberg 1980, BCMP 1975",
        claims=(
            Claim("throughput", expected.throughput, precision=0.02),
            Claim("mean response", expected.response_mean),
            Claim("number at the first", expected.number_means[0]),
        ),
        simulate=partial(simulate_closed, users_count=_USERS),
    )


def _fork_join_check() -> TheoryCheck:
    return TheoryCheck(
        name=f"two-way fork-join, load {_FORK_RATE:g}",
        group="queueing",
        source="(12 - rho) / (8 (1 - rho)); Nelson and Tantawi 1988",
        claims=(
            Claim("mean sojourn", fork_join_sojourn(_FORK_RATE)),
            Claim("L / (lambda W)", 1.0, precision=0.005),
        ),
        simulate=partial(simulate_fork_join, rate=_FORK_RATE),
    )


CHECKS = (_open_check(), _closed_check(), _fork_join_check())
"""One of each kind."""
