"""The load of a plan's clients: put into the schedule, or spelled out request by request.

A client's callers are bound to no host, unless its load says so, and are not stopped by a crash.
"""

from __future__ import annotations

from itertools import count
from typing import Any

from models import Endpoint, Host, Request
from models.workload import Client, ClosedLoop, KeySource, OpenLoop, Operation, OperationMix, UniformKeys
from simulator import Environment
from simulator.randomness import Exponential

from .plan import ClientPlan, Keys, OpenLoadPlan, RequestPlan, ScriptedLoadPlan, SystemPlan

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
    asked: dict[str, Any] = {
        "mix": _mix(load.priorities_count),
        "keys": _keys(env, plan.name, load.keys),
        "until": min(load.until, load_end),
        "name": plan.name,
    }
    if isinstance(load, OpenLoadPlan):
        return OpenLoop(env, target, rate=load.rate, **asked).client
    think_time = load.think_time.distribution()
    return ClosedLoop(env, target, users_count=load.users_count, think_time=think_time, **asked).client


def spelled_out(name: str, load: OpenLoadPlan, plan: SystemPlan) -> ScriptedLoadPlan:
    """Return the requests of a client's open load one by one, at the times that it would draw itself."""
    draw = Environment(seed=plan.seed).sampler(f"{name}/arrivals", Exponential(1.0 / load.rate))
    until = min(load.until, plan.load_end)
    requests: list[RequestPlan] = []
    time = draw()
    while time < until:
        key = None if load.keys == "none" else f"{name}: {len(requests) + 1}"
        requests.append(RequestPlan(time=time, key=key))
        time += draw()
    return ScriptedLoadPlan(kind="scripted", requests=tuple(requests))


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
