"""Nodes: processes that work by messages, which replicated stores are made of.

    node    Node: messages from its peers, timers, a memory that dies with it, and what it has on its disk

A node is an `Instance` as well: clients call it over the network as they call any service.
"""

from .node import Node

__all__ = ["Node"]
