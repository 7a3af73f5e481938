"""What theory gives: formulas, and small chains that are solved exactly.

    many_servers     Erlang B and C, M/M/c/K
    single_server    Pollaczek-Khinchine, M/D/1, processor sharing
    impatience       Erlang A, M/M/1 with a constant timeout on waiting
    retrials         M/M/1 where who finds the server busy tries again
    networks         Jackson, mean value analysis, fork-join
    choices          power of d choices, join the shortest queue
    partial_quorums  WARS
    sharding         a package: shares, moves and the slowest of n shards
    read_models      a package: how far read models are behind, and how they catch up
    eviction         hit ratios of caches where requests are independent
    chained_caches   hit ratio of a cache behind others, and ages

Rates are per second, times in seconds; a service rate of 1 is the default. A queue that no steady state has
is a `ValueError`.
"""

from .choices import (
    few_choices_sojourn,
    power_of_choices_sojourn,
    shorter_of_two_queues_sojourn,
    two_choices_sojourn,
)
from .impatience import ErlangA, constant_patience_abandonment, erlang_a
from .many_servers import ManyServers, erlang_b, erlang_c, many_servers, wait_mean, wait_percentile
from .networks import ClosedNetwork, OpenNetwork, closed_network, fork_join_sojourn, open_network
from .partial_quorums import stale_probability, stale_time
from .retrials import retrial_wait_mean
from .single_server import (
    constant_service_wait_probability,
    general_service_wait_mean,
    processor_sharing_sojourn_mean,
    processor_sharing_sojourn_variance,
)

__all__ = [
    "ClosedNetwork",
    "ErlangA",
    "ManyServers",
    "OpenNetwork",
    "closed_network",
    "constant_patience_abandonment",
    "constant_service_wait_probability",
    "erlang_a",
    "erlang_b",
    "erlang_c",
    "few_choices_sojourn",
    "fork_join_sojourn",
    "general_service_wait_mean",
    "many_servers",
    "open_network",
    "power_of_choices_sojourn",
    "processor_sharing_sojourn_mean",
    "processor_sharing_sojourn_variance",
    "retrial_wait_mean",
    "shorter_of_two_queues_sojourn",
    "stale_probability",
    "stale_time",
    "two_choices_sojourn",
    "wait_mean",
    "wait_percentile",
]
