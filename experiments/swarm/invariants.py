"""What must hold at every instant, and what must be left when everything is over, for any system.

`check_system` may be asked at any time between two runs, `check_empty` when nobody asks any more and
everything has had time to end. Both only look: a run with them is the same as one without. What one class
must say about itself is in `bookkeeping`; here is what holds for all of them:

- numbers in statistics are not negative, and add up;
- the event log is in order of time and knows nothing of the future; no breaker makes a step that its states
  do not have;
- in the end nothing is held, running, waiting or leaked.

And for whoever knows all callers of all parts (`check_passed_on`): what one part has passed on, the next has
received.

Example, for a system of your own::

    env.run(until=60.0)
    check_system(env, clients=[users.client], endpoints=[balancer, *service.instances], hosts=hosts)
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from math import inf
from typing import Any

from models import Endpoint, Host
from models.workload import Client
from simulator import Environment
from simulator.measurement import LogRecord

from .bookkeeping import Rule, books_of, negative_fields, statistics_of

_NEXT_STATES = {
    "closed": {"open"},
    "open": {"half_open"},
    "half_open": {"open", "closed"},
}
_BY_HAND = {"disabled", "forced_open", "metrics_only"}


class BrokenInvariant(AssertionError):
    """Something that must hold does not: `rule`, for `entity`, at simulated `time` (s).

    `kind` is the rule and the class of the entity: what two failures of one cause have in common. `detail`
    shows the numbers.
    """

    def __init__(self, rule: str, entity: str, kind: str, time: float, detail: str = "") -> None:
        super().__init__(rule, entity, kind, time, detail)
        self.rule = rule
        self.entity = entity
        self.kind = kind
        self.time = time
        self.detail = detail

    def __str__(self) -> str:
        detail = f": {self.detail}" if self.detail else ""
        return f"at {self.time:.9g} s, {self.entity}: {self.rule} does not hold{detail}"


def check_system(
    env: Environment,
    *,
    clients: Iterable[Client] = (),
    endpoints: Iterable[Endpoint] = (),
    hosts: Iterable[Host] = (),
    parts: Iterable[object] = (),
    moved_by_hand: Collection[str] = (),
) -> None:
    """Check that everything adds up now; raises `BrokenInvariant` for what does not.

    `endpoints` may be some of a system's: those that stand behind them (`target`, `targets`) are found.
    `parts` are others that count something, such as retry budgets. `moved_by_hand` names breakers that
    somebody moves from any state to any other.
    """
    clients = list(clients)
    found = reachable([*(client.target for client in clients), *endpoints])
    check_log(env, moved_by_hand)
    for part in (*clients, *(client.table for client in clients), *found, *hosts, *parts):
        check_books(part, env.now)
    for client in clients:
        ends = client.table.sample(since=-inf).end
        if len(ends) and ends[-1] > env.now:
            rule = "no request has ended in the future"
            raise _broken(client, rule, env.now, f"one ended at {ends[-1]!r} s")


def check_empty(
    env: Environment,
    *,
    clients: Iterable[Client] = (),
    endpoints: Iterable[Endpoint] = (),
    hosts: Iterable[Host] = (),
    parts: Iterable[object] = (),
) -> None:
    """Check that nothing is held, running or waiting; parameters and errors as in `check_system`.

    Processes that go on for ever (an outbox's workers) must have been cancelled before.
    """
    clients = list(clients)
    found = reachable([*(client.target for client in clients), *endpoints])
    if env.processes:
        names = ", ".join(sorted({process.name for process in env.processes}))
        raise BrokenInvariant("no process is left", names, "no process is left", env.now)
    for part in (*clients, *(client.table for client in clients), *found, *hosts, *parts):
        check_idle(part, env.now)


def reachable(endpoints: Iterable[Endpoint]) -> list[Endpoint]:
    """Return the endpoints and all that stand behind them: their targets, and so on, each once."""
    found: dict[Endpoint, None] = {}
    waiting = list(endpoints)[::-1]
    while waiting:
        endpoint = waiting.pop()
        if endpoint not in found:
            found[endpoint] = None
            waiting += _targets(endpoint)
    return list(found)


def check_books(part: Any, now: float) -> None:
    """Check what must always hold for one part, by its class (see `bookkeeping`)."""
    statistics = statistics_of(part)
    if negative := negative_fields(statistics):
        raise _broken(part, f"{negative[0]} >= 0", now, statistics)
    _check_rules(part, statistics, books_of(part).always, now)


def check_idle(part: Any, now: float) -> None:
    """Check what must hold for one part when nothing is under way, by its class."""
    _check_rules(part, statistics_of(part), books_of(part).idle, now)


def check_passed_on(parts: Iterable[object], now: float) -> None:
    """Check that what `parts` have passed on to each other has been received.

    All callers of a part that is a target of any must be among the `parts`; a target of one that does not
    count what it passes on (a connection, which may lose it) is left out.
    """
    sent: dict[object, int] = {}
    callers: dict[object, list[object]] = {}
    uncounted: set[object] = set()
    statistics = {part: statistics_of(part) for part in parts}
    for part, said in statistics.items():
        passed_on = books_of(part).passed_on
        if passed_on is None:
            uncounted.update(_targets(part))
            continue
        for target, count in passed_on(part, said):
            sent[target] = sent.get(target, 0) + count
            callers.setdefault(target, []).append(part)
    for target, count in sent.items():
        received = books_of(target).received
        if received is None or target in uncounted or target not in statistics:
            continue
        if (arrived := received(target, statistics[target])) != count:
            names = ", ".join(map(entity_of, callers[target]))
            raise _broken(
                target, "receives what is passed on", now, f"{count} by {names}, {arrived} received"
            )


def check_log(env: Environment, moved_by_hand: Collection[str] = ()) -> None:
    """Check that the log is in order, and that breakers made no steps that their states do not have.

    Those that are `moved_by_hand` may make any; one whose process starts anew is closed, whatever it was.
    """
    records = list(env.event_log)
    _check_times(records, env.now)
    states: dict[str, str] = {}
    for record in records:
        kind, _, state = record.kind.partition(".")
        if kind == "breaker" and record.subject not in moved_by_hand:
            before = states.get(record.subject, "closed")
            is_anew = state == "closed" and record.detail.get("is_fresh", False)
            if state not in _NEXT_STATES.get(before, {state}) and state not in _BY_HAND and not is_anew:
                rule = f"a breaker does not go from {before} to {state}"
                raise BrokenInvariant(rule, record.subject, rule, env.now)
            states[record.subject] = state


def check_times(env: Environment) -> None:
    """Check that the log is in order of time, and knows nothing of the future."""
    _check_times(list(env.event_log), env.now)


def _check_times(records: list[LogRecord], now: float) -> None:
    times = [record.time for record in records]
    if times != sorted(times) or (times and times[-1] > now):
        rule = "the event log is in order of time, up to now"
        raise BrokenInvariant(rule, "event log", rule, now)


def entity_of(part: Any) -> str:
    """Return what an error calls a part: its class and its name, if it has one."""
    name = getattr(part, "name", None)
    return type(part).__name__ if name is None else f"{type(part).__name__} {name!r}"


def _targets(part: Any) -> list[Endpoint]:
    found = [getattr(part, "target", None), *(getattr(part, "targets", None) or ())]
    return [each for each in found if isinstance(each, Endpoint)]


def _check_rules(part: Any, statistics: Any, rules: Iterable[Rule], now: float) -> None:
    for rule in rules:
        if not rule.holds(part, statistics):
            raise _broken(part, rule.text, now, statistics)


def _broken(part: Any, rule: str, now: float, detail: object) -> BrokenInvariant:
    shown = "" if detail is None else str(detail)
    return BrokenInvariant(rule, entity_of(part), f"{type(part).__name__}: {rule}", now, shown)
