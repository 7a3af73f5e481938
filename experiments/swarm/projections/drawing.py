"""Logs and projections drawn from a seed, swarm style: each plan is allowed a random half of all kinds.

As with stores: faults strike the log as often as anybody else, and crashes come between a write and its sync.
Where a `flaw` is planted there are the parameters that it needs. Source: as for stores.
"""

from __future__ import annotations

from random import Random

from ...misuse import unknown_name
from ..choices import drawn
from ..plan import DurationPlan, FaultPlan, Value
from .fault_catalogue import FAULTS
from .parameters import FLAWS, PARAMETERS
from .plan import AskPlan, ProjectionsPlan, UserPlan, ViewPlan

_LOAD_ENDS = (2.0, 4.0)
_FAULT_MEANS = (0.1, 0.3, 0.8)
_DIGITS = 4
_NAIVE = 0.25
_DISK_LOSS = 0.15
_MODELS = ("stock", "orders", "sellers")


def draw_projections(seed: int, flaw: str | None = None) -> ProjectionsPlan:
    """Return the plan of a seed, always the same one; a `flaw`, if one is named, is planted in it."""
    if flaw is not None and flaw not in FLAWS:
        raise unknown_name("flaw", flaw, FLAWS)
    return _Drawing(seed, flaw).plan()


class _Drawing:
    def __init__(self, seed: int, flaw: str | None) -> None:
        self.seed = seed
        self.random = random = Random(seed)
        self.flaw = flaw
        self.load_end = random.choice(_LOAD_ENDS)
        kinds = [kind for kind in FAULTS if kind != "disk_loss"]
        self.kinds = [kind for kind in kinds if random.random() < 0.5]
        if flaw is None and random.random() < _DISK_LOSS:
            self.kinds.append("disk_loss")
        self.views = self._views()

    def _views(self) -> tuple[ViewPlan, ...]:
        random = self.random
        found = []
        for number in range(1, random.randint(1, 3) + 1):
            is_naive = self.flaw is None and random.random() < _NAIVE
            found.append(
                ViewPlan(
                    name=f"view-{number}",
                    model=random.choice(_MODELS),  # type: ignore[arg-type] # one of those
                    checkpointing=random.choice(("after", "before")) if is_naive else "together",
                )
            )
        return tuple(found)

    def plan(self) -> ProjectionsPlan:
        random = self.random
        plan = ProjectionsPlan(
            seed=self.seed,
            log=random.choice(("disk", "disk", "raft")),
            parameters=self._parameters(),
            flaw=self.flaw,
            load_end=self.load_end,
            latency=DurationPlan(
                mean=random.choice([0.001, 0.004, 0.004, 0.02]),
                law=random.choice(("constant", "exponential", "lognormal")),
            ),
            handlers=tuple(f"commands-{number}" for number in range(1, random.randint(1, 3) + 1)),
            views=self.views,
            users=tuple(self._user(number) for number in range(1, random.randint(2, 5) + 1)),
        )
        return plan.model_copy(update={"faults": tuple(self._faults(plan))})

    def _parameters(self) -> dict[str, Value]:
        random = self.random
        varied = {name: each for name, each in PARAMETERS.items() if random.random() < 0.5}
        if self.flaw is not None:  # of what is not kept anyway nothing is lost
            varied.pop("durability", None)
            varied.pop("row_durability", None)
        found = drawn(varied, random, ProjectionsPlan(log="disk").names())
        needs = (FLAWS[self.flaw].needs or {}) if self.flaw is not None else {}
        return found | {name: random.choice(values) for name, values in needs.items()}

    def _user(self, number: int) -> UserPlan:
        random = self.random
        return UserPlan(
            name=f"user-{number}",
            patience=random.choice([0.1, 0.5]),
            attempts=random.choice([1, 3, 20]),
            asks=tuple(self._asks()),
        )

    def _asks(self) -> list[AskPlan]:
        random = self.random
        pause, questions = random.choice([0.03, 0.1, 0.3]), random.choice([0.3, 0.6])
        found: list[AskPlan] = []
        now = 0.0
        while (now := round(now + random.expovariate(1.0 / pause), _DIGITS)) < self.load_end:
            if found and now <= found[-1].at:
                continue
            item = random.choice([1, 1, 2, 3])
            if random.random() < questions:
                of, own = random.choice(self.views).name, random.random() < 0.4
                found.append(AskPlan(at=now, does="query", item=item, of=of, own=own))
            else:
                does = random.choice(("restock", "reserve", "reserve", "cancel"))
                is_submitted = random.random() < 0.2
                found.append(AskPlan(at=now, does=does, item=item, submitted=is_submitted))  # type: ignore[arg-type]
        return found

    def _faults(self, plan: ProjectionsPlan) -> list[FaultPlan]:
        random = self.random
        mean, longest = random.choice(_FAULT_MEANS), random.choice([0.1, 0.5, 1.5])
        found: list[FaultPlan] = []
        start = 0.0
        while self.kinds and (start := start + random.expovariate(1.0 / mean)) < self.load_end:
            kind = random.choice(self.kinds)
            if not FAULTS[kind].is_common and random.random() < 0.5:
                continue
            begin = round(start, _DIGITS)
            end = round(min(self.load_end, start + random.uniform(0.01, longest)), _DIGITS)
            given = drawn(FAULTS[kind].parameters, random, plan.names())
            name = f"fault-{len(found) + 1}"
            found.append(FaultPlan(kind=kind, name=name, start=begin, end=max(begin, end), parameters=given))
        return found
