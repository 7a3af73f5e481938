"""The load of a plan's clients: put into the schedule, or spelled out request by request.

A client's callers are bound to no host, unless its load says so, and are not stopped by a crash.
"""

from __future__ import annotations

from collections.abc import Generator
from itertools import count
from typing import Any

import numpy as np

from models import Endpoint, FunctionEndpoint, Host, Request
from models.workload import (
    Client,
    ClosedLoop,
    FlashCrowd,
    KeySource,
    OpenLoop,
    Operation,
    OperationMix,
    RateShape,
    RateSteps,
    RecordedTrace,
    TraceReplay,
    UniformKeys,
)
from simulator import Environment

from .plan import (
    ClientPlan,
    Keys,
    OpenLoadPlan,
    ReplayedLoadPlan,
    RequestPlan,
    ScriptedLoadPlan,
    SystemPlan,
)

_FEW_KEYS = 4


def start_load(env: Environment, plan: ClientPlan, target: Endpoint, host: Host, load_end: float) -> Client:
    """Let a client ask `target` from `host` as planned, and not after `load_end`; return it."""
    load = plan.load
    if isinstance(load, ScriptedLoadPlan):
        client = Client(env, target, name=plan.name)
        for request in load.requests:
            if request.time < load_end:
                env.call_later(request.time, _send, env, client, request, host if load.on_host else None)
        return client
    if isinstance(load, ReplayedLoadPlan):
        return TraceReplay(
            env, target, _trace(plan.name, load), speed_up=load.speed_up, until=load_end, name=plan.name
        ).client
    asked: dict[str, Any] = {
        "mix": _mix(load.priorities_count),
        "keys": _keys(env, plan.name, load.keys),
        "until": min(load.until, load_end),
        "name": plan.name,
    }
    if isinstance(load, OpenLoadPlan):
        return OpenLoop(env, target, rate=_rate(load), **asked).client
    think_time = load.think_time.distribution()
    return ClosedLoop(env, target, users_count=load.users_count, think_time=think_time, **asked).client


def spelled_out(name: str, load: OpenLoadPlan, plan: SystemPlan) -> ScriptedLoadPlan:
    """Return the requests of a client's open load one by one, at the times that it would draw itself."""
    env = Environment(seed=plan.seed)
    nobody = FunctionEndpoint(_answer_at_once)
    client = OpenLoop(env, nobody, rate=_rate(load), until=min(load.until, plan.load_end), name=name).client
    env.run()
    times = client.table.columns()["start"].tolist()
    has_keys = load.keys != "none"
    return ScriptedLoadPlan(
        kind="scripted",
        requests=tuple(
            RequestPlan(time=time, key=f"{name}: {number}" if has_keys else None)
            for number, time in enumerate(times, 1)
        ),
    )


def _rate(load: OpenLoadPlan) -> float | RateShape:
    rate, until = load.rate, load.until
    if load.shape == "flash crowd":
        return FlashCrowd(
            base_rate=rate,
            peak_rate=4.0 * rate,
            start=0.4 * until,
            rise=0.1 * until,
            hold=0.1 * until,
            fall=0.1 * until,
        )
    if load.shape == "steps":
        return RateSteps([(0.0, rate), (0.3 * until, 0.0), (0.6 * until, 2.0 * rate)])
    return rate


def _trace(client: str, load: ReplayedLoadPlan) -> RecordedTrace:
    times = np.sort(np.array(load.times))
    size = len(times)
    keys = tuple(f"{client}: {number}" if load.keys == "own" else None for number in range(1, size + 1))
    return RecordedTrace(
        file="plan",
        format="plan",
        times=times,
        operation=np.zeros(size, dtype=np.uint16),
        key=np.arange(size, dtype=np.int32),
        size_bytes=np.zeros(size, dtype=np.int64),
        status=np.zeros(size, dtype=np.uint16),
        operations=("get",),
        keys=keys,
    )


def _answer_at_once(request: Request) -> Generator[Any, Any, None]:
    yield from ()


def _mix(priorities_count: int) -> OperationMix | None:
    if priorities_count == 1:
        return None
    return OperationMix(
        *(Operation(name=f"priority {number}", priority=number) for number in range(priorities_count))
    )


def _keys(env: Environment, client: str, keys: Keys) -> KeySource | None:
    match keys:
        case "few":
            return UniformKeys(env, _FEW_KEYS, name=f"{client}/keys")
        case "own":
            return map(f"{client}: {{}}".format, count(1)).__next__
    return None


def _send(env: Environment, client: Client, plan: RequestPlan, host: Host | None) -> None:
    request = Request(key=plan.key, priority=plan.priority)
    if host is None:
        process = client.issue(request)
    elif host.is_up:
        process = host.start(client.send(request), client.name)
    else:
        return
    if plan.ended_after is not None:
        env.call_later(plan.ended_after, process.cancel if plan.ended_by == "cancel" else process.kill)
