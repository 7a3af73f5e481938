"""Game days: a failure made on purpose, with what should hold written down before, and judged afterwards.

    plan            GameDay: what is run, what is broken when, what should hold; read_game_day reads a file
    shop_table      the system of a file: a preset of the shop, and what differs from it
    trouble         what may be broken: a table of a file each, which makes a fault of names in a system
    chaos_table     what may break by itself, at random
    upgrades        what operators may bring out: versions that are good, or bad in one of three ways
    strategies      how they do it, and who judges the new version
    steady_state    the hypothesis: bounds that hold before, during and after
    values          what may stand in a file: numbers, flags and names, each with its rule
    play            play: runs it and writes the report
    course          when it was really broken, when really healed, and who hangs to the end
    detection       how soon it was noticed, and how soon users were served again
    time_line       what happened, in order, with repetitions counted
    report          GameDayReport, as a record and as text

In Python a game day is made of the same tables: `KINDS["host crash"](kind="host crash", host="edge")`.

Blameless: a report says what happened and what users saw of it, not who should have known.
"""

from .chaos_table import CHAOS_KINDS
from .plan import Action, GameDay, PlannedTrouble, read_game_day
from .play import UnderTest, play
from .report import FeatureView, GameDayReport, PhaseView
from .shop_table import ShopTable
from .steady_state import Bounds, PhaseBounds, SteadyState
from .strategies import JudgeTable, StrategyTable
from .trouble import KINDS

__all__ = [
    "CHAOS_KINDS",
    "KINDS",
    "Action",
    "Bounds",
    "FeatureView",
    "GameDay",
    "GameDayReport",
    "JudgeTable",
    "PhaseBounds",
    "PhaseView",
    "PlannedTrouble",
    "ShopTable",
    "SteadyState",
    "StrategyTable",
    "UnderTest",
    "play",
    "read_game_day",
]
