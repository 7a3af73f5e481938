"""The swarm: random systems that must keep the invariants, whatever is in them and whatever goes wrong.

    plan, plan_file         a system as a value: what is in it, its load, its faults; the same in JSON
    drawing                 draws a plan from a seed, with a random half of all features
    choices                 what may stand in a plan's parameters
    wrapper_catalogue/      the kinds of wrappers; fault_catalogue, policy_catalogue likewise
    part_kind, parts/       whatever else there is: backlogs, groups, deployments, pairs, names; a file each
    hand_made_faults        faults that only the swarm has
    plan_rules, building    what a plan must be; a plan turned into a live_system, under its planned_load
    invariants              what must hold at every instant and at the end, for any system, also your own
    bookkeeping/            what the parts of each class say about themselves must add up: one table
    promises                what a whole system owes its users in the end
    allowances, turnstile   what limits let through: no more than they say
    detectors, detection    who watches instances; who is ill is taken to be ill, and who is well to be well
    cuts                    no answer passes what is cut
    healing                 when all faults have healed, everything is as before and works again
    laws                    Little's law and utilisation, event by event
    trial                   runs one plan and judges it; repeated_runs: thrice the same, for other subjects
    shrinking               cuts a plan that fails down to a small one
    campaign                many seeds on all cores

`gameday swarm` is its command. To have a new wrapper in it, add an entry to `wrapper_catalogue.WRAPPERS`, for
another part a file to `parts`; and to `bookkeeping.BOOKS` what its statistics promise.
"""

from .bookkeeping import BOOKS, Books, Rule
from .building import build
from .campaign import Finding, SwarmResult, run_swarm
from .cutting_down import Shrunk
from .drawing import draw_plan
from .fault_catalogue import FAULTS
from .fault_kind import FaultKind
from .invariants import BrokenInvariant, check_empty, check_passed_on, check_system
from .live_system import LiveSystem
from .plan import SystemPlan
from .plan_file import read_plan, write_plan
from .shrinking import shrink
from .trial import run_trial
from .verdict import Failed, Passed
from .wrapper_catalogue import WRAPPERS, WrapperKind

__all__ = [
    "BOOKS",
    "FAULTS",
    "WRAPPERS",
    "Books",
    "BrokenInvariant",
    "Failed",
    "FaultKind",
    "Finding",
    "LiveSystem",
    "Passed",
    "Rule",
    "Shrunk",
    "SwarmResult",
    "SystemPlan",
    "WrapperKind",
    "build",
    "check_empty",
    "check_passed_on",
    "check_system",
    "draw_plan",
    "read_plan",
    "run_swarm",
    "run_trial",
    "shrink",
    "write_plan",
]
