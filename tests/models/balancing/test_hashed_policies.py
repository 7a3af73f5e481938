"""Policies that choose by key: what moves when targets change, bounds on the load, and what is hashed."""

from collections import Counter
from math import ceil
from typing import Any

import numpy as np
import pytest

from models import Host, Network, Request
from models.balancing import Choose, ConsistentHash, JumpHash, Maglev, Policy, Target, Targets
from models.hashing import HashRing, hash_of
from models.services import Instance
from simulator import Environment
from tests.models.services.building import pause

from .made_targets import chosen, lettered, numbered, show, target, targets_of

KEYS = range(2000)
KINDS: list[Policy] = [ConsistentHash(), JumpHash(), Maglev(table_size=1021)]


def chooser(policy: Policy, targets: Targets) -> Choose:
    return policy.chooser(Environment(seed=1), targets, "b")


def placed(choose: Choose) -> dict[int, str]:
    return {key: choose(Request(key=key)).endpoint.name for key in KEYS}


def moved_from(before: dict[int, str], after: dict[int, str]) -> Counter[str]:
    """Return how many keys have left which target."""
    return Counter(name for key, name in before.items() if after[key] != name)


@pytest.mark.parametrize("policy", [ConsistentHash(), JumpHash()], ids=repr)
@pytest.mark.parametrize("ill", [0, 4, 9])
def test_only_the_keys_of_a_target_that_is_ill_move_and_they_come_back(policy: Policy, ill: int) -> None:
    targets = numbered(10)
    members = list(targets)
    choose = chooser(policy, targets)
    before = placed(choose)
    members[ill].is_healthy = False
    show(targets, members)
    during = placed(choose)
    assert set(moved_from(before, during)) == {f"target-{ill}"}
    # They spread over all others.
    assert len({during[key] for key, name in before.items() if name == f"target-{ill}"}) == 9
    members[ill].is_healthy = True
    show(targets, members)
    assert placed(choose) == before


@pytest.mark.slow
def test_maglev_moves_some_more() -> None:
    targets = numbered(10)
    members = list(targets)
    choose = chooser(Maglev(), targets)
    before = placed(choose)
    show(targets, members[1:])
    moved = moved_from(before, placed(choose))
    its_own = moved.pop("target-0")
    assert its_own == Counter(before.values())["target-0"]
    assert 0 < moved.total() < its_own


@pytest.mark.parametrize("policy", [ConsistentHash(), JumpHash()], ids=repr)
def test_a_new_target_takes_its_share_and_nothing_moves_between_the_others(policy: Policy) -> None:
    targets = numbered(10)
    choose = chooser(policy, targets)
    before = placed(choose)
    show(targets, [*targets, target("target-10")])
    after = placed(choose)
    moved = {after[key] for key, name in before.items() if after[key] != name}
    assert moved == {"target-10"}
    # 1/11 of 2,000 keys, give or take; the ring's own share has a coefficient of variation of 10 %.
    assert 100 < moved_from(before, after).total() < 280


def test_jump_hash_hashes_again_until_somebody_is_available() -> None:
    targets = numbered(100)
    members = list(targets)
    choose = chooser(JumpHash(), targets)
    for number, member in enumerate(members):
        member.is_ejected = number != 50
    show(targets, members)
    assert {choose(Request(key=key)).endpoint.name for key in range(200)} == {"target-50"}


@pytest.mark.slow
def test_weights_of_a_ring_and_of_a_table_are_shares_of_the_keys() -> None:
    for policy in (ConsistentHash(virtual_nodes=500), Maglev()):
        counts = Counter(placed(chooser(policy, lettered(0, 0, weights=(1, 3)))).values())
        # 2,000 keys: a share of 1/4 has a standard deviation of 0.01, the ring's own share one of 0.02.
        assert counts["a"] / len(KEYS) == pytest.approx(0.25, abs=0.1)


def test_a_weight_that_changes_counts_from_then_on() -> None:
    targets = lettered(0, 0)
    choose = chooser(ConsistentHash(), targets)
    before = Counter(placed(choose).values())
    targets[0].weight = 0.05
    targets.version += 1
    assert Counter(placed(choose).values())["a"] < before["a"] / 4


def test_ring_is_built_once_for_the_same_targets(monkeypatch: pytest.MonkeyPatch) -> None:
    built: list[int] = []
    sort = HashRing._sorted_points

    def counted(ring: HashRing) -> Any:
        built.append(len(ring.nodes))
        return sort(ring)

    monkeypatch.setattr(HashRing, "_sorted_points", counted)
    policy = ConsistentHash(virtual_nodes=7)
    targets = targets_of(target(f"only here {number}") for number in range(3))
    members = list(targets)
    choose, other = chooser(policy, targets), chooser(policy, targets)
    for _ in range(3):
        placed(choose)
        placed(other)
        show(targets, members[:2])
        placed(choose)
        show(targets, members)
    assert built == [3, 2]


def test_a_function_may_say_what_a_request_is_about() -> None:
    policy = ConsistentHash(key_of=lambda request: request.origin)
    choose = chooser(policy, numbered(10))
    assert len({choose(Request(key=key, origin="eu")) for key in range(50)}) == 1
    assert len({choose(Request(key=1, origin=f"user {number}")) for number in range(50)}) > 5


@pytest.mark.slow
def test_requests_without_a_key_go_anywhere() -> None:
    assert len(set(chosen(chooser(Maglev(), numbered(10)), 300))) == 10


@pytest.mark.parametrize("policy", KINDS, ids=repr)
def test_target_is_known_by_the_instance_at_the_other_end(policy: Policy) -> None:
    """Two clients call the same instances over connections of other names."""
    env = Environment(seed=1)
    network = Network(env, latencies=0.01)
    instances = [Instance(env, Host(env, f"h{n}"), pause, name=f"shop-{n}") for n in range(5)]
    orders = []
    for client in (Host(env, "web-1"), Host(env, "web-2")):
        ways = [network.connect(client, instance) for instance in instances]
        choose = chooser(policy, targets_of(Target(way) for way in ways))
        orders.append([ways.index(choose(Request(key=key)).endpoint) for key in KEYS])  # type: ignore[arg-type]
    assert orders[0] == orders[1]
    assert set(orders[0]) == set(range(5))


# -- bounded load


def loaded(policy: Policy, targets: Targets, keys: list[int]) -> None:
    """Begin a call for each key, none of which ends."""
    choose = chooser(policy, targets)
    for key in keys:
        choose(Request(key=key)).outstanding += 1


@pytest.mark.parametrize("factor", [1.01, 1.25, 2.0])
@pytest.mark.parametrize("calls", [1, 7, 100, 3000])
def test_bounded_load_is_never_above_its_bound(factor: float, calls: int) -> None:
    """Not with one key for everything, and not with any other keys."""
    for keys in ([1] * calls, np.random.default_rng(1).zipf(1.3, calls).tolist()):
        targets = numbered(10)
        policy = ConsistentHash(balance_factor=factor)
        choose = chooser(policy, targets)
        for count, key in enumerate(keys, start=1):
            called = choose(Request(key=key))
            called.outstanding += 1
            assert called.outstanding <= ceil(factor * count / 10)


def test_the_new_request_counts_in_the_mean() -> None:
    """One call under way, at the key's target: with the new one the mean is 1, and 1.01 of it allows two."""
    targets = lettered(0, 0)
    choose = chooser(ConsistentHash(balance_factor=1.01), targets)
    first = choose(Request(key="x"))
    first.outstanding = 1
    assert choose(Request(key="x")) is first
    first.outstanding = 2
    assert choose(Request(key="x")) is not first


def test_bounds_are_in_proportion_to_weights() -> None:
    targets = lettered(0, 0, 0, weights=(1, 2, 5))
    loaded(ConsistentHash(balance_factor=1.1), targets, [1] * 800)
    for each in targets:
        assert each.outstanding <= ceil(1.1 * 800 * each.weight / 8)


def test_what_has_no_room_goes_to_the_next_on_the_ring() -> None:
    targets = numbered(6)
    names = [each.endpoint.name for each in targets]
    ring = HashRing(names)
    hashed = ConsistentHash(balance_factor=1.5)
    choose = chooser(hashed, targets)
    key = "hot"
    order = [names[index] for index in ring.walk(hash_of(key))]
    for each in targets:
        each.outstanding = 2
    # Mean 13/6, bound ceil(3.25) = 4: the first two are full, the third is not.
    for name in order[:2]:
        targets[names.index(name)].outstanding = 4
    targets[names.index(order[5])].outstanding = 0
    assert chosen(choose, 1, Request(key=key)) == [order[2]]


def test_little_load_leaves_every_key_where_it_belongs() -> None:
    plain = placed(chooser(ConsistentHash(), numbered(10)))
    assert placed(chooser(ConsistentHash(balance_factor=1.25), numbered(10))) == plain


def test_settings_are_checked() -> None:
    with pytest.raises(ValueError, match="virtual_nodes must be a whole number >= 1, got 0"):
        ConsistentHash(virtual_nodes=0)
    with pytest.raises(ValueError, match="points_min must be a whole number >= 0, got -1"):
        ConsistentHash(points_min=-1)
    with pytest.raises(ValueError, match=r"balance_factor must be finite and > 1, got 1\.0"):
        ConsistentHash(balance_factor=1.0)
    with pytest.raises(TypeError, match="balance_factor must be a number, got 'much'"):
        ConsistentHash(balance_factor="much")  # type: ignore[arg-type]
    for kind in (ConsistentHash, JumpHash, Maglev):
        with pytest.raises(TypeError, match="key_of must be a function of a request or none, got 'user'"):
            kind(key_of="user")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="size must be a prime, got 10"):
        Maglev(table_size=10)
