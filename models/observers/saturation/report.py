"""Which resource saturates first: the report on a window of time.

The rule. Requests are answered at a rate X. A physical resource of c units that each answered request keeps
busy for D seconds has the utilisation U = X D / c, and X cannot exceed c / D = X / U. The smallest of these
bounds is the system's, and whose it is, is the bottleneck (the utilisation law and the bottleneck law of
operational analysis; Denning and Buzen, "The Operational Analysis of Queueing Network Models", ACM Computing
Surveys 10(3), 1978).

A soft resource (threads, pool) is held by those who work and by those who wait. By Little's law the number
of holders that wait, in all the queues beyond it, is X times the time for which a request waits there. What
is held less that is X times the time for which a request holds it at light load: the need that remains when
those queues do not form, and what its size is to be compared with. So threads that are all held because the
cores behind them are saturated are not the bottleneck, and threads that are all held by a slow answer, which
nobody can hurry, are.

Two things are more than that subtraction can see, and a second rule covers them: holders that wait in no
queue (a retry's pause, while a dependency rejects calls), and callers that are gone while their work still
waits. What is saturated while something that its holders wait for is saturated as well is a symptom.

The errors are to one side. Whoever waits behind a resource is taken to wait for all that hold it, so that of
a soft resource with few holders of many the need is underestimated, but only while there is a queue beyond.
From a run in which nothing is saturated the prediction is that of asymptotic bound analysis: exact in the
demands, and silent about what queues do to response times on the way there. Soft resources fill somewhat
earlier, by the queues that form before any utilisation is 1. Work that is done for nobody (abandoned calls,
retries) is part of the demand of those requests that were answered.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan, sqrt

from .account import Account
from .resource import Resource
from .use import FULL, ResourceUse, share
from .ways import Ways

# One of several that do the same stands for all where it is used so much more than the others, and by more
# than luck is likely to make of as many calls.
_UNEVEN = 1.25
_DEVIATIONS = 4.0

_WORTH_A_LINE = 0.001
"""What could carry a thousand times the load is not spoken of beside what cannot."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaturationReport:
    """What was seen from `since` to `until` (s), while `rate` requests per second were answered.

    `uses` are in the order in which they saturate: the bottlenecks, then what is full because of them, then
    the others by the load at which it is their turn. `str` says the first of them, one in a line.
    """

    since: float
    until: float
    rate: float
    uses: tuple[ResourceUse, ...]

    @property
    def first(self) -> ResourceUse | None:
        """What saturates first, or has; `None` where nothing is used."""
        return self.uses[0] if self.uses and self.uses[0].load else None

    @property
    def bottlenecks(self) -> tuple[ResourceUse, ...]:
        """What is saturated in its own right."""
        return tuple(use for use in self.uses if use.is_bottleneck)

    @property
    def rate_max(self) -> float:
        """The rate at which the first physical resource is busy all the time, whatever else is in the way.

        The least c / D. Nan where no request was answered.
        """
        if not self.rate:
            return nan
        return min((self.rate / use.utilisation for use in self.uses if _works(use)), default=inf)

    def use(self, name: str) -> ResourceUse:
        """Return one use by its name. Raises `ValueError` where there is none."""
        for use in self.uses:
            if use.name == name:
                return use
        known = ", ".join(use.name for use in self.uses) or "none"
        raise ValueError(f"name must be one of {known}, got {name!r}")

    def text(self, lines_max: int = 4) -> str:
        """Return the first lines of what there is to say, at most so many (>= 1)."""
        head = f"{self.since:g} s to {self.until:g} s, {self.rate:,.1f} requests/s answered"
        if self.first is None:
            return f"{head}: nothing is used"
        used = [use for use in self.uses if use.load >= _WORTH_A_LINE or use.is_symptom] or [self.first]
        said = [str(use) for use in used[:lines_max]]
        if not self.first.is_saturated:
            said[0] = said[0].replace(" at about", " first, at about", 1)
        return "\n".join([head, *said])

    def __str__(self) -> str:
        """Return the first few lines."""
        return self.text()


def reported(
    accounts: list[Account],
    name_of: Callable[[Resource], str],
    ways: Ways,
    *,
    looks_count: int,
    since: float,
    until: float,
    rate: float,
) -> SaturationReport:
    """Return the report on what `accounts` have seen; those with one name are one resource in it."""
    groups: dict[str, _Group] = {}
    for account in accounts:
        name = name_of(account.resource)
        groups.setdefault(name, _Group(name, looks_count, until - since)).accounts.append(account)
    _find_loads(list(groups.values()), ways)
    uses = [group.use(rate) for group in groups.values()]
    return SaturationReport(since=since, until=until, rate=rate, uses=tuple(sorted(uses, key=_order)))


def _works(use: ResourceUse) -> bool:
    return use.is_physical and use.utilisation > 0.0


def _order(use: ResourceUse) -> tuple[int, bool, float, str]:
    """First what is saturated in its own right, of that first what works; then by load."""
    stage = 0 if use.is_bottleneck else 1 if use.is_saturated or use.is_symptom else 2
    load = use.load if use.load == use.load else 0.0
    return stage, stage == 0 and not use.is_physical, -load, use.name


class _Group:
    """Resources that do the same: what was seen of them, and what the others make of it."""

    def __init__(self, name: str, looks_count: int, elapsed: float) -> None:
        self.name = name
        self.accounts: list[Account] = []
        self.beyond: list[_Group] = []
        self.load = 0.0
        self.because_of: tuple[str, ...] = ()
        self._looks_count = looks_count
        self._elapsed = elapsed

    @property
    def is_physical(self) -> bool:
        return self.accounts[0].resource.is_physical

    @property
    def is_saturated(self) -> bool:
        return self.load >= FULL

    @property
    def capacity(self) -> float:
        return sum(self._capacity(account) for account in self.accounts)

    @property
    def used(self) -> float:
        return sum(self._used(account) for account in self.accounts)

    @property
    def waiting(self) -> float:
        return sum(account.waiting for account in self.accounts) / self._looks_count

    @property
    def served_count(self) -> int:
        return sum(account.served_count for account in self.accounts)

    @property
    def turned_away_count(self) -> int:
        return sum(account.turned_away_count for account in self.accounts)

    @property
    def hottest(self) -> Account:
        return max(self.accounts, key=self._share)

    def _capacity(self, account: Account) -> float:
        return account.capacity / self._looks_count

    def _used(self, account: Account) -> float:
        busy = account.busy_time
        return account.used / self._looks_count if busy is None else busy / self._elapsed

    def _share(self, account: Account) -> float:
        used = share(self._used(account), self._capacity(account))
        return used if used == used else 0.0

    @property
    def unevenness(self) -> float:
        """How much more the hottest is used than all on average: 1, unless by more than luck."""
        mean = share(self.used, self.capacity)
        if not mean > 0.0:
            return 1.0
        hottest = self.hottest
        ratio = self._share(hottest) / mean
        luck = 1.0 + _DEVIATIONS / sqrt(max(hottest.served_count, 1))
        return ratio if ratio > max(_UNEVEN, luck) else 1.0

    def use(self, rate: float) -> ResourceUse:
        needed = self.load * self.capacity if self.load and self.capacity < inf else 0.0
        return ResourceUse(
            name=self.name,
            kind=self.accounts[0].resource.kind,
            is_physical=self.is_physical,
            members=tuple(account.resource.name for account in self.accounts),
            capacity=self.capacity,
            used=self.used,
            waiting=self.waiting,
            hottest=self.hottest.resource.name,
            hottest_utilisation=self._share(self.hottest),
            is_uneven=self.unevenness > 1.0,
            served_rate=self.served_count / self._elapsed,
            turned_away_rate=self.turned_away_count / self._elapsed,
            load=self.load,
            per_request=needed / rate if rate else nan,
            saturates_at=self._saturates_at(rate),
            is_saturated=self.is_saturated,
            because_of=self.because_of,
        )

    def _saturates_at(self, rate: float) -> float:
        if self.is_saturated or not rate:
            return nan
        return rate / self.load if self.load else inf


def _find_loads(groups: list[_Group], ways: Ways) -> None:
    """Find what each resource needs to carry, and which of the saturated ones are symptoms."""
    group_of = {account.resource.subject: group for group in groups for account in group.accounts}
    for group in groups:
        starts = [way for account in group.accounts for way in account.resource.ways_on]
        met = dict.fromkeys(group_of[subject] for subject in ways.beyond(starts) if subject in group_of)
        group.beyond = [other for other in met if other is not group]
        wait_elsewhere = sum(other.waiting for other in group.beyond)
        needed = group.used if group.is_physical else max(0.0, group.used - wait_elsewhere)
        load = share(needed, group.capacity) * group.unevenness
        group.load = load if load == load else 0.0
    saturated = {group for group in groups if group.is_saturated}
    for group in groups:
        if not group.is_physical and group.served_count and saturated.isdisjoint(group.beyond):
            asked = group.served_count + group.turned_away_count
            group.load *= asked / group.served_count
    for group in groups:
        group.because_of = tuple(
            other.name for other in group.beyond if other.is_saturated and group not in other.beyond
        )
