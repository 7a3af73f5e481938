"""The catalogue of bad targets, each with what a caller must see of it who asks at a given time.

`build(world)` returns an endpoint on the client's host. `answer(t)` is when, and how, a call ends that begins at `t`: a pair of outcome and time, or
`NEVER`; `reaches(t)` is whether it gets as far as the server's code. None of this looks at the code under test: it is the verdict table, in numbers.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf

from models import Endpoint, Rejected, ServerError
from models.outcome import Outcome

from .world import ONE_WAY, World

Answer = tuple[Outcome | None, float]
NEVER: Answer = (None, inf)
CRASH, RESTART = 0.51, 4.0


@dataclass(frozen=True, slots=True, kw_only=True)
class BadTarget:
    """One entry of the catalogue."""

    name: str
    build: Callable[[World], Endpoint]
    answer: Callable[[float], Answer]
    reaches: Callable[[float], bool]


def _serves(duration: float) -> Callable[[World], Endpoint]:
    return lambda world: world.link(world.serve(duration))


def _lossy(world: World) -> Endpoint:
    world.network.override(world.web, world.server, loss_probability=1.0)
    return world.link(transport="datagram")


def _process_down(world: World) -> Endpoint:
    world.server.crash_process(world.service)
    return world.link()


def _host_down(world: World) -> Endpoint:
    world.server.crash()
    return world.link()


def _partitioned(direction: str) -> Callable[[World], Endpoint]:
    def build(world: World) -> Endpoint:
        source, target = (world.server, world.web) if direction == "back" else (world.web, world.server)
        world.network.partition(source, target, one_way=direction != "both")
        return world.link()

    return build


def _crashing_process(world: World) -> Endpoint:
    service = world.service
    world.at(CRASH, lambda: world.server.crash_process(service))
    world.at(RESTART, lambda: world.server.restart_process(service))
    return world.link()


def _crashing_host(world: World) -> Endpoint:
    world.at(CRASH, world.server.crash)
    world.at(RESTART, world.server.restart)
    return world.link()


def _after(duration: float, outcome: Outcome) -> Callable[[float], Answer]:
    return lambda t: (outcome, t + 2 * ONE_WAY + duration)


def _while_process_crashes(t: float) -> Answer:
    arrival = t + ONE_WAY
    if arrival < CRASH:
        return (Outcome.OK, t + 1.02) if arrival + 1.0 < CRASH else (Outcome.UNKNOWN, CRASH + ONE_WAY)
    return (Outcome.REFUSED, t + 2 * ONE_WAY) if arrival < RESTART else (Outcome.OK, t + 1.02)


def _while_host_crashes(t: float) -> Answer:
    return (Outcome.OK, t + 1.02) if t + ONE_WAY >= RESTART else NEVER


def _always(t: float) -> bool:
    return True


def _nowhere(t: float) -> bool:
    return False


def _unless_down(t: float) -> bool:
    return not CRASH <= t + ONE_WAY < RESTART


def _silence(t: float) -> Answer:
    return NEVER


def _target(
    name: str,
    build: Callable[[World], Endpoint],
    answer: Callable[[float], Answer],
    reaches: Callable[[float], bool] = _always,
) -> BadTarget:
    return BadTarget(name=name, build=build, answer=answer, reaches=reaches)


BAD_TARGETS = (
    _target("healthy", _serves(1.0), _after(1.0, Outcome.OK)),
    _target("slow", _serves(10.0), _after(10.0, Outcome.OK)),
    _target("lossy", _lossy, _silence, _nowhere),
    _target("refused", _process_down, _after(0.0, Outcome.REFUSED), _nowhere),
    _target("silent", _host_down, _silence, _nowhere),
    _target("partitioned there", _partitioned("there"), _silence, _nowhere),
    _target("partitioned back", _partitioned("back"), _silence),
    _target("partitioned both", _partitioned("both"), _silence, _nowhere),
    _target(
        "rejecting", lambda w: w.link(w.serve(0.0, Rejected("service", "queue full"))), _after(0.0, Outcome.REJECTED)
    ),
    _target("erring", lambda w: w.link(w.serve(0.25, ServerError("bug"))), _after(0.25, Outcome.SERVER_ERROR)),
    _target("process crashes", _crashing_process, _while_process_crashes, _unless_down),
    _target("host crashes", _crashing_host, _while_host_crashes, _unless_down),
)
