"""Shards: what a placement gives each, what moves, and what it costs to ask all of them.

catalogue    all of them, in order
shares       shares of a ring: their distribution, the largest, and those of keys
tables       routing tables that placements have made: shares and moves by the number of their ranges
queries      the slowest of n calls over the network, and what is there by a deadline
node_sets    which nodes keep the copies of a key: how many sets, and how often two have none in common
"""

from .catalogue import CHECKS

__all__ = ["CHECKS"]
