"""One of the routers that share a virtual address: it takes part in the election, and answers if elected.

It is a process of the operating system's on its host, beside what it leads to: it dies and starts with the
host, as a backup, and goes on where only the process of its target has crashed, whose callers are refused
then. Everything it knows of the others it has from their advertisements, datagrams on the network.

A call that reaches a router without the address is not answered, since it is nobody's there; nor is one that
was under way when the router gave the address up: the answer's sender address is no longer its own. Callers
that were given no timeout wait for ever.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from typing import Any

from simulator import Environment, Process

from ..endpoint import Call, Endpoint
from ..failures import CallFailed
from ..infrastructure import Host
from ..network import MessageGone, Network
from ..request import Request, Response
from .vrrp import PRIORITY_OWNER, RouterState, VrrpSettings

_RESIGNED = 0
"""The priority in the advertisement of an active router that leaves."""


class VirtualRouter(Endpoint):
    """Answers as `target`, on the same host, while it holds the address; made by `VirtualAddress`.

    `rank` decides between equal priorities: the lower one wins. `tell` is called with each function that an
    advertisement must reach, and where.
    """

    host: Host

    def __init__(
        self,
        env: Environment,
        network: Network,
        target: Endpoint,
        *,
        address: str,
        priority: int,
        rank: int,
        settings: VrrpSettings,
    ) -> None:
        """Know what stands where; `start` begins."""
        assert target.host is not None
        self.target = target
        self.host = target.host
        self.name = f"{address} at {target.host.name}"
        self.address = address
        self.priority = priority
        self.settings = settings
        self.state = RouterState.INITIALIZE
        self.taken_count = 0
        self.unanswered_count = 0
        self._env = env
        self._network = network
        self._rank = rank
        self._peers: Sequence[VirtualRouter] = ()
        self._learners: list[tuple[Host, Callable[[VirtualRouter], object]]] = []
        self._term = 0
        self._due = 0.0
        self._process: Process | None = None
        self.host.on_restart(self._start_afresh)

    @property
    def serving(self) -> Endpoint:
        """What the target is served by: a call that arrives here is worked on there."""
        return self.target.serving

    def start(self, peers: Sequence[VirtualRouter], *, is_active: bool) -> None:
        """Take part in the election with `peers`; the pair has been running, and one is active already."""
        self._peers = peers
        if not self.host.is_up:
            return
        self._join(is_active=is_active)
        if self.settings.tracking_interval is not None:
            self.host.start(self._track(self.settings.tracking_interval), f"{self.name} tracking")

    def let_learn(self, host: Host, learn: Callable[[VirtualRouter], object]) -> None:
        """Let what a switch in front of `host` learns be told by each advertisement that arrives there."""
        self._learners.append((host, learn))

    @property
    def is_active(self) -> bool:
        """Whether it holds the address now: perhaps not alone."""
        return self.host.is_up and self.state is RouterState.ACTIVE

    # -- calls ----------------------------------------------------------------------------------------------

    def call(self, request: Request) -> Call:
        """Answer as the target does, if the address is held from the arrival to the answer."""
        term = self._term
        failure: CallFailed | None = None
        answer: Response | None = None
        if self.state is RouterState.ACTIVE:
            try:
                answer = yield from self.target.call(request)
            except CallFailed as failed:
                failure = failed
            if term == self._term:
                if answer is not None:
                    return answer
                assert failure is not None
                raise failure
        self.unanswered_count += 1
        raise MessageGone  # as what is sent from an address that is no longer one's own

    # -- the election ---------------------------------------------------------------------------------------

    def resign(self) -> None:
        """Leave the election in good order: an active one says so, and a backup takes over after its skew.

        Where the host is down there is nothing to leave, and nobody who could say so.
        """
        if self.state is RouterState.INITIALIZE or not self.host.is_up:
            return
        was_active = self.state is RouterState.ACTIVE
        if was_active:
            self._advertise(_RESIGNED)
            self._release()
        self.state = RouterState.INITIALIZE
        if self._process is not None and self._process is not self._env.active_process:
            self._process.cancel()
        self._process = None

    def rejoin(self) -> None:
        """Undo `resign`: a backup again, or active with priority 255."""
        if self.state is RouterState.INITIALIZE and self.host.is_up:
            self._join(is_active=False)

    def _start_afresh(self) -> None:
        self.state = RouterState.INITIALIZE
        self._process = None
        self.start(self._peers, is_active=False)

    def _join(self, *, is_active: bool) -> None:
        self.state = RouterState.BACKUP
        self._due = self._env.now + self.settings.active_down_interval(self.priority)
        if is_active or self.priority == PRIORITY_OWNER:
            self._take()
        self._process = self.host.start(self._take_part(), f"{self.name} election")

    def _take_part(self) -> Generator[Any, Any, None]:
        env = self._env
        while True:
            due = self._due
            yield max(0.0, due - env.now)
            if self._due != due:
                continue  # heard something meanwhile
            if self.state is RouterState.ACTIVE:
                self._advertise(self.priority)
                self._due = env.now + self.settings.advertisement_interval
            else:
                self._take()

    def _take(self) -> None:
        self.state = RouterState.ACTIVE
        self._term += 1
        self.taken_count += 1
        self._env.log("address.taken", self.host.name, address=self.address)
        self._advertise(self.priority)
        self._due = self._env.now + self.settings.advertisement_interval

    def _release(self) -> None:
        self._term += 1
        self._env.log("address.released", self.host.name, address=self.address)

    def _advertise(self, priority: int) -> None:
        network, here = self._network, self.host
        for peer in self._peers:
            network.send(here, peer.host, peer.hear, priority, self._rank)
        for host, learn in self._learners:
            network.send(here, host, learn, self)

    def hear(self, priority: int, rank: int) -> None:
        """Act on an advertisement that has arrived here."""
        if self.state is RouterState.ACTIVE:
            self._hear_as_active(priority, rank)
        elif self.state is RouterState.BACKUP:
            self._hear_as_backup(priority)

    def _hear_as_active(self, priority: int, rank: int) -> None:
        if (priority, -rank) < (self.priority, -self._rank):
            self._advertise(self.priority)
            if priority == _RESIGNED:
                self._due = self._env.now + self.settings.advertisement_interval
            return
        self._release()
        self.state = RouterState.BACKUP
        self._due = self._env.now + self.settings.active_down_interval(self.priority)

    def _hear_as_backup(self, priority: int) -> None:
        if priority == _RESIGNED:
            self._due = self._env.now + self.settings.skew(self.priority)
            assert self._process is not None
            self._env.rouse(self._process)
        elif priority >= self.priority or not self.settings.preempts:
            self._due = self._env.now + self.settings.active_down_interval(self.priority)

    def _track(self, interval: float) -> Generator[Any, Any, None]:
        gave_up = False  # what was resigned by hand is not taken back here
        while True:
            if not self.serving.is_listening:
                gave_up = gave_up or self.state is not RouterState.INITIALIZE
                self.resign()
            elif gave_up:
                gave_up = False
                self.rejoin()
            yield interval
