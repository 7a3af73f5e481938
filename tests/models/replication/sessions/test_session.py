"""Sessions: what the wrapper asks of which way, and that no session breaks what it promises."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import suppress
from typing import Any

import pytest

from models import (
    CallFailed,
    Endpoint,
    FunctionEndpoint,
    Host,
    Network,
    Refused,
    Request,
    Response,
    TimedOut,
    Unavailable,
)
from models.consistency import Guarantee, HistoryRecorder, Operation, breaches_of_guarantees
from models.failures import BreakerOpen, ConnectionLost, ServerError
from models.faults import HostCrash, NetworkPartition
from models.replication import MultiPrimaryStore, read, scan, write
from models.replication.primary_replica import Asynchronous, ReadPolicy, ReplicationSettings, Source
from models.replication.quorums import Level, Versioning
from models.replication.scans import AllKeys, GivenKeys, KeyRange
from models.replication.sessions import Session
from models.replication.sessions.floors import is_behind
from models.replication.versions import VersionVector
from models.resilience import ConstantBackoff, Retry, Timeout
from models.resilience.fallbacks import Fallback
from simulator import Environment
from simulator.randomness import Exponential

from ..primary_replica.building import Cluster
from ..quorums.building import World, plain

PROMISED = {Guarantee.READ_YOUR_WRITES, Guarantee.MONOTONIC_READS}


class Way:
    """A client that answers as it is told: (value, version) or a failure; the last one again and again."""

    def __init__(self, *answers: Any, takes: float = 0.0, host: Host | None = None) -> None:
        self.answers = list(answers)
        self.asked: list[Request] = []

        def answer(request: Request) -> Generator[Any, Any, Response]:
            self.asked.append(request)
            yield takes
            told = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            if isinstance(told, CallFailed):
                raise told
            return Response(told[0], version=told[1])

        self.endpoint = FunctionEndpoint(answer, host=host)


def session_of(env: Environment, *ways: Way, **settings: Any) -> Session:
    return Session(env, [way.endpoint for way in ways], **settings)


def told(env: Environment, endpoint: Endpoint, *requests: Request) -> list[Any]:
    """What each request is answered, one after the other: a value, or the kind of a failure."""
    ends: list[Any] = []

    def ask() -> Generator[Any, Any, None]:
        for request in requests:
            try:
                ends.append((yield from endpoint.call(request)).value)
            except CallFailed as failure:
                ends.append(type(failure))

    env.process(ask())
    env.run()
    return ends


# -- which way is asked


def test_answer_that_is_behind_is_asked_of_the_next_way() -> None:
    env = Environment()
    replica, primary = Way(("old", 1)), Way((None, 5), ("new", 5))
    session = session_of(env, replica, primary)
    primary_first = session_of(env, primary)
    assert told(env, primary_first, write("k", "new")) == [None]
    # the write of this session goes by its own first way
    replica.answers = [(None, 5), ("old", 1)]
    assert told(env, session, write("k", "new"), read("k")) == [None, "new"]
    statistics = session.statistics()
    assert (statistics.read_count, statistics.write_count) == (1, 1)
    assert (statistics.first_count, statistics.behind_count) == (0, 1)


def test_write_that_was_refused_at_last_goes_to_no_other_way() -> None:
    env = Environment()
    first, second = Way(TimedOut(), Refused()), Way((None, 5))
    again = Retry(env, first.endpoint, 2, backoff=ConstantBackoff(delay=1.0))
    session = Session(env, [again, second.endpoint])
    assert told(env, session, write("k", "v")) == [Refused]
    assert (len(first.asked), len(second.asked)) == (2, 0)  # the first attempt may have been carried out


def test_stand_in_that_answers_a_write_lifts_no_floor() -> None:
    env = Environment()
    way = Way(TimedOut(), ("old", 1))
    session = Session(env, [Fallback(way.endpoint, "accepted", on=(TimedOut,))])
    assert told(env, session, write("k", "new"), read("k")) == ["accepted", "old"]


def test_only_the_key_that_was_written_has_a_floor() -> None:
    env = Environment()
    way = Way((None, 5), ("old", 1))
    assert told(env, session_of(env, way), write("k", "new"), read("other")) == [None, "old"]


def test_with_one_way_it_waits_until_that_has_come_so_far() -> None:
    env = Environment()
    way = Way((None, 5), ("old", 1), ("old", 4), ("new", 5))
    assert told(env, session_of(env, way, pause=0.25), write("k", "new"), read("k")) == [None, "new"]
    assert env.now == 0.5


def test_nothing_at_all_is_behind_what_was_seen() -> None:
    env = Environment()
    way = Way((None, 5), (None, None))
    assert told(env, session_of(env, way, patience=0.0), write("k", "new"), read("k")) == [None, Unavailable]


def test_patience_ends_in_unavailable_and_begins_no_round_that_comes_too_late() -> None:
    env = Environment()
    way = Way((None, 5), ("old", 1))
    session = session_of(env, way, pause=0.25, patience=1.1)
    assert told(env, session, write("k", "new"), read("k")) == [None, Unavailable]
    assert env.now == 1.0
    assert len(way.asked) == 1 + 5
    assert session.statistics().unavailable_count == 1


def test_patience_without_end_in_no_time_gets_on() -> None:
    """A pause is always waited for in full: no round at an instant that rounding has made."""
    env = Environment(initial_time=1e9)
    way = Way((None, 5), ("old", 1))
    session = session_of(env, way, pause=0.1, patience=0.3)
    assert told(env, session, write("k", "new"), read("k")) == [None, Unavailable]
    assert len(way.asked) <= 5


def test_way_that_fails_is_passed_over_and_the_last_failure_is_told() -> None:
    env = Environment()
    first, second = Way(TimedOut("late")), Way(("value", 1), Refused("down"))
    assert told(env, session_of(env, first, second), read("k"), read("k")) == ["value", Refused]


def test_failure_beside_an_answer_that_is_behind_is_waited_out() -> None:
    env = Environment()
    first = Way((None, 5), TimedOut("late"), ("new", 5))
    second = Way(("old", 1))
    assert told(env, session_of(env, first, second), write("k", "new"), read("k")) == [None, "new"]


@pytest.mark.parametrize("failure", [Refused("down"), Unavailable("no quorum"), BreakerOpen("breaker")])
def test_write_that_was_not_done_goes_to_the_next_way(failure: CallFailed) -> None:
    env = Environment()
    second = Way((None, 1))
    assert told(env, session_of(env, Way(failure), second), write("k", "new")) == [None]
    assert len(second.asked) == 1


@pytest.mark.parametrize("failure", [TimedOut("late"), ConnectionLost("reset"), ServerError("broken")])
def test_write_of_which_nobody_knows_is_not_written_again(failure: CallFailed) -> None:
    env = Environment()
    second = Way((None, 1), ("old", 0))
    session = session_of(env, Way(failure, ("old", 0)), second)
    assert told(env, session, write("k", "new"), read("k")) == [type(failure), "old"]
    assert second.asked == []


def test_way_that_fails_in_every_round_does_not_make_of_one_that_is_behind_a_failure() -> None:
    env = Environment()
    behind = Way((None, 5), ("old", 1))
    session = session_of(env, behind, Way(TimedOut("late")), pause=0.25, patience=1.0)
    assert told(env, session, write("k", "new"), read("k")) == [None, Unavailable]
    assert env.now == 1.0


# -- what it promises


def test_write_that_is_answered_after_a_later_one_lowers_no_floor() -> None:
    env = Environment()
    way = Way((None, 5), (None, 3), ("old", 4))
    session = session_of(env, way, patience=0.0)
    assert told(env, session, write("k", 1), write("k", 2), read("k")) == [None, None, Unavailable]


def test_monotonic_reads_alone_do_not_see_own_writes() -> None:
    env = Environment()
    way = Way((None, 5), ("old", 1), ("older", 0))
    session = session_of(env, way, own_writes=False, patience=0.0)
    assert told(env, session, write("k", "new"), read("k"), read("k")) == [None, "old", Unavailable]


def test_own_writes_alone_let_reads_go_back() -> None:
    env = Environment()
    way = Way((None, 1), ("new", 7), ("old", 2))
    session = session_of(env, way, is_monotonic=False)
    assert told(env, session, write("k", "mine"), read("k"), read("k")) == [None, "new", "old"]


def test_vectors_must_cover_all_that_was_seen() -> None:
    env = Environment()
    both = VersionVector({"a": 1, "b": 1})
    way = Way((None, VersionVector({"a": 1})), ("b's", VersionVector({"b": 1})), ("both", both))
    assert told(env, session_of(env, way), write("k", "a's"), read("k")) == [None, "both"]


def test_two_vectors_that_were_seen_are_one_floor() -> None:
    env = Environment()
    way = Way(
        (None, VersionVector({"a": 1})), (None, VersionVector({"b": 1})), ("a's", VersionVector({"a": 2}))
    )
    session = session_of(env, way, patience=0.0)
    assert told(env, session, write("k", 1), write("k", 2), read("k")) == [None, None, Unavailable]


def test_restart_of_its_host_forgets_what_was_seen() -> None:
    env = Environment()
    host = Host(env, "web")
    way = Way((None, 5), ("old", 1), host=host)
    session = session_of(env, way, patience=0.0)
    assert told(env, session, write("k", "new"), read("k")) == [None, Unavailable]
    host.crash()
    host.restart()
    env.run()
    assert told(env, session, read("k")) == ["old"]


# -- on stores


def versions_of(env: Environment, client: Endpoint) -> list[Any]:
    """The versions that a read, a write, a read and a write of one key tell."""
    versions: list[Any] = []

    def ask(request: Request) -> Generator[Any, Any, None]:
        versions.append((yield from client.call(request)).version)

    for request in (read("k"), write("k", 1), read("k"), write("k", 2)):
        env.run(until=env.process(ask(request)))
    return versions


def test_read_of_a_write_tells_what_is_as_new_and_older_than_the_next() -> None:
    one, clocks, siblings = Cluster(), World(), World(plain(versioning=Versioning.SIBLINGS))
    env = Environment()
    network, web = Network(env, latencies=0.01), Host(env, "web")
    primaries = MultiPrimaryStore(env, network, [Host(env, "n")])
    for versions in (
        versions_of(one.env, one.client),
        versions_of(clocks.env, clocks.client()),
        versions_of(siblings.env, siblings.client()),
        versions_of(env, primaries.client(web)),
    ):
        nothing, first, seen, second = versions
        assert is_behind(nothing, first)
        assert not is_behind(seen, first)
        assert is_behind(seen, second)


def test_nearest_replica_of_a_primary_is_waited_for_or_left_for_the_primary() -> None:
    ends = {}
    for fails_over in (False, True):
        cluster = Cluster(
            ReplicationSettings(commit_rule=Asynchronous(), apply_delay=0.3, heartbeat_interval=0.05)
        )
        near = cluster.store.client(cluster.hosts[1], ReadPolicy(source=Source.NEAREST))
        primary = cluster.store.client(cluster.hosts[1])
        ways = [near, primary] if fails_over else [near]
        session = Session(cluster.env, ways, pause=0.05)
        written = cluster.ask(write("k", "new"), client=session)
        ended = cluster.ask(read("k"), at=0.1, client=session)
        stale = cluster.ask(read("k"), at=0.1, client=near)
        cluster.env.run(until=2.0)
        assert written[1] is None
        assert stale[1] is None
        ends[fails_over] = ended
    assert ends[True] == [0.14, "new"]  # a round to the replica, and one to the primary
    assert ends[False][1] == "new"
    assert 0.3 < ends[False][0] < 0.5


Ways = tuple[Environment, Network, Sequence[Host], list[Endpoint]]


def quorum_ways(seed: int, versioning: Versioning) -> Ways:
    settings = plain(read_level=1, write_level=1, versioning=versioning, read_timeout=0.3, write_timeout=0.3)
    world = World(settings, seed=seed, latencies=Exponential(0.02))
    return world.env, world.network, world.hosts, [world.client(node) for node in range(3)]


def multi_primary_ways(seed: int) -> Ways:
    env = Environment(seed=seed)
    network = Network(env, latencies=Exponential(0.02))
    hosts = [Host(env, f"n{index}") for index in range(3)]
    store = MultiPrimaryStore(env, network, hosts)
    web = Host(env, "web")
    return env, network, hosts, [network.connect(web, node) for node in store.nodes]


STORES: dict[str, Callable[[int], Ways]] = {
    "quorums, clocks of nodes": lambda seed: quorum_ways(seed, Versioning.COORDINATOR_CLOCK),
    "quorums, clocks of clients": lambda seed: quorum_ways(seed, Versioning.CLIENT_CLOCK),
    "multi-primary": multi_primary_ways,
}


def history_of(seed: int, store: str, *, keeps_sessions: bool) -> Sequence[Operation]:
    """Three clients, who move from node to node, while hosts crash and are cut off."""
    env, network, hosts, found = STORES[store](seed)
    recorder = HistoryRecorder(env)
    for number in range(3):
        ways: list[Endpoint] = [Timeout(env, way, 0.2) for way in found[number:] + found[:number]]
        client = Session(env, ways, patience=0.5) if keeps_sessions else _InTurn(ways)
        env.process(_use(env, recorder.around(client), number))
    for index, host in enumerate(hosts):
        crash, cut = HostCrash(host), NetworkPartition(network, host, hosts[index - 1])
        env.call_later(1.0 + 2.0 * index, crash.inject)
        env.call_later(1.7 + 2.0 * index, crash.heal)
        env.call_later(0.5 + 2.0 * index, cut.inject)
        env.call_later(2.3 + 2.0 * index, cut.heal)
    env.run(until=8.0)
    return recorder.history()


class _InTurn(Endpoint):
    """Asks each way in its turn, and keeps nothing."""

    def __init__(self, ways: list[Endpoint]) -> None:
        self.ways, self.turn = ways, 0

    def call(self, request: Request) -> Any:
        self.turn += 1
        return self.ways[self.turn % len(self.ways)].call(request)


def _use(env: Environment, client: Endpoint, number: int) -> Generator[Any, Any, None]:
    pauses, choices = env.sampler(f"pause {number}", Exponential(0.05)), env.stream(f"choice {number}")
    for count in range(1000):
        yield pauses()
        key = int(choices.integers(2))
        request = write(key, f"{number}/{count}") if choices.random() < 0.3 else read(key)
        with suppress(CallFailed):
            yield from client.call(request)


@pytest.mark.slow
@pytest.mark.parametrize("store", STORES)
def test_no_session_over_a_store_without_order_breaks_what_it_promises(store: str) -> None:
    breaches = {
        keeps_sessions: [
            breach
            for seed in range(2)
            for breach in breaches_of_guarantees(history_of(seed, store, keeps_sessions=keeps_sessions))
            if breach.guarantee in PROMISED
        ]
        for keeps_sessions in (False, True)
    }
    assert {breach.guarantee for breach in breaches[False]} == PROMISED
    assert breaches[True] == []


def test_clock_that_is_ahead_hides_a_breach_from_the_session() -> None:
    """Its own write is there, with the smaller timestamp: what it reads is called newer, and is not."""
    world = World(plain(read_level=Level.ALL, write_level=Level.ALL))
    recorder = HistoryRecorder(world.env)
    world.hosts[1].skew_clock(world, 60.0)
    ahead = recorder.around(world.client(1))
    session = recorder.around(Session(world.env, [world.client(0)]))
    assert told(world.env, ahead, write("k", "theirs")) == [None]
    assert told(world.env, session, write("k", "mine"), read("k")) == [None, "theirs"]
    (breach,) = breaches_of_guarantees(recorder.history())
    assert breach.guarantee is Guarantee.READ_YOUR_WRITES


# -- misuse


def test_store_that_tells_no_versions_is_refused_at_the_first_write() -> None:
    env = Environment()
    with pytest.raises(TypeError, match="must tell the version of a write"):
        told(env, session_of(env, Way((None, None))), write("k", "new"))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"own_writes": False, "is_monotonic": False}, "own_writes or is_monotonic"),
        ({"own_writes": "no"}, "own_writes must be a bool, got 'no'"),
        ({"is_monotonic": None}, "is_monotonic must be a bool, got None"),
        ({"pause": 0.0}, "pause must be finite and > 0 s, got 0.0"),
        ({"patience": -1.0}, "patience must be >= 0 s, got -1.0"),
    ],
)
def test_settings_that_cannot_act_are_refused(settings: dict[str, Any], message: str) -> None:
    env = Environment()
    with pytest.raises((TypeError, ValueError), match=message):
        session_of(env, Way((None, 1)), **settings)


def test_ways_are_at_least_one_and_on_one_host() -> None:
    env = Environment()
    with pytest.raises(ValueError, match="ways must be at least one client, got none"):
        Session(env, [])
    with pytest.raises(ValueError, match="ways must all be on one host"):
        session_of(env, Way((None, 1), host=Host(env, "a")), Way((None, 1), host=Host(env, "b")))


# -- scans


def test_scan_has_to_reach_the_floors_of_the_keys_that_it_is_about() -> None:
    env = Environment()
    replica, primary = Way((None, 5), ("old", 3), ("also old", 3), (None, 7)), Way(("new", 5))
    session = session_of(env, replica, primary, is_monotonic=False)
    about_k, about_others = scan(GivenKeys(["k", "x"])), scan(KeyRange("l"))
    assert told(env, session, write("k", "new"), about_k, about_others) == [None, "new", "also old"]
    statistics = session.statistics()
    assert (statistics.read_count, statistics.write_count, statistics.behind_count) == (2, 1, 1)


def test_what_was_seen_by_a_scan_is_a_floor_of_every_key() -> None:
    env = Environment()
    way = Way(("scanned", 5), ("old", 4), ("old", 4), ("older scan", 4), ("fine", 5))
    session = session_of(env, way, pause=0.25)
    assert (
        told(env, session, scan(AllKeys()), read("any"), scan(GivenKeys(["x"]))) == ["scanned"] + ["fine"] * 2
    )
    assert env.now == 0.75


def test_session_that_is_not_monotonic_takes_no_floor_from_a_scan() -> None:
    env = Environment()
    way = Way(("scanned", 5), ("old", 4))
    session = session_of(env, way, is_monotonic=False)
    assert told(env, session, scan(AllKeys()), read("any")) == ["scanned", "old"]


def test_scan_without_a_version_is_behind_what_was_seen_and_no_floor_itself() -> None:
    """As of a quorum store."""
    env = Environment()
    way = Way(("scanned", None), (None, 5), ("scanned", None))
    session = session_of(env, way, patience=0.0)
    requests = [scan(AllKeys()), write("k", 1), scan(AllKeys()), scan(GivenKeys(["x"]))]
    assert told(env, session, *requests) == ["scanned", None, Unavailable, "scanned"]


def test_session_over_replicas_scans_what_it_has_written() -> None:
    cluster = Cluster(ReplicationSettings(commit_rule=Asynchronous(), apply_delay=0.3))
    client = cluster.store.client(cluster.hosts[1], ReadPolicy(source=Source.NEAREST))
    session = Session(cluster.env, [client], pause=0.1, patience=5.0)
    cluster.env.run(until=1.0)
    start = cluster.env.now
    cluster.ask(write("k", "new"), at=start, client=session)
    ends = cluster.ask(scan(AllKeys()), at=start + 0.05, client=session, patience=9.0)
    other = cluster.ask(read("other"), at=start + 0.05, client=session)
    cluster.env.run(until=start + 9.0)
    assert ends[1].items == (("k", "new"),)
    assert ends[0] >= start + 0.3 > other[0]  # of another key it had seen nothing yet
