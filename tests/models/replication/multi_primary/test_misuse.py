"""Bad input is refused when a store is made, in one line that says the name, the rule and the value."""

from __future__ import annotations

from typing import Any

import pytest

from models import Host, Network
from models.replication import MultiPrimaryStore, set_add, set_remove
from models.replication.multi_primary import (
    Crdts,
    Failover,
    KeepSiblings,
    LastWriterWins,
    MultiPrimaryFlaws,
    MultiPrimarySettings,
    Register,
)
from models.storage import PeriodicSync
from simulator import Environment
from tests.models.replication.multi_primary.building import World, plain


@pytest.mark.parametrize(
    ("changes", "error", "text"),
    [
        ({"resolution": "lww"}, TypeError, "resolution must be a Resolution, got 'lww'"),
        ({"failover": 30.0}, TypeError, "failover must be a Failover, got 30.0"),
        (
            {"exchange_interval": 0.0},
            ValueError,
            "exchange_interval must be finite and > 0 s, got 0.0",
        ),
        ({"window": 0}, ValueError, "window must be a whole number >= 1, got 0"),
        ({"batch_max": 1.5}, ValueError, "batch_max must be a whole number >= 1, got 1.5"),
        ({"work": -1.0}, ValueError, "work must be finite and >= 0 s, got -1.0"),
        ({"message_work": -1.0}, ValueError, "message_work must be finite and >= 0 s, got -1.0"),
        ({"durability": "always"}, TypeError, "durability must be a durability policy, got 'always'"),
    ],
)
def test_settings_that_cannot_be_are_refused(changes: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error) as refused:
        MultiPrimarySettings(**changes)
    assert str(refused.value) == text


def test_a_transport_that_is_none_is_refused_by_the_network() -> None:
    with pytest.raises(ValueError, match=r"^transport must be one of tcp, datagram, got 'pigeon'$"):
        World(plain(transport="pigeon"))


def test_a_failover_goes_back_after_a_time() -> None:
    with pytest.raises(ValueError, match=r"^return_after must be >= 0 s, got -1.0$"):
        Failover(return_after=-1.0)


def test_a_register_is_one_of_two_kinds() -> None:
    with pytest.raises(TypeError, match=r"^register must be a Register, got 'last writer'$"):
        Crdts(register="last writer")  # type: ignore[arg-type] # what is refused


@pytest.mark.parametrize(
    ("hosts", "more", "error", "text"),
    [
        ([], {}, ValueError, "hosts must be one or more, each once, got ()"),
        ([0, 0], {}, ValueError, "hosts must be one or more, each once, got"),
        (["here"], {}, TypeError, "each of hosts must be a Host, got 'here'"),
        ([0], {"name": ""}, ValueError, "name must"),
        ([0], {"settings": {}}, TypeError, "settings must be a MultiPrimarySettings, got {}"),
        ([0], {"flaws": None}, TypeError, "flaws must be a MultiPrimaryFlaws, got None"),
    ],
)
def test_a_store_that_cannot_be_is_refused(hosts: Any, more: Any, error: type[Exception], text: str) -> None:
    env = Environment()
    made = [Host(env, "a")]
    places = [made[place] if isinstance(place, int) else place for place in hosts]
    with pytest.raises(error) as refused:
        MultiPrimaryStore(env, Network(env), places, **more)
    assert str(refused.value).startswith(text)


def test_a_client_of_a_node_of_another_store_is_refused() -> None:
    one, other = World(), World()
    with pytest.raises(ValueError, match=r"^node must be one of 'store', got Instance\('store on n0'\)$"):
        one.store.client(one.client_host, node=other.nodes[0])


def test_an_item_without_a_hash_is_refused() -> None:
    for operation in (set_add, set_remove):
        with pytest.raises(TypeError):
            operation("cart", ["book"])


@pytest.mark.parametrize(
    ("changes", "count", "flaws", "claims"),
    [
        ({"resolution": Crdts()}, 1, {}, True),
        ({"resolution": LastWriterWins(is_hybrid=True)}, 1, {}, True),
        ({"resolution": LastWriterWins()}, 1, {}, False),
        ({"resolution": Crdts(register=Register.LAST_WRITER)}, 1, {}, False),
        ({"resolution": KeepSiblings()}, 1, {}, False),
        ({"resolution": Crdts(), "durability": PeriodicSync()}, 1, {}, False),
        ({"resolution": Crdts()}, 1, {"acknowledges_before_durable": True}, False),
        ({"resolution": Crdts()}, 2, {}, False),
    ],
)
def test_only_one_node_alone_that_cannot_lose_claims_to_be_linearizable(
    changes: Any, count: int, flaws: Any, claims: bool
) -> None:
    world = World(plain(**changes), count=count, flaws=MultiPrimaryFlaws(**flaws))
    assert world.store.is_linearizable is claims
