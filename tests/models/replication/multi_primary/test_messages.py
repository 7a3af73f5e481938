"""What messages weigh on the wire."""

from __future__ import annotations

from models.replication import add, set_add, write
from models.replication.multi_primary import Crdts
from models.replication.multi_primary.messages import Have, Updates
from tests.models.replication.multi_primary.building import World, plain


def test_an_update_weighs_what_its_version_does_and_16_bytes_for_itself_and_each_origin_it_has_seen() -> None:
    world = World(plain(resolution=Crdts()), count=1)
    for request in (add("x", 1), set_add("y", 1), write("z", 1, size_bytes=100)):
        world.put(request)
    first, second, third = world.nodes[0].holdings.by_origin["store on n0/0"].values()
    counter, a_set, register = 24, 16 + 16, 100 + 16
    assert [each.weight() for each in (first, second, third)] == [counter + 16, a_set + 32, register + 32]
    assert Updates(world.nodes[0], [first, second]).weight() == first.weight() + second.weight()


def test_saying_what_one_has_weighs_16_bytes_for_each_origin() -> None:
    node = World(count=1).nodes[0]
    assert Have(node, 0, {"a": 5, "b": 1}, is_periodic=True).weight() == 32
