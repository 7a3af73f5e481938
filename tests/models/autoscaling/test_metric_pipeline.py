"""What a controller knows of what was measured, and when."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Host, Request
from models.autoscaling import InFlight, MetricPipeline, Observation, RequestRate, ThreadsInUse, Utilisation
from models.autoscaling.meters import Read
from models.infrastructure import HostPool, HostType
from models.instance_groups import ExistingHosts, InstanceGroup
from models.services import Instance, Service
from simulator import Environment


def work(instance: Instance, request: Request) -> Generator[Any, Any, None]:
    yield from instance.host.work(request.value)


class Measured:
    """A group on hosts of two cores, and a pipeline that reads all meters."""

    def __init__(self, count: int = 1, *, start: float = 0.0, **settings: Any) -> None:
        self.env = Environment(seed=1)
        self.hosts = [Host(self.env, f"host-{number}", cores=2) for number in range(4)]
        self.service = Service(self.env, "shop", [], lambda host: work, threads=4, start_time=start)
        self.group = InstanceGroup(self.env, self.service, ExistingHosts(self.hosts), count)
        self.backlog: float | None = 7.0
        self.pipeline = MetricPipeline(
            self.env,
            group=self.group,
            meters=[Utilisation(), RequestRate(), InFlight(), ThreadsInUse()],
            totals={"backlog": lambda: self.backlog},
            **settings,
        )

    def call_at(self, time: float, demand: float, number: int = 0) -> None:
        def begin() -> None:
            self.env.process(self.group.instances[number].call(Request("do", value=demand)))

        self.env.call_later(time, begin)

    def known_at(self, time: float) -> Observation:
        if time > self.env.now:
            self.env.run(until=time)
        return self.pipeline.observe(self.group)


def test_a_value_is_the_mean_since_the_last_scrape() -> None:
    measured = Measured(scrape_interval=10.0)
    measured.call_at(2.0, 4.0)
    measured.call_at(12.0, 30.0)
    measured.call_at(13.0, 5.0)
    assert measured.known_at(10.5).instances[0].values == {
        "utilisation": pytest.approx(0.2),
        "request_rate": pytest.approx(0.1),
        "in_flight": 0.0,
        "threads_in_use": 0.0,
    }
    assert measured.known_at(20.5).instances[0].values == {
        "utilisation": pytest.approx((8.0 + 5.0) / 20.0),
        "request_rate": pytest.approx(0.2),
        "in_flight": 1.0,
        "threads_in_use": 0.25,
    }
    view = measured.known_at(30.5).instances[0]
    assert view.values["utilisation"] == pytest.approx(0.5)
    assert (view.sampled_at, view.window) == (30.0, 10.0)


def test_calls_that_wait_for_a_thread_are_in_flight_too() -> None:
    measured = Measured(scrape_interval=10.0)
    for number in range(6):
        measured.call_at(5.0 + 0.1 * number, 100.0)
    values = measured.known_at(10.5).instances[0].values
    assert (values["in_flight"], values["threads_in_use"]) == (6.0, 1.0)


def test_nothing_is_known_before_the_first_scrape_has_been_told() -> None:
    measured = Measured(scrape_interval=10.0, delay=4.0)
    assert measured.known_at(13.9).instances[0].values == {}
    assert measured.known_at(13.9).totals == {}
    assert measured.known_at(14.0 + 1e-9).totals == {"backlog": 7.0}


def test_what_is_told_is_as_old_as_its_scrape() -> None:
    measured = Measured(scrape_interval=10.0, delay=4.0)
    measured.env.call_later(12.0, setattr, measured, "backlog", 50.0)
    assert measured.known_at(23.9).totals == {"backlog": 7.0}
    assert measured.known_at(24.1).totals == {"backlog": 50.0}


def test_a_delay_longer_than_the_interval_keeps_the_order() -> None:
    measured = Measured(scrape_interval=10.0, delay=25.0)
    for time in range(4):
        measured.env.call_later(10.0 * time + 5.0, setattr, measured, "backlog", float(time))
    seen = [measured.known_at(time).totals.get("backlog") for time in (34.0, 36.0, 46.0, 56.0)]
    assert seen == [None, 0.0, 1.0, 2.0]


def test_who_is_new_has_no_value_until_it_was_there_for_a_whole_window() -> None:
    measured = Measured(scrape_interval=10.0)
    measured.env.call_later(12.0, measured.group.scale_to, 2)
    assert measured.known_at(20.5).instances[1].values == {}
    assert set(measured.known_at(30.5).instances[1].values) == {
        "utilisation",
        "request_rate",
        "in_flight",
        "threads_in_use",
    }


def test_who_is_down_has_none_and_begins_anew() -> None:
    measured = Measured(2, scrape_interval=10.0)
    crashed = measured.group.instances[0]
    measured.env.call_later(15.0, crashed.crash)
    measured.env.call_later(24.0, crashed.restart)
    known = measured.known_at(20.5)
    assert [bool(view.values) for view in known.instances] == [False, True]
    assert not known.instances[0].is_ready
    assert [bool(view.values) for view in measured.known_at(30.5).instances] == [False, True]
    assert [bool(view.values) for view in measured.known_at(40.5).instances] == [True, True]


def test_states_are_known_at_once() -> None:
    measured = Measured(1, start=5.0)
    measured.env.run(until=6.0)
    measured.hosts[1].boot_time = 10.0
    measured.group.scale_to(2)
    measured.env.run(until=8.0)
    first, second = measured.pipeline.observe(measured.group).instances
    assert (first.is_pending, first.is_ready, first.changed_at) == (False, True, 5.0)
    assert (second.is_pending, second.is_ready, second.started_at) == (False, False, 6.0)


def test_one_whose_host_boots_is_pending_until_its_process_begins() -> None:
    env = Environment(seed=1)
    service = Service(env, "shop", [], lambda host: work, start_time=5.0)
    group = InstanceGroup(env, service, HostPool(env, "host", HostType(boot_time=20.0)), 1)
    pipeline = MetricPipeline(env, group=group)
    states = []
    for time in (19.9, 20.1, 25.1):
        env.run(until=time)
        (view,) = pipeline.observe(group).instances
        states.append((view.is_pending, view.is_ready))
    assert states == [(True, False), (False, False), (False, True)]


def test_a_reader_stays_with_its_instance_as_long_as_that_is_up() -> None:
    """What it remembers may be more than a counter: a mean that fades, say."""
    made: list[str] = []

    class Remembering(InFlight):
        def reader(self, instance: Instance) -> Read:
            made.append(instance.name)
            return lambda window: 0.0

    env = Environment(seed=1)
    service = Service(env, "shop", [], lambda host: work)
    group = InstanceGroup(env, service, ExistingHosts([Host(env, "host")]), 1)
    MetricPipeline(env, group=group, meters=[Remembering()], scrape_interval=10.0)
    env.run(until=55.0)
    assert made == ["shop-1"]
    service.instances[0].crash()
    env.call_later(10.0, service.instances[0].restart)
    env.run(until=155.0)
    assert made == ["shop-1", "shop-1"]


def test_those_that_wait_for_a_host_are_pending() -> None:
    """Else two at 1.3 of their target, where four are wanted, would ask for three."""
    measured = Measured(2)
    measured.group.scale_to(6)
    known = measured.known_at(1.0)
    assert [view.is_pending for view in known.instances] == [False] * 4 + [True] * 2
    assert known.current == 6
    assert known.warm_count(0.0) == 4


def test_those_on_their_way_out_are_no_part_of_it() -> None:
    measured = Measured(2, scrape_interval=10.0)
    measured.call_at(9.0, 30.0, number=1)
    measured.env.call_later(11.0, measured.group.scale_to, 1)
    known = measured.known_at(20.5)
    assert known.current == 1
    assert [view.name for view in known.instances] == ["shop-1"]


# -- cut off


def test_while_it_is_cut_off_what_was_told_last_grows_old_and_is_missing_at_last() -> None:
    measured = Measured(scrape_interval=10.0, expiry=30.0)
    measured.env.call_later(15.0, measured.pipeline.cut_off, "storm")
    assert measured.known_at(39.9).totals == {"backlog": 7.0}
    assert measured.known_at(40.0).totals == {}
    assert measured.known_at(40.5).instances[0].values == {}
    assert measured.known_at(40.5).instances[0].is_ready
    assert measured.pipeline.lost_count == 3
    measured.env.call_later(1.0, measured.pipeline.restore, "storm")
    assert measured.known_at(50.5).totals == {"backlog": 7.0}
    assert measured.known_at(50.5).instances[0].window == 40.0


def test_what_was_scraped_before_is_still_told() -> None:
    measured = Measured(scrape_interval=10.0, delay=5.0)
    measured.env.call_later(11.0, measured.pipeline.cut_off, "storm")
    assert measured.known_at(16.0).totals == {"backlog": 7.0}


def test_several_may_cut_it_off() -> None:
    pipeline = Measured().pipeline
    pipeline.cut_off("one")
    pipeline.cut_off("two")
    pipeline.restore("one")
    assert pipeline.is_cut_off
    pipeline.restore("two")
    assert not pipeline.is_cut_off
    with pytest.raises(ValueError, match="cut off by others only, not by one"):
        pipeline.restore("one")
    pipeline.cut_off("one")
    with pytest.raises(ValueError, match="cut off by one already"):
        pipeline.cut_off("one")


def test_a_probe_that_cannot_read_leaves_its_metric_out() -> None:
    measured = Measured(scrape_interval=10.0)
    measured.backlog = None
    assert measured.known_at(10.5).totals == {}


@pytest.mark.parametrize(
    ("wrong", "text"),
    [
        ({"scrape_interval": 0.0}, "scrape_interval must be finite and > 0 s, got 0.0"),
        ({"delay": -1.0}, "delay must be finite and >= 0 s, got -1.0"),
        ({"delay": 60.0}, r"expiry must be > delay \(60.0 s\)"),
    ],
)
def test_misuse(wrong: dict[str, float], text: str) -> None:
    with pytest.raises(ValueError, match=text):
        Measured(**wrong)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="meters must have a group to read"):
        MetricPipeline(Environment(seed=1), meters=[InFlight()])
