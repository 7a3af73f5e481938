"""A store: several nodes that hold the same data, and how clients reach them.

All stores share one contract, so that a study, a checker and a swarm can put one in the place of another:

- `client(host)` is an endpoint on `host` that takes the requests of `operations`, and reaches the nodes over
  the network only. A call ends in a response when the store acknowledges; in `Unavailable` (or `Refused`,
  `Rejected`: in what has `nothing_done`) when nothing was done and nothing will be; in anything else
  (`TimedOut`, `ConnectionLost`, `ServerError`) when nobody knows, and then the operation may still take
  effect, once, now or later.
- `contents()` is what each node holds now: for observers, who see all nodes at once.
- `is_linearizable` is what the store claims: a history that is not linearizable is then a bug. A store in
  which a bug is planted claims nothing.

Source: Gilbert and Lynch, "Brewer's Conjecture" (2002), for what is asked of such a store; Herlihy and Wing,
"Linearizability" (TOPLAS 1990), for the claim.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from ..endpoint import Endpoint
from ..infrastructure import Host
from ..nodes import Node


class Store(ABC):
    """A store of some `name`; `nodes` hold the data, and `is_linearizable` says what it claims."""

    name: str
    is_linearizable: bool

    @property
    @abstractmethod
    def nodes(self) -> Sequence[Node]:
        """The nodes, in the order of their hosts."""

    @abstractmethod
    def client(self, host: Host) -> Endpoint:
        """Return a new client on `host`; what it remembers (a session, say) is its own."""

    def copying_client(self, host: Host) -> Endpoint:
        """Return a new client on `host` whose reads show all that was acknowledged, if the store has one.

        For copies: one that is made by stale reads is not behind but wrong for ever, once its source is gone.
        By default, and where no read shows that for certain, it is one like any other.
        """
        return self.client(host)

    @abstractmethod
    def contents(self) -> Mapping[str, Mapping[Any, Any]]:
        """Return what each node holds now, by its name: the values by key, as a read there would give them.

        What a node that is down has on its disk counts as held.
        """
