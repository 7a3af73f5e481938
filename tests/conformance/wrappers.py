"""The catalogue of wrappers: how to put each around an endpoint, and around the oracle's node."""

from __future__ import annotations

from collections.abc import Callable, Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from models import Endpoint, FunctionEndpoint, Network, Request, ServerError, TimedOut
from models.balancing import (
    Balancer,
    LeastOutstanding,
    Policy,
    PowerOfTwoChoices,
    Random,
    RoundRobin,
    Weighted,
)
from models.network import AddedDelay
from models.outcome import Outcome
from models.resilience import (
    CircuitBreaker,
    CircuitBreakerSettings,
    ConstantBackoff,
    CountBased,
    EnvoyRetryBudget,
    ExponentialBackoff,
    GrpcRetryThrottle,
    Outbox,
    Retry,
    SreRetryRatio,
    TimeBased,
    Timeout,
    TokenBucketBudget,
    consecutive_failures,
    hystrix,
    polly,
    resilience4j,
)
from models.services import Dependency, Instance, Service, Step, by_operation, in_parallel, in_sequence
from simulator import Environment
from simulator.randomness import Constant

from .breaker_expectation import BreakerModel, Rule
from .budget_expectation import BudgetModel, EnvoyModel, GrpcModel, SreModel, TokenModel
from .expectation import Clock, Node, OutboxModel, RetryModel, Spare, TimeoutModel, TurnsModel
from .host_expectation import HopModel, HostModel, InstanceModel, OptionalModel, ParallelModel, SequenceModel
from .world import ONE_WAY, World

# Lengths that no sum of others equals, so that nothing ties by accident: ties have tests of their own.
SHORT, LONG = 0.71083, 3.17129
BACKOFF = 0.37047
SPARE, DETOUR, BEFORE, AFTER, LATER = 0.13729, 0.02311, 0.05323, 0.03137, 0.04519
OPEN = 5.03079


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrapper:
    """One entry: `build(world, inner)` for the real one, `model(clock, inner, host)` for the oracle's.

    `host` is the one between client and server, on which instances and the far ends of links stand.
    """

    name: str
    build: Callable[[World, Endpoint], Endpoint]
    model: Callable[[Clock, Node, HostModel], Node]

    def __repr__(self) -> str:
        return self.name


def _timeout(name: str, delay: float) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: Timeout(world.env, inner, delay),
        model=lambda clock, inner, host: TimeoutModel(clock, inner, delay),
    )


def _retry(
    name: str,
    delays: tuple[float, ...] = (BACKOFF, BACKOFF),
    *,
    budget: Callable[[Environment], Any] = lambda env: None,
    budget_model: Callable[[], BudgetModel] = BudgetModel,
    final: tuple[Outcome, ...] = (Outcome.BREAKER_OPEN,),
    **settings: Any,
) -> Wrapper:
    settings.setdefault("backoff", ConstantBackoff(delay=delays[0]))
    return Wrapper(
        name=name,
        build=lambda world, inner: Retry(
            world.env, inner, len(delays) + 1, budget=budget(world.env), **settings
        ),
        model=lambda clock, inner, host: RetryModel(clock, inner, delays, final=final, budget=budget_model()),
    )


def _breaker(name: str, settings: CircuitBreakerSettings, rule: Rule) -> Wrapper:
    return Wrapper(
        name=name,
        build=lambda world, inner: CircuitBreaker(
            world.env, inner, settings, name=f"breaker {len(world.endpoints)}"
        ),
        model=lambda clock, inner, host: BreakerModel(clock, inner, rule),
    )


def _outbox(name: str, workers: int, delay: float, age: float) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        backoff = ConstantBackoff(delay=delay)
        return Outbox(world.env, inner, backoff=backoff, attempts_max=3, workers=workers, age_max=age)

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: OutboxModel(clock, inner, 3, delay, workers=workers, age=age),
    )


def _hop(name: str, *, one_way: float = ONE_WAY, detour: float = 0.0, **settings: Any) -> Wrapper:
    # The chain inside stands on the proxy's host as far as this link is concerned; the links further in have
    # ends of their own.
    def build(world: World, inner: Endpoint) -> Endpoint:
        # A network of its own, whose rules and latency leave the other links alone.
        network = Network(world.env, latencies=one_way)
        if detour:
            delay = Constant(detour)
            network.install(AddedDelay(world.env, world.web, world.proxy, delay, name="detour"))
        return network.connect(world.web, inner, host=world.proxy, **settings)

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: HopModel(
            clock,
            inner,
            host,
            propagates=settings.get("propagate_cancellation", False),
            one_way=one_way + detour,
        ),
    )


def _instance(
    name: str,
    step: Callable[[Endpoint], Step] = Dependency,
    model: Callable[[Clock, Node], Node] = lambda clock, inner: inner,
    *,
    threads: int = 200,
    queue: int = 100,
    in_service: bool = False,
) -> Wrapper:
    def build(world: World, inner: Endpoint) -> Endpoint:
        own_name = f"instance {len(world.endpoints)}"
        if in_service:
            service = Service(world.env, own_name, [world.proxy], lambda host: step(inner), threads=threads)
            return service.instances[0]
        return Instance(
            world.env, world.proxy, step(inner), threads=threads, queue_size_max=queue, name=own_name
        )

    return Wrapper(
        name=name,
        build=build,
        model=lambda clock, inner, host: InstanceModel(
            clock, model(clock, inner), host, threads=threads, queue=queue
        ),
    )


def _pause(duration: float) -> Callable[[Instance, Request], Generator[Any, Any, None]]:
    def pause(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield duration

    return pause


def _balancer(policy: Policy) -> Wrapper:
    # Of one target, since nobody can foresee what a policy that draws would choose.
    return Wrapper(
        name=type(policy).__name__,
        build=lambda world, inner: Balancer(
            world.env, [inner], policy=policy, name=f"balancer {len(world.endpoints)}"
        ),
        model=lambda clock, inner, host: TurnsModel(clock, [inner], [0]),
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
        model=lambda clock, inner, host: TurnsModel(clock, [inner, Spare(clock, SPARE)], turns),
    )


_RESILIENCE4J = Rule(kind="resilience4j", volume=3, share=0.5, open_durations=(OPEN,), trials=2)
_CONSECUTIVE = Rule(kind="consecutive", volume=2, share=1.0, open_durations=(OPEN,))

WRAPPERS: tuple[Wrapper, ...] = (
    _timeout("Timeout of 0.71 s", SHORT),
    _timeout("Timeout of 3.17 s", LONG),
    _timeout("Timeout of for ever", float("inf")),
    _retry("Retry"),
    _retry("Retry at once", (0.0, 0.0), gives_up_on=(), final=()),
    _retry(
        "Retry with backoff",
        (0.11057, 0.22114, 0.44228),
        backoff=ExponentialBackoff(base=0.11057),
        retries_on=(TimedOut, ServerError),
        final=tuple(set(Outcome) - {Outcome.TIMED_OUT, Outcome.SERVER_ERROR}),
    ),
    _retry(
        "Retry on tokens",
        budget=lambda env: TokenBucketBudget(capacity=2, refill=0.5),
        budget_model=lambda: TokenModel(2, Fraction(1, 2)),
    ),
    _retry(
        "Retry on gRPC's tokens",
        budget=lambda env: GrpcRetryThrottle(tokens_max=4, token_ratio=0.5),
        budget_model=lambda: GrpcModel(4, Fraction(1, 2)),
    ),
    _retry(
        "Retry on Envoy's budget",
        budget=lambda env: EnvoyRetryBudget(ratio=0.5, concurrency_min=1),
        budget_model=lambda: EnvoyModel(Fraction(1, 2), 1),
    ),
    _retry(
        "Retry on a share",
        budget=lambda env: SreRetryRatio(env, ratio=0.5, window=6.13),
        budget_model=lambda: SreModel(Fraction(1, 2), 6.13),
    ),
    _breaker("resilience4j", resilience4j(minimum_calls=3, open_duration=OPEN, trial_count=2), _RESILIENCE4J),
    _breaker(
        "resilience4j by the second",
        resilience4j(
            minimum_calls=2,
            failure_rate_threshold=0.6,
            window=TimeBased(seconds=2),
            open_duration=ExponentialBackoff(base=2.03041, factor=2.0),
            trial_count=1,
        ),
        Rule(
            kind="resilience4j",
            volume=2,
            share=0.6,
            seconds=2,
            open_durations=tuple(2.03041 * 2**n for n in range(20)),
        ),
    ),
    _breaker(
        "resilience4j of slow calls",
        resilience4j(
            minimum_calls=2,
            failure_rate_threshold=1.0,
            slow_call_rate_threshold=0.5,
            slow_call_duration=0.5,
            window=CountBased(size=20),
            open_duration=3.03067,
            trial_count=1,
            half_opens_by_itself=True,
            trial_duration_max=4.57103,
        ),
        Rule(
            kind="resilience4j",
            volume=2,
            share=1.0,
            slow_share=0.5,
            slow_after=0.5,
            open_durations=(3.03067,),
            half_opens_by_itself=True,
            trials_take_at_most=4.57103,
        ),
    ),
    _breaker(
        "Hystrix",
        hystrix(request_volume=2, sleep_window=OPEN),
        Rule(kind="hystrix", volume=2, share=0.5, open_durations=(OPEN,)),
    ),
    _breaker(
        "Polly",
        polly(failure_ratio=0.4, minimum_throughput=2, sampling_duration=7.30157, break_duration=OPEN),
        Rule(kind="polly", volume=2, share=0.4, sampling=7.30157, open_durations=(OPEN,)),
    ),
    _breaker("consecutive failures", consecutive_failures(2, open_duration=OPEN), _CONSECUTIVE),
    _breaker(
        "strict breaker of some failures",
        replace(
            consecutive_failures(2, open_duration=OPEN),
            strict_epochs=True,
            ignores=(TimedOut,),
            counts_as_failure=(ServerError, TimedOut),
        ),
        replace(
            _CONSECUTIVE,
            strict=True,
            ignored=(Outcome.TIMED_OUT,),
            harmless=tuple(set(Outcome) - {Outcome.SERVER_ERROR}),
        ),
    ),
    _outbox("Outbox", 1, 0.83191, float("inf")),
    _outbox("Outbox of two workers", 2, 0.61733, 2.57219),
    _hop("link"),
    # Of another length: a cancellation and an answer that meet at one instant come in an order that nobody
    # can foresee.
    _hop("cancelling link", one_way=0.013, propagate_cancellation=True),
    _hop("link by a detour", detour=DETOUR, transport="datagram"),
    _instance("Instance"),
    _instance("Instance of 1 thread", threads=1, queue=3),
    _instance("Instance without queue", threads=1, queue=0),
    _instance("Service", in_service=True),
    _instance("optional Dependency", lambda inner: Dependency(inner, required=False), OptionalModel),
    _instance(
        "in_sequence",
        lambda inner: in_sequence(_pause(BEFORE), Dependency(inner), _pause(AFTER)),
        lambda clock, inner: SequenceModel(clock, inner, BEFORE, AFTER),
    ),
    _instance(
        "in_parallel",
        # Not two at one instant: who is first among those that tie is nobody's promise.
        lambda inner: in_parallel(
            Dependency(inner), _pause(SPARE), in_sequence(_pause(LATER), Dependency(inner))
        ),
        lambda clock, inner: ParallelModel(
            clock, [inner, Spare(clock, SPARE), SequenceModel(clock, inner, LATER, 0.0)]
        ),
    ),
    _instance("by_operation", lambda inner: by_operation({"get": Dependency(inner)}, otherwise=_pause(1.0))),
    _balancer_in_turns(RoundRobin(), [1.0, 1.0], [0, 1]),
    _balancer_in_turns(Weighted(), [2.0, 1.0], [0, 1, 0]),
    _balancer(Random()),
    _balancer(LeastOutstanding()),
    _balancer(PowerOfTwoChoices()),
)


def named(*names: str) -> tuple[Wrapper, ...]:
    """Return the wrappers of these names, in that order."""
    by_name = {wrapper.name: wrapper for wrapper in WRAPPERS}
    return tuple(by_name[name] for name in names)


def build_chain(world: World, target: Endpoint, wrappers: tuple[Wrapper, ...]) -> Endpoint:
    """Put `wrappers`, outermost first, around `target`."""
    for wrapper in reversed(wrappers):
        target = wrapper.build(world, target)
        world.endpoints.append(target)
    return target


def model_chain(clock: Clock, target: Node, wrappers: tuple[Wrapper, ...], host: HostModel) -> list[Node]:
    """The same with the oracle's nodes; the innermost first, the target left out."""
    nodes: list[Node] = [target]
    for wrapper in reversed(wrappers):
        nodes.append(wrapper.model(clock, nodes[-1], host))
    return nodes[1:]


def name_of(wrappers: tuple[Wrapper, ...]) -> str:
    """Return a chain's name: "Retry > Hystrix"."""
    return " > ".join(wrapper.name for wrapper in wrappers)
