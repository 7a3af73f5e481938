"""What a placement policy sees: hosts, what is free on them, and how many of ours stand where.

The levels are the failure domains: each host alone, racks, zones, regions. Hosts outside of any rack stand
together in one unnamed rack of their zone; the same goes for zones and regions, as it does for latencies.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ..host import Host
from ..resources import Resources
from ..topology import Zone

LEVELS = ("host", "rack", "zone", "region")
"""Failure domains, from the smallest to the largest."""

_ROUNDING = 1e-9  # as in `resources`


class Candidates:
    """The hosts of one placement, in the order in which they were given, as columns of numbers.

    `hosts` holds the hosts to choose from and then those that some of ours stand on beside them, which are
    no choice (`is_choice`). `counts` is how many of ours stand on each, `remaining` how many are to be placed
    still; `cores_free` and `memory_gib_free` are what is left, with ours taken away.
    """

    def __init__(
        self, hosts: Iterable[Host], beside: Iterable[Host], count: int, resources: Resources
    ) -> None:
        choices = _present("hosts", hosts)
        others = _present("beside", beside)
        known = dict.fromkeys(choices)
        if len(known) < len(choices):
            raise ValueError(
                f"hosts must not be given twice, got {len(choices)} of which {len(known)} differ"
            )
        self.hosts = list(dict.fromkeys([*choices, *others]))
        self.is_choice = np.array([host in known for host in self.hosts], dtype=bool)
        number = {host: index for index, host in enumerate(self.hosts)}
        self.counts = np.bincount([number[host] for host in others], minlength=len(self.hosts))
        self.remaining = count
        self.resources = resources
        rooms = [host.room for host in self.hosts]
        self.cores = np.array([room.cores for room in rooms])
        self.memory_gib = np.array([room.memory_gib for room in rooms])
        self._memory_rounding = _ROUNDING * np.minimum(self.memory_gib, 1e6)
        self.cores_free = np.array([room.cores_free for room in rooms])
        self.memory_gib_free = np.array([room.memory_gib_free for room in rooms])
        self._domains: dict[str, NDArray[np.intp]] = {}
        self._domain_counts: dict[str, NDArray[np.intp]] = {}
        self._shared: dict[tuple[str, tuple[Host, ...]], NDArray[np.bool_]] = {}

    def take(self, index: int) -> Host:
        """Let one more of ours stand on the host of an index, and return the host."""
        self.counts[index] += 1
        for level, counts in self._domain_counts.items():
            counts[self._domains[level][index]] += 1
        self.remaining -= 1
        self.cores_free[index] -= self.resources.cores
        self.memory_gib_free[index] -= self.resources.memory_gib
        return self.hosts[index]

    def has_cores(self) -> NDArray[np.bool_]:
        """Say of each host whether it has the cores for one more."""
        return self.cores_free >= self.resources.cores - _ROUNDING * self.cores

    def has_memory(self) -> NDArray[np.bool_]:
        """Say of each host whether it has the memory for one more."""
        enough: NDArray[np.bool_] = self.memory_gib_free >= self.resources.memory_gib - self._memory_rounding
        return enough

    def fit_counts(self) -> NDArray[np.float64]:
        """Return how many more of ours would fit on each host; infinite where they ask for nothing."""
        fits = np.full(len(self.hosts), np.inf)
        for free, rounding, asked in (
            (self.cores_free, _ROUNDING * self.cores, self.resources.cores),
            (self.memory_gib_free, self._memory_rounding, self.resources.memory_gib),
        ):
            if asked:
                fits = np.minimum(fits, np.floor((free + rounding) / asked))
        return fits

    def domains(self, level: str) -> NDArray[np.intp]:
        """Return the number of each host's domain at a level, counted from 0 in the order of hosts."""
        if level not in self._domains:
            numbers: dict[object, int] = {}
            self._domains[level] = np.array(
                [numbers.setdefault(_domain(host, level), len(numbers)) for host in self.hosts], dtype=np.intp
            )
        return self._domains[level]

    def shares_with(self, hosts: tuple[Host, ...], level: str) -> NDArray[np.bool_]:
        """Say of each host whether it stands in a domain of one of `hosts`, which may be any but gone."""
        key = (level, hosts)
        if key not in self._shared:
            domains = {_domain(host, level) for host in hosts if not host.is_gone}
            self._shared[key] = np.array([_domain(host, level) in domains for host in self.hosts], dtype=bool)
        return self._shared[key]

    def domain_counts(self, level: str) -> NDArray[np.intp]:
        """Return how many of ours stand in each domain of a level, by its number."""
        if level not in self._domain_counts:
            whole = np.bincount(self.domains(level), weights=self.counts)
            self._domain_counts[level] = whole.astype(np.intp)
        return self._domain_counts[level]


def require_level(level: str) -> None:
    """Raise `ValueError` for what is not one of `LEVELS`."""
    if level not in LEVELS:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}, got {level!r}")


def _domain(host: Host, level: str) -> object:
    """Return what a host shares with others of its domain, and with nobody else."""
    if level == "host":
        return host
    zone: Zone | None = host.zone
    if level == "rack":
        return host.rack if host.rack is not None else ("no rack", zone)
    if level == "zone":
        return zone
    return zone.region if zone is not None else None


def _present(name: str, hosts: Iterable[Host]) -> list[Host]:
    if isinstance(hosts, Host):
        raise TypeError(f"{name} must be a list of hosts, got {hosts!r} alone")
    listed = list(hosts)
    for host in listed:
        if not isinstance(host, Host):
            raise TypeError(f"each of {name} must be a Host, got {host!r}")
    return [host for host in listed if not host.is_gone]
