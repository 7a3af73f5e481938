"""An event log that runs, with all who use it, and what was given, asked and answered so far."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from models import Host, Network
from models.cqrs import Command, CommandHandler, Projection, RaftEventLog
from models.cqrs.log import Commit, EventLog
from models.nodes import Node
from models.storage import Disk
from simulator import Environment

from ..stores.live_store import LEADER
from .plan import ProjectionsPlan, ViewPlan


@dataclass(slots=True)
class Given:
    """A command that `user` has given: what he was answered, or None; `failures` are of all his attempts."""

    user: str
    command: Command
    is_submitted: bool
    answer: Any = None
    failures: list[str] = field(default_factory=list)
    ended_at: float | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """A question that was answered, by rows that had come to `position`; at least to `demanded`, he asked.

    `life` tells one life of the view's rows from another, which may begin with older ones; if it is of one
    life the answer is of that.
    """

    user: str
    view: str
    began_at: float
    ended_at: float
    position: int
    demanded: int
    life: int
    is_of_one: bool


@dataclass(slots=True)
class LiveView:
    """A projection and its plan."""

    plan: ViewPlan
    projection: Projection


@dataclass(slots=True)
class LiveProjections:
    """All of it; `given` are all parameters, `laws` the names of what it is held to.

    `busy` are the users who have something left to ask, `most_commits` the most that was ever in the log.
    """

    plan: ProjectionsPlan
    given: Mapping[str, Any]
    laws: frozenset[str]
    env: Environment
    network: Network
    log: EventLog
    hosts: dict[str, Host]
    disks: dict[Host, Disk]
    handlers: list[CommandHandler] = field(default_factory=list)
    views: dict[str, LiveView] = field(default_factory=dict)
    commands: list[Given] = field(default_factory=list)
    questions: list[Asked] = field(default_factory=list)
    busy: dict[str, None] = field(default_factory=dict)
    most_commits: list[Commit] = field(default_factory=list)

    def nodes(self) -> list[Node]:
        """Return all nodes."""
        return [*self.log.nodes, *self.handlers, *(view.projection for view in self.views.values())]

    def host_of(self, name: str) -> Host | None:
        """Return the host of a name, or that of whoever decides in the log; None where nobody does."""
        if name != LEADER:
            return self.hosts.get(name)
        if not isinstance(self.log, RaftEventLog):
            return self.log.nodes[0].host
        leader = self.log.cluster.leader
        return None if leader is None else leader.host

    def node_on(self, host: Host) -> Node | None:
        """Return the node on `host`, if there is one."""
        return next((node for node in self.nodes() if node.host is host), None)

    def life_of(self, view: LiveView) -> int:
        """Return in which life the rows of a view are: what is shown is taken back only between two."""
        node = view.projection
        life = self.disks[node.host].destroyed_count
        return life + (node.incarnation if self.given["row_durability"] == "periodic" else 0)

    def commits(self) -> Sequence[Commit]:
        """Return what is in the log: of one that keeps all, the most that was ever shown.

        What a node that is down has on its disk it may lose yet, as nobody was told of it.
        """
        seen, is_shown = self.log.commits(), any(node.is_awake for node in self.log.nodes)
        if not self.log.is_durable or (is_shown and len(seen) > len(self.most_commits)):
            self.most_commits = list(seen)
        return self.most_commits
