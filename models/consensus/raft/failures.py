"""How a Raft node turns a client away that should ask another one."""

from __future__ import annotations

from ...failures import Rejected


class NotLeader(Rejected):
    """This node does not lead, and has done nothing; `leader` is the name of the one that it follows."""

    def __init__(self, by: str, leader: str | None = None) -> None:
        super().__init__(by, f"not the leader, which is {leader or 'unknown'}")
        self.leader = leader
        self.args = (by, leader)
