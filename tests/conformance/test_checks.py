"""The checks of this suite are shown to fail on what is wrong: one that finds nothing proves nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from models import Endpoint, Request
from models.balancing import Balancer
from models.resilience import CircuitBreaker, Timeout, consecutive_failures
from models.services import Dependency, Instance

from .bad_targets import BAD_TARGETS
from .catalogue import Wrapper, named
from .comparison import compare
from .invariants import check_drained
from .watching import Watch
from .world import World

TARGETS = {target.name: target for target in BAD_TARGETS}
RETRY, TIMEOUT, INSTANCE = named("Retry", "Timeout of 0.71 s", "Instance of 1 thread")


@pytest.mark.parametrize(
    ("real", "model", "name"),
    [
        (TIMEOUT, named("Timeout of 3.17 s")[0], "slow"),
        (RETRY, named("Retry at once")[0], "erring"),
        (RETRY, named("Retry on tokens")[0], "erring"),
        (INSTANCE, named("Instance without queue")[0], "slow"),
        (named("Hystrix")[0], named("consecutive failures")[0], "erring"),
        (named("link")[0], named("Random")[0], "healthy"),
        (named("optional Dependency")[0], named("Instance")[0], "refused"),
    ],
    ids=str,
)
def test_wrapper_that_does_something_else_is_found_out(real: Wrapper, model: Wrapper, name: str) -> None:
    compare((real,), TARGETS[name])
    with pytest.raises(AssertionError):
        compare((replace(real, model=model.model),), TARGETS[name])


class LosesItsThread(Instance):
    """Takes a thread that nobody gives back."""

    def call(self, request: Request) -> Any:
        self._threads.free -= 1
        return super().call(request)


class LosesCount(Balancer):
    """Counts a call as under way for ever."""

    def call(self, request: Request) -> Any:
        self._targets.members[0].outstanding += 1
        self._targets.members[0].call_count += 1
        return super().call(request)


class LosesATrial(CircuitBreaker):
    """Takes a permit more than it makes calls."""

    def call(self, request: Request) -> Any:
        answer = super().call(request)
        self._half_open()
        self._free_trials = -1
        return answer


def _leaks_a_process(world: World, target: Endpoint) -> Endpoint:
    world.env.process(_goes_on_for_ever())
    return target


def _goes_on_for_ever() -> Any:
    while True:
        yield 1.0


@pytest.mark.parametrize(
    "build",
    [
        lambda world, target: LosesItsThread(world.env, world.proxy, Dependency(target), threads=5),
        lambda world, target: LosesCount(world.env, [target]),
        lambda world, target: LosesATrial(world.env, target, consecutive_failures(2)),
        _leaks_a_process,
    ],
    ids=["thread", "count", "trial", "process"],
)
def test_leak_is_found(watch: Watch, build: Callable[[World, Endpoint], Endpoint]) -> None:
    world = World()
    target = build(world, world.link())
    world.endpoints.append(target)
    world.issue(world.client(target), 0.0)
    world.env.run(until=5.0)
    with pytest.raises(AssertionError):
        check_drained(world)
    watch.made.clear()


@pytest.mark.parametrize("count", [0, 2])
def test_request_that_ends_never_or_twice_is_found(watch: Watch, count: int) -> None:
    world = World()
    client = world.client(world.link())
    client.issued = client.table.issued = 1
    client._ended = count
    for _ in range(count):
        client.table.record(0.0, 0.0, 0, 0)
    with pytest.raises(AssertionError):
        check_drained(world)
    watch.made.clear()


def test_watch_finds_what_a_test_has_left_behind(watch: Watch) -> None:
    world = World()
    instance = Instance(world.env, world.proxy, Dependency(Timeout(world.env, world.link(), 0.5)))
    world.env.run()
    instance._threads.free -= 1
    made = list(watch.made)
    with pytest.raises(AssertionError):
        watch.check()
    assert instance in made
    instance._threads.free += 1
