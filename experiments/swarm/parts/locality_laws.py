"""What balancers by localities owe at each choice: judged by the definitions, not by the models' own numbers.

Each law looks at the targets of a balancer as they are at the instant of a choice and says which *shares* of
the requests go to which zones (or, of priorities, to which levels), and where those that are ill are asked as
well. `Judged` stands around a policy, and holds each choice against that:

- nobody who is ill is asked, except in panic; with `fails_in_panic` nobody at all is asked then;
- nothing goes where there is no share: zone-aware, to another zone while the own one has room for what comes
  from it, or to one without room to spare; weighted, to a zone without a weight or without anybody well;
  with priorities, to a lower level while those above can take all;
- where loads are reported, of a zone the target is asked that has reported the least;
- where zones take turns each has its share in any stretch in which that does not change, to within one turn
  of each zone;
- where chance decides, each has had its share of the whole run, as far as chance goes: the sum of hits less
  probabilities is a martingale, and Freedman's inequality says how far it may be off zero ("On Tail
  Probabilities for Martingales", Annals of Probability 1975), here but once in a billion runs;
- where keys decide, the same key goes to the same zone while the shares are the same; by weights, a key
  leaves a zone only for one whose share has grown against it (rendezvous).

Sources: Envoy's documentation, "Zone aware routing", "Locality weighted load balancing", "Priority levels",
"Panic threshold". What the models round (to whole percent, to hundredths of one) is allowed for.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from math import log, sqrt

from models import Request
from models.balancing import Choose, Policy, Target, Targets
from models.balancing.localities import locality_shares, priority_loads, zone_spill
from models.infrastructure import Zone
from simulator import Environment

Place = Zone | None
Group = tuple[Place, ...]
"""One zone, or those of a level."""

_ROUNDING = 1e-9
_LOG = log(2e9)  # of two over one in a billion


@dataclass(frozen=True, slots=True)
class View:
    """How many targets each zone has that are `available`, and how many there are."""

    available: Mapping[Place, int]
    members: Mapping[Place, int]

    @classmethod
    def of(cls, targets: Iterable[Target]) -> View:
        """Count the targets of a balancer."""
        available, members = Counter[Place](), Counter[Place]()
        for target in targets:
            members[target.zone] += 1
            available[target.zone] += target.is_healthy and not target.is_ejected
        return cls(available, members)

    def are_too_few(self, threshold: float) -> bool:
        """Whether less than a share `threshold` of all is available."""
        return sum(self.available.values()) / sum(self.members.values()) < threshold


@dataclass(frozen=True, slots=True)
class Expected:
    """The `shares` of groups of zones, which sum to one, or None where anybody may be asked.

    In places in `panics` the ill are asked, too; `is_panic` says that the balancer as a whole panics.
    """

    shares: Mapping[Group, float] | None
    panics: frozenset[Place] = frozenset()
    is_panic: bool = False

    def group_of(self, place: Place) -> Group | None:
        """Return the group with a share that a place is in, if it is in one."""
        return next((group for group, share in (self.shares or {}).items() if share and place in group), None)


class LocalityLaw(ABC):
    """One rule by which zones are chosen; `rounding` is by how much its shares may be rounded."""

    rounding: float
    takes_turns = False

    @abstractmethod
    def expected(self, view: View, threshold: float) -> Expected:
        """Return where requests go; below a share `threshold` of the targets a balancer panics."""

    def label(self, group: Group) -> Hashable:
        """Return what the hits of a group are counted under, of all balancers together."""
        return group

    @abstractmethod
    def error_of_sum(self, view: View) -> str | None:
        """Return what is wrong with the model's own shares, which must sum to one, if anything is."""


@dataclass(frozen=True)
class ZoneAwareLaw(LocalityLaw):
    """Of the `callers`, one zone for each, this one is in `own`; `size_min` targets must be available."""

    own: Zone
    callers: tuple[Zone, ...]
    size_min: int

    rounding = 2e-3

    def expected(self, view: View, threshold: float) -> Expected:
        """Stay as far as the own zone has room for its callers, spill over to those with room to spare."""
        if view.are_too_few(threshold):
            return Expected(None, frozenset(view.members), is_panic=True)
        total = sum(view.available.values())
        if total < max(1, self.size_min) or len(view.members) < 2 or len(set(self.callers)) < 2:
            return Expected(None)
        calling = Counter[Place](self.callers)
        here, ours = view.available.get(self.own, 0) / total, calling[self.own] / len(self.callers)
        if here >= ours - _ROUNDING:
            return Expected({(self.own,): 1.0})
        spare = {
            place: count / total - calling[place] / len(self.callers)
            for place, count in view.available.items()
            if place is not self.own
        }
        room = sum(more for more in spare.values() if more > _ROUNDING)
        spilled = 1.0 - here / ours
        shares: dict[Group, float] = {
            (place,): spilled * more / room for place, more in spare.items() if more > _ROUNDING
        }
        return Expected({(self.own,): here / ours, **shares} if here else shares)

    def label(self, group: Group) -> Hashable:
        """Who stays in the own zone stays, whichever that is."""
        return "stays" if group == (self.own,) else group

    def error_of_sum(self, view: View) -> str | None:
        """All callers together load all targets alike: a zone gets as much as it has of them."""
        total = sum(view.available.values())
        got: Counter[Place] = Counter()
        calling = Counter(self.callers)
        for zone, count in calling.items():
            spill = zone_spill(zone, calling, view.available, size_min=self.size_min)
            if spill is None:
                return None
            share = count / len(self.callers)
            got[zone] += share * spill.stays  # type: ignore[assignment]
            room = sum(more for _, more in spill.residuals)
            for place, more in spill.residuals:
                got[place] += share * (1.0 - spill.stays) * more / room  # type: ignore[assignment]
        for place, count in view.available.items():
            if abs(got[place] - count / total) > self.rounding:
                return f"{got[place]!r} of all requests go to {place}, which has {count} of {total} targets"
        return None


@dataclass(frozen=True)
class LocalityWeightedLaw(LocalityLaw):
    """Zones in proportion to `weights`, less where they are ill by more than `overprovisioning`."""

    weights: tuple[tuple[Zone, float], ...]
    overprovisioning: float

    rounding = 0.01
    takes_turns = True

    def expected(self, view: View, threshold: float) -> Expected:
        """Weigh zones by what is well there."""
        if view.are_too_few(threshold):
            return Expected(None, frozenset(view.members), is_panic=True)
        weighed = {
            (zone,): weight * min(1.0, self._health(view, zone))
            for zone, weight in self.weights
            if view.available.get(zone)
        }
        total = sum(weighed.values())
        return Expected({zone: weight / total for zone, weight in weighed.items()} if total else None)

    def _health(self, view: View, zone: Zone) -> float:
        # In whole percent, as the documentation's table has it: shares are to be known exactly.
        return int(100 * self.overprovisioning * view.available[zone] / view.members[zone] + _ROUNDING) / 100

    def error_of_sum(self, view: View) -> str | None:
        """Shares sum to one, or there are none."""
        weights: dict[Place, float] = dict(self.weights)
        shares = locality_shares(
            weights, view.available, view.members, overprovisioning=self.overprovisioning
        )
        is_whole = not shares or abs(sum(shares.values()) - 1.0) < _ROUNDING
        return None if is_whole else f"shares {shares!r}"


@dataclass(frozen=True)
class PrioritiesLaw(LocalityLaw):
    """The zones of the first of `levels`, and of later ones as far as those before are ill."""

    levels: tuple[tuple[Zone, ...], ...]
    overprovisioning: float
    panic_threshold: float

    rounding = 0.011

    def expected(self, view: View, threshold: float) -> Expected:
        """Let each level take what those before it leave, up to its health."""
        up, all_ = self._counts(view)
        if not any(up):
            if view.are_too_few(threshold):
                return Expected(None, frozenset(view.members), is_panic=True)
            return Expected(None)
        healths = [self._health(*each) for each in zip(up, all_, strict=True)]
        total = min(1.0, sum(healths))
        panics = [
            sum(healths) < 1.0 and (here / there if there else 0.0) < self.panic_threshold
            for here, there in zip(up, all_, strict=True)
        ]
        ill = frozenset(
            zone for level, panic in zip(self.levels, panics, strict=True) if panic for zone in level
        )
        if all(panics):
            by_size: dict[Group, float] = {
                level: there / sum(all_) for level, there in zip(self.levels, all_, strict=True)
            }
            return Expected(by_size, ill, is_panic=True)
        shares: dict[Group, float] = {}
        left = 1.0
        for level, health in zip(self.levels, healths, strict=True):
            shares[level] = min(left, health / total)
            left = max(0.0, left - shares[level])
            left = left if left > _ROUNDING else 0.0
        return Expected(shares, ill)

    def _counts(self, view: View) -> tuple[list[int], list[int]]:
        return (
            [sum(view.available.get(zone, 0) for zone in level) for level in self.levels],
            [sum(view.members.get(zone, 0) for zone in level) for level in self.levels],
        )

    def _health(self, up: int, all_: int) -> float:
        if not all_:
            return 0.0
        return min(1.0, int(100 * self.overprovisioning * up / all_ + _ROUNDING) / 100)

    def error_of_sum(self, view: View) -> str | None:
        """Loads sum to a hundred percent, or there are none."""
        loads = priority_loads(*self._counts(view), overprovisioning=self.overprovisioning)
        return None if sum(loads) in (0, 100) else f"loads {loads!r}"


@dataclass(slots=True)
class Notes:
    """What has been seen of the choices of one balancer, which `fails_in_panic` or not: breaches, in words.

    Below a share `threshold` of its targets it panics; `by_key` says whether keys decide,
    and `by_reports` whether the least load does that was reported. `chances` are those of all balancers of a
    part.
    """

    law: LocalityLaw
    threshold: float
    fails_in_panic: bool
    by_key: bool
    by_reports: bool
    chances: dict[Hashable, Chance]
    breaches: list[tuple[str, str]] = field(default_factory=list)
    choices_count: int = 0
    _view: View | None = None
    _expected: Expected = Expected(None)
    _stretch: Counter[Group] = field(default_factory=Counter)
    _of_key: dict[Hashable, tuple[Group, Mapping[Group, float]]] = field(default_factory=dict)

    def begin_anew(self) -> None:
        """Note that the balancer has begun anew: turns are taken anew."""
        self._stretch.clear()

    def note(self, now: float, request: Request, target: Target, targets: Targets) -> None:
        """Note a choice."""
        view = View.of(targets.members)
        if view != self._view:
            self._look_anew(view)
        expected = self._expected
        self.choices_count += 1
        said = f"{target.endpoint.name!r} in {target.zone} at {now!r} s; {_shown(view)}, {expected.shares!r}"
        if not (target.is_healthy and not target.is_ejected) and target.zone not in expected.panics:
            self.breaches.append(("nobody who is ill is asked, except in panic", said))
        if self.fails_in_panic and expected.is_panic:
            self.breaches.append(("nobody is asked in panic", said))
        if self.by_reports:
            self._compare(target, targets, said)
        if expected.shares is not None:
            group = expected.group_of(target.zone)
            if group is None:
                self.breaches.append(("nothing goes to a zone that has no share", said))
            else:
                self._weigh(request, group, expected.shares, said)

    def _look_anew(self, view: View) -> None:
        self._view = view
        expected = self.law.expected(view, self.threshold)
        if expected != self._expected:
            self._expected = expected
            self._stretch.clear()
        if not view.are_too_few(self.threshold) and (error := self.law.error_of_sum(view)) is not None:
            self.breaches.append(("shares sum to one", f"{error}; {_shown(view)}"))

    def _weigh(self, request: Request, group: Group, shares: Mapping[Group, float], said: str) -> None:
        if self.by_key and request.key is not None:
            self._weigh_key(request.key, group, shares, said)
        elif self.law.takes_turns:
            self._stretch[group] += 1
            total = self._stretch.total()
            for each, share in shares.items():
                if abs(self._stretch[each] - share * total) > len(shares) + _ROUNDING:
                    detail = f"{self._stretch[each]} of {total}, {said}"
                    self.breaches.append(("zones that take turns have their shares", detail))
        else:
            for each, share in shares.items():
                chance = self.chances.setdefault(self.law.label(each), Chance())
                chance.add(each == group, share, self.law.rounding)
                if not chance.is_likely:
                    detail = f"{chance!r}, {said}"
                    self.breaches.append(("each has its share, as far as chance goes", detail))

    def _compare(self, target: Target, targets: Targets, said: str) -> None:
        asked = [
            each
            for each in targets.members
            if each.zone is target.zone and (each.is_available or each.zone in self._expected.panics)
        ]
        if _load(target) > min(_load(each) for each in [*asked, target]):
            self.breaches.append(("the least load that was reported is chosen in a zone", said))

    def _weigh_key(self, key: Hashable, group: Group, shares: Mapping[Group, float], said: str) -> None:
        before, then = self._of_key.get(key, (group, shares))
        self._of_key[key] = group, shares
        if before == group:
            return
        if then == shares:
            self.breaches.append(("a key stays where it is while shares do", f"from {before}, {said}"))
        elif self.law.takes_turns:
            was, now = then.get(group, 0.0) * shares.get(before, 0.0), shares[group] * then[before]
            if now <= was + _ROUNDING:
                rule = "a key leaves a zone only for one that has grown against it"
                self.breaches.append((rule, f"from {before} with {then!r}, {said}"))


@dataclass(slots=True)
class Chance:
    """Of `count` draws `excess` hits more than their probabilities, which may be off by `slack` in all."""

    count: int = 0
    excess: float = 0.0
    variance: float = 0.0
    slack: float = 0.0

    def add(self, is_hit: bool, probability: float, rounding: float) -> None:
        """Add one draw."""
        self.count += 1
        self.excess += is_hit - probability
        self.variance += probability * (1.0 - probability)
        self.slack += rounding if 0.0 < probability < 1.0 else 0.0

    @property
    def is_likely(self) -> bool:
        """Whether the excess is within what happens but once in a billion times."""
        bound = _LOG / 3.0 + sqrt(_LOG * _LOG / 9.0 + 2.0 * self.variance * _LOG)
        return abs(self.excess) <= bound + self.slack


@dataclass(frozen=True, slots=True, eq=False)
class Judged(Policy):
    """Chooses as `policy` does, and has each choice noted."""

    policy: Policy
    notes: Notes

    @property
    def uses_weights(self) -> bool:  # type: ignore[override]  # as the policy has it, and nobody sets it
        """Whether weights make a difference to the policy."""
        return self.policy.uses_weights

    @property
    def has_memory(self) -> bool:  # type: ignore[override]  # as for `uses_weights`
        """Whether the policy has a memory."""
        return self.policy.has_memory

    def is_panic(self, members: Sequence[Target], threshold: float) -> bool:
        """Say what the policy does."""
        return self.policy.is_panic(members, threshold)

    def chooser(self, env: Environment, targets: Targets, name: str) -> Choose:
        """Return what the policy does, with notes."""
        choose, notes = self.policy.chooser(env, targets, name), self.notes
        notes.begin_anew()

        def choose_and_note(request: Request) -> Target:
            target = choose(request)
            notes.note(env.now, request, target, targets)
            return target

        return choose_and_note


def _load(target: Target) -> float:
    """Return what a target last said of its load; what the balancer counts if it has said nothing."""
    return target.outstanding if target.reported_load is None else target.reported_load


def _shown(view: View) -> str:
    counts = view.members.items()
    return ", ".join(f"{view.available[place]} of {count} in {place}" for place, count in counts)
