"""Instances of services, and the steps of what they do."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import cache
from typing import Any

from models import Endpoint, Request
from models.services import Dependency, Instance, Service, Step, by_operation, in_parallel, in_sequence

from ..expectation import Clock, Node, Spare
from ..host_expectation import HostModel, InstanceModel, OptionalModel, ParallelModel, SequenceModel
from ..world import World
from .wrapper import AFTER, BEFORE, LATER, SPARE, Wrapper


def _what_is_inside(clock: Clock, inner: Node) -> Node:
    return inner


@cache
def _model(
    inside: Callable[[Clock, Node], Node], threads: int, queue: int
) -> Callable[[Clock, Node, HostModel], Node]:
    """Return one model for all that do the same: what the oracle says of one goes for the others."""
    return lambda clock, inner, host: InstanceModel(
        clock, inside(clock, inner), host, threads=threads, queue=queue
    )


def _instance(
    name: str,
    step: Callable[[Endpoint], Step] = Dependency,
    model: Callable[[Clock, Node], Node] = _what_is_inside,
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
        leads_to_the_proxy=True,
        model=_model(model, threads, queue),
    )


def _pause(duration: float) -> Callable[[Instance, Request], Generator[Any, Any, None]]:
    def pause(instance: Instance, request: Request) -> Generator[Any, Any, None]:
        yield duration

    return pause


WRAPPERS = (
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
)
