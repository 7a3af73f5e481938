"""What holds for every policy: one suite, run by each member of the family."""

from collections import Counter
from collections.abc import Generator
from typing import Any

import pytest

from models.balancing import (
    Balancer,
    Choose,
    LeastOutstanding,
    Policy,
    PowerOfTwoChoices,
    Random,
    RoundRobin,
    Target,
    Weighted,
)
from models.endpoint import FunctionEndpoint
from models.failures import Refused
from models.request import Request
from simulator import Environment

POLICIES: list[Policy] = [
    RoundRobin(),
    Random(),
    Weighted(),
    LeastOutstanding(),
    PowerOfTwoChoices(),
    PowerOfTwoChoices(replacement=True),
    PowerOfTwoChoices(choices_count=1),
    PowerOfTwoChoices(choices_count=3),
    PowerOfTwoChoices(choices_count=3, replacement=True),
]


@pytest.fixture(params=POLICIES, ids=repr)
def policy(request: pytest.FixtureRequest) -> Policy:
    chosen: Policy = request.param
    return chosen


def at_once(request: Request) -> Generator[Any, Any, str]:
    yield from ()
    return "answer"


def made_targets(count: int) -> list[Target]:
    return [Target(FunctionEndpoint(at_once, name=f"target-{number}")) for number in range(count)]


def choices(choose: Choose, count: int) -> list[str]:
    request = Request()
    return [choose(request).endpoint.name for _ in range(count)]


def test_idle_targets_get_equal_shares(policy: Policy) -> None:
    """Of 6,000 choices among 4, a drawn share has a standard deviation of 34; 170 is five of them."""
    choose = policy.chooser(Environment(seed=1), made_targets(4), "b")
    shares = Counter(choices(choose, 6000))
    assert len(shares) == 4
    assert max(abs(share - 1500) for share in shares.values()) < 170


def test_it_chooses_one_of_the_targets_that_are_there(policy: Policy) -> None:
    targets = made_targets(5)
    choose = policy.chooser(Environment(seed=1), targets, "b")
    for count in (5, 4, 3, 2, 1):
        del targets[count:]
        names = {target.endpoint.name for target in targets}
        assert set(choices(choose, 200)) == names
    targets.extend(made_targets(5)[1:])
    assert len(set(choices(choose, 200))) == 5


def test_it_leaves_the_list_of_targets_alone(policy: Policy) -> None:
    targets = made_targets(4)
    before = list(targets)
    choose = policy.chooser(Environment(seed=1), targets, "b")
    choices(choose, 50)
    assert targets == before
    assert [target.outstanding for target in targets] == [0] * 4


def test_the_same_seed_gives_the_same_choices(policy: Policy) -> None:
    def chosen(name: str) -> list[str]:
        return choices(policy.chooser(Environment(seed=3), made_targets(5), name), 50)

    assert chosen("b") == chosen("b")


def test_one_policy_may_serve_several_balancers(policy: Policy) -> None:
    """Each has a turn, credits and a stream of its own."""
    env = Environment(seed=1)
    alone = choices(policy.chooser(Environment(seed=1), made_targets(3), "one"), 30)
    one = policy.chooser(env, made_targets(3), "one")
    other = policy.chooser(env, made_targets(3), "other")
    interleaved = []
    for _ in range(30):
        interleaved += choices(one, 1)
        choices(other, 1)
    assert interleaved == alone


def test_equal_policies_are_equal(policy: Policy) -> None:
    assert policy in POLICIES
    assert len({repr(one) for one in POLICIES}) == len(POLICIES)


def test_a_balancer_with_it_answers_and_refuses_when_nobody_is_left(policy: Policy) -> None:
    env = Environment(seed=1)
    target = FunctionEndpoint(at_once, name="only")
    balancer = Balancer(env, [target], policy=policy)
    outcomes: list[Any] = []

    def caller() -> Generator[Any, Any, None]:
        for _ in range(2):
            try:
                response = yield from balancer.call(Request())
                outcomes.append(response.value)
            except Refused:
                outcomes.append("refused")
            if balancer.targets:
                balancer.remove(target)

    env.process(caller())
    env.run()
    assert outcomes == ["answer", "refused"]


def test_weights_are_accepted_only_where_they_act(policy: Policy) -> None:
    endpoints = [target.endpoint for target in made_targets(2)]
    if policy.uses_weights:
        balancer = Balancer(Environment(seed=1), endpoints, policy=policy, weights=[2, 1])
        assert [target.weight for target in balancer.statistics().targets] == [2, 1]
    else:
        with pytest.raises(ValueError, match="weight must be 1 where the policy uses none"):
            Balancer(Environment(seed=1), endpoints, policy=policy, weights=[2, 1])
