"""Change capture: all that has changed arrives, once and in order, whatever crashes or is late."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import CallFailed, Host, Network, ServerError
from models.cqrs import DiskEventLog, Projection, ReadModel, differences, has_converged
from models.cqrs.feeds import ChangeFeed, Changes
from models.cqrs.projections import Rows
from models.faults import DiskLoss
from models.replication import SingleNodeStore, delete, write
from models.sharding import StoredKey
from simulator import Environment
from simulator.randomness import Constant

HOP = 0.001
INTERVAL = 0.05
PATIENCE = 1.0
ALL = "all"


class Whole(ReadModel):
    """All keys and what they are, in one row."""

    def apply(self, event: Any, rows: Rows) -> None:
        assert isinstance(event, Changes)
        row = {**rows.get(ALL, {}), **{stored.key: value for stored, value in event.items}}
        rows[ALL] = {key: value for key, value in row.items() if value is not None}


class Fed:
    """A shard that is fed to a log, and a read store that follows it; and whoever writes."""

    def __init__(self, seed: int = 1) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=HOP)
        self.here, self.there, self.web = (Host(self.env, name) for name in ("shard", "log", "web"))
        held = {StoredKey(0, "old"): 1}
        self.store = SingleNodeStore(self.env, self.network, self.here, contents=held, name="shard")
        self.log = DiskEventLog(self.env, self.network, self.there, name="log")
        self.feed = self.new_feed()
        place = Host(self.env, "reader")
        self.reader = Projection(self.env, place, self.network, self.log.client(place), Whole())
        self.client = self.store.client(self.web)

    def new_feed(self, **special: Any) -> ChangeFeed:
        given: dict[str, Any] = {
            "store": self.store,
            "log": self.log,
            "stream": "shard",
            "interval": INTERVAL,
            "patience": PATIENCE,
        }
        return ChangeFeed(self.env, self.here, self.network, **{**given, **special})

    def run(self, duration: float) -> None:
        self.env.run(until=self.env.now + duration)

    def ask(self, request: Any) -> None:
        self.env.process(self._ask(request))

    def _ask(self, request: Any) -> Generator[Any, Any, None]:
        try:
            with self.env.fail_after(0.5):
                yield from self.client.call(request)
        except CallFailed:
            pass

    def put(self, key: str, value: int) -> None:
        self.ask(write(StoredKey(0, key), value))

    def carried(self) -> list[tuple[Any, Any]]:
        """Return what was carried, in the order of the log."""
        events = [event for commit in self.log.commits() for event in commit.events]
        return [(stored.key, value) for event in events for stored, value in event.items]

    def shown(self) -> Any:
        return self.reader.rows()[ALL]

    def held(self) -> dict[Any, Any]:
        return {stored.key: value for stored, value in self.store.contents()["shard"].items()}


def test_what_was_there_what_is_written_and_what_is_deleted_arrives_once() -> None:
    fed = Fed()
    fed.run(1.0)
    assert fed.shown() == {"old": 1}
    fed.put("new", 1)
    fed.run(1.0)
    fed.put("new", 2)
    fed.ask(delete(StoredKey(0, "old")))
    fed.run(1.0)
    assert fed.shown() == {"new": 2}
    assert sorted(fed.carried(), key=str) == [("new", 1), ("new", 2), ("old", 1), ("old", None)]


def test_a_change_is_seen_within_the_interval_and_the_way() -> None:
    fed = Fed()
    fed.run(1.0)
    fed.put("new", 1)
    fed.run(INTERVAL + 0.02)
    assert fed.shown()["new"] == 1


def test_what_a_key_had_between_two_questions_does_not_show() -> None:
    fed = Fed()
    fed.run(1.0)
    for value in range(1, 4):
        fed.put("new", value)
    fed.run(1.0)
    assert [item for item in fed.carried() if item[0] == "new"] == [("new", 3)]


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_crashes_of_shard_and_log_lose_nothing_and_take_nothing_back(seed: int) -> None:
    """Read stores show what shards hold when all is up again, and no key went back on the way."""
    fed = Fed(seed)
    rng = fed.env.stream("crashes")
    for value in range(1, 200):
        fed.put(f"key {value % 5}", value)
        fed.run(0.1)
        if rng.uniform() < 0.05:
            host = (fed.here, fed.there)[int(rng.integers(2))]
            if host.is_up:
                host.crash()
                fed.env.call_later(float(rng.uniform(0.05, 1.5)), host.restart)
    fed.run(5.0)
    assert fed.shown() == fed.held()
    assert has_converged(fed.reader, fed.log.commits())
    assert differences(fed.reader, fed.log.commits()) == {}
    for key in fed.held():
        values = [value for carried, value in fed.carried() if carried == key]
        assert values == sorted(set(values))


def test_an_append_that_is_late_is_refused() -> None:
    """It was sent before the mark was read again, and arrives when newer changes have been carried."""
    fed = Fed()
    fed.run(1.0)
    fed.network.override(fed.here, fed.there, latency=Constant(PATIENCE + 0.5), one_way=True)
    fed.put("new", 1)
    fed.run(0.3)
    fed.network.override(fed.here, fed.there, latency=Constant(HOP), one_way=True)
    fed.put("new", 2)
    fed.run(5.0)
    assert fed.log.statistics().conflict_count == 1
    assert [item for item in fed.carried() if item[0] == "new"] == [("new", 2)]
    assert fed.shown() == {"old": 1, "new": 2}


@pytest.mark.parametrize(
    ("special", "rule"),
    [
        ({"interval": 0.0}, "interval must be .* > 0"),
        ({"patience": -1.0}, "patience must be .* > 0"),
        ({"store": "shard"}, "store must be .*Store"),
        ({"log": None}, "log must be .*EventLog"),
    ],
)
def test_misuse_is_named(special: dict[str, Any], rule: str) -> None:
    with pytest.raises((ValueError, TypeError), match=rule):
        Fed().new_feed(**special)


def test_a_feed_takes_no_requests() -> None:
    fed = Fed()
    fed.run(1.0)
    asked = fed.env.process(fed.network.connect(fed.web, fed.feed).call(write("key", 1)))
    with pytest.raises(ServerError, match="feed of shard takes no requests, got 'write'"):
        fed.env.run(until=asked)


def test_an_append_whose_answer_was_late_is_carried_once_and_what_comes_next_too() -> None:
    """The feed does not know what has become of it, and reads the stream."""
    fed = Fed()
    fed.run(1.0)
    fed.network.override(fed.there, fed.here, latency=Constant(PATIENCE + 0.5), one_way=True)
    fed.put("new", 1)
    fed.run(0.3)
    fed.network.override(fed.there, fed.here, latency=Constant(HOP), one_way=True)
    fed.put("new", 2)
    fed.run(5.0)
    assert [item for item in fed.carried() if item[0] == "new"] == [("new", 1), ("new", 2)]
    assert fed.shown() == {"old": 1, "new": 2}


def test_a_store_that_has_lost_its_disk_has_another_history_and_is_carried_again() -> None:
    fed = Fed()
    fed.put("first", 1)
    fed.run(1.0)
    (node,) = fed.store.nodes
    loss = DiskLoss(node.stored.disk)
    loss.inject()
    loss.heal()
    fed.run(0.1)
    fed.put("second", 2)
    fed.run(3.0)
    assert fed.held() == {"second": 2}
    assert fed.carried()[-1] == ("second", 2)
    assert fed.shown() == {"old": 1, "first": 1, "second": 2}  # what is gone is not told: see the module
