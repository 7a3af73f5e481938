"""Stores under fire: random stores, clients and faults, held to whatever the stores claim.

    plan, plan_rules    a store under fire as a value, and what such a value must be
    design, designs/    what the swarm knows of a design: parameters, promises, flaws to plant; a file each
    drawing             draws a plan from a seed, with a random half of all features; schemes: not by chance
    fault_catalogue     whom a fault strikes, and with what; faults: those that only stores are tried with
    building            a plan turned into a live_store; watched_raft: nodes that are held to their word
    moving_store        shards that come and go, and a mover with ever new goals; shards: what they stand on;
                        schemes_of_moves: what strikes a move while it is under way
    locked_store        a resource behind locks; replicas: which of them differ
    trial               runs one plan and judges it
    laws, merging_laws  what stores are held to, by name; histories: what laws ask of a run
    shrinking           cuts a plan that fails down to a small one; fault_repair: what is left of its faults

`gameday swarm --of stores` is its command. A new design is a file in `designs`, and an entry in its
catalogue.
"""

from .building import build_store, promises_of
from .designs import DESIGNS
from .drawing import draw_store, flaws_of_stores
from .fault_catalogue import STORE_FAULTS
from .laws import LAWS
from .live_store import LiveStore
from .plan import StorePlan
from .shrinking import shrink_store
from .trial import run_store_trial

__all__ = [
    "DESIGNS",
    "LAWS",
    "STORE_FAULTS",
    "LiveStore",
    "StorePlan",
    "build_store",
    "draw_store",
    "flaws_of_stores",
    "promises_of",
    "run_store_trial",
    "shrink_store",
]
