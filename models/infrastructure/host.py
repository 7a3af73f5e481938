"""A host: cores in a zone, on which endpoints run, and which can crash.

States: *up* -> *down* (`crash`) -> *booting* (`restart`) -> *up*, after `boot_time`. A crash while booting
ends the boot. From any of them a host may go for good (`decommission`): in good order, and then it is *gone*,
and the processes of its endpoints have ended for good with it, as they do by themselves (`end_process`). What
a host does is done by processes that are bound to it: calls that arrived over the network (the connection
binds them), and whatever is started with `start`. When it crashes, all of them are killed where they stand:
their `finally` blocks give back what they held, but nothing they do can wait, so nothing runs on a dead host.
They answer nobody: to its callers a crashed host is silent. A process on it that was asleep does not wake up
after the restart; what should run then must be started again, by a function given to `on_restart`.

When one *process* of a host crashes (`crash_process`), the same happens to what ran in that endpoint only,
and the operating system, still up, resets the connections: callers learn of it after one way through the
network (see `models.network`), and later callers are refused. An orderly shutdown (`crash(resets=True)`)
resets them too before the host is gone; later callers meet silence.

Faults overlap: a power cut may strike a host that has crashed, and end before it is repaired. So whatever
keeps a host down says so (`hold_down`, `let_up`), and it boots when nothing does any more; the same goes for
a process, for what slows a host down and for what sets its clock wrong. The host's own clock is read with
`clock()`; what measures durations (leases, timeouts) reads `monotonic_clock()`, which drifts alike but is
never set; everything that happens, happens by the environment's.

Leaves out: what memory is used for (it limits what fits, see `resources`), disks (they come with storage),
several network interfaces. Source: fail-stop and crash-recovery models (Cachin, Guerraoui, Rodrigues 2011,
section 2.2).
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from math import inf, prod
from typing import TYPE_CHECKING, Any

from simulator import Environment, Process, Sampler
from simulator.randomness import Distribution

from ..validation import require_count, require_delay, require_positive
from .cores import DISCIPLINES, CoreStatistics, CpuQuota, Share
from .resources import Room
from .topology import Rack, Zone

if TYPE_CHECKING:
    from ..endpoint import Endpoint


class Host:
    """A machine with `cores` (>= 1) cores of a `speed` (> 0; 1 is normal), in a `zone` or in none.

    Or in a `rack`, and so in its zone. `memory_gib` limits what fits, `room` keeps the account. `scheduling`
    is "first-come", "processor-sharing" or "fair-share" (see `cores`); `boot_time` (seconds, or a
    distribution of the stream "host/<name>/boot") passes between `restart` and being up. With `boots` it
    boots to begin with. `work(demand)` is a generator that does `demand` seconds of work on a core, for the
    share of the endpoint in whose process it is called; it is for processes that run here, since others do
    not die with the host. `is_up` says whether it runs now, `is_gone` whether it never will again,
    `crash_count` how often it has crashed, and `has_reset` whether the last crash has reset the connections.

    Example::

        host = Host(env, "web-1", zone=zone, cores=4)

        def handler(request):
            yield from host.work(0.05)
            return Response("page")
    """

    __slots__ = (
        "__weakref__",
        "_boot_count",
        "_boot_sampler",
        "_boot_time",
        "_cores",
        "_counted",
        "_counted_since",
        "_holders",
        "_is_booting",
        "_on_restart",
        "_process_holders",
        "_processes_down",
        "_skews",
        "_slowdowns",
        "_speed",
        "crash_count",
        "env",
        "has_reset",
        "is_gone",
        "is_up",
        "name",
        "rack",
        "room",
        "running",
        "work",
        "zone",
    )

    def __init__(
        self,
        env: Environment,
        name: str,
        *,
        zone: Zone | None = None,
        rack: Rack | None = None,
        cores: int = 1,
        speed: float = 1.0,
        memory_gib: float = inf,
        scheduling: str = "first-come",
        boot_time: Distribution | float = 0.0,
        boots: bool = False,
    ) -> None:
        require_machine(cores=cores, speed=speed, scheduling=scheduling)
        self.env = env
        self.name = name
        self.rack = rack
        self.zone = _zone(zone, rack)
        self._boot_sampler: Sampler | None = None
        self.boot_time = boot_time
        self.room = Room(name, cores, memory_gib)
        self.is_up = not boots
        self.is_gone = False
        self.crash_count = 0
        self.has_reset = False
        self._cores = DISCIPLINES[scheduling](env, cores, speed)
        self.running: dict[Process, Endpoint | None] = {}
        # The discipline's own generator, not one of ours around it: it is on the hottest path.
        self.work: Callable[[float], Generator[Any, Any, None]] = self._cores.work_of(self.running)
        self._on_restart: list[tuple[Callable[[], object], Endpoint | None]] = []
        self._boot_count = 0
        self._is_booting = False
        self._holders: dict[object, None] = {}
        self._process_holders: dict[tuple[Endpoint, object], None] = {}
        self._speed = speed
        self._slowdowns: dict[object, float] = {}
        self._skews: dict[object, tuple[float, float, float]] = {}
        self._counted, self._counted_since = env.now, env.now
        self._processes_down: dict[Endpoint, None] = {}
        if (place := rack or zone) is not None:
            place.add(self)
        if boots and not self._holders:
            self.restart()

    def __repr__(self) -> str:
        return f"Host({self.name!r})"

    @property
    def is_booting(self) -> bool:
        """Whether it has been told to start, and is not up yet."""
        return self._is_booting

    @property
    def cores(self) -> int:
        """The number of cores."""
        return self._cores.count

    @property
    def running_count(self) -> int:
        """How many of the cores are busy now; the same as in the `statistics`, which take longer."""
        return self._cores.running_count

    @property
    def speed(self) -> float:
        """How much work a core does in a second, with all that slows it down; what is set is without that."""
        return self._cores.speed

    @speed.setter
    def speed(self, speed: float) -> None:
        require_positive("speed", speed)
        self._speed = speed
        self._cores.speed = speed * prod(self._slowdowns.values())

    def slow_down(self, holder: object, factor: float) -> None:
        """Multiply the speed by `factor` (> 0), for a gray failure, until `recover(holder)`.

        Several factors multiply. Raises `ValueError` if the holder slows the host down already.
        """
        require_positive("factor", factor)
        _take_hold(self._slowdowns, holder, factor, f"host {self.name!r} is slowed down")
        self.speed = self._speed

    def recover(self, holder: object) -> None:
        """Undo `slow_down`. Raises `ValueError` if the holder does not slow the host down."""
        _let_go(self._slowdowns, holder, f"host {self.name!r} is slowed down")
        self.speed = self._speed

    def share(self, weight: float = 1.0, quota: CpuQuota | None = None) -> Share | None:
        """Return a share of the cores for one group of work, or `None` where all work here is of one group.

        Raises `ValueError` for a weight other than 1, or a quota, that `scheduling` would not heed.
        """
        return self._cores.share(weight, quota)

    # -- the host's own clock

    def clock(self) -> float:
        """Return the time in seconds that the host takes it to be: the true one, unless it is skewed."""
        now = self.env.now
        if not self._skews:
            return now
        return now + sum(offset + drift * (now - since) for offset, drift, since in self._skews.values())

    def skew_clock(self, holder: object, offset: float, drift: float = 0.0) -> None:
        """Set the host's clock wrong by `offset` seconds, and let it gain `drift` seconds a second.

        Several skews add up. Raises `ValueError` if the holder skews it already.
        """
        if not -inf < offset < inf or not -1 < drift < inf:
            raise ValueError(f"offset must be finite and drift > -1, got {offset!r} s and {drift!r}")
        counted = self.monotonic_clock()
        _take_hold(self._skews, holder, (offset, drift, self.env.now), f"clock of {self.name!r} is skewed")
        self._counted, self._counted_since = counted, self.env.now

    def set_clock(self, holder: object) -> None:
        """Undo `skew_clock`. Raises `ValueError` if the holder does not skew it."""
        counted = self.monotonic_clock()
        _let_go(self._skews, holder, f"clock of {self.name!r} is skewed")
        self._counted, self._counted_since = counted, self.env.now

    @property
    def clock_rate(self) -> float:
        """How many seconds the host's clock counts in a second: 1, and what it drifts."""
        if not self._skews:  # as nearly always, and it is asked for at every deadline
            return 1.0
        return 1.0 + sum(drift for _, drift, _ in self._skews.values())

    def monotonic_clock(self) -> float:
        """Return the seconds that the host has counted: it drifts as `clock()` does, and is never set."""
        if not self._skews:
            return self._counted + (self.env.now - self._counted_since)
        return self._counted + (self.env.now - self._counted_since) * self.clock_rate

    # -- what runs here

    def bind(self, process: Process, endpoint: Endpoint | None = None) -> None:
        """Let `process` run here (in `endpoint`, if in any) until `release`.

        It dies when the host, or the endpoint's process, crashes.
        """
        self.running[process] = endpoint

    def release(self, process: Process) -> None:
        """Undo `bind`; does nothing for a process that a crash has already taken.

        Whoever stops the endpoint's process waits for this one too, and hears of it.
        """
        endpoint = self.running.pop(process, None)
        if endpoint is not None and endpoint.on_left is not None:
            endpoint.on_left()

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
            self.release(process)

    def on_restart(self, function: Callable[[], object], endpoint: Endpoint | None = None) -> None:
        """Call `function()` whenever the host is up again, to start anew what should run on it.

        With an `endpoint` also when its process alone has been restarted.
        """
        self._on_restart.append((function, endpoint))

    # -- crash and restart

    def crash(self, *, resets: bool = False) -> None:
        """Stop what runs here at once: silently, or with `resets` so that present callers learn of it.

        Raises `RuntimeError` on a host that is down and not booting.
        """
        if self._is_booting:
            self._is_booting = False
            self._boot_count += 1
            return
        if not self.is_up:
            raise RuntimeError(f"host {self.name!r} is down already")
        self.has_reset = resets
        if resets:
            self._kill(list(self.running))
        self.is_up = False
        self.crash_count += 1
        self.env.log("host.down", self.name)
        self._kill(list(self.running))

    @property
    def boot_time(self) -> Distribution | float:
        """How long a boot takes, in seconds."""
        return self._boot_time

    @boot_time.setter
    def boot_time(self, boot_time: Distribution | float) -> None:
        require_boot_time(boot_time)
        self._boot_time = boot_time
        self._boot_sampler = (
            self.env.sampler(f"host/{self.name}/boot", boot_time)
            if isinstance(boot_time, Distribution)
            else None
        )

    def restart(self) -> None:
        """Boot: the host is up after `boot_time`. Raises `RuntimeError` if it is up, held down, or gone."""
        if self.is_gone:
            raise RuntimeError(f"host {self.name!r} is gone: it does not come back")
        if self.is_up:
            raise RuntimeError(f"host {self.name!r} is up already")
        if self._holders:
            raise RuntimeError(f"host {self.name!r} is held down by {next(iter(self._holders))}")
        self._is_booting = True
        self._boot_count += 1
        self.env.call_later(self._draw_boot_time(), self._boot, self._boot_count)

    def _draw_boot_time(self) -> float:
        if self._boot_sampler is not None:
            return self._boot_sampler()
        assert not isinstance(self._boot_time, Distribution)
        return self._boot_time

    def _boot(self, boot_count: int) -> None:
        # A second restart while booting starts the boot over: only the last one counts.
        if boot_count != self._boot_count:
            return
        self.is_up = True
        self._is_booting = False
        self._cores.start_afresh()
        held = {endpoint for endpoint, _ in self._process_holders}
        for endpoint in list(self._processes_down):
            if endpoint not in held:
                endpoint.is_listening = True
                del self._processes_down[endpoint]
        self.env.log("host.up", self.name)
        for function, whose in list(self._on_restart):
            if whose not in held:
                function()

    def hold_down(self, holder: object, *, resets: bool = False) -> None:
        """Crash the host if it is up or booting, and keep it down until `let_up(holder)`.

        Raises `ValueError` if the holder does so already.
        """
        _take_hold(self._holders, holder, None, f"host {self.name!r} is held down")
        if self.is_up or self._is_booting:
            self.crash(resets=resets)

    def let_up(self, holder: object) -> None:
        """Undo `hold_down`: if nothing else keeps the host down, it boots.

        Raises `ValueError` if the holder does not keep it down.
        """
        _let_go(self._holders, holder, f"host {self.name!r} is held down")
        if not self._holders and not self.is_gone:
            self.restart()

    def decommission(self) -> None:
        """Shut the host down for good, in good order if it is up: it leaves its place, and never boots again.

        Raises `RuntimeError` if it is gone already.
        """
        if self.is_gone:
            raise RuntimeError(f"host {self.name!r} is gone already")
        self.is_gone = True
        if self.is_up or self._is_booting:
            self.crash(resets=True)
        if (place := self.rack or self.zone) is not None:
            place.remove(self)
        self.env.log("host.gone", self.name)
        for endpoint in dict.fromkeys(whose for _, whose in self._on_restart):
            # The end of one may have been that of another.
            if endpoint is not None and not endpoint.has_stopped:
                self.end_process(endpoint)

    def hold_process_down(self, endpoint: Endpoint, holder: object) -> None:
        """Crash the process of `endpoint` if it runs, and keep it down until `let_process_up`.

        It stays down when its host boots. Raises `ValueError` if the holder does so already.
        """
        _take_hold(self._process_holders, (endpoint, holder), None, f"process {endpoint.name!r} is held down")
        if self._runs(endpoint):
            self.crash_process(endpoint)

    def let_process_up(self, endpoint: Endpoint, holder: object) -> None:
        """Undo `hold_process_down`: if nothing else keeps it down it starts, or does so with its host.

        Raises `ValueError` if the holder does not keep it down.
        """
        _let_go(self._process_holders, (endpoint, holder), f"process {endpoint.name!r} is held down")
        is_held = any(held is endpoint for held, _ in self._process_holders)
        if self.is_up and not is_held and endpoint in self._processes_down:
            self.restart_process(endpoint)

    def runs(self, endpoint: Endpoint) -> bool:
        """Say whether the process of `endpoint` runs now, even if it is starting and does not listen yet."""
        return self.is_up and self._runs(endpoint)

    def _runs(self, endpoint: Endpoint) -> bool:
        return endpoint not in self._processes_down and not endpoint.has_stopped

    def crash_process(self, endpoint: Endpoint) -> None:
        """Stop what runs here in `endpoint`; the host stays up, and the endpoint no longer listens.

        Raises `RuntimeError` if its process is down as it is, or has stopped for good.
        """
        if not self._runs(endpoint):
            raise RuntimeError(f"the process of {endpoint.name!r} is down already")
        endpoint.is_listening = False
        self._processes_down[endpoint] = None
        self.env.log("process.down", endpoint.name, host=self.name)
        self._kill([process for process, where in self.running.items() if where is endpoint])

    def restart_process(self, endpoint: Endpoint) -> None:
        """Let `endpoint` listen again. Raises `RuntimeError` if its process is up, or if the host is down."""
        if endpoint.has_stopped:
            raise RuntimeError(f"the process of {endpoint.name!r} has stopped for good")
        if endpoint not in self._processes_down:
            raise RuntimeError(f"the process of {endpoint.name!r} is up already")
        if not self.is_up:
            raise RuntimeError(f"host {self.name!r} is down: its processes start with it")
        for held, holder in self._process_holders:
            if held is endpoint:
                raise RuntimeError(f"the process of {endpoint.name!r} is held down by {holder}")
        endpoint.is_listening = True
        del self._processes_down[endpoint]
        self.env.log("process.up", endpoint.name, host=self.name)
        for function, whose in list(self._on_restart):
            if whose is endpoint:
                function()

    def end_process(self, endpoint: Endpoint) -> None:
        """End the process of `endpoint` for good: what is left in it is killed, and no boot starts it again.

        Whoever stops a process in good order does so when nothing is left, or its time is up. Raises
        `RuntimeError` if it has ended already.
        """
        if endpoint.has_stopped:
            raise RuntimeError(f"the process of {endpoint.name!r} has stopped already")
        endpoint.has_stopped = True
        self.room.give_back(endpoint)
        endpoint.is_listening = False
        self._processes_down.pop(endpoint, None)
        self._on_restart = [entry for entry in self._on_restart if entry[1] is not endpoint]
        self.env.log("process.stopped", endpoint.name, host=self.name)
        self._kill([process for process, where in self.running.items() if where is endpoint])
        if endpoint.on_stopped is not None:
            endpoint.on_stopped(endpoint)

    def _kill(self, processes: list[Process]) -> None:
        for process in processes:
            self.running.pop(process, None)
            process.kill()

    def statistics(self) -> CoreStatistics:
        """Return what the cores have done so far."""
        return self._cores.statistics()


def require_machine(*, cores: object, speed: object, scheduling: object) -> None:
    """Raise unless there can be a host of so many `cores` of a `speed`, shared out by `scheduling`."""
    if scheduling not in DISCIPLINES:
        raise ValueError(f"scheduling must be one of {', '.join(DISCIPLINES)}, got {scheduling!r}")
    require_count("cores", cores)
    require_positive("speed", speed)


def require_boot_time(boot_time: Distribution | float) -> None:
    """Raise unless a boot may take `boot_time`: seconds >= 0 that end, or a distribution of such."""
    if not isinstance(boot_time, Distribution):
        require_delay("boot_time", boot_time)
    elif boot_time.support[0] < 0:
        raise ValueError(f"boot_time must be finite and >= 0 s, got {boot_time!r}")


def _zone(zone: Zone | None, rack: Rack | None) -> Zone | None:
    if zone is not None and not isinstance(zone, Zone):
        raise TypeError(f"zone must be a Zone, got {zone!r}")
    if rack is not None and not isinstance(rack, Rack):
        raise TypeError(f"rack must be a Rack, got {rack!r}")
    if zone is not None and rack is not None and rack.zone is not zone:
        raise ValueError(f"zone must be that of {rack!r}, {rack.zone!r}, got {zone!r}")
    return rack.zone if rack is not None else zone


def _take_hold(holds: dict[Any, Any], holder: object, what: Any, text: str) -> None:
    if holder in holds:
        raise ValueError(f"{text} by {holder} already")
    holds[holder] = what


def _let_go(holds: dict[Any, Any], holder: object, text: str) -> None:
    if holder not in holds:
        raise ValueError(f"{text} by others only, not by {holder}")
    del holds[holder]
