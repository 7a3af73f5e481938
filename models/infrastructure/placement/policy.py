"""The contract of placement policies.

Instances are placed one by one. A policy says of all hosts at once where one more may stand (its *rule*) and
where it would rather (its *preferences*), as the filters and scores of Kubernetes' scheduler do. Of the hosts
that the rule allows and that have room, the one with the least first preference is taken; at a tie the second
preference decides, and at last the order in which hosts were given. So the same question has the same answer
always.
"""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates


class PlacementPolicy(ABC):
    """Says where one more instance may stand, and where it would rather; derive from it to make your own."""

    __slots__ = ()

    @abstractmethod
    def allows(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Say of each host whether one more may stand there."""

    @abstractmethod
    def preferences(self, candidates: Candidates) -> list[NDArray[np.float64] | NDArray[np.intp]]:
        """Return numbers for each host, the most important first; the least is the best."""
