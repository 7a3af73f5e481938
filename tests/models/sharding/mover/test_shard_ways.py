"""Ways to the servers of a shard: who is asked after whom, and when asking again is no longer safe."""

from __future__ import annotations

from collections.abc import Generator, Sequence
from typing import Any

import pytest

from models import Endpoint, FunctionEndpoint, Host, Network, Request, Response
from models.failures import ConnectionLost, Refused, Rejected, ServerError, Unavailable, in_doubt
from models.nodes import Node
from models.sharding import Moved
from models.sharding.mover.shard_ways import ShardUnreachable, ShardWays
from simulator import CallFailed, Environment

HOP = 0.01
SILENCE = 1e6


class Asker(Node):
    """A node that only asks."""

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer nobody."""
        yield from ()


class Street:
    """A node, and servers of which each ends calls with a failure, or answers after so many seconds."""

    def __init__(self, *ends: Any) -> None:
        self.env = Environment(seed=1)
        self.network = Network(self.env, latencies=HOP)
        self.asker = Asker(self.env, Host(self.env, "asker"), self.network, name="asker")
        self.asked: list[int] = []
        self.servers: Sequence[Endpoint] = [self._server(number, end) for number, end in enumerate(ends)]
        self.ways = ShardWays(self.asker, lambda shard: self.servers if shard == "one" else [])

    def _server(self, number: int, end: Any) -> Endpoint:
        def answer(request: Request) -> Generator[Any, Any, Response]:
            self.asked.append(number)
            if isinstance(end, CallFailed):
                raise end
            yield float(end)
            return Response(number)

        return FunctionEndpoint(answer, host=Host(self.env, f"server-{number}"), name=f"server-{number}")

    def ask(self, asking: Generator[Any, Any, Any]) -> Any:
        """Run until a question has ended; return its value, or the kind of its failure."""

        def run() -> Generator[Any, Any, Any]:
            try:
                answer = yield from asking
            except (ShardUnreachable, CallFailed) as failure:
                return type(failure)
            return answer.value if isinstance(answer, Response) else answer

        return self.env.run(until=self.env.process(run()))


NOTHING_DONE = [Refused("down"), Rejected("full"), Unavailable("no lease")]
UNKNOWN = [ConnectionLost("gone"), in_doubt(Unavailable("after an attempt that was silent")), SILENCE]


@pytest.mark.parametrize("first", NOTHING_DONE)
def test_server_that_has_done_nothing_is_passed_over(first: Any) -> None:
    street = Street(first, 0)
    assert street.ask(street.ways.ask("one", Request("drop"), 1.0)) == 1
    assert street.ask(street.ways.ask_once("one", Request("import"), 1.0)) == 1
    assert street.asked == [0, 1, 1]  # who has answered is asked first


@pytest.mark.parametrize("first", UNKNOWN)
def test_after_one_of_whom_nobody_knows_only_what_is_safe_is_asked_again(first: Any) -> None:
    street = Street(first, 0)
    assert street.ask(street.ways.ask_once("one", Request("import"), 1.0)) is ShardUnreachable
    assert street.asked == [0]
    assert street.ask(street.ways.ask("one", Request("export"), 1.0)) == 1


def test_moved_ends_an_import() -> None:
    street = Street(Moved("server-0", 3), 0)
    assert street.ask(street.ways.ask_once("one", Request("import"), 1.0)) is ShardUnreachable
    assert street.asked == [0]


def test_server_error_is_told_at_once() -> None:
    street = Street(ServerError("no such mark"), 0)
    assert street.ask(street.ways.ask("one", Request("export"), 1.0)) is ServerError
    assert street.asked == [0]


def test_shard_is_given_up_after_so_long_for_each_of_its_servers() -> None:
    street = Street(SILENCE, SILENCE, SILENCE)
    assert street.ask(street.ways.ask("one", Request("export"), 2.0)) is ShardUnreachable
    assert street.env.now == pytest.approx(6.0, abs=0.1)
    assert street.asked == [0, 1, 2]


def test_servers_that_fail_at_once_are_asked_again_after_a_pause_until_then() -> None:
    street = Street(Refused("down"), Refused("down"))
    assert street.ask(street.ways.ask("one", Request("export"), 0.5)) is ShardUnreachable
    assert street.env.now == pytest.approx(1.0, abs=0.1)
    assert street.asked[:4] == [0, 1, 0, 1]


def test_shard_without_servers_is_given_up_at_once() -> None:
    street = Street()
    assert street.ask(street.ways.ask("nobody", Request("export"), 2.0)) is ShardUnreachable
    assert street.env.now == 0.0


@pytest.mark.parametrize(
    ("ends", "at"),
    [
        ((0, 0.3, 0.1), 0.3 + 2 * HOP),
        ((0, SILENCE), 5.0),
        ((Refused("down"), 0), 5.0),
        ((), 5.0),  # there may be somebody whom the address book does not name
    ],
)
def test_all_have_heard_or_the_time_is_over(ends: tuple[Any, ...], at: float) -> None:
    street = Street(*ends)
    street.ask(street.ways.hear("one", 7, 5.0, 1.0))
    assert street.env.now == pytest.approx(at)


def test_who_has_heard_is_asked_first_afterwards() -> None:
    street = Street(SILENCE, 0.2, 0.1)
    street.ask(street.ways.hear("one", 7, 1.0, 5.0))
    street.asked.clear()
    assert street.ask(street.ways.ask("one", Request("export"), 5.0)) == 2
    assert street.asked == [2]
    street.ask(street.ways.hear("one", 8, street.env.now + 1.0, 5.0))
    street.asked.clear()
    assert street.ask(street.ways.ask("one", Request("export"), 5.0)) == 2  # it has heard again, if not first


def test_time_that_is_waited_is_that_of_the_clock_though_its_rate_changes() -> None:
    street = Street(SILENCE)
    host = street.asker.host
    street.env.call_later(1.0, host.skew_clock, "test", 0.0, -0.5)  # it counts half as fast from then on
    street.ask(street.ways.hear("one", 7, 3.0, 1.0))
    assert street.env.now == pytest.approx(5.0)
    assert host.monotonic_clock() == pytest.approx(3.0)


def test_who_stops_waiting_leaves_nobody_asking() -> None:
    street = Street(SILENCE, SILENCE)

    def impatient() -> Generator[Any, Any, bool]:
        with street.env.move_on_after(0.5):
            yield from street.ways.hear("one", 7, 100.0, 1.0)
        return True

    assert street.ask(impatient())
    asked_count = len(street.asked)
    street.env.run(until=20.0)
    assert len(street.asked) == asked_count
