"""The lock service: advisory locks on Raft, for clients that can crash, and come to a standstill.

What it promises: a lock is given to one session at a time, and as long as a client's own clock says that
its session lives (`HeldLock.is_held`) nobody else has been given it. That holds whatever crashes or is cut
off, as long as clocks keep to `clock_drift_bound`. It cannot promise that nobody *acts* on a lock that he has
no more: between looking and acting there is time. Whoever acts shows a token, and what he acts on refuses one
that is older than it has seen: then late is harmless (`resource`).

A client on the side of a cut without a majority gets no lock, and loses those it has when its lease is over.

Leaves out: sessions of Raft clients never end (see `raft.replica`): the log's memory of a client, a number
and its latest answers, stays when its lock session is over. Source: Burrows, "The Chubby Lock Service for
Loosely-Coupled Distributed Systems" (OSDI 2006); Kleppmann, "How to do distributed locking" (2016).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from simulator import Environment

from ...endpoint import Endpoint
from ...infrastructure import Host
from ...network import Network
from ...validation import require_kind, require_name
from ..raft import RaftClientSettings, RaftCluster, RaftFlaws, RaftSettings
from .client import LockClient
from .flaws import NO_LOCK_FLAWS, LockFlaws
from .machine import LockMachine
from .node import LockNode
from .operations import Holder, holder
from .settings import DEFAULT_LOCK_SETTINGS, LockSettings

_RAFT_SETTINGS = RaftSettings()
_NO_RAFT_FLAWS = RaftFlaws()
_CLIENT_SETTINGS = RaftClientSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class LockStatistics:
    """As far as the most advanced node knows.

    `opened_count` sessions were opened, of which `expired_count` have expired; locks were given
    `granted_count` times.
    """

    opened_count: int
    expired_count: int
    granted_count: int


class LockService:
    """A lock service with a node on each of `hosts`; `settings` and `flaws` are its own.

    `raft_settings`, `raft_flaws`, `client_settings` and what `raft` says besides are those of `RaftCluster`.

    Example::

        service = LockService(env, network, hosts)
        client = service.client(web)
        held = yield from client.acquire("stock")
        if held.is_held:
            yield from files.call(fenced_write("stock", 5, held.token))
        client.release(held)
    """

    def __init__(
        self,
        env: Environment,
        network: Network,
        hosts: Iterable[Host],
        *,
        settings: LockSettings = DEFAULT_LOCK_SETTINGS,
        flaws: LockFlaws = NO_LOCK_FLAWS,
        raft_settings: RaftSettings = _RAFT_SETTINGS,
        raft_flaws: RaftFlaws = _NO_RAFT_FLAWS,
        client_settings: RaftClientSettings = _CLIENT_SETTINGS,
        name: str = "locks",
        **raft: Any,
    ) -> None:
        require_name("name", name)
        require_kind("settings", settings, LockSettings)
        require_kind("flaws", flaws, LockFlaws)
        require_kind("client_settings", client_settings, RaftClientSettings)
        if not settings.question_kept < client_settings.attempt_timeout:
            raise ValueError(
                f"question_kept must be shorter than the clients' attempt_timeout"
                f" ({client_settings.attempt_timeout} s), got {settings.question_kept!r}"
            )
        self.name = name
        self.settings = settings
        self._env = env
        self.cluster = RaftCluster(
            env,
            network,
            hosts,
            LockMachine,
            settings=raft_settings,
            flaws=raft_flaws,
            client_settings=client_settings,
            make_node=partial(LockNode, lock_settings=settings, lock_flaws=flaws),
            name=name,
            **raft,
        )

    def client(self, host: Host, whose: Endpoint | None = None) -> LockClient:
        """Return a new client on `host`, with a session of its own; in the process of `whose`, if given."""
        require_kind("host", host, Host)
        return LockClient(self._env, self.cluster.client(host), self.settings, whose)

    @property
    def nodes(self) -> Sequence[LockNode]:
        """The nodes, in the order of their hosts."""
        return [node for node in self.cluster.nodes if isinstance(node, LockNode)]

    def holder(self, lock: str) -> Holder | None:
        """Return who has `lock` by the most advanced node; for observers."""
        found = self._most_advanced().query(holder(lock))
        assert found is None or isinstance(found, Holder)
        return found

    def _most_advanced(self) -> LockMachine:
        return max(self.nodes, key=lambda node: node.commit_index).machine

    def statistics(self) -> LockStatistics:
        """Return what has become of it so far."""
        machine = self._most_advanced()
        return LockStatistics(
            opened_count=machine.session_last,
            expired_count=machine.expired_count,
            granted_count=machine.token_last,
        )
