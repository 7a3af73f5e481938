"""Rules: who is asked, in which order, what their verdicts add up to, and from when on they hold."""

import pytest

from models.infrastructure import Host, Rack, Zone
from models.network import CUT, LOSE, PASS, AddedDelay, Fate, Isolation, PacketLoss, Partition, Verdict
from models.network.rules import Between
from simulator import Environment
from simulator.randomness import Constant, Uniform
from tests.models.network.building import WAY, Scripted, World, losing


def delaying(delay: float) -> Scripted:
    return Scripted([Verdict(Fate.PASS, delay)] * 100)


def test_delays_add_up() -> None:
    world = World()
    for delay in (0.5, 0.25, 1.0):
        world.network.install(delaying(delay))
    world.send("slow")
    world.env.run()
    assert world.arrived == [("slow", 1.75 + WAY)]


def test_the_first_that_drops_a_message_decides_and_the_later_ones_are_not_asked() -> None:
    world = World()
    rules = [delaying(1.0), Scripted([LOSE]), Scripted([CUT]), delaying(1.0)]
    for rule in rules:
        world.network.install(rule)
    world.send("hello", transport="tcp")
    world.env.run(until=0.1)
    assert [len(rule.asked) for rule in rules] == [1, 1, 0, 0]
    world.env.run()
    # Lost at first; then, sent again, it is cut.
    assert [len(rule.asked) for rule in rules] == [2, 2, 1, 0]
    assert world.arrived == []


def test_a_rule_is_asked_about_each_packet_with_its_direction() -> None:
    world = World()
    rule = losing(2)
    world.network.install(rule)
    world.call(world.network.connect(world.a, world.server()))
    world.env.run()
    assert rule.asked == [(world.a, world.b)] * 3 + [(world.b, world.a)]
    assert world.seen == [("answer", pytest.approx(0.6 + WAY + 1.0 + WAY))]


def test_a_rule_sees_what_is_sent_while_it_is_installed_and_nothing_else() -> None:
    world = World()
    rule = Partition(world.a, world.b)
    world.send("before")
    world.network.install(rule)
    world.send("during")
    world.network.heal(rule)
    world.send("after")
    world.env.run()
    assert [what for what, _ in world.arrived] == ["before", "after"]


def test_a_rule_holds_for_ways_that_are_used_for_the_first_time_after_it() -> None:
    world = World()
    connection = world.network.connect(world.a, world.server())
    other = Host(world.env, "other")
    world.network.install(delaying(1.0))
    world.call(connection)
    world.network.send(other, world.b, world.note, "other")
    world.env.run()
    assert world.arrived == [("other", 1.0 + WAY), (None, 2.0 + WAY)]
    assert world.seen == [("answer", 3.0 + 2 * WAY)]


def test_without_rules_a_way_is_plain_again() -> None:
    world = World()
    path = world.network.path(world.a, world.b)
    rule, other = delaying(1.0), delaying(1.0)
    assert path.is_plain
    world.network.install(rule)
    world.network.install(other)
    assert not path.is_plain
    world.network.heal(rule)
    assert not path.is_plain
    world.network.heal(other)
    assert path.is_plain


def test_rules_are_installed_and_healed_in_pairs() -> None:
    world = World()
    rule = Partition(world.a, world.b)
    with pytest.raises(ValueError, match="must be installed to be healed"):
        world.network.heal(rule)
    world.network.install(rule)
    with pytest.raises(ValueError, match="must not be installed twice"):
        world.network.install(rule)
    world.network.heal(rule)
    with pytest.raises(ValueError, match="must be installed to be healed"):
        world.network.heal(rule)


@pytest.mark.parametrize("one_way", [False, True])
def test_between_two_sets_and_back_unless_one_way(one_way: bool) -> None:
    env = Environment()
    a, b, c, d = (Host(env, name) for name in "abcd")
    between = Between([a, b], [c], one_way=one_way)
    assert between.covers(a, c)
    assert between.covers(b, c)
    assert between.covers(c, b) is not one_way
    assert not between.covers(a, b)
    assert not between.covers(a, d)
    assert not between.covers(d, c)


def test_the_rules_of_the_house_leave_other_pairs_alone() -> None:
    world = World()
    env, other = world.env, Host(world.env, "other")
    for rule in (
        Partition(world.a, other),
        PacketLoss(env, world.a, other, 1.0, name="loss"),
        AddedDelay(env, world.a, other, Constant(1.0), name="delay"),
    ):
        assert rule.judge(world.a, world.b) is PASS
        assert rule.judge(world.a, other) is not PASS
        assert rule.judge(other, world.a) is not PASS
        assert Partition(world.a, other, one_way=True).judge(other, world.a) is PASS


def test_a_one_way_rule_acts_one_way() -> None:
    world = World()
    env = world.env
    loss = PacketLoss(env, world.a, world.b, 1.0, name="loss", one_way=True)
    delay = AddedDelay(env, world.a, world.b, Constant(1.0), name="delay", one_way=True)
    assert (loss.judge(world.a, world.b), loss.judge(world.b, world.a)) == (LOSE, PASS)
    assert (delay.judge(world.a, world.b).delay, delay.judge(world.b, world.a)) == (1.0, PASS)


@pytest.mark.parametrize("probability", [-0.5, 2.0])
def test_a_rules_probability_is_one(probability: float) -> None:
    world = World()
    with pytest.raises(ValueError, match=r"probability must be in \[0, 1\]"):
        PacketLoss(world.env, world.a, world.b, probability, name="loss")


@pytest.mark.parametrize(("probability", "arrived"), [(0.0, [("hello", WAY)]), (1.0, [])])
def test_certain_loss_and_none_need_no_chance(probability: float, arrived: list[tuple[str, float]]) -> None:
    world = World(seed=None)
    world.network.install(PacketLoss(world.env, world.a, world.b, probability, name="certain"))
    world.send("hello")
    world.env.run()
    assert world.arrived == arrived


def test_a_constant_delay_needs_no_chance() -> None:
    for delay in (1.0, Constant(1.0)):
        world = World(seed=None)
        world.network.install(AddedDelay(world.env, world.a, world.b, delay, name="constant"))
        world.send("hello")
        world.env.run()
        assert world.arrived == [("hello", 1.0 + WAY)]


@pytest.mark.parametrize("delay", [-1.0, Uniform(-1.0, 1.0)])
def test_a_delay_is_no_hastening(delay: float) -> None:
    world = World()
    with pytest.raises(ValueError, match="delay must be >= 0 s, got"):
        AddedDelay(world.env, world.a, world.b, delay, name="early")


def test_isolation_cuts_what_has_exactly_one_end_inside() -> None:
    env = Environment()
    zone = Zone("inside")
    a, b = Host(env, "a", zone=zone), Host(env, "b", zone=zone)
    c, d = Host(env, "c"), Host(env, "d", zone=Zone("outside"))
    rule = Isolation([zone])
    late = Host(env, "late", zone=zone)
    for source, target, verdict in (
        (a, b, PASS),
        (a, a, PASS),
        (c, d, PASS),
        (a, c, CUT),
        (c, a, CUT),
        (d, b, CUT),
        (late, a, PASS),
        (late, c, CUT),
    ):
        assert rule.judge(source, target) is verdict, (source, target)
    assert Isolation([a, c]).judge(a, c) is PASS
    assert Isolation(a).judge(a, b) is CUT
    with pytest.raises(ValueError, match="a set of places must hold at least one host"):
        Isolation([])
    with pytest.raises(TypeError, match="a place must be a Host, Rack, Zone or Region, got 'a'"):
        Isolation(["a"])  # type: ignore[list-item]


def test_a_rack_is_a_place_and_so_is_the_zone_around_it() -> None:
    env = Environment()
    zone = Zone("zone")
    racks = [Rack("rack 1", zone), Rack("rack 2", zone)]
    a, b, c = (Host(env, name, rack=racks[number]) for number, name in ((0, "a"), (0, "b"), (1, "c")))
    outside = Host(env, "outside")
    alone = Isolation(racks[0])
    assert [alone.judge(a, host) for host in (b, c, outside)] == [PASS, CUT, CUT]
    late = Host(env, "late", rack=racks[0])
    assert [alone.judge(late, host) for host in (a, c)] == [PASS, CUT]
    together = Isolation(zone)
    assert [together.judge(a, host) for host in (b, c, outside)] == [PASS, PASS, CUT]
    split = Partition(racks[0], racks[1], one_way=True)
    assert [split.judge(*pair) for pair in ((a, c), (c, a), (a, outside))] == [CUT, PASS, PASS]
