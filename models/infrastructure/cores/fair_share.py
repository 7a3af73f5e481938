"""Fair sharing: groups of work share the cores by weight, and within their quotas.

The rule, for c cores and groups that have work and are not throttled (see `share`):

- a group of n pieces can use n cores at most, for no piece runs on two;
- what there is goes to the groups in proportion to their weights; what one cannot use goes to the others in
  the same proportion, so that no core is idle while there is work for it (work-conserving): a weight matters
  only where there is not enough;
- quotas take groups out of this, and put them back when a period begins. Cores may be idle then.

This is generalised processor sharing (Parekh and Gallager 1993) on several cores, as max-min fairness with
weights has it (Bertsekas and Gallager, "Data Networks", 2nd ed. 1992, section 6.5). Linux comes near it with
`cpu.weight` (control group v2; `cpu.shares` before), and Kubernetes makes such weights of CPU requests and
quotas of CPU limits. With one group it is processor sharing.

Leaves out: that the kernel keeps a queue for each core and balances them, so that weights hold on average
only; the granularity of its time slices.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Environment, Process

from .cores import Cores, CoreStatistics, CpuQuota, Work
from .looks import Looks
from .share import Share

if TYPE_CHECKING:
    from ...endpoint import Endpoint


class FairShareCores(Cores):
    """Groups of work share the cores by weight; `work` works for a group of weight 1 without a quota."""

    __slots__ = ("_active", "_due", "_looks", "_own", "booted_at", "changed_at")

    def __init__(self, env: Environment, count: int, speed: float) -> None:
        super().__init__(env, count, speed)
        self.booted_at = env.now
        self.changed_at = env.now
        self._active: dict[Share, None] = {}  # those with work, in the order in which they came to have it
        self._looks = Looks(env, self._look)
        self._due: Callable[[], None] | None = None  # what happens at the next look, if anything does
        self._own = Share(env, self, 1.0, None)

    def share(self, weight: float, quota: CpuQuota | None) -> Share:
        """Return a share of the cores for one more group of work."""
        return Share(self._env, self, weight, quota)

    def work(self, demand: float) -> Generator[Any, Any, None]:
        """Work for the group of whatever has no share of its own."""
        return self._own.work(demand)

    def work_of(self, running: Mapping[Process, Endpoint | None]) -> Work:
        """Return what works for the share of the endpoint in whose process it is called, if that has one."""

        def work(demand: float) -> Generator[Any, Any, None]:
            # A kernel charges the process, whatever it calls. Asked when the work begins, by who does it.
            process: Any = self._env.active_process
            endpoint = running.get(process)
            share = None if endpoint is None else endpoint.cpu_share
            yield from (share or self._own).work(demand)

        return work

    def _change_speed(self, speed: float) -> None:
        self.advance()
        self._speed = speed
        self.plan()

    def start_afresh(self) -> None:
        """The host has booted: periods are counted from now, and all quotas are whole."""
        self.booted_at = self._env.now

    # -- for shares -----------------------------------------------------------------------------------------

    def join(self, share: Share) -> None:
        """Let a share take part that has work now."""
        self._active[share] = None

    def leave(self, share: Share) -> None:
        """Let a share take part no longer, since it has no work left."""
        del self._active[share]

    def advance(self) -> None:
        """Bring all shares, and what was done, up to now."""
        now = self._env.now
        if now > self.changed_at:
            busy = (now - self.changed_at) * self.running_count
            self._busy_time += busy
            self._work_done += busy * self._speed
            for share in self._active:
                share.advance(self.changed_at, now, self._speed)
            self.changed_at = now

    def plan(self) -> None:
        """Share the cores out anew, and see to a look when the first thing changes of itself."""
        now, speed = self._env.now, self._speed
        for share in self._active:
            share.settle(now)
        self._share_out()
        self._due = None
        if self._active:
            delay, due = min((share.next_change(now, speed) for share in self._active), key=_delay)
            if delay < inf and self._looks.plan(delay):
                self._due = due

    def _share_out(self) -> None:
        """Give each share its cores: first those that can use least for their weight."""
        for share in self._active:
            share.rate = 0.0
        able = [share for share in self._active if not share.is_throttled]
        able.sort(key=lambda share: share.job_count / share.weight, reverse=True)
        weights, weight = [], 0.0
        for share in able:
            weight += share.weight
            weights.append(weight)
        left = float(self.count)
        # From the end: it is the sums of the weights that are left that must be exact, not their differences.
        for share, weight in zip(reversed(able), reversed(weights), strict=True):
            share.rate = min(float(share.job_count), left * share.weight / weight)
            left -= share.rate

    @property
    def running_count(self) -> int:
        """How many cores have work that may run."""
        able = sum(share.job_count for share in self._active if not share.is_throttled)
        return min(self.count, able)

    def _look(self) -> None:
        """Do what is due now, if anything is, let go on what is done, and plan the next look."""
        self.advance()
        if self._due is not None:
            self._due()
            for share in list(self._active):
                self._completed_count += share.complete()
        self.plan()

    def statistics(self) -> CoreStatistics:
        """Return what has been done so far, exact at this instant."""
        running_count = self.running_count
        present_count = sum(share.job_count for share in self._active)
        busy = (self._env.now - self.changed_at) * running_count
        return self._statistics(
            running_count, present_count - running_count, work=busy * self._speed, busy=busy
        )


def _delay(change: tuple[float, Callable[[], None]]) -> float:
    return change[0]
