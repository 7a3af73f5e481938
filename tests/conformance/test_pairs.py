"""Every wrapper alone, and every ordered pair of them, over every bad target: outcomes and times are what the oracle says, and nothing leaks."""

from __future__ import annotations

import pytest

from models.outcome import Outcome
from models.resilience import CircuitBreaker, Outbox

from .bad_targets import BAD_TARGETS, BadTarget
from .breaker_expectation import BreakerModel
from .expectation import Clock, OutboxModel, Target
from .invariants import check_always, check_drained
from .world import World
from .wrappers import WRAPPERS, Wrapper, build_chain, model_chain

# A first call into the trouble, one that meets what that did, and more across outages, openings and trials.
CALLS = (0.0, 0.29, 2.21, 7.61, 7.93, 13.37, 31.73)
END = 47.0
CHAINS = [(wrapper,) for wrapper in WRAPPERS] + [(outer, inner) for outer in WRAPPERS for inner in WRAPPERS]

Row = tuple[float, float | None, Outcome | None]


def seen(world: World) -> list[Row]:
    """What each caller has seen: when it asked, when it knew, what."""
    [client] = world.clients
    columns = client.table.columns()
    rows: list[Row] = [
        (float(start), float(end), Outcome(outcome))
        for start, end, outcome in zip(columns["start"], columns["end"], columns["outcome"], strict=True)
    ]
    answered = [row[0] for row in rows]
    return sorted([*rows, *((time, None, None) for time in CALLS if time not in answered)])


def expected(clock: Clock, target: Target, chain: tuple[Wrapper, ...]) -> tuple[list[Row], list[object]]:
    nodes = model_chain(clock, target, chain)
    rows: dict[float, Row] = {time: (time, None, None) for time in CALLS}

    def ask(time: float) -> None:
        nodes[-1].ask(lambda outcome: rows.update({time: (time, clock.now, outcome)}))

    for time in CALLS:
        clock.after(time, lambda time=time: ask(time))  # type: ignore[misc]
    clock.run(END)
    return list(rows.values()), list(nodes[1:])


def assert_alike(actual: list[Row], wanted: list[Row]) -> None:
    assert [(start, outcome) for start, _, outcome in actual] == [(start, outcome) for start, _, outcome in wanted]
    assert [end for _, end, _ in actual if end is not None] == pytest.approx(
        [end for _, end, _ in wanted if end is not None], abs=1e-9
    )


def name_of(chain: tuple[Wrapper, ...]) -> str:
    return " around ".join(wrapper.name for wrapper in chain)


@pytest.mark.parametrize("target", BAD_TARGETS, ids=lambda target: target.name)
@pytest.mark.parametrize("chain", CHAINS, ids=name_of)
def test_chain_does_what_the_oracle_says(chain: tuple[Wrapper, ...], target: BadTarget) -> None:
    world = World()
    client = world.client(build_chain(world, target.build(world), chain))
    world.issue(client, *CALLS)
    world.env.run(until=END)

    clock = Clock()
    bottom = Target(clock, target)
    rows, nodes = expected(clock, bottom, chain)
    assert_alike(seen(world), rows)
    assert world.arrivals == pytest.approx(bottom.arrivals, abs=1e-9)
    for endpoint, node in zip(world.endpoints[-len(chain) :], nodes, strict=True):
        if isinstance(node, BreakerModel):
            assert isinstance(endpoint, CircuitBreaker)
            changes = [r for r in world.env.event_log if r.subject == endpoint.name]
            assert [r.kind.removeprefix("breaker.") for r in changes] == [state for _, state in node.changes]
            assert [r.time for r in changes] == pytest.approx([time for time, _ in node.changes], abs=1e-9)
        elif isinstance(node, OutboxModel):
            assert isinstance(endpoint, Outbox)
            assert endpoint.statistics().delivered_count == len(node.delivered_at)
            assert [letter.died_at for letter in endpoint.dead_letters] == pytest.approx(node.dead_at, abs=1e-9)
    check_always(world)
    check_drained(world)


@pytest.mark.parametrize("target", BAD_TARGETS, ids=lambda target: target.name)
def test_bare_link_shows_the_target_as_it_is(target: BadTarget) -> None:
    world = World()
    world.issue(world.client(target.build(world)), *CALLS)
    world.env.run(until=END)
    clock = Clock()
    rows, _ = expected(clock, Target(clock, target), ())
    assert_alike(seen(world), rows)
    check_always(world)
    check_drained(world)
