"""What a process takes of its host, and what a host has left: memory and cores, asked for and granted.

A process says what it needs (`Resources`), as a container does in Kubernetes: *requests* of cores and memory,
which are set aside for it and add up to no more than the host has; and how it shares the cores when it runs,
its weight and its quota (see `cores`). What does not fit is refused (`DoesNotFit`), and nothing is taken.

A request of cores keeps others from being placed there; it does not keep them from using idle cores, and is
no weight by itself. Memory is a limit on what fits and nothing more: what a process uses of it is what it has
asked for, the whole time from its start to its end, crashes included, for it starts again in the same place.

Source: Kubernetes documentation, "Resource Management for Pods and Containers". Leaves out: processes that
use more memory than they asked for, and what the kernel does to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..validation import require_number, require_positive
from .cores import CpuQuota

_ROUNDING = 1e-9  # of what there is; requests such as three times 0.1 should fit where 0.3 are free


class DoesNotFit(ValueError):
    """What was asked for is not there; the message says what was asked, what exists, what failed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resources:
    """What a process takes: requests of `cores` and `memory_gib` (>= 0), and how it shares the cores.

    `cpu_weight` (> 0; relative to the others on the host) and `cpu_quota` need a host with
    `scheduling="fair-share"`.

    Example::

        Resources(cores=0.5, memory_gib=2.0, cpu_weight=2.0, cpu_quota=CpuQuota(cores=1.0))
    """

    cores: float = 0.0
    memory_gib: float = 0.0
    cpu_weight: float = 1.0
    cpu_quota: CpuQuota | None = None

    def __post_init__(self) -> None:
        """Check each."""
        for name, value in (("cores", self.cores), ("memory_gib", self.memory_gib)):
            if not 0 <= require_number(f"{name} asked for", value) < inf:
                raise ValueError(f"{name} asked for must be finite and >= 0, got {value!r}")
        require_positive("cpu_weight", self.cpu_weight)
        if self.cpu_quota is not None and not isinstance(self.cpu_quota, CpuQuota):
            raise TypeError(f"cpu_quota must be a CpuQuota or None, got {self.cpu_quota!r}")

    def __str__(self) -> str:
        """Say what is asked for."""
        return f"{self.cores:g} cores and {self.memory_gib:g} GiB"


NOTHING_ASKED = Resources()
"""No request, a weight of 1, no quota."""


class Room:
    """What a host has: `cores` and `memory_gib` in all, and what is still free of both.

    Example::

        host.room.take(instance, Resources(memory_gib=2.0))
        host.room.memory_gib_free
        host.room.give_back(instance)
    """

    __slots__ = ("_taken", "cores", "cores_free", "memory_gib", "memory_gib_free", "name")

    def __init__(self, name: str, cores: float, memory_gib: float) -> None:
        require_memory(memory_gib)
        self.name = name
        self.cores = self.cores_free = float(cores)
        self.memory_gib = self.memory_gib_free = float(memory_gib)
        self._taken: dict[object, Resources] = {}

    @property
    def tenants(self) -> tuple[object, ...]:
        """Whoever has taken something, in the order in which they came."""
        return tuple(self._taken)

    def lacks(self, resources: Resources) -> str | None:
        """Say what there is too little of, "cores" or "memory", or `None` if the resources fit."""
        if resources.cores > self.cores_free + _ROUNDING * self.cores:
            return "cores"
        if resources.memory_gib > self.memory_gib_free + _ROUNDING * min(self.memory_gib, 1e6):
            return "memory"
        return None

    def take(self, tenant: object, resources: Resources) -> None:
        """Set `resources` aside for `tenant`. Raises `DoesNotFit`; `ValueError` if it has some already."""
        if tenant in self._taken:
            raise ValueError(f"{tenant} has its room on {self.name!r} already")
        if (lacking := self.lacks(resources)) is not None:
            raise DoesNotFit(
                f"{tenant} asks for {resources}, and host {self.name!r} has too little {lacking}: "
                f"{self.cores_free:g} of {self.cores:g} cores and "
                f"{self.memory_gib_free:g} of {self.memory_gib:g} GiB are free"
            )
        self._taken[tenant] = resources
        if resources.cores or resources.memory_gib:
            self._count()

    def give_back(self, tenant: object) -> None:
        """Undo `take`; does nothing for one that has taken nothing."""
        if self._taken.pop(tenant, None) is not None:
            self._count()

    def _count(self) -> None:
        # Anew each time: what is added and taken away again would leave its rounding behind.
        self.cores_free = max(0.0, self.cores - sum(taken.cores for taken in self._taken.values()))
        memory = sum(taken.memory_gib for taken in self._taken.values())
        self.memory_gib_free = max(0.0, self.memory_gib - memory)


def require_memory(memory_gib: object) -> None:
    """Raise unless `memory_gib` is what a host may have: a number > 0, or infinity."""
    if not require_number("memory_gib", memory_gib) > 0:
        raise ValueError(f"memory_gib must be > 0, got {memory_gib!r}")
