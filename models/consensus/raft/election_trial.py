"""The time to a leader, set up as in Ongaro's AvailSim.

n nodes with equal logs in term 0, of which f are down; their timers are set at time 0; one-way latencies and
election timeouts are uniform in given ranges; nothing else takes time: messages are worked on and votes are
on disk at once. There are no pre-votes, and no leader to be heard. How long until a node has the votes of a
majority? Its rules for timers are those of `elections`. A trial in which two ask at about the same time, and
none gets a majority, goes into another term: a split vote.

AvailSim's defaults, which are these, are 5 nodes, latencies of 2 to 5 ms ("LAN"), timeouts of 150 to 300 ms.
It drew whole microseconds. Source: `ongardie/availsim` (`raft.rs`, `policies.rs`), which was made for
chapter 9 of Ongaro's thesis (2014).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from simulator import Environment
from simulator.randomness import Distribution, Uniform

from ...infrastructure import Host
from ...network import Network
from ...request import Request
from ...storage import Disk
from ...validation import require_count
from .cluster import RaftCluster
from .settings import RaftSettings
from .state_machine import StateMachine

LAN = Uniform(0.002, 0.005)
"""AvailSim's latencies of a local network (s)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ElectionTrial:
    """A leader was elected at `time` (s), in `term`: so many elections it took, split votes included."""

    time: float
    term: int


def time_to_leader(
    seed: int,
    *,
    node_count: int = 5,
    failed_count: int = 0,
    latency: Distribution | float = LAN,
    election_timeout_min: float = 0.15,
    election_timeout_max: float = 0.3,
    time_max: float = inf,
) -> ElectionTrial:
    """Return when, with this `seed`, the first leader of `node_count` nodes (>= 1) is elected.

    `failed_count` of them are down, fewer than half. At `time_max` (s) the trial is given up, and `time` is
    infinite.
    """
    require_count("node_count", node_count)
    require_count("failed_count", failed_count, 0)
    if not failed_count < node_count - node_count // 2:
        raise ValueError(f"failed_count must leave a majority of {node_count} nodes, got {failed_count}")
    env = Environment(seed=seed)
    network = Network(env, latencies=latency)
    hosts = [Host(env, f"host-{number}") for number in range(1, node_count + 1)]
    for host in hosts[node_count - failed_count :]:
        host.crash()
    settings = RaftSettings(
        election_timeout_min=election_timeout_min,
        election_timeout_max=election_timeout_max,
        heartbeat_interval=election_timeout_min / 2.0,
        pre_vote=False,
        check_quorum=False,
    )
    cluster = RaftCluster(env, network, hosts, _Nothing, settings=settings, make_disk=_instant_disk)
    elections = cluster.invariants.elections
    while not elections and env.peek() < time_max:
        env.step()
    if not elections:
        return ElectionTrial(time=inf, term=max(node.term for node in cluster.nodes))
    return ElectionTrial(time=elections[0].time, term=elections[0].term)


def _instant_disk(host: Host) -> Disk:
    return Disk(host, sync_time=0.0)


class _Nothing(StateMachine):
    """A state machine that knows no command."""

    commands = frozenset()
    queries = frozenset()

    def apply(self, request: Request) -> None:
        """Never called."""

    def query(self, request: Request) -> None:
        """Never called."""

    def snapshot(self) -> None:
        """Return no state."""

    def restore(self, state: None) -> None:
        """Be in no state."""
