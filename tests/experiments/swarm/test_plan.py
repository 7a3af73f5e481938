"""A plan survives its file, says no more than it must, and is refused in one line if it cannot be meant."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from experiments import Misuse
from experiments.swarm import SystemPlan, build, draw_plan, read_plan, write_plan

SMALL: dict[str, Any] = {
    "zones": ["a"],
    "hosts": [{"name": "server", "zone": "a"}, {"name": "caller"}],
    "services": [{"name": "shop", "hosts": ["server"]}],
    "clients": [
        {
            "name": "client",
            "host": "caller",
            "way": {"service": "shop", "wrappers": [{"kind": "timeout", "name": "t"}]},
            "load": {"kind": "scripted", "requests": [{"time": 1.0}]},
        }
    ],
    "faults": [
        {"kind": "host_crash", "name": "f", "start": 1.0, "end": 2.0, "parameters": {"host": "server"}}
    ],
}


def written(tmp_path: Path, plan: Any) -> Path:
    path = tmp_path / "plan.json"
    path.write_text(plan if isinstance(plan, str) else json.dumps(plan), encoding="utf-8")
    return path


@pytest.mark.parametrize("seed", range(40))
def test_a_plan_comes_back_from_its_file_as_it_was(seed: int, tmp_path: Path) -> None:
    plan = draw_plan(seed)
    assert read_plan(write_plan(plan, tmp_path / "deep" / "down.json")) == plan


def test_what_is_as_simple_as_it_can_be_is_not_written() -> None:
    plan = SystemPlan.model_validate_json(json.dumps(SMALL))
    assert json.loads(plan.to_json()) == SMALL


def test_a_plan_of_nothing_can_be_built(tmp_path: Path) -> None:
    build(read_plan(written(tmp_path, {}))).env.run()


def changed(*path: str | int, to: Any) -> dict[str, Any]:
    plan = json.loads(json.dumps(SMALL))
    place = plan
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = to
    return plan


CHAOS = {"kind": "zone_chaos", "name": "f", "start": 1.0, "end": 2.0, "parameters": {"area": "zone"}}

WRAPPERS = ("clients", 0, "way", "wrappers")
LOAD = ("clients", 0, "load")


FAIR = [{"name": "server", "scheduling": "fair-share"}, {"name": "caller"}]


def test_a_rack_must_be_in_the_zone_of_its_host(tmp_path: Path) -> None:
    plan = changed("racks", to=[{"name": "r", "zone": "b"}]) | {"zones": ["a", "b"]}
    plan["hosts"][0]["rack"] = "r"
    with pytest.raises(Misuse, match=r"hosts.0.rack must be one of \(none\), got 'r'"):
        read_plan(written(tmp_path, plan))
    plan["hosts"][0]["zone"] = "b"
    assert read_plan(written(tmp_path, plan)).hosts[0].rack == "r"


def test_who_has_a_weight_is_added_where_cores_are_shared_fairly(tmp_path: Path) -> None:
    plan = changed("hosts", to=FAIR)
    plan["services"][0]["cpu_weight"] = 2.0
    fault = {"kind": "instance_added", "name": "f", "start": 1.0, "end": 2.0}
    plan["faults"] = [fault | {"parameters": {"service": "shop", "host": "server"}}]
    assert read_plan(written(tmp_path, plan)).services[0].cpu_weight == 2.0
    plan["faults"] = [fault | {"parameters": {"service": "shop", "host": "caller"}}]
    with pytest.raises(Misuse, match=r"faults.0.parameters.host must share fairly where 'shop' has a weight"):
        read_plan(written(tmp_path, plan))


@pytest.mark.parametrize(
    ("plan", "line"),
    [
        (changed("seed", to=-1), "seed must be >= 0, got -1"),
        (changed("seed", to="1"), "seed must be a whole number, got '1'"),
        (changed("sede", to=1), "plan must have no other keys than a plan has there, got 'sede'"),
        (changed("hosts", 0, "core", to=1), "hosts.0 must have no other keys"),
        (changed("hosts", 0, "cores", to=0), "hosts.0.cores must be >= 1, got 0"),
        (changed("hosts", 0, "zone", to="b"), "hosts.0.zone must be one of a, got 'b'"),
        (changed("hosts", 0, "rack", to="r"), "hosts.0.rack must be one of (none), got 'r'"),
        (changed("racks", to=[{"name": "r", "zone": "b"}]), "racks.0.zone must be one of a, got 'b'"),
        (
            changed("services", 0, "cpu_quota", to=0.5),
            "services.0.hosts.0 must share fairly where 'shop' has a",
        ),
        (
            changed("clients", 0, "way", "health_checks", to={"timeout": 0.0}),
            "clients.0.way.health_checks.timeout must be > 0, got 0",
        ),
        (changed("hosts", 1, "name", to="server"), "the names of hosts must be given once, got 'server'"),
        (changed("services", 0, "hosts", to=[]), "services.0.hosts must name at least one host, got none"),
        (changed("services", 0, "hosts", to=["sever"]), "services.0.hosts.0 must be one of server"),
        (
            changed("services", 0, "dependencies", to=[{"way": {"service": "shop"}}]),
            "services.0.dependencies.0.way.service must be one of (none), got 'shop'",
        ),
        (
            changed("services", 0, "guards", to=[{"kind": "outbox", "name": "o"}]),
            "services.0.guards.0.kind must be one for the server's side, got 'outbox'",
        ),
        (changed("services", 0, "has_effects", to=True), "clients.0.load must give keys where a service has"),
        (changed("clients", 0, "host", to="x"), "clients.0.host must be one of server, caller, got 'x'"),
        (changed("clients", 0, "way", "policy", to="x"), "clients.0.way.policy must be one of round_robin"),
        (changed(*WRAPPERS, 0, "kind", to="timeot"), "got 'timeot' (did you mean 'timeout'?)"),
        (changed(*WRAPPERS, 0, "parameters", to={"dely": 1.0}), "must be one of delay, got 'dely'"),
        (
            changed(*WRAPPERS, 0, "parameters", to={"delay": -1.0}),
            "clients.0.way.wrappers.0.parameters: timeout must be > 0 s, got -1.0",
        ),
        (changed(*WRAPPERS, 0, "parameters", to={"delay": "1"}), "parameters.delay must be a number such as"),
        (changed(*LOAD, to={"kind": "some"}), "clients.0.load.kind must be one of 'open', 'closed'"),
        (changed(*LOAD, to={"rate": 1.0}), "clients.0.load.kind must be given: it has no default"),
        (
            changed(*LOAD, to={"kind": "replayed", "times": [1.0], "speed_up": 0.0}),
            "speed_up must be > 0",
        ),
        (
            changed(*LOAD, to={"kind": "open", "rate": 1.0, "until": 1.0, "shape": "tide"}),
            "shape must be 'steady', 'flash crowd' or 'steps', got 'tide'",
        ),
        (changed("faults", 0, to=CHAOS), "faults.0.parameters.area must be one of region, got 'zone'"),
        (changed(*LOAD, "requests", 0, "time", to="x"), "requests.0.time must be a number, got 'x'"),
        (changed("faults", 0, "kind", to="host"), "faults.0.kind must be one of host_crash"),
        (changed("faults", 0, "end", to=0.5), "faults.0.end must be >= start (1.0 s), got 0.5"),
        (changed("faults", 0, "parameters", to={}), "faults.0.parameters.host must be given"),
        (changed("faults", 0, "parameters", "host", to="x"), "faults.0.parameters.host must be one of"),
        ('{"seed": 1,', "plan must be JSON, got: EOF"),
    ],
    ids=lambda value: value[:40] if isinstance(value, str) else "",
)
def test_a_plan_that_cannot_be_meant_is_told_in_one_line(plan: Any, line: str, tmp_path: Path) -> None:
    with pytest.raises(Misuse) as caught:
        read_plan(written(tmp_path, plan))
    assert line in str(caught.value)
    assert str(caught.value).startswith(str(tmp_path))
    assert len(str(caught.value).splitlines()) == 1


def test_a_file_that_is_none_is_told_in_one_line(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="plan file must be a file that can be read, got"):
        read_plan(tmp_path)
    with pytest.raises(Misuse, match="plan file must be one that can be written, got"):
        write_plan(SystemPlan(), "/dev/null/plan.json")
