"""One plan of a log and its projections, run and judged: it has passed, or it has failed and how.

1. Until `load_end` users give commands and ask, and faults come and go; what still lasts then is healed.
   Every so often views are compared with the fold of the log up to where they are.
2. All is well. Each handler is given a last command, again and again until it answers; users come to an end
   of what they have begun; projections come to hold the fold of all of the log.
3. The laws are checked (see `laws`), on what users were told and on the log.
4. A thorough trial runs the same plan twice more, with a trace: all must be the same, to the last bit.
"""

from __future__ import annotations

from collections.abc import Generator
from functools import partial
from hashlib import blake2b
from typing import Any

from models.cqrs import Command, has_converged
from models.cqrs.items import Restock

from ..repeated_runs import tried
from ..verdict import Passed, Verdict, is_sampled
from .building import build_projections
from .laws import broken, check_folds, check_laws, has_harm, is_exact
from .live import Given, LiveProjections
from .plan import ProjectionsPlan
from .users import ATTEMPTS_APART, give

SETTLE = 15.0
"""How long it may take after all has healed until everything is right again (s)."""

_LOOK_EVERY = 0.1
_LAST_PATIENCE = 2.0


def run_projections_trial(plan: ProjectionsPlan, *, thorough: bool | None = None) -> Verdict:
    """Run `plan` and judge it; `thorough` or not as `is_sampled` says of its seed, if not given.

    Raises Misuse for a plan that cannot be built.
    """
    thorough = is_sampled(plan.seed) if thorough is None else thorough
    live, failed = tried(partial(build_projections, plan), _run, _seen, broken, thorough=thorough)
    return failed or Passed(len(live.commands) + len(live.questions))


def _run(live: LiveProjections) -> None:
    _run_until(live, live.plan.load_end)
    settled_by = live.plan.load_end + SETTLE
    if "works_again" in live.laws:
        waiting = {handler.name: None for handler in live.handlers}
        for number in range(len(live.handlers)):
            live.env.process(_try_again(live, number, waiting), "a last command")
        while waiting or live.busy or _pending(live):
            if live.env.now >= settled_by:
                late = f"{[*waiting]} do not answer, {[*live.busy]} still ask, {_pending(live)} commands wait"
                raise broken(live, "works_again", late)
            _run_until(live, live.env.now + _LOOK_EVERY)
    if "views_converge" in live.laws:
        while behind := _not_there(live):
            if live.env.now >= settled_by + SETTLE:
                raise broken(live, "views_converge", ", ".join(behind))
            _run_until(live, live.env.now + _LOOK_EVERY)
    check_laws(live)


def _run_until(live: LiveProjections, end: float) -> None:
    while live.env.now < end:
        live.env.run(until=min(end, live.env.now + _LOOK_EVERY))
        check_folds(live)


def _try_again(live: LiveProjections, number: int, waiting: dict[str, None]) -> Generator[Any, Any, None]:
    """Give one handler a command until it is answered, from the host of another node than it."""
    handler = live.handlers[number]
    host = live.plan.users[0].name if live.plan.users else handler.host.name
    given = Given(host, Command(f"last of {handler.name}", 1, Restock(1)), is_submitted=False)
    live.commands.append(given)
    while given.answer is None:
        yield from give(live, given, 1, _LAST_PATIENCE, first=number)
        yield ATTEMPTS_APART
    del waiting[handler.name]


def _pending(live: LiveProjections) -> int:
    """Return how many commands that were handed in are not done yet, by what handlers know."""
    return sum(handler.counts().pending_count for handler in live.handlers)


def _not_there(live: LiveProjections) -> list[str]:
    commits = live.commits()
    late = []
    for name, view in live.views.items():
        node = view.projection
        is_there = (
            has_converged(node, commits)
            if is_exact(view) or not has_harm(node)
            else node.is_stopped or node.position == len(commits)
        )
        if not is_there:
            late.append(f"{name} is at {node.position} of {len(commits)}")
    return late


def _seen(live: LiveProjections) -> str:
    rows = {name: sorted(view.projection.rows().items()) for name, view in live.views.items()}
    text = repr((live.commands, live.questions, live.commits(), rows))
    return blake2b(text.encode(), digest_size=16).hexdigest()
