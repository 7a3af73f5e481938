"""Bugs to be put into the other parts: addresses and names, groups and autoscalers, upgrades, machines.

As those in `mutants`, of which they are a part: all but `better_router_does_not_take_the_address_back`, for
which one host must be down for long enough, and which is found in a system that is made for it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from models.autoscaling.kubernetes.horizontal import HorizontalController
from models.deployment import Deployment, Draining, Rollout
from models.deployment import deployment as controller
from models.deployment.agent import Agent
from models.deployment.fleet import Entry
from models.deployment.routes import _Follower
from models.infrastructure import HostPool
from models.naming import NameServer, VirtualRouter
from models.naming.lookup import Lookup
from models.workers import PreemptibleHosts, WorkerPool

# -- addresses and names


def backup_hears_no_advertisement(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(VirtualRouter, "_hear_as_backup", lambda router, priority: None)


def active_router_gives_way_to_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(VirtualRouter, "_hear_as_active", lambda router, priority, rank: None)


def router_does_not_start_with_its_host(patch: pytest.MonkeyPatch) -> None:
    start = VirtualRouter.start

    def start_once(router: Any, peers: Any, *, is_active: bool) -> None:
        if not router._term:
            start(router, peers, is_active=is_active)

    patch.setattr(VirtualRouter, "start", start_once)


def better_router_does_not_take_the_address_back(patch: pytest.MonkeyPatch) -> None:
    def hear(router: Any, priority: int) -> None:
        router._due = router._env.now + router.settings.active_down_interval(router.priority)

    patch.setattr(VirtualRouter, "_hear_as_backup", hear)


def what_is_known_of_a_name_is_believed_for_ever(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Lookup, "believed", lambda lookup: lookup._known)


def name_server_forgets_an_address_that_is_put_back(patch: pytest.MonkeyPatch) -> None:
    remove, add = NameServer.remove, NameServer.add
    removed: dict[object, None] = {}

    def note(server: Any, address: Any) -> None:
        removed[address] = None
        remove(server, address)

    def forget(server: Any, address: Any) -> None:
        if address not in removed:
            add(server, address)

    patch.setattr(NameServer, "remove", note)
    patch.setattr(NameServer, "add", forget)


# -- groups and autoscalers


def host_that_is_not_needed_is_not_given_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HostPool, "release", lambda pool, host: None)


def autoscaler_knows_no_maximum(patch: pytest.MonkeyPatch) -> None:
    limited = HorizontalController._limited

    def without(controller: Any, current: int, wanted: int, now: float) -> int:
        controller._count_max = 100
        return limited(controller, current, wanted, now)

    patch.setattr(HorizontalController, "_limited", without)


def nothing_is_stabilised(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HorizontalController, "_stabilised", lambda controller, current, proposed, now: proposed)


def limits_of_growth_look_at_no_change(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(HorizontalController, "scaled", lambda controller, now, before, after: None)


# -- upgrades


def upgrade_starts_one_too_many(patch: pytest.MonkeyPatch) -> None:
    next_moves = controller.next_moves

    def more(*stocks: Any, surge: int, **counts: int) -> Any:
        return next_moves(*stocks, surge=surge + 1, **counts)

    patch.setattr(controller, "next_moves", more)


def upgrade_takes_for_ready_what_has_only_been_ordered(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Entry, "is_available", lambda entry, now, min_ready_time: True)


def agent_cuts_off_what_is_under_way(patch: pytest.MonkeyPatch) -> None:
    stop = Agent._stop

    def cut(agent: Any, number: int) -> None:
        agent._draining = Draining(linger=0.0, grace=0.0)
        stop(agent, number)

    patch.setattr(Agent, "_stop", cut)


def agent_forgets_to_stop(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Agent, "_stop", lambda agent, number: None)


def way_back_leads_forward(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Rollout, "target", property(lambda rollout: rollout.version))


def controller_does_not_come_back_with_its_host(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Deployment, "_restart", lambda deployment: None)


def routes_lead_to_who_has_left(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_Follower, "remove", lambda follower, instance: None)


# -- machines


def who_is_taken_away_is_not_replaced(patch: pytest.MonkeyPatch) -> None:
    def want_fewer(pool: Any, host: Any) -> None:
        pool.scale_to(max(pool.group.desired_count - 1, 0))

    patch.setattr(WorkerPool, "_replace", want_fewer)


def machine_that_was_taken_is_paid_for(patch: pytest.MonkeyPatch) -> None:
    take = PreemptibleHosts._take

    def keep(machines: Any, host: Any) -> None:
        released = machines.hosts.release
        machines.hosts.release = lambda host: host.decommission()
        try:
            take(machines, host)
        finally:
            machines.hosts.release = released

    patch.setattr(PreemptibleHosts, "_take", keep)


PARTS_MUTANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    active_router_gives_way_to_nobody,
    agent_cuts_off_what_is_under_way,
    agent_forgets_to_stop,
    autoscaler_knows_no_maximum,
    backup_hears_no_advertisement,
    controller_does_not_come_back_with_its_host,
    host_that_is_not_needed_is_not_given_back,
    limits_of_growth_look_at_no_change,
    machine_that_was_taken_is_paid_for,
    name_server_forgets_an_address_that_is_put_back,
    nothing_is_stabilised,
    router_does_not_start_with_its_host,
    routes_lead_to_who_has_left,
    upgrade_starts_one_too_many,
    upgrade_takes_for_ready_what_has_only_been_ordered,
    way_back_leads_forward,
    what_is_known_of_a_name_is_believed_for_ever,
    who_is_taken_away_is_not_replaced,
)
