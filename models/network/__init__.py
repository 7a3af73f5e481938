"""The network between hosts: latency, loss, bandwidth, partitions and other mischief.

network     Network: connect, send, override, partition
connection  a call across the network, as an endpoint
path        one direction between two hosts; what transports do about loss
wire        what messages queue for where a path has a bandwidth, and what it has carried
latency     latency by locality
rules       mischief: rules with verdicts
bursts      InBursts: mischief that comes and goes (Gilbert-Elliott)
watching    MessageWatcher: who is told of each message, and what of it
"""

from .bursts import InBursts
from .connection import Connection, ConnectionStatistics
from .latency import Locality, LocalityLatencies, locality
from .network import Network
from .path import MessageGone, Path
from .rules import CUT, LOSE, PASS, AddedDelay, Fate, Isolation, PacketLoss, Partition, Place, Rule, Verdict
from .watching import MessageWatcher, Passage, Role, SentMessage
from .wire import LinkStatistics

__all__ = [
    "CUT",
    "LOSE",
    "PASS",
    "AddedDelay",
    "Connection",
    "ConnectionStatistics",
    "Fate",
    "InBursts",
    "Isolation",
    "LinkStatistics",
    "Locality",
    "LocalityLatencies",
    "MessageGone",
    "MessageWatcher",
    "Network",
    "PacketLoss",
    "Partition",
    "Passage",
    "Path",
    "Place",
    "Role",
    "Rule",
    "SentMessage",
    "Verdict",
    "locality",
]
