"""How a commit is applied to rows: all of its events or, where one of them stops that, none."""

from __future__ import annotations

from ..log import Commit
from .read_model import PoisonEvent, ReadModel, Rows
from .settings import OnPoison


def apply_commit(model: ReadModel, commit: Commit, rows: Rows, on_poison: OnPoison) -> int | None:
    """Change `rows` by a commit; return how many of its events were skipped, `None` where one has stopped it.

    Nothing has changed then.
    """
    made, skipped_count = Rows(rows), 0
    for event in commit.events:
        attempt = Rows(made)  # an event that fails half-way has no effect
        try:
            model.apply(event, attempt)
        except PoisonEvent:
            if on_poison is OnPoison.STOP:
                return None
            skipped_count += 1
        else:
            made.changes.update(attempt.changes)
    rows.changes.update(made.changes)
    return skipped_count
