"""Processor sharing without a virtual clock: an independent account, piece by piece and change by change."""

from math import inf

_EPSILON = 1e-12


class _Sharing:
    """The pieces that are present, each with the demand that it has left."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.speed = 1.0
        self.now = 0.0
        self.left: dict[int, float] = {}
        self.ends: dict[int, float] = {}

    def advance(self, time: float) -> None:
        """Let all present pieces lose rate x time, from one end to the next, up to `time`."""
        while self.left:
            rate = self.speed * min(1.0, self.count / len(self.left))
            least = min(self.left.values())
            end = self.now + least / rate
            if end > time + _EPSILON:
                self._spend((time - self.now) * rate)
                break
            self._spend(least)
            self.now = end
            for number in [number for number, left in self.left.items() if left <= _EPSILON]:
                self.ends[number] = end
                del self.left[number]
        self.now = time

    def _spend(self, demand: float) -> None:
        for number in self.left:
            self.left[number] -= demand


def ends_by_integration(
    count: int,
    pieces: list[tuple[float, float]],
    speeds: dict[float, float],
    leavers: dict[int, float],
) -> dict[int, float]:
    """Return when each piece (time, demand) ends under sharing; `speeds` maps times to new speeds.

    A piece that leaves (`leavers`: piece -> time) before its end has none.
    """
    sharing = _Sharing(count)
    for now in sorted({time for time, _ in pieces} | set(speeds) | set(leavers.values())):
        sharing.advance(now)
        for number, time in leavers.items():
            if time == now:
                sharing.left.pop(number, None)
        sharing.speed = speeds.get(now, sharing.speed)
        for number, (time, demand) in enumerate(pieces):
            if time == now and leavers.get(number, inf) > now:
                sharing.left[number] = demand
    sharing.advance(inf)
    return sharing.ends
