"""Watches all resources of a system while it runs, by pausing the run for a look now and then.

A look reads what is public and changes nothing, and neither does a pause: it does not show in the trace
digest, and nothing is drawn or scheduled in the simulated system. Work done is not estimated from looks where
the resource counts it (cores, wires, rate limits); how much is held and how many wait is: the mean over the
looks.

Looks at equal distances would see a system that beats in step with them always in the same phase. So there is
one look in each of as many equal parts of the window, at an offset that goes round it by the golden ratio (a
Weyl sequence, the lattice rule of quasi-Monte Carlo in one dimension; Niederreiter 1992).
"""

from __future__ import annotations

from math import inf, sqrt

from simulator import RequestTable

from ...system import System
from .account import Account
from .finding import KINDS, Finder, Kinds, Names
from .report import SaturationReport, reported
from .ways import Ways

_STEP = (sqrt(5.0) - 1.0) / 2.0
LOOKS = 200
"""How often one looks in a window, by default."""


class SaturationWatch:
    """Watches what can saturate in `system`: what is of some `kinds`, by default all that are known.

    `run` takes the place of `env.run` for the time that is to be judged; `report` says what saturates first.

    Example::

        shop = Shop(env)
        users = shop.admit_users()
        env.run(until=10.0)  # a warm-up, which is not judged
        watch = SaturationWatch(shop.system)
        watch.run(until=40.0)
        print(watch.report(users.table))
    """

    def __init__(self, system: System, *, kinds: Kinds = KINDS) -> None:
        self._system = system
        self._env = system.env
        self._finder = Finder(system, kinds)
        self._names = Names()
        self._restart()

    def _restart(self) -> None:
        self._accounts: dict[object, Account] = {}
        self._looks_count = 0
        self.since = self.until = self._env.now
        self._names.learn(self._system)
        for subject, resource in self._finder.find().items():
            self._accounts[subject] = Account(resource, resource.read())

    def run(self, *, until: float, looks: int = LOOKS) -> None:
        """Run the environment until `until` (s), and look at it `looks` (>= 1) times on the way.

        What is run in several calls, with nothing in between, is one window; otherwise a new one begins.
        """
        now = self._env.now
        if type(looks) is not int or looks < 1:
            raise ValueError(f"looks must be a whole number >= 1, got {looks!r}")
        if not until > now:
            raise ValueError(f"until must be later than now, {now!r} s, got {until!r}")
        if now != self.until or not self._looks_count:
            self._restart()
        part = (until - now) / looks
        for index in range(looks):
            at = now + part * (index + self._looks_count * _STEP % 1.0)
            if now < at < until and at > self._env.now:
                self._env.run(until=at)
            self._look()
        self._env.run(until=until)
        self.until = until
        self._count()

    def _look(self) -> None:
        self._names.learn(self._system)
        for subject, resource in self._finder.find().items():
            account = self._accounts.get(subject)
            if account is None:
                account = self._accounts[subject] = Account(resource, None)
            account.resource = resource
            account.look()
        self._looks_count += 1

    def _count(self) -> None:
        """Read the counts at the end of the window."""
        for subject, resource in self._finder.find().items():
            if subject in self._accounts:
                self._accounts[subject].last = resource.read()

    def report(self, requests: RequestTable | float) -> SaturationReport:
        """Return what was seen in the window, for so many answered `requests`: the users' table, or a number.

        Raises `ValueError` where nothing has been watched yet.
        """
        if not self._looks_count:
            raise ValueError("run must come before report: nothing has been watched yet")
        elapsed = self.until - self.since
        if isinstance(requests, RequestTable):
            rate = requests.goodput(self.since, self.until)
        elif not 0 <= requests < inf:
            raise ValueError(f"requests must be a RequestTable or a finite number >= 0, got {requests!r}")
        else:
            rate = requests / elapsed
        return reported(
            list(self._accounts.values()),
            self._names.of,
            Ways(self._system),
            looks_count=self._looks_count,
            since=self.since,
            until=self.until,
            rate=rate,
        )
