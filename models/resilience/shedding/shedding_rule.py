"""The contract of shedding rules: what makes a shedder turn a request away as it arrives.

A rule is a frozen value; each shedder gets from it a function of its own, which judges. It may look at the
request, and at what can be known in the process and on the host where the shedder stands, and nothing else:
what other hosts know takes a message to find out. The members are in files of their own: `utilisation`,
`queue_length`.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable

from ...endpoint import Endpoint
from ...request import Request

Judge = Callable[[Request], str | None]
"""A function that gives the reason for which a request is shed, or `None` to let it pass."""


class SheddingRule(ABC):
    """Makes the function that judges; derive from it, as a frozen dataclass, to make your own."""

    __slots__ = ()

    @abstractmethod
    def judge(self, target: Endpoint) -> Judge:
        """Return a function that judges requests to `target`, before they count there."""
