"""Fair sharing with quotas, an independent account: time in steps of a fixed length, shares by water level.

It knows no virtual time, no events and no order of completion: in each step it looks for the level up to
which every group may be filled, by bisection, and gives each piece its part.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Group:
    """A group of work, with what each of its pieces has left."""

    weight: float
    quota_time: float | None = None
    period: float = 0.1
    left: dict[int, float] = field(default_factory=dict)
    used: float = 0.0  # of the quota, in the present period
    busy_time: float = 0.0

    @property
    def is_able(self) -> bool:
        """Whether it has work and quota left."""
        return bool(self.left) and (self.quota_time is None or self.used < self.quota_time - 1e-9)

    def work(self, time: float) -> None:
        """Give each piece its part of a time on cores, as far as the quota goes."""
        if self.quota_time is not None:
            time = min(time, self.quota_time - self.used)
        self.used += time
        for number in list(self.left):
            part = min(self.left[number], time / len(self.left))
            self.busy_time += part
            self.left[number] -= part
        self.left = {number: left for number, left in self.left.items() if left > 1e-9}


def shares_of(groups: list[Group], count: int) -> list[float]:
    """Return how many cores each group gets, poured in bit by bit where there is still room."""
    shares = [0.0] * len(groups)
    left = float(count)
    open_groups = [number for number, group in enumerate(groups) if group.is_able]
    while open_groups and left > 1e-12:
        weight = sum(groups[number].weight for number in open_groups)
        # As much as fills the first one up, or all.
        room = {number: len(groups[number].left) - shares[number] for number in open_groups}
        level = min(left / weight, *(room[number] / groups[number].weight for number in open_groups))
        for number in open_groups:
            shares[number] += level * groups[number].weight
        left -= level * weight
        open_groups = [number for number in open_groups if len(groups[number].left) - shares[number] > 1e-12]
    return shares


def use_by_steps(
    count: int, groups: list[Group], pieces: list[tuple[int, int, float]], step: float, until: int
) -> list[list[float]]:
    """Return the time on cores of each group after each step; a piece is (step, group, demand)."""
    use: list[list[float]] = []
    for now in range(until):
        for group in groups:
            if group.quota_time is not None and now % round(group.period / step) == 0:
                group.used = 0.0
        for number, (at, whose, demand) in enumerate(pieces):
            if at == now:
                groups[whose].left[number] = demand
        for group, share in zip(groups, shares_of(groups, count), strict=True):
            group.work(share * step)
        use.append([group.busy_time for group in groups])
    return use
