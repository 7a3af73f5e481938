"""The catalogue of wrappers: how to put each around an endpoint, and around the oracle's node."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from models import Endpoint, FunctionEndpoint, Request
from models.balancing import (
    Balancer,
    LeastOutstanding,
    Policy,
    PowerOfTwoChoices,
    Random,
    RoundRobin,
    Weighted,
)
from models.resilience import (
    CircuitBreaker,
    CircuitBreakerSettings,
    ConstantBackoff,
    Outbox,
    Retry,
    Timeout,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Dependency, Instance

from .breaker_expectation import BreakerModel, Rule
from .expectation import (
    Clock,
    HopModel,
    InstanceModel,
    Node,
    OutboxModel,
    RetryModel,
    Spare,
    TimeoutModel,
    TurnsModel,
)
from .world import World

# Lengths that no sum of others equals, so that nothing ties by accident: ties have tests of their own.
SHORT, LONG = 0.71, 3.17
BACKOFF, PAUSE = 0.37, 0.83
SPARE = 0.137


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """One entry: `build(world, inner)` for the real one, `model(clock, inner)` for the oracle's."""

    name: str
    build: Callable[[World, Endpoint], Endpoint]
    model: Callable[[Clock, Node], Node]


def _timeout(name: str, delay: float) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: Timeout(world.env, inner, delay),
        model=lambda clock, inner: TimeoutModel(clock, inner, delay),
    )


def _breaker(settings: CircuitBreakerSettings, rule: Rule) -> Wrapper:
    return Wrapper(
        name=rule.kind,
        build=lambda world, inner: CircuitBreaker(world.env, inner, settings, name=f"breaker {len(world.endpoints)}"),
        model=lambda clock, inner: BreakerModel(clock, inner, rule),
    )


def _hop(name: str, propagates: bool) -> Wrapper:
    # The chain inside stands on the proxy's host as far as this link is concerned; the links further in have ends of their own.
    def build(world: World, inner: Endpoint) -> Endpoint:
        return world.network.connect(world.web, inner, host=world.proxy, propagate_cancellation=propagates)

    return Wrapper(name=name, build=build, model=lambda clock, inner: HopModel(clock, inner, propagates))


def _instance(threads: int, queue_size_max: int) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        name = f"instance {len(world.endpoints)}"
        return Instance(
            world.env, world.proxy, Dependency(inner), threads=threads, queue_size_max=queue_size_max, name=name
        )

    return Wrapper(
        name=f"instance of {threads}",
        build=build,
        model=lambda clock, inner: InstanceModel(clock, inner, threads, queue_size_max),
    )


def _balancer(policy: Policy) -> Wrapper:
    # Of one target, since nobody can foresee what a policy that draws would choose.
    return Wrapper(
        name=type(policy).__name__,
        build=lambda world, inner: Balancer(
            world.env, [inner], policy=policy, name=f"balancer {len(world.endpoints)}"
        ),
        model=lambda clock, inner: TurnsModel(clock, [inner], [0]),
    )


def _balancer_in_turns(policy: Policy, weights: list[float], turns: list[int]) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        def answer(request: Request) -> Generator[Any, Any, str]:
            yield SPARE
            return "from the spare one"

        spare = FunctionEndpoint(answer, name="spare")
        return Balancer(world.env, [inner, spare], policy=policy, weights=weights)

    return Wrapper(
        name=type(policy).__name__,
        build=build,
        model=lambda clock, inner: TurnsModel(clock, [inner, Spare(clock, SPARE)], turns),
    )


def _outbox() -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        return Outbox(world.env, inner, backoff=ConstantBackoff(delay=PAUSE), attempts_max=3)

    return Wrapper(name="outbox", build=build, model=lambda clock, inner: OutboxModel(clock, inner, 3, PAUSE))


def _retry() -> Wrapper:
    return Wrapper(
        name="retry",
        build=lambda world, inner: Retry(world.env, inner, 3, backoff=ConstantBackoff(delay=BACKOFF)),
        model=lambda clock, inner: RetryModel(clock, inner, 3, BACKOFF),
    )


WRAPPERS: tuple[Wrapper, ...] = (
    _timeout("short timeout", SHORT),
    _timeout("long timeout", LONG),
    _retry(),
    _breaker(
        resilience4j(minimum_calls=3, open_duration=5.03, trial_count=2),
        Rule(kind="resilience4j", volume=3, share=0.5, open_duration=5.03, trials=2),
    ),
    _breaker(
        hystrix(request_volume=2, sleep_window=5.03),
        Rule(kind="hystrix", volume=2, share=0.5, open_duration=5.03),
    ),
    _breaker(
        polly(failure_ratio=0.4, minimum_throughput=2, sampling_duration=1e6, break_duration=5.03),
        Rule(kind="polly", volume=2, share=0.4, open_duration=5.03),
    ),
    _breaker(
        consecutive_failures(2, open_duration=5.03),
        Rule(kind="consecutive", volume=2, share=1.0, open_duration=5.03),
    ),
    _outbox(),
    _hop("link", propagates=False),
    _hop("cancelling link", propagates=True),
    _instance(threads=200, queue_size_max=100),
    _instance(threads=1, queue_size_max=1),
    _balancer_in_turns(RoundRobin(), [1.0, 1.0], [0, 1]),
    _balancer_in_turns(Weighted(), [2.0, 1.0], [0, 1, 0]),
    _balancer(Random()),
    _balancer(LeastOutstanding()),
    _balancer(PowerOfTwoChoices()),
)


def build_chain(world: World, target: Endpoint, wrappers: tuple[Wrapper, ...]) -> Endpoint:
    """Put `wrappers`, outermost first, around `target`."""
    for wrapper in reversed(wrappers):
        target = wrapper.build(world, target)
        world.endpoints.append(target)
    return target


def model_chain(clock: Clock, target: Node, wrappers: tuple[Wrapper, ...]) -> list[Node]:
    """The same with the oracle's nodes; the innermost first."""
    nodes: list[Any] = [target]
    for wrapper in reversed(wrappers):
        nodes.append(wrapper.model(clock, nodes[-1]))
    return nodes
