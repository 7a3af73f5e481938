"""The catalogue of bad targets, each with what a caller must see of it who asks at a given time.

`build(world)` returns an endpoint on the host where the world builds. `verdict(t, number)` is when, and how,
the call ends that begins at `t` as the `number`-th, and when it gets as far as the server's code. None of
this looks at the code under test: it is the verdict table, in numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import Any

from models import (
    CallFailed,
    ConnectionLost,
    Endpoint,
    Rejected,
    Request,
    Response,
    ServerError,
    TimedOut,
    Unavailable,
)
from models.outcome import Outcome
from models.services import Instance

from .world import ONE_WAY, World

# A process that crashes resets all its calls at one instant, and what then ties is in nobody's order: so it
# crashes under one.
PROCESS_CRASH, HOST_CRASH, RESTART = 0.21, 0.51, 4.0


class Unheard(CallFailed):
    """A failure that a user has added to the family: nothing is known about it."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """How and when a call ends, and when it arrives at the server (`None`: never)."""

    outcome: Outcome
    time: float
    arrival: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BadTarget:
    """One entry of the catalogue; one that `is_local` is no connection, and stands where nothing crashes."""

    name: str
    build: Callable[[World], Endpoint]
    verdict: Callable[[float, int], Verdict]
    is_local: bool = False

    def __repr__(self) -> str:
        return self.name


@cache
def _by_turns(durations: tuple[float, ...], outcomes: tuple[Outcome, ...]) -> Callable[[float, int], Verdict]:
    """Return one verdict for all targets that end alike: what the oracle says of one goes for the others."""

    def verdict(t: float, number: int) -> Verdict:
        duration = durations[(number - 1) % len(durations)]
        outcome = outcomes[(number - 1) % len(outcomes)]
        return Verdict(outcome, t + ONE_WAY + duration + ONE_WAY, t + ONE_WAY)

    return verdict


def _served(
    name: str,
    *durations: float,
    outcomes: tuple[Outcome, ...] = (Outcome.OK,),
    results: tuple[Response | CallFailed | None, ...] = (None,),
) -> BadTarget:
    """A service across the link that takes the durations, and gives the results, by turns."""
    return BadTarget(
        name=name,
        build=lambda world: world.link(world.serve(*durations, results=results)),
        verdict=_by_turns(durations, outcomes),
    )


def _local(name: str, outcome: Outcome, result: Response | CallFailed | None) -> BadTarget:
    """A function in the caller's own process that takes no time at all."""
    return BadTarget(
        name=name,
        build=lambda world: world.serve(0.0, results=(result,)),
        verdict=lambda t, number: Verdict(outcome, t, t),
        is_local=True,
    )


def _silence(t: float, number: int) -> Verdict:
    return Verdict(Outcome.UNKNOWN, inf, None)


def _refusal(t: float, number: int) -> Verdict:
    return Verdict(Outcome.REFUSED, t + 2 * ONE_WAY, None)


def _lossy(world: World) -> Endpoint:
    world.network.override(world.here, world.server, loss_probability=1.0)
    return world.link(transport="datagram")


def _process_down(world: World) -> Endpoint:
    world.server.crash_process(world.service)
    return world.link()


def _host_down(world: World) -> Endpoint:
    world.server.crash()
    return world.link()


def _partitioned(direction: str) -> Callable[[World], Endpoint]:
    def build(world: World) -> Endpoint:
        source, target = (world.server, world.here) if direction == "back" else (world.here, world.server)
        world.network.partition(source, target, one_way=direction != "both")
        return world.link()

    return build


def _full(world: World) -> Endpoint:
    """An instance whose only thread somebody holds for ever."""

    def hold(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield 1e6

    instance = Instance(world.env, world.server, hold, threads=1, queue_size_max=0, name="full")
    world.endpoints.append(instance)
    world.squatters.append(world.server.start(instance.call(Request())))
    return world.link(instance)


def crashing_process(crash: float = PROCESS_CRASH, restart: float = RESTART) -> BadTarget:
    """A service of one second whose process is down for a while."""

    def build(world: World) -> Endpoint:
        service = world.service
        world.at(crash, lambda: world.server.crash_process(service))
        world.at(restart, lambda: world.server.restart_process(service))
        return world.link()

    def verdict(t: float, number: int) -> Verdict:
        arrival = t + ONE_WAY
        if crash <= arrival < restart:
            return Verdict(Outcome.REFUSED, arrival + ONE_WAY, None)
        if arrival < crash <= arrival + 1.0:
            return Verdict(Outcome.UNKNOWN, crash + ONE_WAY, arrival)
        return Verdict(Outcome.OK, arrival + 1.0 + ONE_WAY, arrival)

    return BadTarget(name=f"process down {crash:g} to {restart:g}", build=build, verdict=verdict)


def crashing_host(crash: float = HOST_CRASH, restart: float = RESTART) -> BadTarget:
    """A service of one second whose host is down for a while."""

    def build(world: World) -> Endpoint:
        world.at(crash, world.server.crash)
        world.at(restart, world.server.restart)
        return world.link()

    def verdict(t: float, number: int) -> Verdict:
        arrival = t + ONE_WAY
        if crash <= arrival < restart:
            return Verdict(Outcome.UNKNOWN, inf, None)
        if arrival < crash <= arrival + 1.0:
            return Verdict(Outcome.UNKNOWN, inf, arrival)
        return Verdict(Outcome.OK, arrival + 1.0 + ONE_WAY, arrival)

    return BadTarget(name=f"host down {crash:g} to {restart:g}", build=build, verdict=verdict)


BAD_TARGETS = (
    _served("healthy", 1.0),
    _served("slow", 10.0),
    _served("slow by turns", 0.30053, 10.0),
    BadTarget(name="lossy", build=_lossy, verdict=_silence),
    BadTarget(name="refused", build=_process_down, verdict=_refusal),
    BadTarget(name="silent", build=_host_down, verdict=_silence),
    BadTarget(name="partitioned there", build=_partitioned("there"), verdict=_silence),
    BadTarget(
        name="partitioned back",
        build=_partitioned("back"),
        verdict=lambda t, number: Verdict(Outcome.UNKNOWN, inf, t + ONE_WAY),
    ),
    BadTarget(name="partitioned both", build=_partitioned("both"), verdict=_silence),
    _served("rejecting", 0.0, outcomes=(Outcome.REJECTED,), results=(Rejected("service", "shed"),)),
    BadTarget(
        name="full",
        build=_full,
        verdict=lambda t, number: Verdict(Outcome.REJECTED, t + 2 * ONE_WAY, None),
    ),
    _served("erring", 0.25043, outcomes=(Outcome.SERVER_ERROR,), results=(ServerError("bug"),)),
    _served("unavailable", 0.25043, outcomes=(Outcome.UNAVAILABLE,), results=(Unavailable("no quorum"),)),
    _served(
        "giving up on somebody", 0.34127, outcomes=(Outcome.TIMED_OUT,), results=(TimedOut("not yours"),)
    ),
    _served("broken off", 0.20089, outcomes=(Outcome.UNKNOWN,), results=(ConnectionLost("reset"),)),
    _served("unheard of", 0.20089, outcomes=(Outcome.UNKNOWN,), results=(Unheard("what?"),)),
    _served("degraded", 0.40061, outcomes=(Outcome.DEGRADED,), results=(Response("half", ("rest",)),)),
    _served(
        "erring by turns",
        0.20089,
        outcomes=(Outcome.SERVER_ERROR, Outcome.OK),
        results=(ServerError("bug"), None),
    ),
    _local("instant", Outcome.OK, None),
    _local("erring at once", Outcome.SERVER_ERROR, ServerError("bug")),
    crashing_process(),
    crashing_host(),
)
