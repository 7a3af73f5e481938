"""A world with a shop of three instances behind a balancer, and a controller that upgrades it.

An answer takes a second and no core, so that calls do not disturb each other; all other times are short, so
that an upgrade takes a few seconds.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import Request, System
from models.balancing import Weighted
from models.deployment import (
    BlueGreen,
    Bounds,
    Canary,
    Deployment,
    Draining,
    RollingUpgrade,
    Rollout,
    Routes,
    Strategy,
    Version,
)
from models.services import Instance
from models.workload import Client

from .world import World

DRAINING = Draining(linger=0.07, grace=30.0)
ANSWER, START, INTERVAL = 1.0, 0.13, 0.17
# No two of them, nor any time of the upgrade, are a sum of the others'.
CALLS = tuple(0.05 + 0.28717 * number for number in range(20))
ORDERED_AT = 0.4

STRATEGIES: dict[str, Strategy] = {
    "rolling": RollingUpgrade(),
    "in place": RollingUpgrade(bounds=Bounds(max_surge=0, max_unavailable=1)),
    "blue-green": BlueGreen(keep=0.3),
    "canary": Canary(shares=(0.1, 0.5), pause=0.3),
    "canary by count": Canary(shares=(0.1, 0.5), pause=0.3, by_weight=False),
}


def answer(instance: Instance, request: Request) -> Generator[Any, Any, str]:
    """Answer after a second, whatever the version."""
    yield ANSWER
    return "answer"


class UpgradedShop(World):
    """The shop, on hosts of its own; `edge` is where the balancer stands."""

    def __init__(self, draining: Draining = DRAINING) -> None:
        super().__init__()
        system = System(self.env, network=self.network)
        self.shop_hosts = [system.add_host(f"shop host {number}") for number in range(3)]
        self.shop = system.add_service("shop", self.shop_hosts, lambda host: answer, start_time=START)
        self.edge, self.controller = system.add_host("edge"), system.add_host("controller")
        self.routes = Routes(system, self.shop)
        self.balancer = self.routes.balanced(self.edge, policy=Weighted())
        self.deployment = Deployment(
            system,
            self.shop,
            host=self.controller,
            routes=self.routes,
            draining=draining,
            interval=INTERVAL,
        )
        self.hosts += [*self.shop_hosts, self.edge, self.controller]

    def order(self, strategy: Strategy) -> None:
        """Have the shop upgraded, soon after the first call."""
        version = Version(name="2", make_handler=lambda host: answer)
        self.at(ORDERED_AT, lambda: self.deployment.upgrade(version, strategy))

    @property
    def rollout(self) -> Rollout:
        """The upgrade."""
        [rollout] = self.deployment.rollouts
        return rollout

    def versions(self) -> list[str]:
        """The version of each instance."""
        return [instance.version for instance in self.shop.instances]


def ends_of(client: Client) -> list[tuple[float, float, int]]:
    """When each call began and ended, and how; to the nanosecond, as a sum depends on where it is begun."""
    columns = client.table.columns()
    rows = zip(columns["start"], columns["end"], columns["outcome"], strict=True)
    return [(round(float(start), 9), round(float(end), 9), int(outcome)) for start, end, outcome in rows]
