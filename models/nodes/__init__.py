"""Nodes: processes that work by messages, which replicated stores are made of.

    node    Node: messages from its peers, timers, a memory that dies with it, and what it has on its disk

A node is an `Instance` as well: clients call it over the network as they call any service. What keeps time by
itself (leases, heartbeats, questions that are repeated) never falls silent: such a system is run `until` a
time, and a bare `env.run()` does not come back.
"""

from .node import Node

__all__ = ["Node"]
