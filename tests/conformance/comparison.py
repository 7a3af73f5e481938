"""One chain over one target, in the world and by the oracle, with or without an interruption.

Both must tell the same story.
"""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass
from functools import partial
from math import inf
from typing import Any

from models import Endpoint
from models.balancing import BalancerStatistics
from models.outcome import Outcome
from models.resilience import Outbox
from models.services import Instance

from .bad_targets import BadTarget
from .breaker_expectation import BreakerModel
from .catalogue import Wrapper, build_chain, model_chain, scheduling_of
from .expectation import TICK, Clock, Node, OutboxModel, Withdraw
from .health_expectation import InformedModel
from .host_expectation import HostModel
from .invariants import check_always, check_drained
from .world import World

# A first call into the trouble, one that meets what that did, and more across outages, openings and trials.
CALLS = (0.0, 0.29113, 2.21371, 7.61539, 7.93191, 13.37273, 31.73687)
END = 47.00019

Row = tuple[float, float | None, Outcome | None]

_OUTCOMES = {int(outcome): outcome for outcome in Outcome}


@dataclass(frozen=True, slots=True, kw_only=True)
class Interruption:
    """What happens to a call at a time: before all else that is due then, or after it.

    `kind` is "cancel" or "kill" for the caller that asked at `call`; "web" for a crash of the callers' host;
    "proxy" and "process" for one of the host in between, and of the processes of instances there. The last
    three are up again after `outage` seconds. "release" is for the host in between, which goes for good.
    """

    kind: str
    time: float
    is_last: bool
    call: float = 0.0
    outage: float = 2.03


@dataclass(slots=True)
class Story:
    """What the callers have seen, by the time at which they asked, and what has reached the server."""

    rows: dict[float, Row]
    arrivals: list[float]

    def settle(self, start: float, end: float, outcome: Outcome) -> None:
        """A call has ended."""
        assert self.rows[start][1] is None, f"the call of {start} s has ended twice"
        self.rows[start] = (start, end, outcome)


def told_by_the_world(
    world: World,
    chain: tuple[Wrapper, ...],
    target: BadTarget,
    calls: tuple[float, ...],
    end: float,
    interruption: Interruption | None,
) -> Story:
    """Run the real thing until `end`."""
    client = world.client(build_chain(world, target, chain))
    is_on_web = interruption is not None and interruption.kind == "web"
    world.issue(client, *calls, host=world.web if is_on_web else None)
    if interruption is not None:
        _interrupt_world(world, interruption, calls)
    world.env.run(until=end)
    story = Story({time: (time, None, None) for time in calls}, world.arrivals)
    for start, ended, outcome, _ in client.table.rows():
        story.settle(start, ended, _OUTCOMES[outcome])
    return story


def _interrupt_world(world: World, interruption: Interruption, calls: tuple[float, ...]) -> None:
    at = world.last_at if interruption.is_last else world.first_at
    number = calls.index(interruption.call)

    def interrupt() -> None:
        if interruption.kind in ("cancel", "kill") and number < len(world.callers):
            getattr(world.callers[number], interruption.kind)()
        elif interruption.kind in ("web", "proxy"):
            getattr(world, interruption.kind).crash()
        elif interruption.kind == "release":
            world.pool.release(world.proxy)
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


class Oracle:
    """The chain's nodes, the innermost first, with callers that ask the outermost."""

    def __init__(self, chain: tuple[Wrapper, ...], target: BadTarget, calls: tuple[float, ...]) -> None:
        self.clock = Clock()
        self.web, self.proxy = HostModel(), HostModel()
        self.proxy.web = self.web
        self.web.on_crash.append(self.kill_callers)
        bottom, self.nodes = model_chain(self.clock, target, chain, self.proxy)
        self.outermost = self.nodes[-1] if self.nodes else bottom
        self.story = Story({time: (time, None, None) for time in calls}, bottom.arrivals)
        self.under_way: dict[float, Withdraw] = {}
        for time in calls:
            self.clock.after(time, partial(self.ask, time))

    def ask(self, time: float) -> None:
        """Let the caller of this time ask."""
        if self.web.is_up:
            self.under_way[time] = self.outermost.ask(partial(self.done, time))

    def done(self, time: float, outcome: Outcome) -> None:
        """Let that caller have its answer."""
        del self.under_way[time]
        self.story.settle(time, self.clock.now, outcome)

    def withdraw(self, time: float, killed: bool) -> None:
        """Cancel or kill that caller, if it is there."""
        if time in self.under_way:
            self.under_way.pop(time)(killed)
            self.story.settle(time, self.clock.now, Outcome.CANCELLED)

    def kill_callers(self) -> None:
        """Kill those who are there."""
        for time in list(self.under_way):
            self.withdraw(time, True)

    def interrupt(self, kind: str, call: float) -> None:
        """See `Interruption`."""
        if kind in ("cancel", "kill"):
            self.withdraw(call, kind == "kill")
        elif kind == "web":
            self.web.crash()
        elif kind == "proxy":
            self.proxy.crash()
        elif kind == "release":
            self.proxy.release()
        else:
            self.proxy.crash_processes()

    def restore(self, kind: str) -> None:
        """Undo it, as far as it can be undone."""
        if kind == "web":
            self.web.restart()
        elif kind == "proxy":
            self.proxy.restart()
        elif kind == "process":
            self.proxy.restart_processes()

    def run(self, end: float, interruption: Interruption | None) -> None:
        """Work out what should happen until `end`."""
        if interruption is not None:
            self._run_to(interruption.time, interruption.is_last)
            self.interrupt(interruption.kind, interruption.call)
            if interruption.time + interruption.outage < end:
                self._run_to(interruption.time + interruption.outage, interruption.is_last)
                self.restore(interruption.kind)
        self.clock.run(end)

    def end(self) -> None:
        """Forget who is told of what, as `World.end` does."""
        self.clock.forget()
        for host in (self.proxy, self.web):
            vars(host).clear()

    def _run_to(self, time: float, is_last: bool) -> None:
        self.clock.run(time + TICK if is_last else time - TICK)
        self.clock.move(time)


@dataclass(frozen=True, slots=True)
class Account:
    """What the statistics of one wrapper must say; when it has changed its state, or given an entry up."""

    counts: dict[str, Any]
    changes: list[tuple[float, str]] | None
    died_at: list[float] | None


@dataclass(frozen=True, slots=True)
class Told:
    """What the oracle says: what callers see, and what the wrappers, the innermost first, say of it."""

    story: Story
    accounts: list[Account]


# What the oracle has said: it need not work out again what it goes by is the same, as with balancers whose
# policies differ in what they draw, or with targets that are silent for different reasons. A few pages: all
# pairs with one wrapper outside, and the next.
_told: dict[Hashable, Told] = {}
_REMEMBERED = 4_000


def told_by_the_oracle(
    chain: tuple[Wrapper, ...],
    target: BadTarget,
    calls: tuple[float, ...],
    end: float,
    interruption: Interruption | None,
) -> Told:
    """Say what should happen until `end`; what it says is not to be changed."""
    rules = [(wrapper.model, wrapper.leads_to_the_proxy, wrapper.scheduling) for wrapper in chain]
    question = (*rules, target.verdict, target.is_local, calls, end, interruption)
    told = _told.get(question)
    if told is None:
        oracle = Oracle(chain, target, calls)
        oracle.run(end, interruption)
        if len(_told) >= _REMEMBERED:
            del _told[next(iter(_told))]
        told = _told[question] = Told(oracle.story, [_account(node) for node in oracle.nodes])
        oracle.end()
    return told


def _account(node: Node) -> Account:
    return Account(
        node.counts(),
        node.changes if isinstance(node, BreakerModel | InformedModel) else None,
        node.dead_at if isinstance(node, OutboxModel) else None,
    )


class Difference(AssertionError):
    """World and oracle tell different stories."""


def compare(
    chain: tuple[Wrapper, ...],
    target: BadTarget,
    *,
    calls: tuple[float, ...] = CALLS,
    end: float = END,
    interruption: Interruption | None = None,
    keeps_world: bool = False,
) -> None:
    """Check that both tell the same story, and that the world then drains to nothing, whatever the story.

    With `keeps_world` something of the world is still to be looked at.
    """
    world = World(scheduling_of(chain))
    actual = told_by_the_world(world, chain, target, calls, end, interruption)
    wanted = told_by_the_oracle(chain, target, calls, end, interruption)
    # The reset of a connection, by a process that has ended, is no answer, and nobody's work is wasted by it.
    is_reset = interruption is not None and interruption.kind in ("process", "release")
    try:
        assert_same_story(actual, wanted.story)
        assert_same_statistics(world, wanted.accounts, but="wasted_count" if is_reset else "")
    except AssertionError as error:
        raise Difference(str(error)) from error
    finally:
        if world.env.processes:  # else nothing is under way, and what is drained is what there is now
            check_always(world)
        check_drained(world)
    if not keeps_world:
        world.end()


def has_ties(
    chain: tuple[Wrapper, ...], target: BadTarget, *, interruption: Interruption | None = None
) -> bool:
    """Say whether, by the oracle, any two things come at one time.

    Then there may be two right stories: which of them is first depends on the last bit of a float, or is
    nobody's promise.
    """
    oracle = Oracle(chain, target, CALLS)
    oracle.run(END, interruption)
    return oracle.clock.has_ties


def assert_same_story(actual: Story, wanted: Story) -> None:
    """Check what callers have seen, and when, and what has reached the server."""
    assert [row[2] for row in actual.rows.values()] == [row[2] for row in wanted.rows.values()]
    assert_same_times(_ends(actual), _ends(wanted))
    assert_same_times(actual.arrivals, wanted.arrivals)


def _ends(story: Story) -> list[float]:
    return [inf if row[1] is None else row[1] for row in story.rows.values()]


def assert_same_times(actual: list[float], wanted: list[float]) -> None:
    """Check times that are infinite or known to the last bits: `approx` takes ten times as long for them."""
    is_same = len(actual) == len(wanted) and all(
        one == other or abs(one - other) <= TICK for one, other in zip(actual, wanted, strict=True)
    )
    assert is_same, f"{actual}, not {wanted}"


def assert_same_statistics(world: World, accounts: list[Account], *, but: str) -> None:
    """Check the counts of the wrappers, `but` one, and their changes of state, against the oracle's."""
    wrappers = world.endpoints[len(world.endpoints) - len(accounts) :]
    for endpoint, account in zip(wrappers, accounts, strict=True):
        wanted = {name: count for name, count in account.counts.items() if name != but}
        actual = _counts(endpoint.statistics(), wanted) if wanted else {}  # type: ignore[attr-defined] # those that count have it
        assert actual == wanted, f"{endpoint.name}: {actual}, not {wanted}"
        if account.changes is not None:
            changes = _changes(world, endpoint)
            assert [kind for _, kind in changes] == [state for _, state in account.changes]
            assert_same_times([time for time, _ in changes], [time for time, _ in account.changes])
        if account.died_at is not None:
            assert isinstance(endpoint, Outbox)
            assert_same_times([letter.died_at for letter in endpoint.dead_letters], account.died_at)


def _changes(world: World, endpoint: Endpoint) -> list[tuple[float, str]]:
    """When, and to what, a breaker has changed; or what a balancer was told of the first of its targets."""
    name = endpoint.name
    return [
        (record.time, record.kind.rpartition(".")[2])
        for record in world.env.event_log
        if (record.kind.startswith("breaker.") and record.subject == name)
        or name in (record.detail.get("checker"), record.detail.get("balancer"))
    ]


def _counts(statistics: object, wanted: dict[str, object]) -> dict[str, object]:
    if isinstance(statistics, BalancerStatistics):
        calls = [target.call_count for target in statistics.targets]
        return {"refused_count": statistics.refused_count, "call_counts": calls}
    return {name: getattr(statistics, name) for name in wanted}
