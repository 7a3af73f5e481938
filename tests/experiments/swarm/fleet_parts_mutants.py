"""Bugs to be put into balancing by localities, placement and pools, one for each law of theirs.

As those in `mutants`, of which they are a part: all but `key_is_hashed_modulo_the_targets`,
`key_wanders_from_zone_to_zone` and `zones_are_as_heavy_when_they_are_ill`, for which some of a zone, and not
too many, must be ill for long enough, and which are found in systems that are made for them.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
import pytest

from experiments.swarm.parts import locality_laws
from models.balancing import Policy, Targets
from models.balancing.localities import LocalityWeighted, locality_weighted, priorities, zone_aware
from models.balancing.localities.zone_groups import Group, ZoneGroups
from models.balancing.localities.zone_policy import ZonePolicy
from models.balancing.reported_load import _View
from models.infrastructure import Area, Host, HostPool
from models.infrastructure.placement import AntiAffinity, Candidates, Pack, Spread
from models.infrastructure.resources import Room
from models.instance_groups import PlacedHosts
from simulator.randomness import Uniform

_PLACING: Any = import_module("models.infrastructure.placement.place")  # a function has the same name

# -- localities


def own_zone_is_left_although_it_has_room(patch: pytest.MonkeyPatch) -> None:
    spill = zone_aware.zone_spill

    def leave(own: Any, callers: Any, available: Any, **settings: Any) -> Any:
        found = spill(own, callers, available, **settings)
        others = tuple((zone, 1.0) for zone, count in available.items() if count and zone is not own)
        return (
            replace(found, stays=0.8, residuals=others) if found and found.stays == 1.0 and others else found
        )

    patch.setattr(zone_aware, "zone_spill", leave)


def what_spills_over_goes_everywhere(patch: pytest.MonkeyPatch) -> None:
    spill = zone_aware.zone_spill

    def spread(own: Any, callers: Any, available: Any, **settings: Any) -> Any:
        found = spill(own, callers, available, **settings)
        others = tuple((zone, 1.0) for zone, count in available.items() if count and zone is not own)
        return replace(found, residuals=others) if found and found.residuals else found

    patch.setattr(zone_aware, "zone_spill", spread)


def twice_as_much_spills_over(patch: pytest.MonkeyPatch) -> None:
    spill = zone_aware.zone_spill

    def more(own: Any, callers: Any, available: Any, **settings: Any) -> Any:
        found = spill(own, callers, available, **settings)
        return replace(found, stays=max(0.0, 2.0 * found.stays - 1.0)) if found else found

    patch.setattr(zone_aware, "zone_spill", more)


def all_callers_are_taken_to_be_at_home(patch: pytest.MonkeyPatch) -> None:
    spill = zone_aware.zone_spill

    def stay(own: Any, callers: Any, available: Any, **settings: Any) -> Any:
        found = spill(own, callers, available, **settings)
        return replace(found, stays=1.0, residuals=()) if found and available.get(own) else found

    for module in (zone_aware, locality_laws):
        patch.setattr(module, "zone_spill", stay)


def zones_are_not_looked_at_again(patch: pytest.MonkeyPatch) -> None:
    refresh = ZoneGroups.refresh

    def once(groups: ZoneGroups) -> bool:
        return groups._version < 0 and refresh(groups)

    patch.setattr(ZoneGroups, "refresh", once)


def ill_targets_of_a_zone_are_asked(patch: pytest.MonkeyPatch) -> None:
    def show(groups: ZoneGroups, part: Any, group: Any) -> None:
        members = [target for target in groups.targets.members if target.zone in group.zones]
        part.show(members, members, is_panicking=group.everybody)

    patch.setattr(ZoneGroups, "_show", show)


def balancer_does_not_refuse_in_panic(patch: pytest.MonkeyPatch) -> None:
    choose = Targets.choose_from_members

    def from_all(targets: Targets, *, is_panicking: bool, fails_in_panic: bool) -> None:
        choose(targets, is_panicking=is_panicking, fails_in_panic=False)

    patch.setattr(Targets, "choose_from_members", from_all)


def nobody_panics(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Policy, "is_panic", lambda policy, members, threshold: False)


def zones_have_the_same_weight(patch: pytest.MonkeyPatch) -> None:
    shares = locality_weighted.locality_shares

    def alike(weights: Any, *counts: Any, **settings: Any) -> Any:
        return shares(dict.fromkeys(weights, 1.0), *counts, **settings)

    patch.setattr(locality_weighted, "locality_shares", alike)


def zones_are_as_heavy_when_they_are_ill(patch: pytest.MonkeyPatch) -> None:
    shares = locality_weighted.locality_shares

    def well(weights: Any, available: Any, members: Any, **settings: Any) -> Any:
        there = {zone: members[zone] if count else 0 for zone, count in available.items()}
        return shares(weights, there, members, **settings)

    patch.setattr(locality_weighted, "locality_shares", well)


def key_wanders_from_zone_to_zone(patch: pytest.MonkeyPatch) -> None:
    def draws(policy: ZonePolicy, env: Any, name: str) -> Any:
        uniforms = env.sampler(f"balancer/{name}", Uniform(0.0, 1.0)).values
        return lambda request: next(uniforms)

    patch.setattr(ZonePolicy, "draws", draws)


def key_is_hashed_modulo_the_targets(patch: pytest.MonkeyPatch) -> None:
    """In place of rendezvous: a key leaves its zone for any other when the number of targets changes."""
    chooser = LocalityWeighted.group_chooser

    def by_modulo(rule: LocalityWeighted, env: Any, groups: ZoneGroups, name: str) -> Any:
        choose = chooser(rule, env, groups, name)

        def choose_group(request: Any) -> Any:
            group, hashed = choose(request), rule.hashed_key(request)
            if group is None or hashed is None:
                return group
            available, _ = groups.counts()
            zones = [zone for zone, _ in rule.weights if available.get(zone)]
            return Group((zones[hashed % sum(available.values()) % len(zones)],))

        return choose_group

    patch.setattr(LocalityWeighted, "group_chooser", by_modulo)


def lower_level_helps_too_soon(patch: pytest.MonkeyPatch) -> None:
    loads = priorities.priority_loads

    def less(available: Any, members: Any, *, overprovisioning: float) -> Any:
        found = loads(available, members, overprovisioning=overprovisioning)
        return (found[0] // 2, *found[1:-1], found[-1] + found[0] - found[0] // 2)

    patch.setattr(priorities, "priority_loads", less)


def loads_do_not_sum_to_all(patch: pytest.MonkeyPatch) -> None:
    for module in (priorities, locality_laws):
        patch.setattr(module, "priority_loads", priorities.level_healths)


def level_does_not_panic(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(priorities.Priorities, "_panics", lambda rule, available, members: [True for _ in members])


# -- placement


def two_of_ours_stand_together(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(AntiAffinity, "allows", lambda rule, seen: np.ones(len(seen.hosts), dtype=bool))


def who_is_to_be_avoided_is_not(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Candidates, "shares_with", lambda seen, hosts, level: np.zeros(len(seen.hosts), dtype=bool))


def skew_knows_no_bound(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Spread, "allows", lambda rule, seen: np.ones(len(seen.hosts), dtype=bool))
    patch.setattr(Spread, "preferences", lambda rule, seen: [seen.counts])


def fullest_domain_is_preferred(patch: pytest.MonkeyPatch) -> None:
    preferences = Spread.preferences

    def fullest(rule: Spread, seen: Candidates) -> Any:
        return [-each for each in preferences(rule, seen)]

    patch.setattr(Spread, "preferences", fullest)


def host_is_opened_although_there_is_room(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Pack, "preferences", lambda rule, seen: [seen.counts])


def packing_takes_the_smallest_first(patch: pytest.MonkeyPatch) -> None:
    def smallest(rule: Pack, seen: Candidates) -> Any:
        return [np.where(seen.counts > 0, 0.0, 1.0), seen.fit_counts()]

    patch.setattr(Pack, "preferences", smallest)


def host_that_is_down_is_chosen(patch: pytest.MonkeyPatch) -> None:
    provision = PlacedHosts.provision

    def from_all(source: PlacedHosts) -> Host:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Host, "is_up", property(lambda host: True))
            return provision(source)

    patch.setattr(PlacedHosts, "provision", from_all)


def memory_is_no_limit(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Candidates, "has_memory", lambda seen: np.ones(len(seen.hosts), dtype=bool))
    patch.setattr(Room, "lacks", lambda room, resources: None)


def last_core_is_never_given(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Candidates, "has_cores", lambda seen: seen.cores_free > seen.resources.cores)


def refusal_does_not_say_why(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_PLACING, "_why", lambda *found: "impossible")


def refusal_forgets_a_host(patch: pytest.MonkeyPatch) -> None:
    why = _PLACING._why
    patch.setattr(_PLACING, "_why", lambda *found: re.sub(r"\d+ have room", "0 have room", why(*found)))


def place_that_is_left_is_not_free_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(PlacedHosts, "release", lambda source, host: None)


# -- hosts by the hour


def pool_fills_its_first_area(patch: pytest.MonkeyPatch) -> None:
    provision = HostPool.provision

    def fill(pool: HostPool, **settings: Any) -> Host:
        pool.placement = "fill"
        return provision(pool, **settings)

    patch.setattr(HostPool, "provision", fill)


def area_without_power_is_as_good_as_any(patch: pytest.MonkeyPatch) -> None:
    areas = HostPool._areas

    def all_of_them(pool: HostPool) -> Any:
        with pytest.MonkeyPatch.context() as inner:
            inner.setattr(Area, "has_power", True)
            return areas(pool)

    patch.setattr(HostPool, "_areas", all_of_them)


def bill_forgets_who_was_given_back(patch: pytest.MonkeyPatch) -> None:
    release = HostPool.release

    def forget(pool: HostPool, host: Host) -> None:
        release(pool, host)
        pool._billed_time = 0.0

    patch.setattr(HostPool, "release", forget)


# -- loads that are reported


def reports_are_not_read(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(_View, "__getattr__", lambda view, name: getattr(view.real, name))


FLEET_PARTS_MUTANTS: tuple[Callable[[pytest.MonkeyPatch], None], ...] = (
    all_callers_are_taken_to_be_at_home,
    area_without_power_is_as_good_as_any,
    balancer_does_not_refuse_in_panic,
    bill_forgets_who_was_given_back,
    fullest_domain_is_preferred,
    host_is_opened_although_there_is_room,
    host_that_is_down_is_chosen,
    ill_targets_of_a_zone_are_asked,
    last_core_is_never_given,
    level_does_not_panic,
    loads_do_not_sum_to_all,
    lower_level_helps_too_soon,
    memory_is_no_limit,
    nobody_panics,
    own_zone_is_left_although_it_has_room,
    packing_takes_the_smallest_first,
    place_that_is_left_is_not_free_again,
    pool_fills_its_first_area,
    refusal_does_not_say_why,
    refusal_forgets_a_host,
    reports_are_not_read,
    skew_knows_no_bound,
    twice_as_much_spills_over,
    two_of_ours_stand_together,
    what_spills_over_goes_everywhere,
    who_is_to_be_avoided_is_not,
    zones_are_not_looked_at_again,
    zones_have_the_same_weight,
)
