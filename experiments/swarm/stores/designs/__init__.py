"""The designs of stores in the swarm, one a file: raft, primary_replica, quorums, single; catalogue."""

from .catalogue import DESIGNS

__all__ = ["DESIGNS"]
