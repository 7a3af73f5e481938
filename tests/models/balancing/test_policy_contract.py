"""What holds for every policy: one suite, run by each member of the family."""

from collections import Counter
from collections.abc import Generator
from dataclasses import replace
from typing import Any

import pytest

from models.balancing import (
    Balancer,
    ConsistentHash,
    JumpHash,
    LeastOutstanding,
    Maglev,
    Policy,
    PowerOfTwoChoices,
    Random,
    ReportedLoad,
    RoundRobin,
    SlowStart,
    Weighted,
    WeightedLeastRequest,
)
from models.balancing.localities import LocalityWeighted, Priorities, ZoneAware
from models.endpoint import FunctionEndpoint
from models.failures import Refused
from models.infrastructure import Zone
from models.request import Request
from simulator import Environment
from tests.in_one_test import in_one_test

from .made_targets import at_once, chosen, numbered, show, target, targets_of

ZONE = Zone("here")

POLICIES: list[Policy] = [
    RoundRobin(),
    Random(),
    Weighted(),
    Weighted(slow_start=SlowStart(window=30.0)),
    LeastOutstanding(),
    PowerOfTwoChoices(),
    PowerOfTwoChoices(replacement=True),
    PowerOfTwoChoices(choices_count=1),
    PowerOfTwoChoices(choices_count=3),
    PowerOfTwoChoices(choices_count=3, replacement=True),
    WeightedLeastRequest(),
    WeightedLeastRequest(slow_start=SlowStart(window=30.0)),
    ConsistentHash(virtual_nodes=2000),
    ConsistentHash(virtual_nodes=2000, balance_factor=1.25),
    JumpHash(),
    Maglev(table_size=4099),
    ReportedLoad(LeastOutstanding()),
    ReportedLoad(Weighted()),
    ZoneAware(own=ZONE, callers=(ZONE,), policy=RoundRobin()),
    LocalityWeighted(weights=((ZONE, 1.0),), policy=Weighted()),
    Priorities(levels=((ZONE,),), policy=LeastOutstanding()),
]
HASHED = [policy for policy in POLICIES if isinstance(policy, ConsistentHash | JumpHash | Maglev)]
WEIGHTED = [policy for policy in POLICIES if policy.uses_weights and not isinstance(policy, ConsistentHash)]
"""Without those where weights number the points of a ring, which are bounded."""


@pytest.fixture(params=POLICIES, ids=repr)
def policy(request: pytest.FixtureRequest) -> Policy:
    chosen: Policy = request.param
    return chosen


def test_idle_targets_get_equal_shares(policy: Policy) -> None:
    """Of 6,000 choices among 4, a drawn share has a standard deviation of 34; 170 is five of them."""
    choose = policy.chooser(Environment(seed=1), numbered(4), "b")
    shares = Counter(chosen(choose, 6000))
    assert len(shares) == 4
    assert max(abs(share - 1500) for share in shares.values()) < 170


def test_it_chooses_one_of_the_targets_that_are_there(policy: Policy) -> None:
    targets = numbered(5)
    choose = policy.chooser(Environment(seed=1), targets, "b")
    for count in (5, 4, 3, 2, 1):
        show(targets, targets[:count])
        assert set(chosen(choose, 200)) == {each.endpoint.name for each in targets}
    show(targets, [*targets, *numbered(5)[1:]])
    assert len(set(chosen(choose, 200))) == 5


@pytest.mark.parametrize("zone", [None, ZONE])
def test_it_chooses_only_who_is_available_and_in_panic_anybody(policy: Policy, zone: Zone | None) -> None:
    targets = targets_of(target(f"target-{number}", zone=zone) for number in range(6))
    choose = policy.chooser(Environment(seed=1), targets, "b")
    members = list(targets)
    for ill in ([0], [0, 5], [1, 2, 4], [3], []):
        for number, member in enumerate(members):
            member.is_ejected = number in ill
        show(targets, members)
        assert set(chosen(choose, 300)) == {f"target-{number}" for number in range(6) if number not in ill}
    for member in members[1:]:
        member.is_healthy = False
    show(targets, members, is_panicking=True)
    assert len(set(chosen(choose, 300))) == 6


def test_it_chooses_among_thousands(policy: Policy) -> None:
    if isinstance(policy, ConsistentHash):
        policy = replace(policy, virtual_nodes=20)  # 2,000 are for even shares, and take seconds to sort
    choose = policy.chooser(Environment(seed=1), numbered(3000), "b")
    assert len(set(chosen(choose, 20))) >= 15


def test_it_has_no_memory_of_who_has_gone(policy: Policy) -> None:
    """A target of the same name that comes in its place is another one."""
    targets = numbered(2)
    choose = policy.chooser(Environment(seed=1), targets, "b")
    chosen(choose, 10)
    successors = list(show(targets, numbered(2)))
    assert {choose(Request()) for _ in range(50)} <= set(successors)


@in_one_test("weighted", WEIGHTED, ids=repr)
@in_one_test("weights", [(1e-9, 1.0), (1.0, 1e9), (1e-300, 1e300)])
def test_extreme_weights_leave_next_to_nothing_for_the_other(
    weighted: Policy, weights: tuple[float, float]
) -> None:
    targets = targets_of(target(name, weight=weight) for name, weight in zip("ab", weights, strict=True))
    choose = weighted.chooser(Environment(seed=1), targets, "b")
    assert chosen(choose, 100).count("b") >= 98


def test_it_leaves_the_list_of_targets_alone(policy: Policy) -> None:
    targets = numbered(4)
    before, version = list(targets), targets.version
    choose = policy.chooser(Environment(seed=1), targets, "b")
    chosen(choose, 50)
    assert (list(targets), list(targets.members), targets.version) == (before, before, version)
    assert [each.outstanding for each in targets] == [0] * 4


def test_the_same_seed_gives_the_same_choices(policy: Policy) -> None:
    one, other = (policy.chooser(Environment(seed=3), numbered(5), "b") for _ in range(2))
    assert chosen(one, 50) == chosen(other, 50)


def test_one_policy_may_serve_several_balancers(policy: Policy) -> None:
    """Each has a turn, credits and a stream of its own."""
    env = Environment(seed=1)
    alone = chosen(policy.chooser(Environment(seed=1), numbered(3), "one"), 30)
    one = policy.chooser(env, numbered(3), "one")
    other = policy.chooser(env, numbered(3), "other")
    interleaved = []
    for _ in range(30):
        interleaved += chosen(one, 1)
        chosen(other, 1)
    assert interleaved == alone


def test_equal_policies_are_equal(policy: Policy) -> None:
    assert policy in POLICIES
    assert len({repr(one) for one in POLICIES}) == len(POLICIES)


def test_a_balancer_with_it_answers_and_refuses_when_nobody_is_left(policy: Policy) -> None:
    env = Environment(seed=1)
    only = FunctionEndpoint(at_once, name="only")
    balancer = Balancer(env, [only], policy=policy)
    outcomes: list[Any] = []

    def caller() -> Generator[Any, Any, None]:
        for _ in range(2):
            try:
                response = yield from balancer.call(Request())
                outcomes.append(response.value)
            except Refused:
                outcomes.append("refused")
            if balancer.targets:
                balancer.remove(only)

    env.process(caller())
    env.run()
    assert outcomes == ["answer", "refused"]


def test_weights_are_accepted_only_where_they_act(policy: Policy) -> None:
    endpoints = [each.endpoint for each in numbered(2)]
    if policy.uses_weights:
        balancer = Balancer(Environment(seed=1), endpoints, policy=policy, weights=[2, 1])
        assert [each.weight for each in balancer.statistics().targets] == [2, 1]
    else:
        with pytest.raises(ValueError, match="weight must be 1 where the policy uses none"):
            Balancer(Environment(seed=1), endpoints, policy=policy, weights=[2, 1])


@pytest.mark.parametrize("hashed", HASHED, ids=repr)
def test_a_key_meets_the_same_target_as_long_as_that_is_there(hashed: Policy) -> None:
    targets = numbered(6)
    choose = hashed.chooser(Environment(), targets, "b")
    for key in ("cart 7", 7, ("cart", 7), b"cart"):
        first, *others = chosen(choose, 20, Request(key=key))
        assert set(others) == {first}


@pytest.mark.parametrize("hashed", HASHED, ids=repr)
def test_all_balancers_send_a_key_to_the_same_target(hashed: Policy) -> None:
    one = hashed.chooser(Environment(seed=1), numbered(6), "one")
    other = hashed.chooser(Environment(seed=2), numbered(6), "other")
    for key in range(50):
        assert chosen(one, 1, Request(key=key)) == chosen(other, 1, Request(key=key))


@pytest.mark.parametrize("hashed", HASHED, ids=repr)
def test_nothing_is_drawn_where_every_request_has_a_key(hashed: Policy) -> None:
    chosen(hashed.chooser(Environment(), numbered(6), "b"), 10, Request(key="x"))
    with pytest.raises(ValueError, match="a random stream needs a seed"):
        chosen(hashed.chooser(Environment(), numbered(6), "b"), 1)


@pytest.mark.parametrize("hashed", HASHED, ids=repr)
def test_two_targets_of_one_name_are_an_error(hashed: Policy) -> None:
    choose = hashed.chooser(Environment(), targets_of([target("a"), target("a")]), "b")
    with pytest.raises(ValueError, match="names of nodes must differ, got 'a' twice"):
        choose(Request(key="x"))


@pytest.mark.parametrize("hashed", HASHED, ids=repr)
def test_a_key_that_cannot_be_hashed_is_an_error(hashed: Policy) -> None:
    choose = hashed.chooser(Environment(), numbered(2), "b")
    with pytest.raises(TypeError, match=r"key must be a text, bytes, .* got 1\.5"):
        choose(Request(key=1.5))
