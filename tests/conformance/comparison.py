"""One chain over one target, in the world and by the oracle, with or without an interruption: both must tell the same story."""

from __future__ import annotations

from dataclasses import dataclass, field
from math import inf

import pytest

from models.balancing import BalancerStatistics
from models.outcome import Outcome
from models.resilience import CircuitBreaker, Outbox
from models.services import Instance

from .bad_targets import BadTarget
from .breaker_expectation import BreakerModel
from .expectation import TICK, Clock, Node, OutboxModel, Target, Withdraw
from .host_expectation import HostModel
from .invariants import check_always, check_drained
from .world import World
from .wrappers import Wrapper, build_chain, model_chain

# A first call into the trouble, one that meets what that did, and more across outages, openings and trials.
CALLS = (0.0, 0.29113, 2.21371, 7.61539, 7.93191, 13.37273, 31.73687)
END = 47.00019

Row = tuple[float, float | None, Outcome | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """What happens to a call at a time: before all else that is due then, or after it.

    `kind` is "cancel" or "kill" for the caller that asked at `call`; "web" for a crash of the callers' host; "proxy" and
    "process" for one of the host in between, and of the processes of instances there. The last three are up again after
    `outage` seconds.
    """

    kind: str
    time: float
    is_last: bool
    call: float = 0.0
    outage: float = 2.03


@dataclass(slots=True)
class Story:
    """What the callers have seen, by the time at which they asked; what reached the server; what the wrappers' statistics say."""

    rows: dict[float, Row]
    arrivals: list[float] = field(default_factory=list)

    def settle(self, start: float, end: float, outcome: Outcome) -> None:
        """A call has ended."""
        assert self.rows[start][1] is None, f"the call of {start} s has ended twice"
        self.rows[start] = (start, end, outcome)


def told_by_the_world(
    world: World, chain: tuple[Wrapper, ...], target: BadTarget, calls: tuple[float, ...], end: float, interruption: Interruption | None
) -> Story:
    """Run the real thing until `end`."""
    client = world.client(build_chain(world, target.build(world), chain))
    is_on_web = interruption is not None and interruption.kind == "web"
    world.issue(client, *calls, host=world.web if is_on_web else None)
    if interruption is not None:
        _interrupt_world(world, interruption, calls)
    world.env.run(until=end)
    story = Story({time: (time, None, None) for time in calls}, world.arrivals)
    columns = client.table.columns()
    for start, ended, outcome in zip(columns["start"], columns["end"], columns["outcome"], strict=True):
        story.settle(float(start), float(ended), Outcome(outcome))
    return story


def _interrupt_world(world: World, interruption: Interruption, calls: tuple[float, ...]) -> None:
    at = world.last_at if interruption.is_last else world.first_at
    number = calls.index(interruption.call)

    def interrupt() -> None:
        if interruption.kind in ("cancel", "kill") and number < len(world.callers):
            getattr(world.callers[number], interruption.kind)()
        elif interruption.kind in ("web", "proxy"):
            getattr(world, interruption.kind).crash()
        elif interruption.kind == "process":
            for instance in _instances(world):
                instance.crash()

    def restore() -> None:
        if interruption.kind in ("web", "proxy"):
            getattr(world, interruption.kind).restart()
        elif interruption.kind == "process":
            for instance in _instances(world):
                instance.restart()

    at(interruption.time, interrupt)
    at(interruption.time + interruption.outage, restore)


def _instances(world: World) -> list[Instance]:
    return [each for each in world.endpoints if isinstance(each, Instance) and each.host is world.proxy]


def told_by_the_oracle(
    chain: tuple[Wrapper, ...], target: BadTarget, calls: tuple[float, ...], end: float, interruption: Interruption | None
) -> tuple[Story, list[Node]]:
    """Work out what should happen until `end`, with the nodes of the chain, the innermost first."""
    clock, host = Clock(), HostModel()
    bottom = Target(clock, target)
    nodes = model_chain(clock, bottom, chain, host)
    outermost = nodes[-1] if nodes else bottom
    story = Story({time: (time, None, None) for time in calls}, bottom.arrivals)
    under_way: dict[float, Withdraw] = {}
    is_web_up = True

    def ask(time: float) -> None:
        def done(outcome: Outcome) -> None:
            del under_way[time]
            story.settle(time, clock.now, outcome)

        if is_web_up:
            under_way[time] = outermost.ask(done)

    def withdraw(time: float, killed: bool) -> None:
        under_way.pop(time)(killed)
        story.settle(time, clock.now, Outcome.CANCELLED)

    def interrupt(kind: str, call: float) -> None:
        nonlocal is_web_up
        if kind in ("cancel", "kill"):
            if call in under_way:
                withdraw(call, kind == "kill")
        elif kind == "web":
            is_web_up = False
            for time in list(under_way):
                withdraw(time, True)
        else:
            for function in [host.crash] if kind == "proxy" else host.on_process_crash:
                function()

    def restore(kind: str) -> None:
        nonlocal is_web_up
        if kind == "proxy":
            host.restart()
        elif kind == "process":
            for function in host.on_process_restart:
                function()
        is_web_up = True

    for time in calls:
        clock.after(time, lambda time=time: ask(time))  # type: ignore[misc] # mypy sees one argument too many
    if interruption is not None:
        rest = interruption
        _run_to(clock, rest.time, rest.is_last)
        interrupt(rest.kind, rest.call)
        if rest.time + rest.outage < end:
            _run_to(clock, rest.time + rest.outage, rest.is_last)
            restore(rest.kind)
    clock.run(end)
    return story, nodes


def _run_to(clock: Clock, time: float, is_last: bool) -> None:
    clock.run(time + TICK if is_last else time - TICK)
    clock.now = time


def compare(
    chain: tuple[Wrapper, ...],
    target: BadTarget,
    *,
    calls: tuple[float, ...] = CALLS,
    end: float = END,
    interruption: Interruption | None = None,
) -> None:
    """Check that both tell the same story, and that the world then drains to nothing."""
    world = World()
    is_reset = interruption is not None and interruption.kind == "process"
    actual = told_by_the_world(world, chain, target, calls, end, interruption)
    wanted, nodes = told_by_the_oracle(chain, target, calls, end, interruption)
    assert [row[2] for row in actual.rows.values()] == [row[2] for row in wanted.rows.values()]
    ends, wanted_ends = ([inf if row[1] is None else row[1] for row in story.rows.values()] for story in (actual, wanted))
    assert ends == pytest.approx(wanted_ends, abs=TICK)
    assert actual.arrivals == pytest.approx(wanted.arrivals, abs=TICK)
    # The reset of a connection, by a process that has crashed, is no answer, and nobody's work is wasted by it.
    assert_same_statistics(world, nodes, but="wasted_count" if is_reset else "")
    check_always(world)
    check_drained(world)


def assert_same_statistics(world: World, nodes: list[Node], *, but: str) -> None:
    """Check the counts of the wrappers, `but` one, and the changes of their states, against those of the oracle's nodes."""
    for endpoint, node in zip(world.endpoints[len(world.endpoints) - len(nodes) :], nodes, strict=True):
        wanted = {name: count for name, count in node.counts().items() if name != but}
        actual = _counts(endpoint.statistics(), wanted) if wanted else {}  # type: ignore[attr-defined] # those that count have it
        assert actual == wanted, f"{endpoint.name}: {actual}, not {wanted}"
        if isinstance(node, BreakerModel):
            assert isinstance(endpoint, CircuitBreaker)
            changes = [record for record in world.env.event_log if record.subject == endpoint.name]
            assert [record.kind.removeprefix("breaker.") for record in changes] == [state for _, state in node.changes]
            assert [record.time for record in changes] == pytest.approx([time for time, _ in node.changes], abs=TICK)
        elif isinstance(node, OutboxModel):
            assert isinstance(endpoint, Outbox)
            assert [letter.died_at for letter in endpoint.dead_letters] == pytest.approx(node.dead_at, abs=TICK)


def _counts(statistics: object, wanted: dict[str, object]) -> dict[str, object]:
    if isinstance(statistics, BalancerStatistics):
        calls = [target.call_count for target in statistics.targets]
        return {"refused_count": statistics.refused_count, "call_counts": calls}
    return {name: getattr(statistics, name) for name in wanted}
