"""Locks: a lock service on Raft, with leases and fencing tokens; what it protects; and locks made at home.

service      LockService: nodes on hosts, clients; what it promises, and what no lock can
settings     LockSettings: leases, renewals, the bound on clocks
client       LockClient, HeldLock: a session, kept alive, and trusted no longer than its lease
operations   what the service is asked, and answers
machine      LockMachine: sessions, locks, queues, tokens, as a state machine
leases       who decides that a session's time is up, and why nobody is wronged
node         LockNode: a Raft node that ends leases, and keeps questions of those who wait
flaws        LockFlaws: bugs to plant
resource     FencedResource: what locks protect, and how it looks at tokens
home_made    KeyLock: a key with a time to live, for comparison
"""

from .client import HeldLock, LockClient
from .flaws import LockFlaws
from .home_made import KeyHeld, KeyLock
from .machine import LockMachine
from .node import LockNode
from .operations import Answer, Holder, holder
from .resource import FencedResource, Fencing, ResourceStatistics, Versioned, fenced_read, fenced_write
from .service import LockService, LockStatistics
from .settings import LockSettings

__all__ = [
    "Answer",
    "FencedResource",
    "Fencing",
    "HeldLock",
    "Holder",
    "KeyHeld",
    "KeyLock",
    "LockClient",
    "LockFlaws",
    "LockMachine",
    "LockNode",
    "LockService",
    "LockSettings",
    "LockStatistics",
    "ResourceStatistics",
    "Versioned",
    "fenced_read",
    "fenced_write",
    "holder",
]
