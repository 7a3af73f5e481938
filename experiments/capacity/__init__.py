"""Capacity: the highest load that holds an SLO, and how sure that is.

    search      find_capacity: by bisection, each load run as often as it takes
    decision    holds, fails, undecided: what replications say about one load, and the error allowed
    trial       what is run: a function of load and seed, or a study
    bracket     Capacity, CapacityStep: what was found; Rise: where more load did better
    swept       capacity_of_sweep: the bracket that the rows of a sweep give

`find_capacity(lambda rate, seed: shop(rate, seed), low=50.0, high=500.0, tolerance=20.0)`, where `shop` runs
and judges (`models.requirements.SLO.judge`).
"""

from .bracket import Capacity, CapacityStep, Rise
from .decision import FAILS, HOLDS, UNDECIDED
from .search import find_capacity
from .swept import capacity_of_sweep
from .trial import StudyTrial, Trial

__all__ = [
    "FAILS",
    "HOLDS",
    "UNDECIDED",
    "Capacity",
    "CapacityStep",
    "Rise",
    "StudyTrial",
    "Trial",
    "capacity_of_sweep",
    "find_capacity",
]
