"""A balancer passes on what its targets answer, and counts what is under way exactly, however it ends."""

from collections.abc import Callable
from typing import Any

import pytest

from models.balancing import Balancer, LeastOutstanding, Policy, Random, RoundRobin, Weighted
from models.failures import ConnectionLost, Refused, Rejected, ServerError, TimedOut
from models.infrastructure import Host
from models.services import Instance, Work
from simulator import Environment
from tests.models.services.building import WAY, Probe, Seen, World, assert_idle, call, pause


def outstanding(balancer: Balancer) -> list[int]:
    return [target.outstanding_count for target in balancer.statistics().targets]


def test_calls_go_out_in_turn_by_default_and_are_counted_while_under_way() -> None:
    env = Environment()
    balancer = Balancer(env, [Probe(1.0, "a"), Probe(2.0, "b")])
    seen = [call(env, balancer) for _ in range(3)]
    env.run(until=0.5)
    assert outstanding(balancer) == [2, 1]
    env.run()
    assert [(one.at, one.value) for one in seen] == [(1.0, "a"), (2.0, "b"), (1.0, "a")]
    assert outstanding(balancer) == [0, 0]
    assert [target.call_count for target in balancer.statistics().targets] == [2, 1]


@pytest.mark.parametrize("failure", [TimedOut(), Refused(), Rejected("x"), ServerError("disk full")])
def test_a_failure_is_passed_on_as_it_is(failure: Any) -> None:
    env = Environment()
    balancer = Balancer(env, [Probe(1.0, failure)])
    seen = call(env, balancer)
    env.run()
    assert (seen.at, seen.outcome) == (1.0, failure)
    assert outstanding(balancer) == [0]


def by_timeout(world: World, balancer: Balancer) -> Seen:
    return call(world.env, balancer, timeout=0.5)


def by_cancel(world: World, balancer: Balancer) -> Seen:
    seen = call(world.env, balancer)
    world.env.call_later(0.5, seen.process.cancel)
    return seen


def by_kill(world: World, balancer: Balancer) -> Seen:
    seen = call(world.env, balancer)
    world.env.call_later(0.5, seen.process.kill)
    return seen


def by_process_crash_of_the_target(world: World, balancer: Balancer) -> Seen:
    target: Any = balancer.targets[0]
    world.env.call_later(0.1875, target.target.crash)
    return call(world.env, balancer)


def by_crash_of_its_own_host(world: World, balancer: Balancer) -> Seen:
    world.env.call_later(0.5, world.client.crash)
    return call(world.env, world.network.connect(Host(world.env, "user"), balancer))


@pytest.mark.parametrize(
    "end",
    [by_timeout, by_cancel, by_kill, by_process_crash_of_the_target, by_crash_of_its_own_host],
    ids=lambda end: end.__name__,
)
def test_the_count_is_given_back_however_a_call_ends(end: Callable[[World, Balancer], Seen]) -> None:
    world = World()
    instance = world.instance(pause)
    balancer = Balancer(world.env, [world.remote(instance)], host=world.client, policy=LeastOutstanding())
    end(world, balancer)
    world.env.run(until=0.375)
    assert outstanding(balancer) == [0 if end is by_process_crash_of_the_target else 1]
    world.env.run(until=0.625)
    assert outstanding(balancer) == [0]
    world.env.run()
    assert_idle(instance)


def test_a_crash_of_the_targets_host_keeps_the_count_until_the_caller_gives_up() -> None:
    world = World()
    balancer = Balancer(world.env, [world.remote(world.instance(pause))])
    call(world.env, balancer, timeout=2.0)
    world.env.call_later(0.5, world.server.crash)
    world.env.run(until=1.0)
    assert outstanding(balancer) == [1]
    world.env.run()
    assert outstanding(balancer) == [0]


def test_a_balancer_on_a_host_is_refused_silent_and_reset_like_anything_else() -> None:
    world = World()
    proxy = Host(world.env, "proxy")
    instance = world.instance(Work(1.0))
    balancer = Balancer(world.env, [world.network.connect(proxy, instance)], host=proxy)
    connection = world.network.connect(world.client, balancer)
    answered = call(world.env, connection)
    world.env.run(until=2.0)
    assert answered.at == 1.0 + 4 * WAY
    reset = call(world.env, connection)
    world.env.call_later(0.5, proxy.crash_process, balancer)
    world.env.run(until=3.0)
    refused = call(world.env, connection)
    world.env.run(until=4.0)
    proxy.crash()
    silent = call(world.env, connection)
    world.env.run()
    assert isinstance(reset.outcome, ConnectionLost)
    assert (type(refused.outcome), refused.at) == (Refused, 3.25)
    assert silent.outcome is None
    assert outstanding(balancer) == [0]


def test_a_balancer_that_starts_again_knows_of_no_call_also_not_of_those_that_go_on() -> None:
    env = Environment(seed=1)
    edge = Host(env, "edge")
    first, second = Probe(9.0, name="a"), Probe(1.0, name="b")
    balancer = Balancer(env, [first], policy=LeastOutstanding(), host=edge)
    call(env, balancer)  # by nobody that runs on the edge: it survives the crash
    env.run(until=0.5)
    balancer.add(second)
    edge.crash()
    assert outstanding(balancer) == [1, 0]
    edge.restart()
    env.run(until=1.0)
    assert outstanding(balancer) == [0, 0]
    assert [target.call_count for target in balancer.statistics().targets] == [1, 0]
    for _ in range(2):
        call(env, balancer)
    env.run(until=9.5)
    # The end of the old call is not taken off the count of the one that began after the restart.
    assert outstanding(balancer) == [1, 0]
    env.run()
    assert outstanding(balancer) == [0, 0]


@pytest.mark.parametrize(("policy", "wanted"), [(RoundRobin(), "aab"), (Weighted(), "aab")], ids=repr)
def test_whose_turn_it_is_is_forgotten_when_the_host_starts_again(policy: Policy, wanted: str) -> None:
    env = Environment()
    edge = Host(env, "edge")
    balancer = Balancer(env, [Probe(0.0, "a"), Probe(0.0, "b")], policy=policy, host=edge)
    seen = [call(env, balancer)]
    env.run(until=0.5)
    edge.crash()
    edge.restart()
    env.run(until=1.0)
    seen += [call(env, balancer) for _ in range(2)]
    env.run()
    assert "".join(one.value for one in seen) == wanted


def test_a_restart_takes_nothing_from_the_random_numbers_of_a_policy() -> None:
    def choices(crashes: bool) -> list[str]:
        env = Environment(seed=3)
        edge = Host(env, "edge")
        balancer = Balancer(env, [Probe(0.0, name) for name in "abc"], policy=Random(), host=edge)
        seen = [call(env, balancer) for _ in range(20)]
        env.run(until=0.5)
        if crashes:
            edge.crash()
            edge.restart()
        env.run(until=1.0)
        seen += [call(env, balancer) for _ in range(20)]
        env.run()
        return [one.value for one in seen]

    assert choices(True) == choices(False)


def test_without_targets_a_balancer_that_starts_again_still_refuses() -> None:
    env = Environment()
    edge = Host(env, "edge")
    balancer = Balancer(env, [], host=edge)
    edge.crash()
    edge.restart()
    env.run()
    seen = call(env, balancer)
    env.run()
    assert isinstance(seen.outcome, Refused)


def test_without_targets_a_call_is_refused_at_once() -> None:
    env = Environment()
    balancer = Balancer(env, [], name="shop balancer")
    seen = call(env, balancer)
    env.run()
    assert (seen.at, str(seen.outcome)) == (0.0, "shop balancer has no target")
    assert isinstance(seen.outcome, Refused)
    assert balancer.statistics().refused_count == 1


def test_targets_come_and_go() -> None:
    env = Environment()
    first, second = Probe(1.0, "a"), Probe(1.0, "b")
    balancer = Balancer(env, [first])
    balancer.add(second)
    seen = [call(env, balancer) for _ in range(2)]
    env.run(until=0.5)
    balancer.remove(first)
    seen += [call(env, balancer) for _ in range(2)]
    env.run()
    assert [one.value for one in seen] == ["a", "b", "b", "b"]
    assert balancer.targets == (second,)


def test_a_target_that_comes_back_still_has_the_calls_that_are_under_way() -> None:
    env = Environment(seed=1)
    first, second = Probe(1.0, "a"), Probe(9.0, "b")
    balancer = Balancer(env, [first], policy=LeastOutstanding())
    call(env, balancer)
    env.run(until=0.5)
    balancer.remove(first)
    balancer.add(second)
    balancer.add(first)
    assert outstanding(balancer) == [0, 1]
    env.run(until=1.5)
    assert outstanding(balancer) == [0, 0]


def test_weights_are_those_of_the_targets() -> None:
    env = Environment()
    probes = [Probe(0.0, name) for name in "abc"]
    balancer = Balancer(env, probes[:2], policy=Weighted(), weights=[3, 1])
    balancer.add(probes[2], weight=4)
    for _ in range(80):
        call(env, balancer)
    env.run()
    assert [probe.begun for probe in probes] == [30, 10, 40]


def test_misuse_is_an_error_that_says_what_is_wrong() -> None:
    env = Environment()
    probe, other = Probe(1.0, name="a"), Probe(1.0, name="b")
    balancer = Balancer(env, [probe], policy=Weighted())
    with pytest.raises(ValueError, match="endpoint must not be among the targets already, got 'a'"):
        balancer.add(probe)
    with pytest.raises(ValueError, match="endpoint must be one of the targets, got 'b'"):
        balancer.remove(other)
    with pytest.raises(ValueError, match="weight must be finite and > 0, got 0"):
        balancer.add(other, weight=0)
    with pytest.raises(ValueError, match=r"weights must be as many as targets \(1\), got 2"):
        Balancer(env, [probe], policy=Weighted(), weights=[1, 2])
    for wrong in ("x", None):
        with pytest.raises(TypeError, match=f"target must be an Endpoint, got {wrong!r}"):
            Balancer(env, [wrong])  # type: ignore[list-item]
        with pytest.raises(ValueError, match=f"endpoint must be one of the targets, got {wrong!r}"):
            balancer.remove(wrong)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="targets must be a collection of endpoints, got one, Probe"):
        Balancer(env, Probe(1.0, "a"))  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="host must be a Host or none, got 'edge'"):
        Balancer(env, [], host="edge")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="weight must be a number, got 'much'"):
        Balancer(env, [Probe(1.0, "a")], policy=Weighted(), weights=["much"])  # type: ignore[list-item]
    with pytest.raises(TypeError, match="panic_threshold must be a number, got None"):
        Balancer(env, [], panic_threshold=None)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match=r"policy must be a Policy, such as RoundRobin\(\), got <class"):
        Balancer(env, [probe], policy=Weighted)  # type: ignore[arg-type]
    assert balancer.targets == (probe,)


def test_least_outstanding_in_front_of_real_instances_keeps_them_level() -> None:
    world = World()
    instances = [
        Instance(world.env, Host(world.env, f"h{number}"), pause, threads=1, name=f"i{number}")
        for number in range(3)
    ]
    balancer = Balancer(world.env, map(world.remote, instances), policy=LeastOutstanding())
    seen = [call(world.env, balancer) for _ in range(6)]
    world.env.run()
    assert sorted(one.at or 0.0 for one in seen) == [1.25] * 3 + [2.25] * 3
    assert_idle(*instances)
