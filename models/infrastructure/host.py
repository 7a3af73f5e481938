"""A host: cores in a zone, on which endpoints run, and which can crash.

States: *up* -> *down* (`crash`) -> *up* (`restart`, after `boot_time`). What a host does is done by processes
that are bound to it: calls that arrived over the network (the connection binds them), and whatever is started
with `start`. When it crashes, all of them are killed where they stand: their `finally` blocks give back what
they held, but nothing they do can wait, so nothing runs on a dead host. They answer nobody: to its callers a
crashed host is silent. A process on it that was asleep does not wake up after the restart; what should run
then must be started again, by a function given to `on_restart`.

When one *process* of a host crashes (`crash_process`), the same happens to what ran in that endpoint only,
and the operating system, still up, resets the connections: callers learn of it after one way through the
network (see `models.network`), and later callers are refused.

Leaves out: memory, disks (they come with storage), several network interfaces. Source: fail-stop and
crash-recovery models (Cachin, Guerraoui, Rodrigues 2011, section 2.2).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf
from typing import TYPE_CHECKING, Any

from simulator import Environment, Process

from .cores import DISCIPLINES, CoreStatistics
from .topology import Zone

if TYPE_CHECKING:
    from ..endpoint import Endpoint


class Host:
    """A machine with `cores` (>= 1) cores of a `speed` (> 0; 1 is normal), in a `zone` or in none.

    `scheduling` is "first-come" or "processor-sharing" (see `cores`); `boot_time` in seconds passes between
    `restart` and being up. `work(demand)` is a generator that does `demand` seconds of work on a core.
    `is_up` says whether it runs now, `crash_count` how often it has crashed.

    Example::

        host = Host(env, "web-1", zone=zone, cores=4)

        def handler(request):
            yield from host.work(0.05)
            return Response("page")
    """

    def __init__(
        self,
        env: Environment,
        name: str,
        *,
        zone: Zone | None = None,
        cores: int = 1,
        speed: float = 1.0,
        scheduling: str = "first-come",
        boot_time: float = 0.0,
    ) -> None:
        if scheduling not in DISCIPLINES:
            raise ValueError(f"scheduling must be one of {', '.join(DISCIPLINES)}, got {scheduling!r}")
        if not 0 <= boot_time < inf:
            raise ValueError(f"boot_time must be finite and >= 0 s, got {boot_time!r}")
        if type(cores) is not int or cores < 1:
            raise ValueError(f"cores must be a whole number >= 1, got {cores!r}")
        if not 0 < speed < inf:
            raise ValueError(f"speed must be finite and > 0, got {speed!r}")
        if zone is not None and not isinstance(zone, Zone):
            raise TypeError(f"zone must be a Zone, got {zone!r}")
        self.env = env
        self.name = name
        self.zone = zone
        self.boot_time = boot_time
        self.is_up = True
        self.crash_count = 0
        self._cores = DISCIPLINES[scheduling](env, cores, speed)
        # The discipline's own generator, not one of ours around it: it is on the hottest path.
        self.work: Callable[[float], Generator[Any, Any, None]] = self._cores.work
        self.running: dict[Process, Endpoint | None] = {}
        self._on_restart: list[tuple[Callable[[], object], Endpoint | None]] = []
        self._boot_count = 0
        self._processes_down: list[Endpoint] = []
        if zone is not None:
            zone.hosts.append(self)

    def __repr__(self) -> str:
        return f"Host({self.name!r})"

    @property
    def cores(self) -> int:
        """The number of cores."""
        return self._cores.count

    @property
    def speed(self) -> float:
        """How much work a core does in a second; set it below 1 for a gray failure."""
        return self._cores.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        self._cores.speed = speed

    # -- what runs here

    def bind(self, process: Process, endpoint: Endpoint | None = None) -> None:
        """Let `process` run here (in `endpoint`, if in any) until `release`.

        It dies when the host, or the endpoint's process, crashes.
        """
        self.running[process] = endpoint

    def release(self, process: Process) -> None:
        """Undo `bind`; does nothing for a process that a crash has already taken."""
        self.running.pop(process, None)

    def start(self, generator: Generator[Any, Any, Any], name: str | None = None) -> Process:
        """Start a process that runs here until it ends or the host crashes.

        Raises `RuntimeError` on a host that is down.
        """
        if not self.is_up:
            raise RuntimeError(f"host {self.name!r} is down: nothing can be started on it")
        process = self.env.process(self._run_here(generator), name or getattr(generator, "__name__", None))
        self.running[process] = None
        return process

    def _run_here(self, generator: Generator[Any, Any, Any]) -> Generator[Any, Any, Any]:
        process: Any = self.env.active_process
        try:
            return (yield from generator)
        finally:
            self.running.pop(process, None)

    def on_restart(self, function: Callable[[], object], endpoint: Endpoint | None = None) -> None:
        """Call `function()` whenever the host is up again, to start anew what should run on it.

        With an `endpoint` also when its process alone has been restarted.
        """
        self._on_restart.append((function, endpoint))

    # -- crash and restart

    def crash(self) -> None:
        """Stop what runs here, at once and silently. Raises `RuntimeError` on a host that is down."""
        if not self.is_up:
            raise RuntimeError(f"host {self.name!r} is down already")
        self.is_up = False
        self.crash_count += 1
        self.env.log("host.down", self.name)
        self._kill(list(self.running))

    def restart(self) -> None:
        """Boot: the host is up after `boot_time`. Raises `RuntimeError` if it is up."""
        if self.is_up:
            raise RuntimeError(f"host {self.name!r} is up already")
        self._boot_count += 1
        self.env.call_later(self.boot_time, self._boot, self._boot_count)

    def _boot(self, boot_count: int) -> None:
        # A second restart while booting starts the boot over: only the last one counts.
        if boot_count != self._boot_count:
            return
        self.is_up = True
        for endpoint in self._processes_down:
            endpoint.is_listening = True
        self._processes_down.clear()
        self.env.log("host.up", self.name)
        for function, _ in self._on_restart:
            function()

    def crash_process(self, endpoint: Endpoint) -> None:
        """Stop what runs here in `endpoint`; the host stays up, and the endpoint no longer listens.

        Raises `RuntimeError` if the endpoint does not listen as it is.
        """
        if not endpoint.is_listening:
            raise RuntimeError(f"the process of {endpoint.name!r} is down already")
        endpoint.is_listening = False
        self._processes_down.append(endpoint)
        self.env.log("process.down", endpoint.name, host=self.name)
        self._kill([process for process, where in self.running.items() if where is endpoint])

    def restart_process(self, endpoint: Endpoint) -> None:
        """Let `endpoint` listen again. Raises `RuntimeError` if it does, or if the host is down."""
        if endpoint.is_listening:
            raise RuntimeError(f"the process of {endpoint.name!r} is up already")
        if not self.is_up:
            raise RuntimeError(f"host {self.name!r} is down: its processes start with it")
        endpoint.is_listening = True
        self._processes_down.remove(endpoint)
        self.env.log("process.up", endpoint.name, host=self.name)
        for function, whose in self._on_restart:
            if whose is endpoint:
                function()

    def _kill(self, processes: list[Process]) -> None:
        for process in processes:
            self.running.pop(process, None)
            process.kill()

    def statistics(self) -> CoreStatistics:
        """Return what the cores have done so far."""
        return self._cores.statistics()
