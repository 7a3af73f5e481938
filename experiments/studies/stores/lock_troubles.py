"""What goes wrong where locks are used: of whom, for how long, and how often."""

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

from models import Host, Network
from models.faults import ClockSkew, Fault, HostCrash, LinkDelay, NetworkPartition, SlowHost
from simulator import Environment
from simulator.randomness import Exponential, Uniform

Trouble = Literal["none", "pauses", "crashes", "cuts", "late messages", "wrong clock"]

PAUSE_INTERVAL = 20.0
"""Seconds from the end of a worker's pause to its next one, on average; exponential."""

FAULT_INTERVAL = 30.0
"""Seconds from one of the other faults to the next, about."""

CRASH, CUT, LATE_SPELL, WRONG_SPELL = 8.0, 12.0, 0.3, 15.0
"""For how many seconds each of these lasts."""

LATE = 12.0
"""Seconds by which a worker's message to the file is late, in such a spell."""

AHEAD = 8.0
"""Seconds by which a worker's clock is ahead, in such a spell."""

STANDSTILL = 1e-9
"""The speed of a host that stands still."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """Whom trouble can strike: `workers`, the `file`, the lock's `servers`; of those `leader()` leads now."""

    env: Environment
    network: Network
    workers: Sequence[Host]
    file: Host
    servers: Sequence[Host]
    leader: Callable[[], Host]


def start_trouble(scene: Scene, trouble: Trouble, *, pause: float, until: float) -> None:
    """Let trouble strike now and then until that time (s); `pause` is how long hosts stand still (s)."""
    env = scene.env
    if trouble == "pauses":
        for host in scene.workers:
            draw = env.sampler(f"{host.name}/pauses", Exponential(PAUSE_INTERVAL))
            make = partial(SlowHost, host, STANDSTILL)
            env.process(_strike(env, draw, make, pause, until), f"pauses of {host.name}")
    elif trouble != "none":
        make_other, duration = _OTHERS[trouble]
        draw = env.sampler("trouble", Uniform(0.5 * FAULT_INTERVAL, 1.5 * FAULT_INTERVAL))
        env.process(_strike(env, draw, partial(make_other, scene), duration, until), trouble)


def _strike(
    env: Environment,
    draw: Callable[[], float],
    make: Callable[[], Fault],
    duration: float,
    until: float,
) -> Generator[Any, Any, None]:
    while True:
        yield draw()
        if env.now + duration > until:
            return
        fault = make()
        fault.inject()
        yield duration
        fault.heal()


def _crash(scene: Scene) -> Fault:
    return HostCrash(scene.leader())


def _cut(scene: Scene) -> Fault:
    """Cut the lock's leader off from its peers, together with half of the workers; all reach the file."""
    leader = scene.leader()
    half = len(scene.workers) // 2
    inside = [leader, *scene.workers[:half]]
    outside = [*(host for host in scene.servers if host is not leader), *scene.workers[half:]]
    return NetworkPartition(scene.network, inside, outside, name="cut")


def _late(scene: Scene) -> Fault:
    return LinkDelay(scene.network, scene.workers, scene.file, LATE, one_way=True, name="late")


def _wrong_clock(scene: Scene) -> Fault:
    return ClockSkew(scene.workers[0], AHEAD)


_OTHERS: dict[str, tuple[Callable[[Scene], Fault], float]] = {
    "crashes": (_crash, CRASH),
    "cuts": (_cut, CUT),
    "late messages": (_late, LATE_SPELL),
    "wrong clock": (_wrong_clock, WRONG_SPELL),
}
