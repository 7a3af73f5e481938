"""A small system with one part, in some trouble."""

from __future__ import annotations

import json
from typing import Any

from experiments.swarm import SystemPlan
from experiments.swarm.choices import OwnHosts
from experiments.swarm.parts import PARTS

SERVERS = ["s1", "s2", "s3"]
OWN = ["p1", "p2", "p3"]
TIMES = [{"time": 0.2 * number, "key": f"request {number}"} for number in range(20)]


def fault(kind: str, start: float = 1.1, end: float = 2.0, **parameters: Any) -> dict[str, Any]:
    return {"kind": kind, "name": f"{kind} at {start}", "start": start, "end": end, "parameters": parameters}


def plan_with(kind: str, *faults: dict[str, Any], times: Any = TIMES, **parameters: Any) -> SystemPlan:
    """Three servers, a part of a `kind` called "part", and twenty requests to it within four seconds."""
    needed, free = dict(parameters), list(OWN)
    for name, each in PARTS[kind].parameters.items():
        if isinstance(each, OwnHosts) and name not in needed and each.least:
            needed[name], free = free[: each.least], free[each.least :]
        elif name == "service":
            needed.setdefault(name, "shop")
    asked = "part" if PARTS[kind].is_asked else "shop"
    tree = {
        "load_end": 5.0,
        "zones": ["a"],
        "hosts": [{"name": name, "zone": "a"} for name in (*SERVERS, *OWN)] + [{"name": "caller"}],
        "services": [{"name": "shop", "hosts": SERVERS, "demand": {"mean": 0.05}}],
        "parts": [{"kind": kind, "name": "part", "parameters": needed}],
        "clients": [
            {
                "name": "client",
                "host": "caller",
                "way": {"service": asked, "wrappers": [{"kind": "timeout", "name": "limit"}]},
                "load": {"kind": "scripted", "requests": times},
            }
        ],
        "faults": list(faults),
    }
    return SystemPlan.model_validate_json(json.dumps(tree))
