"""Benchmarks: what GameDay costs, against plain SimPy scripts of the same systems, in the same run.

    benchmark                   Benchmark: a measurement with a target; its result and verdict
    catalogue                   BENCHMARKS: all of them; how they are named outside Python
    paired_times                two sides timed in turn; ratios and their spread
    sleeps                      processes that only sleep
    single_server               M/M/1
    station                     the plainest server, on a host's cores
    reference_path              client, breaker, retry, timeout, balancer, network, three hosts
    reference_path_in_simpy     the same without breaker and recording, as a plain script
    quorum_path                 client, coordinator, three replicas with disks
    quorum_path_in_simpy        the same without failures, as a plain script
    raft_path                   client, leader, two followers with disks
    raft_path_in_simpy          the same with a leader that leads for ever, as a plain script
    cached_read                 the reference path behind a cache, against itself without
    store_load                  what the clients of both ask
    message_costs               CPU time per operation, and per message between nodes
    large_system                thousands of hosts against ten
    own_process                 measurements in a process of their own
    memory, memory_probe        a million recorded requests
    sharded_keys, sharded_keys_probe
                                a million keys on shards, while one is added
    placements                  ten million keys: where they are, and which move
    cache_trace                 a million requests of a recorded trace, replayed
    parallel_sweep              a sweep on two cores against one

Each system stands here twice, but for the large one, and a test shows that both are the same system.
Benchmarks read real time, which nothing else here may: their numbers are the machine's, not the model's.
"""

from .benchmark import Benchmark, Effort, Measurement, Result, Skipped, Verdict
from .catalogue import BENCHMARKS, find_benchmark
from .paired_times import PairedTimes, time_pairs

__all__ = [
    "BENCHMARKS",
    "Benchmark",
    "Effort",
    "Measurement",
    "PairedTimes",
    "Result",
    "Skipped",
    "Verdict",
    "find_benchmark",
    "time_pairs",
]
