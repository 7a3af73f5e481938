"""Pack: on as few hosts as possible, so that as little as possible is paid for, or left in pieces.

The next one goes where some of ours stand already. Where there is no room there, it goes to the host that can
take all that remain with the least to spare (best fit), or, if none can, to the one that can take the most:
for instances that are all alike no placement has fewer hosts. Who asks for nothing fits anywhere, and all go
to one host.

Source: best fit after Johnson, "Near-optimal bin packing algorithms" (1973); Kubernetes' scheduler has its
scoring strategy `MostAllocated` for the same end, and does not look at what remains.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .candidates import Candidates
from .policy import PlacementPolicy


@dataclass(frozen=True, slots=True)
class Pack(PlacementPolicy):
    """On as few hosts as possible.

    Example::

        place(9, hosts, Pack(), resources=Resources(cores=1.0, memory_gib=2.0))
    """

    def allows(self, candidates: Candidates) -> NDArray[np.bool_]:
        """Allow everything."""
        return np.ones(len(candidates.hosts), dtype=bool)

    def preferences(self, candidates: Candidates) -> list[NDArray[np.float64] | NDArray[np.intp]]:
        """Prefer hosts that have some of ours, then those that take all that remain, then the fullest."""
        fits = candidates.fit_counts()
        takes_all = fits >= candidates.remaining
        return [
            np.where(candidates.counts > 0, 0.0, 1.0),
            np.where(takes_all, 0.0, 1.0),
            np.where(takes_all, fits, -fits),
            _share_free(candidates),
        ]


def _share_free(candidates: Candidates) -> NDArray[np.float64]:
    """Return the share of cores that is free: which of two hosts with room for as many is the fuller one."""
    share: NDArray[np.float64] = candidates.cores_free / candidates.cores
    return share
