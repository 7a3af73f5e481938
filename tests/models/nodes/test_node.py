from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from typing import Any

import pytest

from models import Host, Network, Request
from models.failures import ConnectionLost, Refused, Unavailable
from models.nodes import Node
from simulator import Environment, TimedOut

ONE_WAY = 0.01


@dataclass(slots=True)
class Ping:
    number: int
    sender: Echo


@dataclass(slots=True)
class Pong:
    number: int


class Echo(Node):
    """Answers pings; reads its disk for half a second when it starts again."""

    def __init__(self, env: Environment, network: Network, name: str, **settings: Any) -> None:
        self.events: list[tuple[float, str]] = []
        self.failure: Exception | None = None
        super().__init__(env, Host(env, name), network, name=name, **settings)

    def note(self, what: str) -> None:
        self.events.append((round(self.env.now, 9), what))

    def remember(self) -> None:
        self.on(Ping, lambda ping: self.send(ping.sender, Pong(ping.number)))
        self.on(Pong, lambda pong: self.note(f"pong {pong.number}"))
        self.memory: list[Any] = []

    def forget(self) -> None:
        self.note(f"forgets {self.memory}")

    def recover(self) -> Generator[Any, Any, None] | None:
        return self._read_disk()

    def _read_disk(self) -> Generator[Any, Any, None]:
        yield 0.5

    def wake_up(self) -> None:
        self.note("awake")

    def answer(self, request: Request) -> Generator[Any, Any, str]:
        if self.failure is not None:
            raise self.failure
        yield from self.work(0.001)
        return "hello"


class Room:
    def __init__(self, **settings: Any) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=ONE_WAY)
        self.a = Echo(self.env, self.network, "a")
        self.b = Echo(self.env, self.network, "b", **settings)
        self.way = self.network.connect(Host(self.env, "client"), self.b)

    def at(self, time: float, function: Any, *arguments: Any) -> None:
        self.env.call_later(time - self.env.now, function, *arguments)

    def ask(self, at: float = 0.0) -> list[Any]:
        ends: list[Any] = []

        def call() -> Generator[Any, Any, None]:
            try:
                end: Any = (yield from self.way.call(Request())).value
            except Exception as failure:
                end = type(failure)
            ends.append(end)

        self.at(at, lambda: self.env.process(call()))
        return ends


def test_message_and_its_answer_take_a_hop_each() -> None:
    room = Room()
    room.a.send(room.b, Ping(1, room.a))
    room.env.run(1)
    assert room.a.events == [(0.0, "awake"), (2 * ONE_WAY, "pong 1")]
    assert (room.a.sent_count, room.b.received_count, room.b.dropped_count) == (1, 1, 0)


def test_message_costs_work_where_it_is_said_so() -> None:
    room = Room(message_work=0.002)
    for number in range(2):
        room.a.send(room.b, Ping(number, room.a))
    room.env.run(1)
    assert room.a.events[1:] == [(0.022, "pong 0"), (0.024, "pong 1")]


def test_node_that_is_down_or_recovers_receives_nothing_and_refuses() -> None:
    room = Room()
    room.at(1.0, room.b.crash)
    room.at(2.0, room.b.restart)
    for time in (1.5, 2.2):
        room.at(time, lambda: room.a.send(room.b, Ping(1, room.a)))
    ends = [room.ask(time) for time in (1.5, 2.2, 2.6)]
    room.env.run(5)
    assert room.a.events == [(0.0, "awake")]
    assert room.b.dropped_count == 2
    assert ends == [[Refused], [Refused], ["hello"]]
    assert room.b.events == [(0.0, "awake"), (1.0, "forgets []"), (2.5, "awake")]


def test_node_on_a_host_that_is_down_is_silent() -> None:
    room = Room()
    room.at(1.0, room.b.host.crash)
    ends = room.ask(1.5)
    room.env.run(5)
    assert ends == []
    assert room.b.events[-1] == (1.0, "forgets []")


def test_what_is_in_memory_is_made_anew() -> None:
    room = Room()
    room.at(0.5, room.b.memory.append, 1)
    room.at(1.0, room.b.host.crash)
    room.at(2.0, room.b.host.restart)
    room.env.run(5)
    assert (1.0, "forgets [1]") in room.b.events
    assert room.b.memory == []


def test_timers_and_background_work_die_with_the_process() -> None:
    room = Room()
    b = room.b

    def background() -> Generator[Any, Any, None]:
        yield 2.0
        b.note("background")

    b.after(2.0, b.note, "timer")
    b.run(background(), "background")
    room.at(1.0, b.crash)
    room.at(1.1, b.restart)
    room.env.run(5)
    assert [what for _, what in b.events] == ["awake", "forgets []", "awake"]
    assert b.incarnation == 1


def test_background_work_that_is_done_is_forgotten() -> None:
    room = Room(message_work=0.001)
    for number in range(5):
        room.a.send(room.b, Ping(number, room.a))
    room.env.run(5)
    assert room.b.received_count == 5
    assert not room.b._background


def test_message_takes_the_time_that_its_size_needs_on_the_wire() -> None:
    room = Room()
    room.network.override(room.a.host, room.b.host, bandwidth=1000.0)
    room.a.send(room.b, Ping(1, room.a), size_bytes=100)
    room.env.run(5)
    assert room.a.events[-1] == (0.12, "pong 1")


def test_crash_at_the_very_instant_of_a_restart_leaves_one_life() -> None:
    room = Room()
    b = room.b

    def twice() -> None:
        for _ in range(2):
            b.crash()
            b.restart()

    room.at(1.0, twice)
    room.env.run(5)
    assert b.events == [(0.0, "awake"), (1.0, "forgets []"), (1.5, "awake")]


def test_crash_at_the_very_instant_of_a_restart_without_recovery_leaves_one_life() -> None:
    class Ticking(Echo):
        def recover(self) -> None:
            return None

        def wake_up(self) -> None:
            self.after(1.0, self.note, "tick")

    env = Environment(seed=1)
    node = Ticking(env, Network(env), "a")

    def twice() -> None:
        for _ in range(2):
            node.crash()
            node.restart()

    env.call_later(2.0, twice)
    env.run(5)
    assert node.events == [(1.0, "tick"), (2.0, "forgets []"), (2.0, "forgets []"), (3.0, "tick")]


def test_what_a_node_remembers_is_made_before_it_wakes_up_and_no_timer_rings_before_it_has() -> None:
    class Eager(Echo):
        def _read_disk(self) -> Generator[Any, Any, None]:
            self.after(0.1, self.note, "too early")
            return super()._read_disk()

        def wake_up(self) -> None:
            self.memory.append(self.env.now)

    class Diskless(Eager):
        def recover(self) -> None:
            return None

    env = Environment(seed=1)
    network = Network(env)
    nodes = [Eager(env, network, "a"), Diskless(env, network, "b")]
    for node in nodes:
        env.call_later(1.0, node.crash)
        env.call_later(1.0, node.restart)
    env.run(5)
    assert [node.memory for node in nodes] == [[1.5], [1.0]]
    assert [node.events for node in nodes] == [[(1.0, "forgets [0]")]] * 2


def test_crash_while_it_recovers_starts_the_recovery_over() -> None:
    room = Room()
    room.at(1.0, room.b.crash)
    room.at(1.1, room.b.restart)
    room.at(1.3, room.b.crash)
    room.at(1.4, room.b.restart)
    room.env.run(5)
    # It forgets once: in between there was nothing to forget.
    assert room.b.events == [(0.0, "awake"), (1.0, "forgets []"), (1.9, "awake")]


def test_timer_runs_by_the_clock_of_the_host() -> None:
    room = Room()
    room.b.host.skew_clock("test", 0.0, 0.25)
    room.b.after(1.0, room.b.note, "timer")
    room.env.run(5)
    assert room.b.events[-1] == (0.8, "timer")


def test_cancelled_timer_does_not_ring() -> None:
    room = Room()
    room.b.after(1.0, room.b.note, "timer").cancel()
    room.env.run(5)
    assert room.b.events == [(0.0, "awake")]


@pytest.mark.parametrize("verdict", [Unavailable, TimedOut])
def test_verdict_of_the_store_reaches_the_caller_as_it_is(verdict: type[Exception]) -> None:
    room = Room()
    room.b.failure = verdict("no quorum")
    ends = room.ask()
    room.env.run(1)
    assert ends == [verdict]


def test_call_under_way_is_reset_when_the_process_crashes() -> None:
    room = Room()
    ends = room.ask()
    room.at(0.0105, room.b.crash)
    room.env.run(1)
    assert ends == [ConnectionLost]


def test_node_made_on_a_host_that_is_down_wakes_up_with_it() -> None:
    env = Environment(seed=1)
    network = Network(env, latencies=ONE_WAY)
    host = Host(env, "a")
    host.crash()

    class Sleeper(Node):
        woken_at: float | None = None

        def wake_up(self) -> None:
            self.woken_at = self.env.now

        def answer(self, request: Request) -> Generator[Any, Any, None]:
            yield 0.0

    sleeper = Sleeper(env, host, network, name="a")
    assert not sleeper.is_awake
    env.call_later(1.0, host.restart)
    env.run(2)
    assert (sleeper.is_awake, sleeper.woken_at) == (True, 1.0)


def test_node_that_is_stopped_finishes_and_forgets() -> None:
    room = Room()
    ends = room.ask()
    room.at(0.0105, room.b.stop)
    room.env.run(1)
    assert ends == ["hello"]
    assert not room.b.is_awake
    assert room.b.events[-1] == (0.011, "forgets []")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"transport": "udp"}, "transport must be one of tcp, datagram, got 'udp'"),
        ({"transport": None}, "transport must be one of tcp, datagram, got None"),
        ({"transport": ["tcp"]}, r"transport must be one of tcp, datagram, got \['tcp'\]"),
        ({"message_work": -1.0}, "message_work must be finite and >= 0 s, got -1.0"),
        ({"message_work": "much"}, "message_work must be a number of seconds, got 'much'"),
        ({"network": "lan"}, "network must be a Network, got 'lan'"),
    ],
)
def test_what_no_node_can_work_with_is_refused_at_once(changes: dict[str, Any], words: str) -> None:
    env = Environment(seed=1)
    given: dict[str, Any] = {"network": Network(env), "name": "a", **changes}
    with pytest.raises((TypeError, ValueError), match=words):
        Echo(env, **given)


def test_node_stands_on_a_host() -> None:
    class Nowhere(Node):
        def answer(self, request: Request) -> Generator[Any, Any, None]:
            yield 0.0

    env = Environment(seed=1)
    with pytest.raises(TypeError, match="host must be a Host, got 'a'"):
        Nowhere(env, "a", Network(env), name="a")  # type: ignore[arg-type]


@pytest.mark.parametrize("transport", ["tcp", "datagram"])
def test_node_sends_by_the_transport_that_it_is_given(transport: str) -> None:
    """Of a message that is lost the one says nothing, and the other sends it again, after 0.2 s at first."""
    env = Environment(seed=1)
    network = Network(env, latencies=ONE_WAY)
    a, b = Echo(env, network, "a", transport=transport), Echo(env, network, "b")
    network.override(a.host, b.host, loss_probability=1.0, one_way=True)
    a.send(b, Ping(1, a))
    env.call_later(0.1, lambda: network.override(a.host, b.host, loss_probability=0.0, one_way=True))
    env.run(1.0)
    assert b.received_count == (transport == "tcp")
