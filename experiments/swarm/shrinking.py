"""Cuts a plan that fails down to something small that fails in the same way.

A plan is a tree: records, lists and values. Two things are tried, again and again until neither helps:

- leave out elements of a list: first large parts of it, then ever smaller ones, at last single ones (ddmin);
- leave out a key, which makes its value the simplest there is, or give a number fewer digits; let a fault
  strike the first of the things that it might.

From the top of the tree to the leaves, so that whole clients and services go before what is in them. What is
left is made sound again: whoever names something that is gone goes too. A candidate counts if it fails, and
the failure is of the same kind: cutting must not slip from one bug to another. The seed stays, and with it
the random numbers of all that is left, since their streams are named after their parts.

Open load is first spelled out, as one request at each of the times at which its own draws, so that requests
can be left out one by one.

Deterministic, and bounded by a number of trials. Sources: Zeller and Hildebrandt, "Simplifying and Isolating
Failure-Inducing Input" (IEEE TSE, 2002); for trees, Misherghi and Su, "HDD: Hierarchical Delta Debugging"
(ICSE 2006).
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from pydantic import ValidationError

from ..misuse import Misuse
from .choices import Names, Reference, completed
from .fault_catalogue import FAULTS
from .part_kind import own_hosts
from .parts import PARTS
from .plan import FaultPlan, HostPlan, OpenLoadPlan, PartPlan, ServicePlan, SystemPlan, WayPlan
from .plan_rules import require_sound
from .planned_load import spelled_out
from .trial import Failed, Verdict, run_trial

Tree = dict[str, Any]
Path = tuple[str | int, ...]

TRIALS_MAX = 600
"""How many candidates are run, unless asked otherwise."""


@dataclass(frozen=True, slots=True)
class Shrunk:
    """The smallest plan found, how it fails, and how many trials that took."""

    plan: SystemPlan
    failed: Failed
    trials_count: int


def shrink(
    plan: SystemPlan,
    failed: Failed,
    *,
    trials_max: int = TRIALS_MAX,
    run: Callable[[SystemPlan], Verdict] | None = None,
) -> Shrunk:
    """Return the smallest plan found that fails as `plan` does, which has `failed`.

    At most `trials_max` (>= 0) candidates are run, by `run`: `run_trial` if not given, thoroughly only if
    the failure needs that to be seen.
    """
    shrinking = _Shrinking(plan, failed, trials_max, run or _cheapest_run(plan, failed))
    shrinking.shrink()
    return Shrunk(shrinking.plan, shrinking.failed, shrinking.trials_count)


def _cheapest_run(plan: SystemPlan, failed: Failed) -> Callable[[SystemPlan], Verdict]:
    plainly = partial(run_trial, thorough=False, locate=False)
    verdict = plainly(plan)
    is_plain = isinstance(verdict, Failed) and verdict.kind == failed.kind
    return plainly if is_plain else partial(run_trial, thorough=True, locate=False)


class _Shrinking:
    def __init__(
        self, plan: SystemPlan, failed: Failed, trials_max: int, run: Callable[[SystemPlan], Verdict]
    ) -> None:
        self.plan = plan
        self.failed = failed
        self.trials_count = 0
        self._trials_max = trials_max
        self._run = run
        self._tried = {plan.to_json()}

    def shrink(self) -> None:
        """Try everything, again and again, until nothing helps any more or the trials are used up."""
        before = None
        while before != self.plan and self._may_try():
            before = self.plan
            self._spell_out_load()
            self._leave_out_elements()
            self._simplify_values()

    # -- candidates

    def _may_try(self) -> bool:
        return self.trials_count < self._trials_max

    def _accepts(self, candidate: SystemPlan) -> bool:
        """Run a candidate that has not been tried, and take it in place of the plan if it fails alike."""
        text = candidate.to_json()
        if text in self._tried or not self._may_try():
            return False
        self._tried.add(text)
        self.trials_count += 1
        try:
            verdict = self._run(candidate)
        except Misuse:  # a part takes no such value
            return False
        if not isinstance(verdict, Failed) or verdict.kind != self.failed.kind:
            return False
        self.plan, self.failed = candidate, verdict
        return True

    def _accepts_tree(self, tree: Tree) -> bool:
        candidate = _sound_plan(tree)
        return candidate is not None and self._accepts(candidate)

    # -- passes

    def _spell_out_load(self) -> None:
        for index, client in enumerate(self.plan.clients):
            if isinstance(client.load, OpenLoadPlan):
                clients = list(self.plan.clients)
                scripted = spelled_out(client.name, client.load, self.plan)
                clients[index] = client.model_copy(update={"load": scripted})
                self._accepts(self.plan.model_copy(update={"clients": tuple(clients)}))

    def _leave_out_elements(self) -> None:
        # Lists come and go as elements of others are left out: paths are looked up again after each.
        done: set[Path] = set()
        while self._may_try():
            path = next((each for each in _lists(_tree(self.plan)) if each not in done), None)
            if path is None:
                return
            done.add(path)
            self._leave_out_of(path)

    def _leave_out_of(self, path: Path) -> None:
        """Take ever smaller parts out of one list (ddmin, of which this is the half that looks at rests)."""
        size = len(_at(_tree(self.plan), path))
        while size and self._may_try():
            size = min(size, len(_at(_tree(self.plan), path, [])))
            start = 0
            while size and start < len(_at(_tree(self.plan), path, [])):
                tree = _tree(self.plan)
                del _at(tree, path)[start : start + size]
                if not self._accepts_tree(tree):
                    start += size
            size //= 2

    def _simplify_values(self) -> None:
        done: set[tuple[Path, str]] = set()
        while self._may_try():
            tree = _tree(self.plan)
            wanted = ((path, text) for path, text in _values(tree) if (path, text) not in done)
            if (found := next(wanted, None)) is None:
                return
            done.add(found)
            self._simplify(found[0])

    def _simplify(self, path: Path) -> None:
        *parents, last = path
        tree = _tree(self.plan)
        holder = _at(tree, tuple(parents))
        value = holder[last]
        if isinstance(holder, dict):
            del holder[last]
            if self._accepts_tree(tree):
                return
        for simpler in (*_simpler_numbers(value), *self._other_targets(path)):
            tree = _tree(self.plan)
            _at(tree, tuple(parents))[last] = simpler
            if self._accepts_tree(tree):
                return

    def _other_targets(self, path: Path) -> tuple[str, ...]:
        """Return what a fault might strike in place of what it strikes by the value at `path`, if it does."""
        match path:
            case ("faults", int(index), "parameters", str(name)):
                fault = self.plan.faults[index]
                parameter = FAULTS[fault.kind].parameters[name]
                if isinstance(parameter, Reference):
                    names = parameter.candidates(Names.of(self.plan))
                    return names[: names.index(str(fault.parameters[name]))]
        return ()


# -- sound plans


def repaired(plan: SystemPlan) -> SystemPlan:
    """Return a plan without whatever names something that is not there, and without hosts nobody names."""
    hosts = {host.name for host in plan.hosts}
    services: list[ServicePlan] = []
    for service in plan.services:
        known = {each.name for each in services}
        if left := tuple(name for name in service.hosts if name in hosts):
            needed = tuple(
                dependency.model_copy(update={"way": _repaired_way(dependency.way, hosts)})
                for dependency in service.dependencies
                if dependency.way.service in known
            )
            services.append(service.model_copy(update={"hosts": left, "dependencies": needed}))
    parts = _repaired_parts(plan, services)
    known = {service.name for service in services} | {part.name for part in parts}
    clients = tuple(
        client.model_copy(update={"way": _repaired_way(client.way, hosts)})
        for client in plan.clients
        if client.host in hosts and client.way.service in known
    )
    rest = plan.model_copy(
        update={
            "services": tuple(services),
            "parts": parts,
            "clients": clients,
            "racks": tuple(rack for rack in plan.racks if rack.zone in plan.zones),
            "hosts": tuple(_repaired_host(host, plan) for host in plan.hosts),
        }
    )
    used = {name for service in rest.services for name in service.hosts} | {each.host for each in clients}
    used |= {way.balancer_host for _, way in rest.ways() if way.balancer_host is not None}
    used |= {name for part in parts for name in own_hosts(part)}
    rest = rest.model_copy(update={"hosts": tuple(host for host in rest.hosts if host.name in used)})
    names = Names.of(rest)
    faults = tuple(fault for fault in rest.faults if _strikes(fault, names))
    return rest.model_copy(update={"faults": faults})


def _repaired_host(host: HostPlan, plan: SystemPlan) -> HostPlan:
    zone = host.zone if host.zone in plan.zones else None
    is_there = any(rack.name == host.rack and rack.zone == zone for rack in plan.racks)
    return host.model_copy(update={"zone": zone, "rack": host.rack if is_there else None})


def _repaired_parts(plan: SystemPlan, services: list[ServicePlan]) -> tuple[PartPlan, ...]:
    """Return the parts that have all that they need, without hosts that are gone."""
    names = Names.of(plan.model_copy(update={"services": tuple(services), "parts": ()}))
    left: list[PartPlan] = []
    for part in plan.parts:
        kept = {
            name: tuple(each for each in value if each in names.hosts) if isinstance(value, tuple) else value
            for name, value in part.parameters.items()
            if value != ()
        }
        part = part.model_copy(update={"parameters": kept})
        try:
            completed(PARTS[part.kind].parameters, kept, part.name, names)
        except Misuse:
            continue
        left.append(part)
    return tuple(left)


def _repaired_way(way: WayPlan, hosts: set[str]) -> WayPlan:
    if way.balancer_host is None or way.balancer_host in hosts:
        return way
    return way.model_copy(update={"balancer_host": None})


def _strikes(fault: FaultPlan, names: Names) -> bool:
    """Return whether everything that a fault names is there."""
    parameters = FAULTS[fault.kind].parameters
    return all(
        fault.parameters.get(name) in parameter.candidates(names)
        for name, parameter in parameters.items()
        if isinstance(parameter, Reference)
    )


def _sound_plan(tree: Tree) -> SystemPlan | None:
    """Return the plan that a tree is, made sound; None if it cannot be."""
    try:
        plan = repaired(SystemPlan.model_validate_json(json.dumps(tree)))
        require_sound(plan)
    except (ValidationError, Misuse):
        return None
    return plan if plan.clients else None


# -- trees


def _tree(plan: SystemPlan) -> Tree:
    tree: Tree = json.loads(plan.to_json())
    return tree


def _at(tree: Any, path: Path, otherwise: Any = None) -> Any:
    """Return what stands at a path, or `otherwise` if that leads nowhere."""
    for step in path:
        try:
            tree = tree[step]
        except (KeyError, IndexError):
            return otherwise
    return tree


def _children(tree: Any) -> Iterator[tuple[str | int, Any]]:
    if isinstance(tree, dict):
        yield from tree.items()
    elif isinstance(tree, list):
        yield from enumerate(tree)


def _walk(tree: Any) -> Iterator[tuple[Path, Any]]:
    """Yield everything in a tree with its path, level by level."""
    level: list[tuple[Path, Any]] = [((), tree)]
    while level:
        yield from level
        level = [((*path, key), child) for path, each in level for key, child in _children(each)]


def _lists(tree: Tree) -> Iterator[Path]:
    return (path for path, each in _walk(tree) if isinstance(each, list) and each)


def _values(tree: Tree) -> Iterator[tuple[Path, str]]:
    """Yield the paths of all values but the seed, and of records that may be left out, with their texts."""
    for path, each in _walk(tree):
        if path and path != ("seed",) and not isinstance(each, list):
            yield path, json.dumps(each)


def _simpler_numbers(value: Any) -> list[float]:
    """Return numbers of fewer digits near a number, the simplest first."""
    if type(value) is not float:
        return [1] if type(value) is int and value > 1 else []
    rounded = [round(value, digits) for digits in range(4)]
    return [each for each in dict.fromkeys(rounded) if each != value]
