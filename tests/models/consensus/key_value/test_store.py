"""The store on Raft keeps the contract of stores."""

from __future__ import annotations

from models import ServerError
from models.consensus import RaftStore
from models.replication import Store, add, append, compare_and_set, read, write

from ..world import World


def test_store_answers_all_operations_and_claims_to_be_linearizable() -> None:
    world = World()
    store = world.store
    assert isinstance(store, Store)
    assert store.is_linearizable
    world.elect()
    client = store.client(world.web)
    requests = [
        write("x", 1),
        read("x"),
        compare_and_set("x", 1, 2),
        compare_and_set("x", 1, 3),
        append("list", "a"),
        add("n", 5),
        read("list"),
        append("n", "a"),
    ]
    asked = [world.ask(client, request, 0.1 * place) for place, request in enumerate(requests)]
    world.run(2.0)
    *answers, failure = (each.outcome for each in asked)
    assert answers == [None, 1, True, False, None, None, ("a",)]
    assert isinstance(failure, ServerError)
    assert store.contents() == {node.name: {"x": 2, "list": ("a",), "n": 5} for node in store.nodes}


def test_nodes_stand_in_the_order_of_their_hosts_and_are_named_after_the_store() -> None:
    world = World(3)
    store = RaftStore(world.env, world.network, world.hosts, name="orders")
    assert [node.name for node in store.nodes] == ["orders-1", "orders-2", "orders-3"]
    assert [node.host for node in store.nodes] == world.hosts
    assert store.client(world.web).name == "orders client 1"


def test_statistics_count_what_has_happened() -> None:
    world = World()
    world.elect()
    world.ask(world.client(), write("x", 1))
    world.run(1.0)
    now = world.store.statistics()
    assert (now.election_count, now.term_max, now.committed_count) == (1, 1, 2)
    assert now.sent_count > 40
