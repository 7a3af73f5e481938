"""An autoscaler on a deployment: it sees whoever is in the service, and upgrades go on meanwhile."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

import pytest

from models import Request
from models.autoscaling import Autoscaler, MetricPipeline, Utilisation
from models.autoscaling.kubernetes import CpuMetric, HorizontalPodAutoscaler
from models.deployment import Version
from models.infrastructure import HostPool, HostType
from models.services import Instance
from models.workload import OpenLoop

from .building import START, Town

DEMAND = 0.05


def working(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    yield from instance.work(DEMAND)
    return instance.version


def works(name: str) -> Version:
    return Version(name=name, make_handler=lambda host: working, start_time=START)


class ScaledTown(Town):
    """A shop on hosts of one core by the hour, scaled by a horizontal autoscaler to 50 % of them."""

    def __init__(self, rate: float, until: float) -> None:
        super().__init__(
            2, make_hosts=lambda system: HostPool(system.env, "pool", HostType(cores=1, boot_time=10.0))
        )
        self.at(0.0, self.deployment.upgrade, works("1b"))
        self.pipeline = MetricPipeline(self.env, group=self.deployment, meters=[Utilisation()])
        rule = HorizontalPodAutoscaler(metrics=(CpuMetric(target=0.5),), count_min=2, count_max=20)
        self.scaler = Autoscaler(self.env, self.deployment, rule, self.pipeline)
        self.load = OpenLoop(self.env, self.balancer, rate=rate, until=until, name="users")


@pytest.mark.slow
def test_an_upgrade_is_scaled_midway_and_all_end_with_the_new_version() -> None:
    town = ScaledTown(rate=40.0, until=900.0)  # two cores' worth: four instances at 50 %
    town.at(330.0, town.deployment.upgrade, works("2"))
    town.env.run(until=900.0)
    # The tolerance is a tenth: 4 / n x 0.5 is left alone from 0.45 to 0.55 only for n = 4.
    assert town.deployment.desired_count == 4
    assert town.versions == ["2"] * 4
    assert [member.state for member in town.deployment.members] == ["ready"] * 4
    assert town.load.table.counts()["ok"] == len(town.load.table) > 30_000
    town.env.run(until=1500.0)
    assert town.deployment.desired_count == 2
    assert len(town.versions) == 2


def test_records_say_who_is_there_and_since_when() -> None:
    town = Town(2)
    deployment = town.deployment
    first, second = town.shop.instances
    assert deployment.instances == (first, second)
    assert [(member.state, member.changed_at) for member in deployment.members] == [("ready", 0.0)] * 2
    town.env.run(until=5.0)
    first.crash()
    [down, _] = deployment.members
    assert (down.state, down.changed_at) == ("down", 5.0)
    town.env.run(until=6.0)
    assert deployment.members[0].changed_at == 5.0
    first.restart()
    town.env.run(until=10.0)
    [up, _] = deployment.members
    assert (up.state, up.changed_at) == ("ready", 6.0 + START)


def test_whoever_is_ordered_and_not_yet_there_is_pending() -> None:
    town = Town(2)
    deployment = town.deployment
    town.at(10.0, deployment.scale_to, 5)
    town.env.run(until=10.025)  # all hosts were asked first; the orders are on their way
    assert (len(deployment.members), deployment.pending_count) == (2, 3)
    town.env.run(until=10.5)
    assert [member.state for member in deployment.members] == ["ready"] * 2 + ["starting"] * 3
    assert deployment.pending_count == 0
    assert [member.started_at for member in deployment.members[2:]] == pytest.approx([10.03] * 3)
    deployment.scale_to(1)
    town.env.run(until=12.0)
    assert len(deployment.members) == 1
