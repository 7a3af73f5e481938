"""What an observer says of a log and its projections: what they should hold, and how old they are.

The fold of the log is the only truth: a read model is right if it holds what its own `apply`, run over the
commits up to its position, gives. That is so at every instant for a projection that writes rows and
checkpoint together, and not only when all is quiet.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from ..validation import require_count, require_kind
from .log import Commit
from .projections import OnPoison, Projection, ReadModel, Rows, apply_commit


def fold(
    model: ReadModel, commits: Iterable[Commit], *, on_poison: OnPoison = OnPoison.STOP
) -> dict[Hashable, Any]:
    """Return the rows that `model` makes of `commits`, up to the first that it cannot apply, or past it."""
    require_kind("model", model, ReadModel)
    require_kind("on_poison", on_poison, OnPoison)
    rows = Rows({})
    for commit in commits:
        if apply_commit(model, commit, rows, on_poison) is None:
            break
    return rows.changes


def differences(projection: Projection, commits: Sequence[Commit]) -> dict[Hashable, tuple[Any, Any]]:
    """Return what `projection` holds and what it should hold, for keys where that differs.

    It should hold the fold of `commits`, all of the log, up to its position. Where the log has lost what
    the projection has, that is for the projection to find out first.
    """
    require_kind("projection", projection, Projection)
    should = fold(
        projection.model,
        commits[: projection.position],
        on_poison=projection.settings.on_poison,
    )
    held = projection.rows()
    return {
        key: (held.get(key), should.get(key))
        for key in {**should, **held}
        if held.get(key) != should.get(key)
    }


def has_converged(projection: Projection, commits: Sequence[Commit]) -> bool:
    """Return whether `projection` holds what all of the log makes, and nothing else."""
    differing = differences(projection, commits)
    return projection.position == len(commits) and not differing


@dataclass(frozen=True, slots=True)
class Lag:
    """How far behind the log something is: in commits, in events, and in seconds.

    `time` is the age of the oldest commit that is missing: 0 where none is.
    """

    commit_count: int
    event_count: int
    time: float


def lag(position: int, commits: Sequence[Commit], now: float) -> Lag:
    """Return how far behind `commits` somebody is at time `now` who has come to `position`.

    With the version of an answer for the position it is how stale the answer was. Who has come to more than
    there is, of a log that has lost its tail, is not behind: he is wrong, and has not learned it yet.
    """
    require_count("position", position, 0)
    missing = commits[position:]
    return Lag(
        commit_count=len(missing),
        event_count=sum(len(commit.events) for commit in missing),
        time=now - missing[0].time if missing else 0.0,
    )


def repeated_commands(commits: Iterable[Commit]) -> dict[Hashable, int]:
    """Return how many commits each command has that has more than one."""
    counts = Counter(commit.command for commit in commits if commit.command is not None)
    return {command: count for command, count in counts.items() if count > 1}
