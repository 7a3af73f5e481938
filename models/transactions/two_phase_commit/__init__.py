"""Two-phase commit: all participants do the same, and wait for one coordinator to learn what.

coordinator     TwoPhaseCoordinator: asks for votes, decides; presumed abort
participant     TwoPhaseParticipant: promises, holds its locks, waits; termination, heuristic decisions
locks           LockTable: exclusive locks in a participant's memory
messages        what they say to each other
settings        TwoPhaseSettings, HeuristicDecision
observer        TwoPhaseObserver: asserts that all do the same; who was locked for how long
flaws           TwoPhaseFlaws: bugs to plant
"""

from .coordinator import TwoPhaseCoordinator
from .flaws import TwoPhaseFlaws
from .observer import Stay, TwoPhaseObserver
from .participant import TwoPhaseParticipant
from .settings import HeuristicDecision, TwoPhaseSettings

__all__ = [
    "HeuristicDecision",
    "Stay",
    "TwoPhaseCoordinator",
    "TwoPhaseFlaws",
    "TwoPhaseObserver",
    "TwoPhaseParticipant",
    "TwoPhaseSettings",
]
