"""PostgreSQL's and Kafka's rules, as settings.

PostgreSQL (`synchronous_commit`, with `synchronous_standby_names` given or empty):

    off            told before anything is durable; the log is synced every 0.2 s (`wal_writer_delay`)
    local          told when it is on the primary's disk
    remote_write   and has been written, not flushed, by the standbys that count
    on             and is on their disks
    remote_apply   and is seen by their readers

With no standby that counts (`Asynchronous`) the last three are as local. The commit is on the primary's disk
before it waits, so that a crash meanwhile, or a caller who gives up, leaves a row that is there, is shown,
and is nowhere else; with too few standbys commits wait for ever. Only remote_apply lets a session read its
own writes from a standby without waiting for them there. The primary ships what is on its disk, no earlier.

Kafka (`acks`, one partition): the log is left to the operating system (no fsync), and replicas acknowledge
what they have written. acks=0: nobody waits; 1: the leader alone; all: every member in sync, at least
`min.insync.replicas` of them. Consumers see what is below the high watermark, that is, what all in sync have.
The leader is chosen among those in sync, with unclean election among any. Nothing but the epoch keeps an old
leader from answering; a broker that the controller has not heard of for 9 s (`broker.session.timeout.ms`;
heartbeats every 2 s) is replaced.

Source: PostgreSQL documentation, "Write Ahead Log" settings and "Synchronous Replication"; Kafka
documentation, broker and producer settings; Patroni's defaults for failover (`FailoverSettings`). Leaves out:
that `off` may lose up to three times `wal_writer_delay`, where here it is one and a sync; that PostgreSQL's
standbys flush what they receive by themselves, also under `off`, where here they have the primary's policy;
Kafka's consumer groups, and its pulling followers: here they are pushed to, which saves them half a round.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

from ...storage import GroupCommit, PeriodicSync
from ...validation import require_kind
from .commit_rules import Asynchronous, CommitRule, InSync, Progress
from .settings import FailoverSettings, Fencing, ReplicationSettings, Told, Visibility

WAL_WRITER_DELAY = 0.2
"""PostgreSQL's default (s)."""

KAFKA_FAILOVER = FailoverSettings(ttl=9.0, renewal_interval=2.0, fencing=Fencing.EPOCH)
"""Kafka's controller: `broker.session.timeout.ms` and `broker.heartbeat.interval.ms`."""

_NO_STANDBYS = Asynchronous()
_PROGRESS = {
    "off": None,
    "local": None,
    "remote_write": Progress.WRITTEN,
    "on": Progress.FLUSHED,
    "remote_apply": Progress.APPLIED,
}


def postgres(
    synchronous_commit: str = "on", standbys: CommitRule = _NO_STANDBYS, **others: Any
) -> ReplicationSettings:
    """Return PostgreSQL's rules; `standbys` is what `synchronous_standby_names` says: `FirstOf`, `AnyOf`.

    `others` are further settings, such as `failover=FailoverSettings()`. Raises `ValueError` for a
    `synchronous_commit` that there is not.

    Example: `postgres("on", AnyOf(1), failover=FailoverSettings())`.
    """
    if synchronous_commit not in tuple(_PROGRESS):
        raise ValueError(
            f"synchronous_commit must be one of {', '.join(_PROGRESS)}, got {synchronous_commit!r}"
        )
    progress = _PROGRESS[synchronous_commit]
    is_off = synchronous_commit == "off"
    return ReplicationSettings(
        commit_rule=Asynchronous() if progress is None else standbys,
        progress=progress or Progress.FLUSHED,
        durability=PeriodicSync(interval=WAL_WRITER_DELAY, is_buffered=True) if is_off else GroupCommit(),
        visibility=Visibility.RECEIVED,
        **others,
    )


def kafka(
    acks: str = "all",
    *,
    min_in_sync: int = 1,
    unclean_election: bool = False,
    lag_time_max: float = 30.0,
    failover: FailoverSettings = KAFKA_FAILOVER,
    **others: Any,
) -> ReplicationSettings:
    """Return Kafka's rules for a partition whose producers ask for `acks` ("0", "1" or "all").

    `min_in_sync` is `min.insync.replicas`, `lag_time_max` `replica.lag.time.max.ms` in seconds; `others` are
    further settings. Raises `ValueError` for other `acks`.
    """
    told = {"0": Told.UNASKED, "1": Told.APPENDED, "all": Told.COMMITTED}
    if acks not in tuple(told):
        raise ValueError(f"acks must be one of {', '.join(told)}, got {acks!r}")
    require_kind("failover", failover, FailoverSettings)
    return ReplicationSettings(
        commit_rule=InSync(min_in_sync, lag_time_max),
        progress=Progress.WRITTEN,
        durability=PeriodicSync(interval=inf),
        told=told[acks],
        visibility=Visibility.COMMITTED,
        ships_unsynced=True,
        failover=replace(failover, unclean_election=unclean_election),
        **others,
    )
