"""Each law of a part can fail: with a bug in the model, in a system made for it; without the bug it holds."""

from __future__ import annotations

from typing import Any

import pytest

from experiments import Misuse
from experiments.swarm import SystemPlan, build

from .. import parts_mutants as mutants
from .broken_laws import assert_a_law_is_broken_by
from .building import OWN, SERVERS, fault, plan_with

LONG = [{"time": 0.25 * number} for number in range(18)]
BUSY = [{"time": 1.0 + 0.01 * number} for number in range(200)]
BURST = [{"time": 1.4 + 0.004 * number} for number in range(20)]
CUT = fault("partition", 1.0, 4.5, source=OWN[0], target=OWN[1])
CRASH = fault("host_crash", 1.0, 2.0, host=OWN[0])
UPGRADE = fault("upgrade", 1.1, 4.0, part="part")
BAD = fault("upgrade", 1.1, 2.0, part="part", quality="never ready")
LOSSLESS: dict[str, Any] = {"linger": 0.2}

CASES: list[tuple[Any, SystemPlan, str]] = [
    (
        mutants.active_router_gives_way_to_nobody,
        plan_with("balancer_pair", CUT, interval=0.3),
        "never do both of a pair hold the address",
    ),
    (
        mutants.backup_hears_no_advertisement,
        plan_with("balancer_pair", interval=0.3),
        "an address stays where it is when nothing happens",
    ),
    (
        mutants.better_router_does_not_take_the_address_back,
        plan_with("balancer_pair", fault("host_crash", 1.0, 3.0, host=OWN[0]), interval=0.3),
        "one of a pair, the better if it preempts, holds the address",
    ),
    (
        mutants.router_does_not_start_with_its_host,
        plan_with("balancer_pair", CRASH),
        "one of a pair, the better if it preempts, holds the address",
    ),
    (
        mutants.what_is_known_of_a_name_is_believed_for_ever,
        plan_with(
            "name",
            fault("address_removed", 0.5, 4.5, part="part"),
            times=LONG,
            hosts=[OWN[1], OWN[2]],
            rotates=True,
            server_host=[OWN[0]],
        ),
        "no answer is believed for longer than its time to live",
    ),
    (
        mutants.name_server_forgets_an_address_that_is_put_back,
        plan_with("name", fault("address_removed", part="part"), hosts=[OWN[1], OWN[2]]),
        "a name has all its addresses",
    ),
    (
        mutants.host_that_is_not_needed_is_not_given_back,
        plan_with("scaled_group", times=BUSY, has_pool=True),
        "what is paid for has an instance",
    ),
    (
        mutants.autoscaler_knows_no_maximum,
        plan_with("scaled_group", times=BUSY),
        "an autoscaler keeps within its bounds",
    ),
    (
        mutants.nothing_is_stabilised,
        plan_with("scaled_group", times=BURST, window=4.0, count_max=6),
        "nothing is taken away within the stabilisation window",
    ),
    (
        mutants.limits_of_growth_look_at_no_change,
        plan_with("scaled_group", times=BUSY, growth_max=1, count_max=6),
        "growth in a period keeps to its limit",
    ),
    (
        mutants.upgrade_starts_one_too_many,
        plan_with("deployment", UPGRADE),
        "an upgrade has no more instances than desired and its surge",
    ),
    (
        mutants.upgrade_takes_for_ready_what_has_only_been_ordered,
        plan_with("deployment", UPGRADE, start_time=0.3),
        "an upgrade leaves as many ready as must be available",
    ),
    (
        mutants.agent_cuts_off_what_is_under_way,
        plan_with(
            "deployment", UPGRADE, times=[{"time": 0.02 * number} for number in range(200)], **LOSSLESS
        ),
        "an upgrade with draining loses no call",
    ),
    (
        mutants.routes_lead_to_who_has_left,
        plan_with("deployment", UPGRADE, **LOSSLESS),
        "an upgrade with draining loses no call",
    ),
    (mutants.agent_forgets_to_stop, plan_with("deployment", UPGRADE), "an upgrade comes to its end"),
    (mutants.way_back_leads_forward, plan_with("deployment", BAD), "an upgrade comes to its end"),
    (
        mutants.controller_does_not_come_back_with_its_host,
        plan_with("deployment", UPGRADE, fault("host_crash", 1.2, 2.0, host=OWN[0])),
        "an upgrade comes to its end",
    ),
    (
        mutants.who_is_taken_away_is_not_replaced,
        plan_with("backlog", machines="preemptible"),
        "who is taken away is replaced",
    ),
    (
        mutants.machine_that_was_taken_is_paid_for,
        plan_with("backlog", machines="preemptible"),
        "who is given back is gone",
    ),
]


@pytest.mark.parametrize(("mutant", "plan", "rule"), CASES, ids=[case[0].__name__ for case in CASES])
def test_a_law_that_is_broken_is_found(
    mutant: Any, plan: SystemPlan, rule: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert_a_law_is_broken_by(mutant, plan, rule, monkeypatch)


def test_two_parts_do_not_manage_one_service() -> None:
    plan = plan_with("deployment")
    group = plan_with("scaled_group").parts[0].model_copy(update={"name": "group"})
    with pytest.raises(
        Misuse, match=r"parts.1.parameters.service must have one part that manages it, got 'shop'"
    ):
        build(plan.model_copy(update={"parts": (*plan.parts, group)}))


def test_nobody_else_takes_instances_from_who_manages_them() -> None:
    added = fault("instance_added", service="shop", host=SERVERS[0])
    with pytest.raises(Misuse, match=r"faults.0.parameters.service must be one of \(none\), got 'shop'"):
        build(plan_with("scaled_group", added))
