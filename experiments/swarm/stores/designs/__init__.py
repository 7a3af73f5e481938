"""The designs of stores in the swarm, one a file; catalogue has them all by name."""

from .catalogue import DESIGNS

__all__ = ["DESIGNS"]
