"""A watch on messages sees each one and its end, to the instant, and a run is the same with it."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf
from typing import Any

import pytest

from models import Host, Network, Request
from models.endpoint import FunctionEndpoint
from models.failures import CallFailed
from models.network import Isolation, LocalityLatencies, PacketLoss, Passage, Role
from models.nodes import Node
from models.observers.messages import Message, MessageWatch, space_time_trace
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.hedging import Hedge
from simulator import Environment
from simulator.randomness import Exponential
from tests.models.network.building import WAY, World, losing

Steps = Generator[Any, Any, Any]


@dataclass(slots=True)
class Ping:
    sender: Player


@dataclass(slots=True)
class Pong:
    sender: Player


class Player(Node):
    """Answers pings with pongs, and calls with a word."""

    def remember(self) -> None:
        self.on(Ping, lambda ping: self.send(ping.sender, Pong(self)))
        self.on(Pong, lambda pong: None)

    def answer(self, request: Request) -> Steps:
        yield 0.5
        return "word"


def seen(watch: MessageWatch) -> list[tuple[str, str, str, float, float, str]]:
    return [
        (
            each.source + each.target,
            each.role.value,
            each.kind,
            each.sent_at,
            each.arrives_at,
            each.passage.value,
        )
        for each in watch.messages()
    ]


def passages(watch: MessageWatch) -> list[Passage]:
    return [each.passage for each in watch.messages()]


def test_every_message_of_an_exchange_is_seen_with_its_times() -> None:
    world = World()
    watch = MessageWatch(world.network)
    one, two = (Player(world.env, host, world.network, name=host.name) for host in (world.a, world.b))
    one.send(two, Ping(one))
    world.env.run(until=1.0)
    world.call(world.network.connect(world.a, two), Request("get"))
    world.env.run()
    assert seen(watch) == [
        ("ab", "message", "Ping", 0.0, WAY, "arrived"),
        ("ba", "message", "Pong", WAY, 2 * WAY, "arrived"),
        ("ab", "request", "get", 1.0, 1.0 + WAY, "arrived"),
        ("ba", "answer", "get", 1.5 + WAY, 1.5 + 2 * WAY, "arrived"),
    ]


def test_the_same_is_seen_where_messages_queue_for_a_link() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    watch = MessageWatch(world.network)
    world.send("first", size_bytes=500)
    world.send("second", size_bytes=250)
    world.call(world.network.connect(world.a, world.server()), Request("get", size_bytes=250))
    world.env.run()
    assert [(each.sent_at, each.arrives_at) for each in watch.messages()] == [
        (0.0, 0.5 + WAY),
        (0.0, 0.75 + WAY),
        (0.0, 1.0 + WAY),
        (2.0 + WAY, 2.0 + 2 * WAY),
    ]


def go() -> None:
    """Be carried."""


def test_what_is_carried_without_an_object_is_called_after_the_function() -> None:
    world = World()
    watch = MessageWatch(world.network)
    world.send("a text says nothing")
    world.network.send(world.a, world.b, go)
    assert [each.kind for each in watch.messages()] == ["note", "go"]


def test_kinds_can_be_named_by_what_a_message_contains() -> None:
    world = World()
    watch = MessageWatch(world.network, kind=lambda content: f"a {type(content).__name__}")
    world.call(world.network.connect(world.a, world.server()))
    world.env.run()
    assert [each.kind for each in watch.messages()] == ["a Request", "a Request"]


# -- what does not arrive


def test_a_message_that_meets_a_cut_is_seen_and_so_is_the_cut() -> None:
    world = World()
    world.network.path(world.a, world.b)
    watch = MessageWatch(world.network)
    rule = world.network.partition(world.a, world.b, one_way=True)
    world.send("cut", transport="tcp")
    world.call(world.network.connect(world.a, world.server()))
    world.env.run(until=2.0)
    world.network.heal(rule)
    world.send("through")
    world.env.run()
    assert passages(watch) == [Passage.CUT, Passage.CUT, Passage.ARRIVED]
    assert [each.arrives_at for each in watch.messages()] == [inf, inf, 2.0 + WAY]
    (cut,) = watch.cuts()
    assert (cut.start, cut.end, cut.pairs) == (0.0, 2.0, frozenset({("a", "b")}))


def test_a_cut_that_stands_when_the_watch_begins_is_seen_until_it_is_healed() -> None:
    world = World()
    world.network.path(world.a, world.b)
    world.network.install(Isolation(world.b))
    watch = MessageWatch(world.network)
    world.env.run(until=3.0)
    (cut,) = watch.cuts()
    assert (cut.start, cut.end, cut.pairs) == (0.0, inf, frozenset({("a", "b"), ("b", "a")}))


def test_a_lost_datagram_is_lost_and_a_lost_packet_of_tcp_is_sent_again() -> None:
    world = World()
    world.network.install(PacketLoss(world.env, world.a, world.b, 1.0, name="all"))
    watch = MessageWatch(world.network)
    world.send("datagram", transport="datagram")
    world.send("tcp", transport="tcp")
    world.env.run(until=1.0)
    world.network.install(losing(0))
    lost, again = watch.messages()
    assert (lost.passage, lost.retransmission_count) == (Passage.LOST, 0)
    assert (again.passage, again.retransmission_count, again.arrives_at) == (Passage.UNDER_WAY, 2, inf)
    world.env.run(until=3_000.0)
    assert watch.messages()[1].passage is Passage.LOST


def test_both_copies_of_a_doubled_datagram_are_seen() -> None:
    world = World()
    world.network.override(world.a, world.b, duplicate_probability=1.0)
    watch = MessageWatch(world.network)
    world.send("twice")
    world.env.run()
    assert [(each.is_copy, each.passage) for each in watch.messages()] == [
        (False, Passage.ARRIVED),
        (True, Passage.ARRIVED),
    ]


@pytest.mark.parametrize("is_plain", [True, False])
def test_a_host_that_is_down_hears_nothing(is_plain: bool) -> None:
    world = World()
    if not is_plain:
        world.network.override(world.a, world.b, bandwidth=1_000.0)
    watch = MessageWatch(world.network)
    world.send("message")
    world.call(world.network.connect(world.a, world.server()))
    world.env.run(until=WAY / 2)
    world.b.crash()
    assert passages(watch) == [Passage.UNDER_WAY, Passage.UNDER_WAY]
    world.env.run(until=1.0)
    assert passages(watch) == [Passage.UNHEARD, Passage.UNHEARD]
    assert [each.arrives_at for each in watch.messages()] == [WAY, WAY]


def test_what_a_crash_keeps_from_being_sent_is_unsent_and_a_host_that_is_down_sends_nothing() -> None:
    world = World()
    world.network.override(world.a, world.b, bandwidth=1_000.0)
    watch = MessageWatch(world.network)
    world.send("long", size_bytes=1_000)
    world.send("waits for the link", size_bytes=1_000)
    world.env.run(until=0.5)
    world.a.crash()
    world.send("nothing")
    world.env.run()
    assert passages(watch) == [Passage.UNSENT, Passage.UNSENT]


def test_what_a_crash_keeps_from_being_sent_again_is_unsent() -> None:
    world = World()
    world.network.install(PacketLoss(world.env, world.a, world.b, 1.0, name="all"))
    watch = MessageWatch(world.network)
    world.network.send(world.a, world.b, print, "lost once", transport="tcp")
    world.env.run(until=0.1)
    world.a.crash()
    world.env.run()
    assert passages(watch) == [Passage.UNSENT]


# -- calls


def test_refusals_errors_and_resets_are_failures() -> None:
    world = World()
    watch = MessageWatch(world.network)
    player = Player(world.env, world.b, world.network, name="player")
    way = world.network.connect(world.a, player)
    world.call(way, Request("broken off"))
    world.env.run(until=0.25)
    world.b.crash_process(player)
    world.call(way, Request("refused"))
    world.env.run()
    assert seen(watch) == [
        ("ab", "request", "broken off", 0.0, WAY, "arrived"),
        ("ba", "failure", "broken off", 0.25, 0.25 + WAY, "arrived"),
        ("ab", "request", "refused", 0.25, 0.25 + WAY, "arrived"),
        ("ba", "failure", "refused", 0.25 + WAY, 0.25 + 2 * WAY, "arrived"),
    ]


def test_each_try_of_a_retry_and_each_copy_of_a_hedge_is_a_message() -> None:
    world = World()
    watch = MessageWatch(world.network)
    way = world.network.connect(world.a, world.server(takes=10.0))
    world.call(Retry(world.env, Timeout(world.env, way, 0.5), attempts=3, backoff=ConstantBackoff(delay=0.0)))
    world.env.run(until=5.0)
    assert [each.sent_at for each in watch.messages()] == [0.0, 0.5, 1.0]
    world.call(Hedge(world.env, way, after=0.25))
    world.env.run(until=6.0)
    assert [each.sent_at for each in watch.messages()] == [0.0, 0.5, 1.0, 5.0, 5.25]


def test_the_message_that_cancels_work_is_seen() -> None:
    world = World()
    watch = MessageWatch(world.network)
    way = world.network.connect(world.a, world.server(takes=10.0), propagate_cancellation=True)
    world.call(way, Request("get"), patience=0.5)
    world.env.run()
    assert seen(watch)[1] == ("ab", "cancellation", "get", 0.5, 0.5 + WAY, "arrived")


def test_a_request_that_its_cancellation_has_overtaken_is_not_heard() -> None:
    world = World()
    watch = MessageWatch(world.network)
    way = world.network.connect(world.a, world.server(), propagate_cancellation=True)
    world.call(way, Request("get"), patience=WAY / 4)
    world.env.run(until=WAY / 8)
    world.network.override(world.a, world.b, latency=WAY / 4)
    world.env.run(until=1.0)
    assert world.arrived == []
    assert passages(watch) == [Passage.UNHEARD, Passage.ARRIVED]


# -- the window, and the end of the watch


def test_only_what_is_sent_in_the_window_is_kept_and_no_more_than_there_is_room_for() -> None:
    world = World()
    watch = MessageWatch(world.network, start=1.0, end=4.0, count_max=2)
    for time in range(6):
        world.env.call_later(float(time), world.send)
    world.env.run()
    assert [each.sent_at for each in watch.messages()] == [1.0, 2.0]
    assert watch.left_out_count == 1


def test_a_watch_that_is_stopped_leaves_the_network_as_it_was() -> None:
    world = World()
    path = world.network.path(world.a, world.b)
    assert path.is_quick
    watch = MessageWatch(world.network)
    assert path.is_plain
    assert not path.is_quick
    world.send()
    watch.stop()
    assert path.is_quick
    assert world.network.path(world.b, world.a).is_quick
    world.send()
    world.env.run()
    assert len(watch.messages()) == 1
    assert passages(watch) == [Passage.ARRIVED]
    MessageWatch(world.network)


def test_the_window_ends_where_the_watch_is_stopped() -> None:
    world = World()
    world.network.path(world.a, world.b)
    watch = MessageWatch(world.network, end=10.0)
    rule = world.network.partition(world.a, world.b)
    world.env.run(until=2.0)
    watch.stop()
    world.env.run(until=3.0)
    world.network.heal(rule)  # nobody sees that
    trace = space_time_trace(watch)
    assert (watch.end, trace.end) == (2.0, 2.0)
    assert [cut.end for cut in trace.cuts] == [inf]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"start": -1.0}, "start must be .* got -1.0"),
        ({"start": 2.0, "end": 2.0}, "end must be > 2.0 s, the start, got 2.0"),
        ({"count_max": 0}, "count_max must be .* got 0"),
    ],
)
def test_nonsense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MessageWatch(World().network, **settings)


def test_a_network_is_watched_by_one_at_a_time() -> None:
    world = World()
    watch = MessageWatch(world.network)
    with pytest.raises(ValueError, match="network must be watched by one at a time"):
        MessageWatch(world.network)
    watch.stop()
    with pytest.raises(ValueError, match="watcher must watch the network"):
        watch.stop()


# -- a run is the same with it


def turmoil(*, is_watched: bool) -> tuple[str, tuple[Message, ...]]:
    """Nodes play, clients retry, hedge and give up, in a network that loses, doubles and cuts."""
    env = Environment(seed=5, trace=True)
    network = Network(env, latencies=LocalityLatencies.uniform(Exponential(0.02)))
    watch = MessageWatch(network) if is_watched else None
    hosts = [Host(env, name, boot_time=0.1) for name in "abc"]
    players = [Player(env, host, network, name=host.name, transport="datagram") for host in hosts]
    network.override(hosts[0], hosts[1], loss_probability=0.2, duplicate_probability=0.2)
    network.override(hosts[1], hosts[2], bandwidth=1_000.0)
    caller = Host(env, "caller")
    network.override(caller, hosts[2], loss_probability=0.3)

    def play(one: Player, two: Player) -> Steps:
        while True:
            yield 0.05
            one.send(two, Ping(one), size_bytes=45)

    def ask(player: Player, number: int) -> Steps:
        way = network.connect(caller, player, propagate_cancellation=number % 2 == 0)
        client = Retry(
            env,
            Timeout(env, Hedge(env, way, after=0.55), 0.7),
            attempts=2,
            backoff=ConstantBackoff(delay=0.1),
        )
        while True:
            yield 0.1 * number
            try:
                yield from client.call(Request("get"))
            except CallFailed:
                continue

    for one in players:
        for two in players:
            if one is not two:
                env.process(play(one, two), "play")
        for number in (1, 2):
            env.process(ask(one, number), "ask")
    env.call_later(1.0, hosts[0].crash)
    env.call_later(2.0, hosts[0].restart)
    env.call_later(2.5, hosts[1].crash_process, players[1])
    env.call_later(3.0, hosts[1].restart_process, players[1])
    env.call_later(4.8, hosts[1].crash)
    env.call_later(5.2, hosts[1].restart)
    env.call_later(3.5, lambda: env.call_later(1.0, network.heal, network.partition(hosts[2], caller)))
    env.run(until=6.0)
    return env.trace_digest(), () if watch is None else watch.messages()


@pytest.mark.slow
def test_a_run_has_the_same_digest_with_a_watch() -> None:
    unwatched, _ = turmoil(is_watched=False)
    watched, messages = turmoil(is_watched=True)
    assert watched == unwatched
    assert {each.passage for each in messages} == set(Passage)
    assert {each.role for each in messages} == set(Role)


def test_a_watch_that_begins_in_the_middle_of_a_run_changes_nothing_either() -> None:
    def run(*, is_watched: bool) -> str:
        world = World(trace=True, latencies=Exponential(0.1))
        way = world.network.connect(world.a, FunctionEndpoint(lambda _: iter_steps(), host=world.b))
        for time in range(10):
            world.env.call_later(0.1 * time, lambda: world.call(way))
            world.env.call_later(0.1 * time, world.send)
        world.env.run(until=0.45)
        watch = MessageWatch(world.network) if is_watched else None
        world.env.run(until=0.75)
        if watch is not None:
            watch.stop()
        world.env.run()
        return world.env.trace_digest()

    assert run(is_watched=True) == run(is_watched=False)


def iter_steps() -> Steps:
    yield 0.01
    return "done"
