"""An event log: the source of truth, of which everything else can be computed again.

Contract of all logs, so that command handlers and projections can stand on any:

- `client(host)` is an endpoint on `host` that takes the requests of `requests`. A call ends in an answer; in
  `Unavailable`, `Refused` or `Rejected` where nothing was done; in anything else where nobody knows, and then
  the commit may still be made, once: whoever asks again with the same command id gets the first answer.
- What has been told to anybody is in the log for as long as `is_durable` says the truth.
- `commits()` is what is in it now: for observers.

Source: Fowler, "Event Sourcing" (2005); Kleppmann, "Designing Data-Intensive Applications" (2017), chapter
11, "Databases and Streams".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ...endpoint import Endpoint
from ...infrastructure import Host
from ...nodes import Node
from .commit import Commit


class EventLog(ABC):
    """A log of some `name`; `is_durable` says that a crash takes nothing that anybody was told."""

    name: str
    is_durable: bool

    @property
    @abstractmethod
    def nodes(self) -> Sequence[Node]:
        """The nodes, in the order of their hosts."""

    @abstractmethod
    def client(self, host: Host) -> Endpoint:
        """Return a new client on `host`."""

    @abstractmethod
    def commits(self) -> Sequence[Commit]:
        """Return what is in it, in order: of what nobody has been told yet, nothing."""
