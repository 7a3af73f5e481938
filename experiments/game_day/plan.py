"""A game day as a value: which system, what is broken when, and what should hold.

As a TOML file:

    title = "Zone b loses its power"
    duration = 90.0                 # how long users come, in seconds
    warm_up = 5.0                   # left out of "before"
    recovery = 5.0                  # left out of "after", from the last healing on

    [shop]                          # the system: settings of the shop that differ from those of a preset
    preset = "careful"              # or "bare"
    rate = 100.0

    [steady_state]                  # the hypothesis: see steady_state
    availability = 0.999
    durability = 1.0
    during = { availability = 0.95 }
    of.checkout = { p99 = 2.0 }

    [[faults]]                      # see trouble
    kind = "power outage"
    zone = "zone-b"
    start = 30.0
    end = 60.0

    [[actions]]                     # what operators do about it; for upgrades see upgrades
    at = 35.0
    turn_off = "recommendations"

    [[chaos]]                       # faults at random, as long as it lasts: see chaos_table
    kind = "host crash"
    service = "catalogue"
    between = 20.0
    repair = 5.0
    start = 30.0
    end = 60.0

In Python the same is `GameDay(...)`, and any system may take the shop's place: `play(game_day, build=...)`.
"""

import tomllib
from collections.abc import Mapping
from os import PathLike
from pathlib import Path
from typing import Any, Self

from pydantic import ValidationError, model_validator
from pydantic.fields import FieldInfo

from models import System
from models.faults import Fault

from ..misuse import Misuse, unknown_name
from ..rules import broken_rule
from .chaos_table import CHAOS_KINDS, ChaosTable, Hours
from .shop_table import ShopTable
from .steady_state import Bounds, PhaseBounds, SteadyState
from .strategies import JudgeTable, StrategyTable
from .trouble import KINDS, Percentiles, Trouble, Turns
from .upgrades import NewVersion
from .values import Day, Line, Seconds, Seed, Table, Time

_ACTIONS = ("turn_off", "turn_on", "upgrade", "roll_back")


class PlannedTrouble(Table):
    """A `trouble` from `start` to `end`, in seconds of simulated time."""

    trouble: Trouble
    start: Time
    end: Seconds

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.start < self.end:
            raise ValueError(f"end must be > start = {self.start} s, got {self.end}")
        return self

    def fault(self, system: System) -> Fault:
        """Make the fault. Raises ValueError for a name that the system does not have."""
        return self.trouble.fault(system)


class Action(Table):
    """What operators do `at` a time: turn a feature off or on, upgrade a service, or take that back."""

    at: Time
    turn_off: str | None = None
    turn_on: str | None = None
    upgrade: str | None = None
    new_version: NewVersion | None = None
    strategy: StrategyTable | None = None
    roll_back: str | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        given = [name for name in _ACTIONS if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(
                f"exactly one of {', '.join(_ACTIONS)} must be given, got {' and '.join(given) or 'none'}"
            )
        for name in ("new_version", "strategy"):
            if getattr(self, name) is not None and self.upgrade is None:
                raise ValueError(f"{name} must go with upgrade, got it with {given[0]}")
        return self


class GameDay(Table):
    """A plan, checked; see above. At least one fault or chaos, all within the `duration`.

    Example::

        outage = KINDS["power outage"](kind="power outage", zone="zone-b")
        GameDay(
            title="Zone b loses its power",
            steady_state=SteadyState(availability=0.99),
            faults=(PlannedTrouble(trouble=outage, start=30.0, end=60.0),),
        )
    """

    title: Line
    duration: Day = 90.0
    warm_up: Time = 5.0
    recovery: Time = 5.0
    seed: Seed = 0
    shop: ShopTable = ShopTable()
    steady_state: SteadyState
    faults: tuple[PlannedTrouble, ...] = ()
    actions: tuple[Action, ...] = ()
    chaos: tuple[ChaosTable, ...] = ()

    @model_validator(mode="after")
    def _check(self) -> Self:
        if not self.faults and not self.chaos:
            raise ValueError("faults or chaos must be given: nothing is broken on this game day")
        if not self.warm_up < self.trouble_start:
            raise ValueError(
                f"warm_up must be < {self.trouble_start:g} s, when the trouble begins, got {self.warm_up:g}"
            )
        if not self.trouble_end + self.recovery < self.duration:
            raise ValueError(
                f"duration must be > {self.trouble_end + self.recovery:g} s, the end of the trouble "
                f"and the recovery after it, got {self.duration:g}"
            )
        for number, action in enumerate(self.actions, start=1):
            if not action.at < self.duration:
                raise ValueError(
                    f"actions.{number}.at must be < duration = {self.duration:g} s, got {action.at:g}"
                )
        return self

    @property
    def trouble_start(self) -> float:
        """When the first fault begins (s)."""
        return min([planned.start for planned in self.faults] + [chaos.start for chaos in self.chaos])

    @property
    def trouble_end(self) -> float:
        """When the last fault is healed (s); of chaos, when it stops to strike."""
        return max([planned.end for planned in self.faults] + [chaos.end for chaos in self.chaos])

    @property
    def phases(self) -> Mapping[str, tuple[float, float]]:
        """The three phases in which the hypothesis is judged: start and end in seconds."""
        return {
            "before": (self.warm_up, self.trouble_start),
            "during": (self.trouble_start, self.trouble_end),
            "after": (self.trouble_end + self.recovery, self.duration),
        }


def read_game_day(path: str | PathLike[str]) -> GameDay:
    """Read and check a game-day file; raises Misuse with one line for whatever is wrong with it."""
    try:
        text = Path(path).read_text(encoding="utf-8-sig")  # with or without the mark that Windows writes
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "not UTF-8 text"
        raise Misuse(f"game-day file must be a file that can be read, got {path}: {reason}") from None
    try:
        tables = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise Misuse(f"game-day file must be TOML, got {path}: {error}") from None
    except RecursionError:
        raise Misuse(f"game-day file must not be nested so deeply, got {path}") from None
    try:
        return _game_day(tables)
    except Misuse as error:
        raise Misuse(f"{path}: {error}") from None


def _game_day(tables: dict[str, Any]) -> GameDay:
    """Check the tables from the inside out, so that what is said is about the innermost one that is wrong."""
    given = dict(tables)
    for name in tables:
        if name not in GameDay.model_fields:
            raise unknown_name("a key of a game-day file", name, GameDay.model_fields)
    given["shop"] = _checked("shop", ShopTable, tables.get("shop", {}))
    given["steady_state"] = _steady_state(tables.get("steady_state"))
    given["faults"] = tuple(
        _planned(f"faults.{number}", table) for number, table in _listed(tables, "faults")
    )
    given["actions"] = tuple(
        _action(f"actions.{number}", table) for number, table in _listed(tables, "actions")
    )
    given["chaos"] = tuple(_chaos(f"chaos.{number}", table) for number, table in _listed(tables, "chaos"))
    made: GameDay = _checked("", GameDay, given)
    return made


def _listed(tables: Mapping[str, Any], name: str) -> list[tuple[int, Any]]:
    given = tables.get(name, [])
    if not isinstance(given, list):
        raise Misuse(f"{name} must be a list of tables, [[{name}]], got {given!r}")
    return list(enumerate(given, start=1))


def _planned(place: str, table: Any) -> PlannedTrouble:
    kind = _kind_of(place, table, KINDS)
    times = {name: table[name] for name in ("start", "end") if name in table}
    given = {name: value for name, value in table.items() if name not in times}
    if "flapping" in given:
        given["flapping"] = _checked(f"{place}.flapping", Turns, given["flapping"])
    trouble = _checked(place, kind, _with_delay(place, given), also=("start", "end"))
    made: PlannedTrouble = _checked(place, PlannedTrouble, {"trouble": trouble, **times})
    return made


def _action(place: str, table: Any) -> Action:
    given = table
    if isinstance(table, dict) and "strategy" in table:
        given, inner = dict(table), f"{place}.strategy"
        strategy = given["strategy"]
        if isinstance(strategy, dict) and "judge" in strategy:
            judge = _checked(f"{inner}.judge", JudgeTable, strategy["judge"])
            strategy = {**strategy, "judge": judge}
        given["strategy"] = _checked(inner, StrategyTable, strategy)
    made: Action = _checked(place, Action, given)
    return made


def _chaos(place: str, table: Any) -> ChaosTable:
    kind = _kind_of(place, table, CHAOS_KINDS)
    given = _with_delay(place, table)
    if "hours" in given:
        given["hours"] = _checked(f"{place}.hours", Hours, given["hours"])
    made: ChaosTable = _checked(place, kind, given)
    return made


def _with_delay(place: str, table: Mapping[str, Any]) -> dict[str, Any]:
    """Check the delay of a table by itself where it is given by its percentiles."""
    given = dict(table)
    if isinstance(given.get("delay"), dict):
        given["delay"] = _checked(f"{place}.delay", Percentiles, given["delay"])
    return given


def _kind_of(place: str, table: Any, kinds: Mapping[str, type[Any]]) -> type[Any]:
    if not isinstance(table, dict):
        raise Misuse(f"{place} must be a table, got {table!r}")
    if "kind" not in table:
        raise Misuse(f"{place}.kind must be given: it has no default")
    kind = table["kind"]
    if not isinstance(kind, str) or kind not in kinds:
        raise unknown_name(f"{place}.kind", str(kind), kinds)
    return kinds[kind]


def _steady_state(table: Any) -> SteadyState:
    if table is None:
        raise Misuse("steady_state must be given: a game day without a hypothesis is an outage")
    if not isinstance(table, dict):
        raise Misuse(f"steady_state must be a table, got {table!r}")
    given = _with_operations("steady_state", table)
    for phase in ("during", "after"):
        if phase in given:
            place = f"steady_state.{phase}"
            given[phase] = _checked(place, PhaseBounds, _with_operations(place, given[phase]))
    made: SteadyState = _checked("steady_state", SteadyState, given)
    if all(made.slo(phase) is None for phase in ("before", "during", "after")):
        raise Misuse("steady_state must have at least one bound, got none")
    return made


def _with_operations(place: str, table: Any) -> Any:
    """Check the bounds of single operations in a table of bounds, each by itself."""
    if not isinstance(table, dict) or "of" not in table:
        return table
    if not isinstance(table["of"], dict):
        raise Misuse(f"{place}.of must be a table, got {table['of']!r}")
    of = {name: _checked(f"{place}.of.{name}", Bounds, bounds) for name, bounds in table["of"].items()}
    for name, bounds in of.items():
        if not bounds.objectives(None):
            raise Misuse(f"{place}.of.{name} must have at least one bound, got none")
    return {**table, "of": of}


def _checked(place: str, kind: type[Any], table: Any, also: tuple[str, ...] = ()) -> Any:
    """Make a `kind` of a table; what is wrong is said with its place."""
    if not isinstance(table, dict):
        raise Misuse(f"{place} must be a table, got {table!r}")
    known = {**kind.model_fields, **dict.fromkeys(also)}
    for name in table:
        if name not in known:
            raise unknown_name(f"a key of {place or 'a game-day file'}", name, known)
    try:
        return kind(**table)
    except ValidationError as error:
        # Fields without their types: in a file, a value that may be left out is never "or none".
        said = broken_rule(error, dict.fromkeys(kind.model_fields, FieldInfo()))
        is_about_several = any(found["type"] == "value_error" for found in error.errors(include_url=False))
        separator = ": " if is_about_several else "."
        raise Misuse(f"{place}{separator}{said}" if place else said) from None
