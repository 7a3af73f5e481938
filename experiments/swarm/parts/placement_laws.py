"""What placement owes at each decision: judged host by host, by the rules and by no code of the models'.

A `PlacementLaw` says what a policy promises: no two of ours in one domain of a level (`apart`), none in the
domain of a host that is avoided (`away_from`), domains that differ by one at most (`skew_max`) and the fewest
first (`evenly`), hosts filled before others are opened (`packs`).

- An instance goes to a host that may be chosen, is up and has room.
- Rules are kept: whatever would break one is refused, and goes nowhere else.
- Of all hosts that would do, one is taken that the policy prefers.
- What is refused is impossible: no host would do. The error says of each host why not.
- Of as many as are placed at once: spread, domains differ by the skew at most; packed, they are on the fewest
  hosts that can hold them.

Sources: Kubernetes documentation, "Pod Topology Spread Constraints", "Inter-pod affinity and anti-affinity".
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from math import inf

from models import Host
from models.infrastructure import Resources
from models.infrastructure.placement import PlacementPolicy

_ROUNDING = 1e-6
_REASONS = re.compile(r"none of (\d+) hosts can take number \d+: (.*)$")


@dataclass(frozen=True, slots=True, kw_only=True)
class PlacementLaw:
    """What a `policy` promises, in words of its own; `evenly` are levels, the most important first."""

    policy: PlacementPolicy
    apart: str | None = None
    away_from: tuple[str, Host] | None = None
    skew_max: float = inf
    evenly: tuple[str, ...] = ()
    packs: bool = False


@dataclass(frozen=True, slots=True)
class Stand:
    """What there is when one more is to be placed: `choices`, and where `ours` stand, once for each.

    Each takes `needs`; a host of ours has given up what they take already if it `is_taken`.
    """

    choices: Sequence[Host]
    ours: Sequence[Host]
    needs: Resources
    is_taken: bool = True

    def has_room(self, host: Host) -> bool:
        """Whether one more fits on a host, by what its tenants have asked for."""
        count = len(host.room.tenants) + (0 if self.is_taken else self.ours.count(host)) + 1
        return (
            count * self.needs.cores <= host.room.cores + _ROUNDING
            and count * self.needs.memory_gib <= host.room.memory_gib + _ROUNDING
        )

    def counts(self, level: str) -> Counter[Hashable]:
        """Count ours in each domain of a level, those without any of ours too."""
        counts: Counter[Hashable] = Counter({domain_of(host, level): 0 for host in self.choices})
        counts.update(domain_of(host, level) for host in self.ours)
        return counts


def domain_of(host: Host, level: str) -> Hashable:
    """Return what a host shares with others of its domain; those outside of any rack of a zone share that."""
    match level:
        case "host":
            return host.name
        case "rack":
            return (host.zone, host.rack)
        case "zone":
            return host.zone
    return None if host.zone is None else host.zone.region


def rules_broken(law: PlacementLaw, stand: Stand, host: Host) -> str | None:
    """Return the rule that one more on `host` would break, if any."""
    if law.apart is not None and stand.counts(law.apart)[domain_of(host, law.apart)]:
        return f"never two on one {law.apart}"
    if law.away_from is not None:
        level, other = law.away_from
        if domain_of(host, level) == domain_of(other, level):
            return f"none on the {level} of {other.name}"
    if law.skew_max < inf:
        counts = stand.counts(law.evenly[0])
        if counts[domain_of(host, law.evenly[0])] + 1 - min(counts.values()) > law.skew_max:
            return f"{law.evenly[0]}s differ by {law.skew_max} at most"
    return None


def hosts_that_would_do(law: PlacementLaw, stand: Stand) -> list[Host]:
    """Return the hosts that have room and break no rule."""
    return [host for host in stand.choices if stand.has_room(host) and not rules_broken(law, stand, host)]


def error_of_choice(law: PlacementLaw, stand: Stand, host: Host) -> str | None:
    """Return what is wrong with placing one more on `host`, if anything is."""
    if host not in stand.choices:
        return f"{host.name} was no choice"
    if not stand.has_room(host):
        return f"{host.name} has no room"
    if (rule := rules_broken(law, stand, host)) is not None:
        return f"{host.name} breaks the rule: {rule}"
    left = hosts_that_would_do(law, stand)
    for level in law.evenly:
        counts = stand.counts(level)
        fewest = min(counts[domain_of(each, level)] for each in left)
        if counts[domain_of(host, level)] > fewest:
            return f"{host.name} is in a {level} with more than {fewest} of ours"
        left = [each for each in left if counts[domain_of(each, level)] == fewest]
    if law.packs and host not in stand.ours and any(each in stand.ours for each in left):
        return f"{host.name} is opened although there is room on others"
    return None


def error_of_refusal(law: PlacementLaw, stand: Stand, text: str) -> str | None:
    """Return what is wrong with refusing one more with an error of this `text`, if anything is."""
    if would_do := hosts_that_would_do(law, stand):
        return f"{would_do[0].name} would do: {text}"
    if not stand.choices:
        return None if text.endswith("there is no host") else f"there is no host: {text}"
    found = _REASONS.search(text)
    if found is None:
        return f"no reason is given: {text}"
    told = [int(reason.split()[0]) for reason in found[2].split(", ")]
    if not int(found[1]) == sum(told) == len(stand.choices):
        return f"of {len(stand.choices)} hosts {sum(told)} have a reason: {text}"
    return None


def error_of_whole(law: PlacementLaw, hosts: Sequence[Host], placed: Sequence[Host]) -> str | None:
    """Return what is wrong with `placed` as a whole, with nobody on `hosts` before, if anything is."""
    stand = Stand(hosts, placed, Resources())
    if law.skew_max < inf:
        counts = stand.counts(law.evenly[0]).values()
        if max(counts) - min(counts) > law.skew_max:
            return f"{law.evenly[0]}s differ by more than {law.skew_max}: {list(counts)}"
    return None


def hosts_needed(hosts: Sequence[Host], needs: Resources, count: int) -> int | None:
    """Return on how few hosts so many fit beside their tenants; None where they do not fit."""
    fits = sorted((_fits(host, needs) for host in hosts), reverse=True)
    for number, more in enumerate(fits, 1):
        count -= min(more, count)
        if not count:
            return number
    return None


def _fits(host: Host, needs: Resources) -> int:
    rooms = ((host.room.cores, needs.cores), (host.room.memory_gib, needs.memory_gib))
    most = min((there / asked for there, asked in rooms if asked), default=inf)
    return int(min(most + _ROUNDING, 1e6)) - len(host.room.tenants)
