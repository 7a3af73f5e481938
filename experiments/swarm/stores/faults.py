"""Faults that only stores are tried with: crashes that wait for the worst moment, disks that are busy."""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from models import Host
from models.faults import Fault, HostCrash
from models.storage import Disk
from simulator import Call, Environment

_SAME_RATE = 1e-9


class CrashAtSync(Fault):
    """A host crashes whenever its disk is busy, or with `after` whenever it is busy no more.

    With another `crash` it is that which happens, and takes less. So what was written is not
    synced yet; or it is, what follows from it has just been said, and what is not on the disk is gone. It is
    looked at every `interval` s. After `down` s it starts again, and waits for the next time.
    """

    def __init__(
        self,
        disk: Disk,
        *,
        after: bool,
        down: float,
        interval: float,
        name: str,
        crash: Fault | None = None,
    ) -> None:
        super().__init__(disk.env, name, "crash at sync", {"after": after})
        self._disk = disk
        self._after = after
        self._down = down
        self._interval = interval
        self._was_busy = False
        self._crash = crash or HostCrash(disk.host, name=f"{name} crash")
        self._next: Call | None = None

    def _start(self) -> None:
        self._was_busy = False
        self._look()

    def _look(self) -> None:
        is_busy = self._disk.is_busy and self._disk.host.is_up
        is_due = self._was_busy and not is_busy if self._after else is_busy
        self._was_busy = is_busy
        if is_due and self._disk.host.is_up:
            self._was_busy = False
            self._crash.inject_as(None)
            self._next = self.env.call_later(self._down, self._come_back)
        else:
            self._next = self.env.call_later(self._interval, self._look)

    def _come_back(self) -> None:
        self._crash.heal()
        self._next = self.env.call_later(self._interval, self._look)

    def _stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
        if self._crash.is_injected:
            self._crash.heal()


class Hunt(Fault):
    """Whoever leads crashes, for `down` s, and `up` s later whoever leads then, and so on."""

    def __init__(
        self, env: Environment, find: Callable[[], Host | None], *, down: float, up: float, name: str
    ) -> None:
        super().__init__(env, name, "hunt", {"down": down, "up": up})
        self._find = find
        self._down = down
        self._up = up
        self._crash: HostCrash | None = None
        self._next: Call | None = None

    def _start(self) -> None:
        self._strike()

    def _strike(self) -> None:
        host = self._find()
        if host is not None and host.is_up:
            self._crash = HostCrash(host, name=f"{self.subject} crash")
            self._crash.inject_as(None)
        self._next = self.env.call_later(self._down, self._rest)

    def _rest(self) -> None:
        self._let_go()
        self._next = self.env.call_later(self._up, self._strike)

    def _let_go(self) -> None:
        if self._crash is not None:
            self._crash.heal()
            self._crash = None

    def _stop(self) -> None:
        if self._next is not None:
            self._next.cancel()
        self._let_go()


class OtherDrift(Fault):
    """A clock gains `drift` seconds a second, whatever it did before, until this is healed.

    `usual` is what it does otherwise. Nothing happens to a clock that does another thing at the time.
    """

    def __init__(self, host: Host, drift: float, usual: float, *, name: str) -> None:
        super().__init__(host.env, name, "other drift", {"drift": drift})
        self._host = host
        self._more = drift - usual
        self._usual_rate = 1.0 + usual
        self._is_held = False

    def _start(self) -> None:
        self._is_held = abs(self._host.clock_rate - self._usual_rate) < _SAME_RATE
        if self._is_held:
            self._host.skew_clock(self, 0.0, self._more)

    def _stop(self) -> None:
        if self._is_held:
            self._host.set_clock(self)


class Order(Fault):
    """No fault, but what an operator wants: `give` is called when it begins, `take_back` when it is over.

    Without that it stands.
    """

    def __init__(
        self,
        env: Environment,
        give: Callable[[], None],
        *,
        take_back: Callable[[], None] | None = None,
        name: str,
    ) -> None:
        super().__init__(env, name, "order", {})
        self._give = give
        self._take_back = take_back

    def _start(self) -> None:
        self._give()

    def _stop(self) -> None:
        if self._take_back is not None:
            self._take_back()


class BusyDisk(Fault):
    """Others on a host sync its disk without a pause, `users_count` of them: a sync waits for a turn of each.

    They die with their host, and do not come back.
    """

    def __init__(self, disk: Disk, *, users_count: int, name: str) -> None:
        super().__init__(disk.env, name, "busy disk", {"users": users_count})
        self._disk = disk
        self._users_count = users_count

    def _start(self) -> None:
        host = self._disk.host
        if host.is_up:
            for number in range(1, self._users_count + 1):
                host.start(self._use(), f"{self.subject} user {number}")

    def _use(self) -> Generator[Any, Any, None]:
        while self.is_injected:
            yield from self._disk.sync()

    def _stop(self) -> None:
        """Let them finish: they look."""
