"""The loss of a disk: what was on it is gone, for good.

The host goes down with it, and is up again when the fault is healed: with another disk in the place of the
lost one, which is empty. So two things happen that are easily taken for one: a time without service, which
healing ends, and a loss, which it does not undo. Whoever needs the data must have it elsewhere.

Leaves out: arrays of disks and backups (data that is restored is another kind of replica), sectors that go
bad, disks that are slow before they die. Source: Schroeder and Gibson, "Disk Failures in the Real World"
(FAST 2007): 2 to 4 % of disks are replaced in a year, and failures are correlated.
"""

from __future__ import annotations

from ..storage import Disk
from .fault import Fault


class DiskLoss(Fault):
    """All that is on `disk` is lost, and its host is down until the fault is healed.

    Example::

        plan.at(60.0, DiskLoss(disk), duration=600.0)
    """

    def __init__(self, disk: Disk, *, name: str | None = None) -> None:
        if not isinstance(disk, Disk):
            raise TypeError(f"disk must be a Disk, got {disk!r}")
        super().__init__(disk.env, name or disk.name, "disk loss")
        self._disk = disk

    def _start(self) -> None:
        self._disk.host.hold_down(self)
        self._disk.destroy()

    def _stop(self) -> None:
        self._disk.host.let_up(self)
