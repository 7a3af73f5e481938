"""Faults of the network between two sets of places: cut, slow, or lossy; both ways or one way.

    NetworkPartition    no message passes
    LinkDelay           messages take longer
    LinkLoss            packets are lost; what that does depends on the transport (see `models.network.path`)

Places are hosts, zones and regions, also several, with the hosts that come there later. Delay and loss act
all the time, or in bursts with gaps between them if `burst_mean` and `gap_mean` are given (see
`models.network.bursts`). A message that is on its way when a fault begins is past it.

Source: Toxiproxy's toxics, Linux `tc netem`; partial and one-way partitions: Alquraan et al., "An Analysis of
Network-Partitioning Failures in Cloud Systems" (OSDI 2018).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from simulator.randomness import Distribution

from ..network import AddedDelay, InBursts, Network, PacketLoss, Partition, Place, Rule
from ..validation import require_share
from .durations import as_times
from .fault import Fault

Places = Iterable[Place] | Place
"""One host, rack, zone or region, or several."""


class _LinkFault(Fault):
    """A rule that is installed while the fault is injected."""

    def __init__(
        self, network: Network, rule: Rule, name: str, kind: str, detail: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(network.env, name, kind, detail)
        self._network = network
        self._rule = rule

    def _start(self) -> None:
        self._network.install(self._rule)

    def _stop(self) -> None:
        self._network.heal(self._rule)


class NetworkPartition(_LinkFault):
    """No message passes between `sources` and `targets`, with `one_way` none from the first to the second.

    What is cut is gone for good. To cut an area off from everything else, see `NetworkOutage`.

    Example::

        plan.at(60.0, NetworkPartition(network, zone_a, zone_b, one_way=True), duration=30.0)
    """

    def __init__(
        self,
        network: Network,
        sources: Places,
        targets: Places,
        *,
        one_way: bool = False,
        name: str | None = None,
    ) -> None:
        require_network(network)
        sources, targets = _listed(sources), _listed(targets)
        rule = Partition(sources, targets, one_way=one_way)
        super().__init__(network, rule, name or _link(sources, targets, one_way), "partition")


class LinkDelay(_LinkFault):
    """Each message between `sources` and `targets` takes longer by `delay`, a distribution or seconds.

    Messages may overtake each other. `burst_mean` and `gap_mean` (s, both or neither) let it come and go.
    Streams are named after `name`.

    Example::

        plan.at(60.0, LinkDelay(network, web, payment, Uniform(0.5, 1.5)), duration=30.0)
    """

    def __init__(
        self,
        network: Network,
        sources: Places,
        targets: Places,
        delay: Distribution | float,
        *,
        one_way: bool = False,
        burst_mean: float | None = None,
        gap_mean: float | None = None,
        name: str | None = None,
    ) -> None:
        require_network(network)
        sources, targets = _listed(sources), _listed(targets)
        name = name or _link(sources, targets, one_way)
        stream = f"fault/{name}"
        delay = as_times("delay", delay)
        rule = AddedDelay(network.env, sources, targets, delay, name=stream, one_way=one_way)
        detail = {"delay": delay.mean}
        super().__init__(
            network, _in_bursts(network, rule, burst_mean, gap_mean, stream), name, "delay", detail
        )


class LinkLoss(_LinkFault):
    """Each packet between `sources` and `targets` is lost with a `probability` in (0, 1], independently.

    With `burst_mean` and `gap_mean` (s, both or neither) in bursts only: over a long time a share of
    probability x burst_mean / (burst_mean + gap_mean). Streams are named after `name`.

    Example::

        plan.at(60.0, LinkLoss(network, web, payment, 0.5, burst_mean=0.2, gap_mean=5.0), duration=30.0)
    """

    def __init__(
        self,
        network: Network,
        sources: Places,
        targets: Places,
        probability: float,
        *,
        one_way: bool = False,
        burst_mean: float | None = None,
        gap_mean: float | None = None,
        name: str | None = None,
    ) -> None:
        require_network(network)
        sources, targets = _listed(sources), _listed(targets)
        require_share("probability", probability)
        name = name or _link(sources, targets, one_way)
        stream = f"fault/{name}"
        rule = PacketLoss(network.env, sources, targets, probability, name=stream, one_way=one_way)
        detail = {"probability": probability}
        super().__init__(
            network, _in_bursts(network, rule, burst_mean, gap_mean, stream), name, "packet loss", detail
        )


def require_network(value: object) -> None:
    """Raise `TypeError` unless `value` is a network."""
    if not isinstance(value, Network):
        raise TypeError(f"network must be a Network, got {value!r}")


def _in_bursts(
    network: Network, rule: Rule, burst_mean: float | None, gap_mean: float | None, name: str
) -> Rule:
    if burst_mean is None and gap_mean is None:
        return rule
    if burst_mean is None or gap_mean is None:
        raise ValueError(
            f"burst_mean and gap_mean must be given both or not at all, got {burst_mean!r} and {gap_mean!r}"
        )
    return InBursts(network.env, rule, burst_mean=burst_mean, gap_mean=gap_mean, name=name)


def _listed(places: Places) -> tuple[Place, ...]:
    return (places,) if isinstance(places, Place) else tuple(places)


def _link(sources: tuple[Place, ...], targets: tuple[Place, ...], one_way: bool) -> str:
    """Return a name for what lies between two sets of places."""
    ends = (
        ", ".join(getattr(place, "name", repr(place)) for place in places) for places in (sources, targets)
    )
    return (" -> " if one_way else " - ").join(ends)
