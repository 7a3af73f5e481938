"""Instances that work on the cores of their host, one for each way in which these may be shared out.

All of a chain stand on one host: it shares its core out as the outermost that says how would have it.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf

from models import Endpoint
from models.infrastructure import NOTHING_ASKED, CpuQuota, Resources
from models.services import Dependency, Instance, Work, in_sequence

from ..cores_expectation import Group, WorkModel
from ..host_expectation import InstanceModel
from ..world import World
from .wrapper import FIRST_WORK, LAST_WORK, PERIOD, Wrapper


def _working(scheduling: str, name: str, group: Group | None = None) -> Wrapper:
    group = group or Group()
    quota = None if group.quota == inf else CpuQuota(group.quota, group.period)
    resources = Resources(cpu_weight=group.weight, cpu_quota=quota)

    def build(world: World, inner: Endpoint) -> Endpoint:
        return Instance(
            world.env,
            world.proxy,
            in_sequence(Work(FIRST_WORK), Dependency(inner), Work(LAST_WORK)),
            resources=resources if world.scheduling == "fair-share" else NOTHING_ASKED,
            name=f"instance {len(world.endpoints)}",
        )

    return Wrapper(
        name=name,
        build=build,
        leads_to_the_proxy=True,
        scheduling=scheduling,
        model=lambda clock, inner, host: InstanceModel(
            clock,
            WorkModel(
                clock,
                inner,
                host,
                replace(group) if host.cores.scheduling == "fair-share" else Group(),
                FIRST_WORK,
                LAST_WORK,
            ),
            host,
        ),
    )


WRAPPERS = (
    _working("first-come", "work first-come"),
    _working("processor-sharing", "work that shares"),
    _working("fair-share", "work of weight 3", Group(weight=3.0)),
    _working("fair-share", "work within a quota", Group(quota=0.6, period=PERIOD)),
)
