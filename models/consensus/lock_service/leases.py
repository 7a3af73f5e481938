"""Leases: who decides that a session's time is up, and why nobody is wronged.

Time is in no log. A leader counts, by its own monotonic clock, how long ago it heard of each session; when
that is `ttl`, it proposes `expire-session`, and with that command's place in the log the session ends, on all
nodes alike. Renewals are not in the log either, as in Chubby and etcd: there are too many of them, and the
leader alone needs to know.

1. A leader hears of a session when its opening is applied, and when it answers `keep-alive`. Before it does
   so it makes sure, as for a read, that it still leads and knows what is committed (`Leadership.confirm`).
2. A new leader knows of no renewal: it counts all leases anew from when it was elected. So a lease may last
   for up to twice `ttl`, and never less than it. (Chubby extends to the most that the master before can have
   promised; etcd's `Promote` to the full time to live and an election timeout.)
3. While an expiry is proposed the leader answers renewals with "over": the command may be committed.
4. Only a leader proposes it, as an entry of its own term. If it is deposed the entry is lost, or is in the
   next leader's log, which applies it before it renews anything (rule 1). (etcd's old leaders sent their
   proposal on to the new one, which had renewed the lease: issue 15247.)

Why no client is wronged. It counts `ttl` / `clock_drift_bound` of its own clock from when it *sent* what was
answered. Whoever answered led at some later time, by rule 1; so all leaders of later terms were elected later
still, and count from there. By whichever clock the lease ends, it ends after it has for the client, as long
as clocks keep to the bound: they are compared over one lease only, and nobody's time of day is asked for.

What no rule prevents: a client that does not look at its clock, since it stands still, or whose message is
under way when its lease ends. For that there are tokens (see `resource`).

Leaves out: Chubby's master keeps a renewal until the lease is nearly over before it answers, so that it can
tell of events with the answer; here a client asks as often as it wants to know.

Source: Burrows 2006, sections 2.8 and 2.9; Gray and Cheriton, "Leases" (SOSP 1989), section 5 on clocks;
etcd `server/lease/lessor.go`, pull requests 4778 and 16822.
"""

from __future__ import annotations

from collections.abc import Generator
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from simulator import TimedOut
from simulator.fast_simpy import Call

from ...request import Request
from ..raft import Command, Leadership
from .operations import EXPIRE_SESSION

if TYPE_CHECKING:
    from .node import LockNode

_ROUNDING = 1e-9  # s: what is left of a sum of floats does not make the timer ring again


class Leases:
    """What `node` knows, while its process runs, of when it heard of which session, by its own clock."""

    __slots__ = ("_ending", "_heard", "_leadership", "_node", "_session_last", "_timer")

    def __init__(self, node: LockNode) -> None:
        self._node = node
        self._heard: dict[int, float] = {}
        self._session_last = 0
        self._ending: set[int] = set()
        self._leadership: Leadership | None = None
        self._timer: Call | None = None

    # -- what is heard --------------------------------------------------------------------------------------

    def note(self) -> None:
        """Hear of those sessions of the machine that were not known yet."""
        machine = self._node.machine
        now = self._node.host.monotonic_clock()
        for session in range(self._session_last + 1, machine.session_last + 1):
            self._heard[session] = now
        self._session_last = machine.session_last
        if len(self._heard) > 2 * len(machine.owners) + 16:
            self._forget_the_dead()
        if self._leadership is not None and self._timer is None:
            self._set_timer()

    def renew(self, session: int) -> bool:
        """Count the lease of `session` anew, from now; return whether that could be done."""
        if session in self._ending or session not in self._node.machine.owners:
            return False
        self._heard[session] = self._node.host.monotonic_clock()
        return True

    # -- the leader's part ----------------------------------------------------------------------------------

    def take_over(self, leadership: Leadership) -> None:
        """Be the one who decides: the node leads."""
        self.note()
        self._leadership = leadership
        self._ending.clear()
        if not self._node.lock_flaws.no_grace:
            now = self._node.host.monotonic_clock()
            self._heard = dict.fromkeys(self._heard, now)
        self._set_timer()

    def retire(self) -> None:
        """Decide nothing any more."""
        self._leadership = None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _set_timer(self) -> None:
        """Let the timer ring when the first lease is up, unless it is renewed meanwhile."""
        self._forget_the_dead()
        self._timer = None
        running = [heard for session, heard in self._heard.items() if session not in self._ending]
        if running:
            rest = min(running) + self._lease - self._node.host.monotonic_clock()
            self._timer = self._node.after(max(0.0, rest), self._ring)

    def _forget_the_dead(self) -> None:
        """Know only of sessions that live."""
        owners = self._node.machine.owners
        self._heard = {session: heard for session, heard in self._heard.items() if session in owners}
        self._ending &= owners.keys()

    @property
    def _lease(self) -> float:
        return self._node.lock_settings.ttl * self._node.lock_flaws.lease_factor

    def _ring(self) -> None:
        self._timer = None
        node = self._node
        leadership = self._leadership
        if leadership is None:
            return
        latest = node.host.monotonic_clock() - self._lease + _ROUNDING
        for session, heard in self._heard.items():
            if heard <= latest and session not in self._ending:
                self._ending.add(session)
                if session in node.machine.owners:
                    node.run(_expire(leadership, session), "expiry")
        self._set_timer()


def _expire(leadership: Leadership, session: int) -> Generator[Any, Any, None]:
    with suppress(TimedOut):  # its term is over: the next leader decides
        yield from leadership.commit(Command(None, 0, 0, Request(EXPIRE_SESSION, session)))
