"""A system knows its parts by name, and says so where a name is unknown or given twice."""

from __future__ import annotations

import pytest

from models.request import Request
from models.resilience import Timeout
from models.services import Work
from models.system import System
from models.workload import Client
from simulator import Environment


def make() -> System:
    system = System(Environment(seed=1))
    region = system.add_region("eu")
    zones = [system.add_zone(name, region) for name in ("eu-a", "eu-b")]
    hosts = [system.add_host(f"bank in {zone.name}", zone, cores=2) for zone in zones]
    system.add_host("web", zones[0])
    system.add_service("bank", hosts, lambda host: Work(0.1), threads=3)
    return system


def test_parts_are_found_by_name() -> None:
    system = make()
    assert system.region("eu").zones == [system.zone("eu-a"), system.zone("eu-b")]
    assert system.host("bank in eu-b").zone is system.zone("eu-b")
    assert system.host("web").cores == 1
    assert system.instance("bank-2") is system.service("bank").instances[1]
    timeout = system.add_part("patience", Timeout(system.env, system.instance("bank-1"), 1.0))
    assert system.part("patience", Timeout) is timeout
    assert [system.place(name) for name in ("web", "eu-a", "eu")] == [
        system.host("web"),
        system.zone("eu-a"),
        system.region("eu"),
    ]
    rack = system.add_rack("eu-a rack 1", system.zone("eu-a"))
    racked = system.add_host("racked", rack=rack)
    assert system.rack("eu-a rack 1") is system.place("eu-a rack 1") is rack
    assert racked.zone is system.zone("eu-a")
    assert dict(system.racks) == {"eu-a rack 1": rack}
    assert list(system.hosts)[:-1] == ["bank in eu-a", "bank in eu-b", "web"]


@pytest.mark.parametrize(
    ("find", "message"),
    [
        (
            lambda system: system.host("wbe"),
            "must be one of the system's, got 'wbe'; did you mean 'web'",
        ),
        (lambda system: system.zone("mars"), r"got 'mars' \(there are: 'eu-a', 'eu-b'\)"),
        (lambda system: system.rack("rack 1"), r"rack must be .* got 'rack 1' \(there are: none\)"),
        (lambda system: system.region("us"), "region must be one of the system's"),
        (lambda system: system.place("eu-c"), "place must be .* did you mean 'eu-[ab]'"),
        (lambda system: system.service("bnak"), "did you mean 'bank'"),
        (lambda system: system.instance("bank-3"), "did you mean 'bank-2' or 'bank-1'"),
        (lambda system: system.part("pool", Timeout), r"Timeout must be .* \(there are: none\)"),
        (lambda system: system.add_host("web"), "name of a host must be given once, got 'web' twice"),
        (lambda system: system.add_zone(""), "name of a zone must not be empty, got ''"),
    ],
)
def test_wrong_name_is_said_clearly(find: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        find(make())  # type: ignore[operator] # any of the finders above


def test_balanced_reaches_all_instances_over_the_network() -> None:
    system = make()
    limited: list[object] = []
    way = system.balanced(
        system.host("web"),
        system.service("bank"),
        around=lambda connection: limited.append(connection) or Timeout(system.env, connection, 5.0),  # type: ignore[func-returns-value] # counts them
    )
    client = Client(system.env, way)
    for _ in range(10):
        client.issue(Request())
    system.env.run()
    assert client.table.counts()["ok"] == 10
    connections = system.connections_between(system.host("web"), system.service("bank"))
    assert connections == system.connections == limited
    assert [each.statistics().call_count > 0 for each in connections] == [True, True]


def test_callers_reach_an_instance_through_what_stands_in_front_of_it() -> None:
    env = Environment(seed=1)
    system = System(env)
    host, web = system.add_host("bank"), system.add_host("web")
    bank = system.add_service(
        "bank", [host], lambda host: Work(0.1), front=lambda instance: Timeout(env, instance, 0.05)
    )
    (instance,) = bank.instances
    client = Client(env, system.balanced(web, bank))
    client.issue(Request())
    env.run()
    assert client.table.counts()["timed_out"] == 1
    assert system.front_of(instance).serving is instance
    assert [each.target.serving for each in system.connections_between(web, bank)] == [instance]


def test_what_there_are_thousands_of_has_slots_only() -> None:
    # A dictionary each makes a request to one of ten thousand hosts slower: see the benchmark large-system.
    system = make()
    bank = system.service("bank").instances[0]
    way = system.network.connect(system.host("web"), bank)
    for part in (bank, way, way.host, system.network.path(system.host("web"), bank.host)):
        assert not hasattr(part, "__dict__"), part
