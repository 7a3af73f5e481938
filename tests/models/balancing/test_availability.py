"""Which targets may be chosen: those that are healthy and not ejected, unless they are too few."""

from __future__ import annotations

import pytest

from models.balancing import (
    Balancer,
    ConsistentHash,
    Policy,
    RoundRobin,
    SlowStart,
    Weighted,
    WeightedLeastRequest,
)
from models.failures import Refused, ServerError
from models.infrastructure import Host
from models.request import Request, Response
from simulator import Environment
from tests.models.services.building import Probe, call

FOUR = ("a", "b", "c", "d")


def four(env: Environment, **settings: object) -> tuple[Balancer, dict[str, Probe]]:
    probes = {name: Probe(1.0, name, name=name) for name in FOUR}
    return Balancer(env, probes.values(), policy=RoundRobin(), **settings), probes  # type: ignore[arg-type]


def answers(env: Environment, balancer: Balancer, count: int) -> list[object]:
    seen = [call(env, balancer) for _ in range(count)]
    env.run(until=env.now + 2.0)
    return [one.outcome.value if isinstance(one.outcome, Response) else one.outcome for one in seen]


def test_what_is_not_healthy_or_ejected_is_not_chosen_until_it_is_again() -> None:
    env = Environment()
    balancer, probes = four(env)
    balancer.set_healthy(probes["b"], False)
    balancer.eject(probes["d"])
    assert answers(env, balancer, 4) == ["a", "c", "a", "c"]
    assert balancer.available == (probes["a"], probes["c"])
    balancer.set_healthy(probes["b"], True)
    balancer.readmit(probes["d"])
    assert set(answers(env, balancer, 4)) == set(FOUR)


def test_one_that_is_both_comes_back_when_it_is_neither() -> None:
    env = Environment()
    balancer, probes = four(env)
    balancer.set_healthy(probes["b"], False)
    balancer.eject(probes["b"])
    balancer.set_healthy(probes["b"], True)
    assert probes["b"] not in balancer.available
    balancer.readmit(probes["b"])
    assert probes["b"] in balancer.available


def test_below_the_threshold_all_are_chosen_from_and_at_it_only_the_well() -> None:
    env = Environment()
    balancer, probes = four(env)
    for name in ("a", "b"):
        balancer.set_healthy(probes[name], False)
    assert not balancer.is_panicking
    assert set(answers(env, balancer, 4)) == {"c", "d"}
    balancer.set_healthy(probes["c"], False)
    assert balancer.is_panicking
    assert balancer.statistics().is_panicking
    assert set(answers(env, balancer, 4)) == set(FOUR)
    balancer.set_healthy(probes["c"], True)
    assert set(answers(env, balancer, 4)) == {"c", "d"}


def test_a_balancer_that_fails_in_panic_refuses_instead() -> None:
    env = Environment()
    balancer, probes = four(env, fails_in_panic=True)
    for name in ("a", "b", "c"):
        balancer.set_healthy(probes[name], False)
    [refused] = answers(env, balancer, 1)
    assert isinstance(refused, Refused)
    assert str(refused) == "balancer has no target that is well"
    assert balancer.statistics().refused_count == 1
    balancer.set_healthy(probes["c"], True)
    assert set(answers(env, balancer, 2)) == {"c", "d"}


def test_without_a_threshold_the_last_that_is_well_gets_everything_and_none_is_refused() -> None:
    env = Environment()
    balancer, probes = four(env, panic_threshold=0.0)
    for name in ("a", "b", "c"):
        balancer.set_healthy(probes[name], False)
    assert set(answers(env, balancer, 4)) == {"d"}
    balancer.eject(probes["d"])
    assert isinstance(answers(env, balancer, 1)[0], Refused)


def test_one_that_is_added_in_panic_may_end_it() -> None:
    env = Environment()
    balancer, probes = four(env)
    for name in ("a", "b", "c"):
        balancer.set_healthy(probes[name], False)
    assert balancer.is_panicking
    extra = [Probe(1.0, name, name=name) for name in ("e", "f")]
    balancer.add(extra[0])
    balancer.add(extra[1])
    assert not balancer.is_panicking
    assert set(answers(env, balancer, 3)) == {"d", "e", "f"}


def test_one_that_was_removed_drains_and_comes_back_well() -> None:
    env = Environment()
    balancer, probes = four(env)
    call(env, balancer)
    env.run(until=0.5)
    balancer.set_healthy(probes["a"], False)
    balancer.eject(probes["a"])
    balancer.remove(probes["a"])
    [draining] = balancer.statistics().draining
    assert (draining.name, draining.outstanding_count) == ("a", 1)
    balancer.add(probes["a"])
    assert balancer.statistics().draining == ()
    assert probes["a"] in balancer.available
    env.run(until=2.0)
    balancer.remove(probes["a"])
    assert balancer.statistics().draining == ()


def test_a_balancer_that_starts_again_takes_all_to_be_well() -> None:
    env = Environment()
    host = Host(env, "proxy")
    balancer, probes = four(env, host=host)
    afresh: list[float] = []
    balancer.on_afresh(lambda: afresh.append(env.now))
    balancer.set_healthy(probes["a"], False)
    balancer.eject(probes["b"])
    balancer.remove(probes["c"])
    host.crash()
    host.restart()
    env.run(until=1.0)
    assert balancer.available == (probes["a"], probes["b"], probes["d"])
    assert afresh == [0.0]


def test_observers_hear_how_each_call_has_ended_and_after_how_long() -> None:
    env = Environment()
    balancer = Balancer(env, [Probe(1.0, "fine", name="a"), Probe(2.0, ServerError("disk"), name="b")])
    heard: list[tuple[str, object, float]] = []
    balancer.watch(lambda target, result, elapsed: heard.append((target.endpoint.name, result, elapsed)))
    for timeout in (None, None, 0.5):
        call(env, balancer, timeout=timeout)
    env.run()
    assert [(name, type(result), elapsed) for name, result, elapsed in heard] == [
        ("a", type(None), 0.5),
        ("a", Response, 1.0),
        ("b", ServerError, 2.0),
    ]


def test_nothing_can_be_said_of_what_is_no_target() -> None:
    env = Environment()
    balancer, probes = four(env)
    balancer.remove(probes["a"])
    for say in (balancer.eject, balancer.readmit, balancer.remove):
        with pytest.raises(ValueError, match="endpoint must be one of the targets, got 'a'"):
            say(probes["a"])
    with pytest.raises(ValueError, match="endpoint must be one of the targets, got 'a'"):
        balancer.set_healthy(probes["a"], False)
    with pytest.raises(ValueError, match="endpoint must be one of the targets, got 'a'"):
        balancer.report_load(probes["a"], 1.0)
    with pytest.raises(ValueError, match="weight must be 1 where the policy uses none"):
        balancer.set_weight(probes["b"], 2.0)


def test_one_that_was_ill_starts_slowly_again() -> None:
    env = Environment()
    probes = {name: Probe(0.0, name, name=name) for name in "ab"}
    balancer = Balancer(env, probes.values(), policy=Weighted(slow_start=SlowStart(window=100.0)))
    env.run(until=200.0)
    assert sorted(answers(env, balancer, 10)) == ["a"] * 5 + ["b"] * 5
    balancer.set_healthy(probes["a"], False)
    balancer.set_healthy(probes["a"], True)
    env.run(until=env.now + 23.0)
    assert sorted(answers(env, balancer, 10)) == ["a"] * 2 + ["b"] * 8


def test_another_good_probe_of_one_that_is_well_starts_nothing_anew() -> None:
    env = Environment()
    probes = {name: Probe(0.0, name, name=name) for name in "ab"}
    balancer = Balancer(env, probes.values(), policy=Weighted(slow_start=SlowStart(window=100.0)))
    env.run(until=200.0)
    for _ in range(3):
        balancer.set_healthy(probes["a"], True)
        balancer.readmit(probes["b"])
    assert sorted(answers(env, balancer, 10)) == ["a"] * 5 + ["b"] * 5


def test_a_balancer_that_starts_again_begins_with_the_first() -> None:
    env = Environment()
    host = Host(env, "proxy")
    balancer, _ = four(env, host=host)
    assert answers(env, balancer, 2) == ["a", "b"]
    host.crash()
    host.restart()
    env.run(until=env.now + 1.0)
    assert answers(env, balancer, 2) == ["a", "b"]


def test_one_that_comes_back_owes_no_turns() -> None:
    """With what it owed from before it would wait for one turn more: b, b."""
    env = Environment()
    probes = {name: Probe(0.0, name, name=name) for name in "ab"}
    balancer = Balancer(env, probes.values(), policy=Weighted())
    assert answers(env, balancer, 1) == ["a"]
    balancer.remove(probes["a"])
    balancer.add(probes["a"])
    assert answers(env, balancer, 3) == ["b", "a", "b"]


@pytest.mark.parametrize("policy", [Weighted(), WeightedLeastRequest(bias=0.0)], ids=repr)
def test_a_weight_that_is_set_counts_from_the_next_call_on(policy: Policy) -> None:
    env = Environment(seed=1)
    probes = {name: Probe(0.0, name, name=name) for name in "ab"}
    balancer = Balancer(env, probes.values(), policy=policy, weights=[1.0, 2.0])
    assert answers(env, balancer, 30).count("a") == 10
    balancer.set_weight(probes["a"], 8.0)
    assert answers(env, balancer, 30).count("a") == pytest.approx(24, abs=1)


def test_a_weight_that_is_set_moves_keys() -> None:
    env = Environment(seed=1)
    probes = {name: Probe(0.0, name, name=name) for name in "ab"}
    balancer = Balancer(env, probes.values(), policy=ConsistentHash())

    def share() -> int:
        seen = [call(env, balancer, Request(key=key)) for key in range(100)]
        env.run()
        return sum(one.value == "a" for one in seen)

    before = share()
    balancer.set_weight(probes["a"], 20.0)
    assert share() > before + 20


def test_followers_hear_when_a_target_has_come_or_gone() -> None:
    env = Environment()
    balancer, probes = four(env)
    heard: list[int] = []
    balancer.on_changed(lambda: heard.append(len(balancer.targets)))
    balancer.remove(probes["a"])
    balancer.set_healthy(probes["b"], False)
    balancer.add(probes["a"])
    assert heard == [3, 4]


@pytest.mark.parametrize(
    ("threshold", "count"), [(0.55, 100), (0.07, 100), (0.28, 25), (0.3, 10), (0.5, 4), (1.0, 3)]
)
def test_panic_begins_below_the_threshold_whatever_floats_make_of_it(threshold: float, count: int) -> None:
    """0.55 * 100 and others are a little more than whole in floats; as many as that are not too few."""
    env = Environment()
    probes = [Probe(1.0, number, name=str(number)) for number in range(count)]
    balancer = Balancer(env, probes, policy=RoundRobin(), panic_threshold=threshold)
    well = round(threshold * count)
    for probe in probes[well:]:
        balancer.eject(probe)
    assert not balancer.statistics().is_panicking
    balancer.eject(probes[0])
    assert balancer.statistics().is_panicking


def test_a_balancer_without_targets_does_not_panic() -> None:
    assert not Balancer(Environment(), [], panic_threshold=1.0).is_panicking


@pytest.mark.parametrize("load", [-1.0, float("nan"), float("inf")])
def test_a_report_that_is_no_load_is_refused(load: float) -> None:
    balancer, probes = four(Environment())
    with pytest.raises(ValueError, match="load must be finite and >= 0, got"):
        balancer.report_load(probes["a"], load)
    with pytest.raises(TypeError, match="load must be a number, got 'much'"):
        balancer.report_load(probes["a"], "much")  # type: ignore[arg-type]


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan")])
def test_a_threshold_that_is_no_share_is_refused(threshold: float) -> None:
    with pytest.raises(ValueError, match=r"panic_threshold must lie in \[0, 1\], got"):
        four(Environment(), panic_threshold=threshold)
