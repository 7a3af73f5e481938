"""Stores under fire drawn from a seed, swarm style.

As with systems (see `drawing` of the swarm), each plan is allowed a random half of the kinds of faults, and a
random half of the habits: what is never there cannot hide what else would show. Source: Groce, Zhang, Eide,
Chen and Regehr, "Swarm Testing" (ISSTA 2012).

Faults alone seldom find what needs a certain host at a certain instant. So they strike whoever leads as often
as anybody else; cuts leave clients on both sides of them; in some plans one fault is over before the next
begins, or nobody would lead who could be deposed; crashes come between a write and its sync; clocks
gain and lose all that leases allow for, on both sides of the lease, and some change from the one to the other
on the way; and a store that could claim much is mostly drawn so that it does. What does not vary from its
simplest value is another half, of the parameters.

With a `flaw` the plan is of the design that has it, in which it is planted, with the settings that it needs,
and of some it is a schedule (see `schemes`). So are some plans without a flaw, of designs that have any.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from math import inf
from random import Random

from ...misuse import Misuse, unknown_name
from ..choices import Names, completed, drawn
from ..plan import DurationPlan, FaultPlan, Value
from .building import promises_of
from .designs import DESIGNS
from .fault_catalogue import STORE_FAULTS, names_of
from .plan import DRIFT, SALTED, Does, OperationPlan, StoreClientPlan, StoreHostPlan, StorePlan

_WEIGHTS = {"raft": 3, "primary_replica": 4, "quorums": 3, "multi_primary": 3, "single": 1, "locks": 2}
_HABITS = (
    "appends",
    "clocks that are wrong",
    "compare-and-set",
    "counters",
    "deletes",
    "drift",
    "duplicates",
    "keys written once",
    "long delays",
    "loss",
    "one fault at a time",
    "readers",
    "short patience",
    "slow boots",
    "slow network",
    "zones",
)
_RARE = {
    "clocks that are wrong": 0.35,
    "drift": 0.35,
    "loss": 0.2,
    "counters": 0.25,
    "long delays": 0.25,
    "slow network": 0.25,
    "slow boots": 0.3,
}
_CLAIMING = 0.75  # of the stores whose design can claim to be linearizable
_TRIES = 200
_MUCH_DRIFT = 0.3  # where no promise rests on it
_STEADY = 0.4
_CHANGES_MAX = 8
_DISK_LOSS = 0.1
_SCHEMED = 0.3
_SCANS, _SALTED = 0.15, 0.5
_LOAD_ENDS = (2.0, 4.0, 8.0)
_FAULT_MEANS = (0.15, 0.4, 1.0)
_DIGITS = 4


def draw_store(seed: int, flaw: str | None = None, *, design: str | None = None) -> StorePlan:
    """Return the plan of a seed, always the same one: of any design, or of the one that is named.

    If a `flaw` is named it is planted, and the design is the one that has it.
    """
    return _Drawing(seed, flaw, design).plan()


def flaws_of_stores() -> dict[str, str]:
    """Return all flaws that can be planted, each with the name of its design."""
    return {flaw: name for name, design in DESIGNS.items() for flaw in design.flaws}


class _Drawing:
    def __init__(self, seed: int, flaw: str | None, design: str | None) -> None:
        self.seed = seed
        self.random = random = Random(seed)
        self.other = Random(f"{seed}, spread")
        self.flaw = flaw
        self.name = self._design(design)
        self.design = DESIGNS[self.name]
        self.does = self.design.does
        self.habits = {habit for habit in _HABITS if random.random() < _RARE.get(habit, 0.5)}
        planted = self.design.flaws.get(flaw or "")
        trouble = () if planted is None else planted.trouble
        self.habits |= set() if planted is None else set(planted.habits)
        share = 0.15 if trouble else 0.5
        common = [kind for kind, each in STORE_FAULTS.items() if each.is_for_all]
        kinds = [kind for kind in common if kind in trouble or random.random() < share]
        self.kinds = [kind for kind in kinds if kind != "disk_loss"] or ["host_crash"]
        if "clocks that are wrong" not in self.habits:
            self.kinds = [kind for kind in self.kinds if kind != "clock"] or ["host_crash"]
        self.kinds += [kind for kind in self.design.suffers if kind in trouble or random.random() < share]
        if self.design.disks_may_be_lost and flaw is None and random.random() < _DISK_LOSS:
            self.kinds.append("disk_loss")
        self.load_end = random.choice(_LOAD_ENDS)
        self.zones = self._zones()

    def _design(self, wanted: str | None) -> str:
        if self.flaw is not None:
            known = flaws_of_stores()
            if self.flaw not in known:
                raise unknown_name("flaw", self.flaw, known)
            return known[self.flaw]
        return wanted or self.random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]

    def _zones(self) -> tuple[str, ...]:
        count = self.random.randint(2, 3) if "zones" in self.habits else 0
        return tuple(f"zone-{number}" for number in range(1, count + 1))

    def plan(self) -> StorePlan:
        count = self.random.choice(self.design.node_counts)
        parameters = self._parameters(count)
        given = completed(self.design.parameters, parameters, "parameters", Names())
        self.does = self.design.knows(given)
        drift = self._drift(given)
        random = self.random
        hosts = tuple(self._host(f"node-{number}", drift) for number in range(1, count + 1))
        plan = StorePlan(
            seed=self.seed,
            store=self.name,
            parameters=parameters,
            flaw=self.flaw,
            load_end=self.load_end,
            latency=self._latency(),
            zone_latency=self._far() if self.zones else None,
            loss_probability=random.choice([0.01, 0.1]) if "loss" in self.habits else 0.0,
            duplicate_probability=random.choice([0.05, 0.3]) if "duplicates" in self.habits else 0.0,
            zones=self.zones,
            hosts=hosts,
            monitor=self._host("monitor", drift),
            clients=tuple(self._client(number) for number in range(1, random.randint(2, 5) + 1)),
        )
        planted = self.design.flaws.get(self.flaw or "")
        if planted is not None and planted.scheme is not None:
            return planted.scheme(random, plan)
        other = Random(f"{self.seed}, scheme")
        if self.flaw is None and self.design.schemes and other.random() < _SCHEMED:
            return other.choice(self.design.schemes)(other, plan)
        faults = self._faults(plan)
        faults += self._changes_of_drift(plan, drift)
        faults += self.design.orders(Random(f"{self.seed}, orders"), self.load_end)
        return plan.model_copy(update={"faults": tuple(faults)})

    # -- the store

    def _parameters(self, count: int) -> dict[str, Value]:
        """Return parameters that go together, mostly such that the store claims all that it can."""
        random, flaw = self.random, self.design.flaws.get(self.flaw or "")
        wants_claims = self.flaw is not None or random.random() < _CLAIMING
        needs = {} if flaw is None else flaw.needs
        best = self.design.at_its_best
        if flaw is None and self.design.other_bests:
            best = random.choice((best, best, *self.design.other_bests))
        found: dict[str, Value] | None = None
        for _ in range(_TRIES):
            varied = {name: each for name, each in self.design.parameters.items() if random.random() < 0.5}
            parameters = drawn(varied, random, Names())
            parameters |= {name: random.choice(values) for name, values in needs.items()}
            promised = self._promised(parameters, count)
            if promised is None:
                continue
            found = parameters
            if not wants_claims or promised >= best:
                break
        if found is None:
            raise Misuse(f"parameters of {self.name} must go together, got none that do in {_TRIES} draws")
        return found

    def _promised(self, parameters: Mapping[str, Value], count: int) -> set[str] | None:
        """Return what a store with `parameters` promises where nothing is in the way; None: there is none."""
        hosts = tuple(StoreHostPlan(name=f"node-{number}") for number in range(1, count + 1))
        plan = StorePlan(store=self.name, parameters=dict(parameters), hosts=hosts)
        try:
            return promises_of(plan)
        except Misuse:
            return None

    def _drift(self, given: Mapping[str, Value]) -> float:
        """Return how far clocks may drift: up to the bound of whatever promise rests on it."""
        if "drift" not in self.habits:
            return 0.0
        allowed = self.design.drift_allowed(given)
        return _MUCH_DRIFT if allowed == inf else allowed

    # -- hosts and network

    def _host(self, name: str, drift: float) -> StoreHostPlan:
        random = self.random
        is_wrong = "clocks that are wrong" in self.habits
        return StoreHostPlan(
            name=name,
            zone=self._zone(),
            offset=random.choice([0.0, 100.0, -0.3, 0.02]) if is_wrong else 0.0,
            drift=random.choice([drift, -drift, 0.0]) + 0.0 if drift else 0.0,
            boot_time=random.choice([0.02, 0.2]) if "slow boots" in self.habits else 0.0,
        )

    def _zone(self) -> str | None:
        return self.random.choice(self.zones) if self.zones else None

    def _latency(self) -> DurationPlan:
        mean = self.random.choice([0.02, 0.05] if "slow network" in self.habits else [0.001, 0.004])
        law = "lognormal" if "long delays" in self.habits else self.random.choice(("constant", "exponential"))
        return DurationPlan(mean=mean, law=law)  # type: ignore[arg-type] # one of those

    def _far(self) -> DurationPlan:
        return DurationPlan(mean=self.random.choice([0.005, 0.03]), law="exponential")

    # -- clients

    def _client(self, number: int) -> StoreClientPlan:
        random = self.random
        name = f"client-{number}"
        return StoreClientPlan(
            name=name,
            zone=self._zone(),
            patience=random.choice([0.1, 0.3] if "short patience" in self.habits else [0.6, 1.5]),
            operations=tuple(self._operations(name)),
        )

    def _operations(self, client: str) -> Sequence[OperationPlan]:
        """Return what a client asks: now and then a reader, who never finds out that a write fails."""
        random = self.random
        pause = random.choice([0.02, 0.06, 0.2])
        read_share = 1.0 if "readers" in self.habits and random.random() < 0.4 else random.choice([0.3, 0.6])
        writes = self._writes()
        found: list[OperationPlan] = []
        now = 0.0
        while (now := round(now + random.expovariate(1.0 / pause), _DIGITS)) < self.load_end:
            if found and now <= found[-1].at:
                continue
            does: Does = "read" if random.random() < read_share else random.choice(writes)
            operation = OperationPlan(at=now, does=does, key=self._key(does, f"{client}, {now}"))
            found.append(self._spread(operation) if "scan" in self.does else operation)
        return found

    def _spread(self, operation: OperationPlan) -> OperationPlan:
        """Return a scan instead of some reads, and another counter instead of some, which is spread."""
        luck, counts = self.other.random(), self._has("add", "counters")
        if operation.does == "read" and luck < _SCANS:
            return operation.model_copy(update={"does": "scan"})
        if counts and (operation.does == "add" or operation.key == "number") and luck < _SALTED:
            return operation.model_copy(update={"key": SALTED})
        return operation

    def _writes(self) -> list[Does]:
        wanted: list[tuple[Does, str | None]] = [
            ("write", None),
            ("write", None),
            ("compare-and-set", "compare-and-set"),
            ("append", "appends"),
            ("add", "counters"),
            ("delete", "deletes"),
            ("set-add", None),
            ("set-add", None),
            ("set-remove", None),
        ]
        return [
            does for does, habit in wanted if does in self.does and (habit is None or habit in self.habits)
        ]

    def _key(self, does: Does, once: str) -> str:
        random = self.random
        match does:
            case "append":
                return "list"
            case "add":
                return "number"
            case "set-add" | "set-remove":
                return "set"
            case "delete":
                return random.choice(["mortal-1", "mortal-2"])
            case "write":
                if "keys written once" in self.habits and random.random() < 0.3:
                    return f"once by {once}"
                mortals = ["mortal-1", "mortal-2"] if self._has("delete", "deletes") else []
                return random.choice(["a", "a", "b", *mortals])
        others = ["list"] if self._has("append", "appends") and does == "read" else []
        others += ["number"] if self._has("add", "counters") and does == "read" else []
        others += ["mortal-1", "mortal-2"] if self._has("delete", "deletes") and does == "read" else []
        others += ["set"] if "set-add" in self.does and does == "read" else []
        return random.choice(["a", "a", "b", *others])

    def _has(self, does: Does, habit: str) -> bool:
        return does in self.does and habit in self.habits

    # -- faults

    def _faults(self, plan: StorePlan) -> list[FaultPlan]:
        random = self.random
        mean, longest = random.choice(_FAULT_MEANS), random.choice([0.3, 1.0, 3.0])
        names = names_of(plan)
        found: list[FaultPlan] = []
        start = 0.0
        while (start := round(start + random.expovariate(1.0 / mean), _DIGITS)) < self.load_end:
            kind = random.choice(self.kinds)
            if not STORE_FAULTS[kind].is_common and random.random() < 0.5:
                continue
            end = round(min(self.load_end, start + random.uniform(0.01, longest)), _DIGITS)
            given = drawn(STORE_FAULTS[kind].parameters, random, names)
            name = f"fault-{len(found) + 1}"
            found.append(FaultPlan(kind=kind, name=name, start=start, end=end, parameters=given))
            if "one fault at a time" in self.habits:
                start = end
        return found

    def _changes_of_drift(self, plan: StorePlan, drift: float) -> list[FaultPlan]:
        """Return changes of drift on the way, within what is allowed, where clocks drift at all."""
        random, names = self.random, names_of(plan)
        if not drift or random.random() < _STEADY:
            return []
        found = []
        for number in range(1, random.randint(1, _CHANGES_MAX) + 1):
            start = round(random.uniform(0.0, self.load_end), _DIGITS)
            end = round(random.uniform(start, self.load_end), _DIGITS)
            host = STORE_FAULTS[DRIFT].parameters["host"].draw(random, names)
            given = {"host": host, "drift": random.choice([drift, -drift])}
            found.append(
                FaultPlan(kind=DRIFT, name=f"drift-{number}", start=start, end=end, parameters=given)
            )
        return found
