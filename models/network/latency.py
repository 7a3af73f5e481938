"""How long a message takes, by how far apart two hosts are.

Five localities: the same host, the same rack, the same zone, the same region (another zone), another region.
Hosts without a rack share none; those without a zone stand together in one unnamed zone, zones without a
region in one unnamed region. The defaults are round numbers of the order that cloud providers publish and
engineers quote (a fifth of a millisecond inside a zone, about one between zones, tens between regions);
measure your own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from simulator.randomness import Constant, Distribution, LogNormal

from ..infrastructure import Host


class Locality(Enum):
    """How far apart two hosts are."""

    SAME_HOST = "same host"
    SAME_RACK = "same rack"
    SAME_ZONE = "same zone"
    SAME_REGION = "same region"
    OTHER_REGION = "other region"


def locality(source: Host, target: Host) -> Locality:
    """Return how far apart two hosts are."""
    if source is target:
        return Locality.SAME_HOST
    if source.rack is not None and source.rack is target.rack:
        return Locality.SAME_RACK
    if source.zone is target.zone:
        return Locality.SAME_ZONE
    source_region = source.zone.region if source.zone is not None else None
    target_region = target.zone.region if target.zone is not None else None
    return Locality.SAME_REGION if source_region is target_region else Locality.OTHER_REGION


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalityLatencies:
    """One-way latency in seconds for each locality; each a distribution.

    In a rack it is that of its zone, unless it is given.
    """

    same_host: Distribution = Constant(0.00002)
    same_zone: Distribution = LogNormal.from_percentiles(p50=0.0002, p99=0.0008)
    same_region: Distribution = LogNormal.from_percentiles(p50=0.001, p99=0.003)
    other_region: Distribution = LogNormal.from_percentiles(p50=0.04, p99=0.06)
    same_rack: Distribution | None = None

    def of(self, where: Locality) -> Distribution:
        """Return the latency of one locality."""
        return {
            Locality.SAME_HOST: self.same_host,
            Locality.SAME_RACK: self.same_rack or self.same_zone,
            Locality.SAME_ZONE: self.same_zone,
            Locality.SAME_REGION: self.same_region,
            Locality.OTHER_REGION: self.other_region,
        }[where]

    @classmethod
    def uniform(cls, latency: Distribution | float) -> LocalityLatencies:
        """Return the same latency for every locality, for a network where distance does not matter.

        A number is a constant.
        """
        distribution = latency if isinstance(latency, Distribution) else Constant(latency)
        return cls(
            same_host=distribution,
            same_zone=distribution,
            same_region=distribution,
            other_region=distribution,
        )
