"""Feeds from shards: all that has changed arrives, once and in order, whatever crashes or is late."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from experiments.studies.scaling_data.shard_feed import ALL, PATIENCE, ShardFeed, WholeShop
from models import CallFailed, Host, Network
from models.cqrs import DiskEventLog, Projection, differences, has_converged
from models.replication import SingleNodeStore, delete, write
from models.sharding import StoredKey
from simulator import Environment
from simulator.randomness import Constant

HOP = 0.001
INTERVAL = 0.05


class Fed:
    """A shard that is fed to a log, and a read store that follows it; and whoever writes."""

    def __init__(self, seed: int = 1) -> None:
        self.env = Environment(seed=seed)
        self.network = Network(self.env, latencies=HOP)
        self.here, self.there, self.web = (Host(self.env, name) for name in ("shard", "log", "web"))
        held = {StoredKey(0, "old"): 1}
        self.store = SingleNodeStore(self.env, self.network, self.here, contents=held, name="shard")
        self.log = DiskEventLog(self.env, self.network, self.there, name="log")
        self.feed = ShardFeed(
            self.env,
            self.here,
            self.network,
            shard="shard",
            store=self.store,
            log=self.log,
            interval=INTERVAL,
        )
        place = Host(self.env, "reader")
        self.reader = Projection(self.env, place, self.network, self.log.client(place), WholeShop())
        self.client = self.store.client(self.web)

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
        return [item for commit in self.log.commits() for event in commit.events for item in event.items]

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
