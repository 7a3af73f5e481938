"""What event logs, handlers and projections are held to: laws by name, each a check of a run that is over.

    each_command_once              no command has two commits, and no item more restocks than were asked for
    decides_by_what_it_changes     each commit is what its command was to do in the state before it
    fails_without_effect           a command of one attempt that was refused has no commit
    keeps_what_it_acknowledges     what a user was told of his command is what the log says; what was handed
                                   in, to a queue on a disk, is there in the end
    answers_what_was_demanded      no question is answered by rows that are older than it demands
    positions_go_forward           in one life of its rows a view never answers by older rows than before
    naive_alone_doubles_and_loses  nothing is applied twice but where the checkpoint comes after the rows, and
                                   nothing is left out but where it comes before
    views_are_folds                at each look, a view holds the fold of the log up to its position, if its
                                   rows and its position are written together
    views_converge                 in the end each view that has doubled and lost nothing holds that of all of
                                   the log; another one has come to its end, or to what stops it
    works_again                    when all has healed each handler carries out a command

The last three are looked at while the run goes on (see `trial`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from models.cqrs import Accepted, Declined, Projection, differences, repeated_commands
from models.cqrs.commands import Refusal, Submitted
from models.cqrs.items import ItemDecider, Restock, Restocked
from models.cqrs.projections import Checkpointing

from ..invariants import BrokenInvariant
from .live import Asked, Given, LiveProjections, LiveView

Check = Callable[[LiveProjections], None]
_REFUSED = (["Unavailable"], ["Rejected"])


def broken(live: LiveProjections, law: str, detail: str, *, time: float | None = None) -> BrokenInvariant:
    """Return the breach of a law."""
    when = live.env.now if time is None else time
    return BrokenInvariant(law, "projections", f"projections: {law}", when, " ".join(detail.split()))


def _check_once(live: LiveProjections) -> None:
    for command, count in repeated_commands(live.commits()).items():
        raise broken(live, "each_command_once", f"{command!r} has {count} commits")
    given_count = Counter(
        each.command.stream for each in live.commands if isinstance(each.command.intent, Restock)
    )
    events = [event for commit in live.commits() for event in commit.events]
    made_count = Counter(event.item for event in events if isinstance(event, Restocked))
    for item, count in made_count.items():
        if count > given_count[item]:
            detail = f"item {item} was restocked {count} times, and {given_count[item]} were asked for"
            raise broken(live, "each_command_once", detail)


def _check_decisions(live: LiveProjections) -> None:
    decider, states = ItemDecider(), dict[Any, Any]()
    intents = {given.command.id: given.command.intent for given in live.commands}
    for commit in live.commits():
        state = states.get(commit.stream) or decider.initial(commit.stream)
        if commit.command not in intents:
            raise broken(live, "decides_by_what_it_changes", f"nobody has given the command of {commit}")
        decision = decider.decide(state, intents[commit.command])
        made = Refusal(commit.rejection) if commit.rejection is not None else list(commit.events)
        if decision != made:
            detail = f"{commit} was decided in {state}, where it should be {decision}"
            raise broken(live, "decides_by_what_it_changes", detail)
        states[commit.stream] = decider.state_after(state, commit.events)


def _check_failures(live: LiveProjections) -> None:
    made = {commit.command: commit for commit in live.commits()}
    for given in live.commands:
        is_refused = given.failures in _REFUSED and given.answer is None and given.ended_at is not None
        if is_refused and (commit := made.get(given.command.id)) is not None:
            detail = f"{given.command.id!r} was {given.failures[0]}, and there is {commit}"
            raise broken(live, "fails_without_effect", detail, time=given.ended_at)


def _check_keeps(live: LiveProjections) -> None:
    made = {commit.command: commit for commit in live.commits()}
    for given in live.commands:
        commit, answer = made.get(given.command.id), given.answer
        match answer:
            case Accepted():
                asked = given.command
                is_kept = commit is not None and answer == Accepted(
                    asked.id, asked.stream, commit.position, commit.version, commit.events
                )
            case Declined(position=position):
                is_kept = position is None or (
                    commit is not None and (commit.position, commit.rejection) == (position, answer.reason)
                )
            case Submitted():
                is_kept = commit is not None or not _is_held(live, given)
            case _:
                continue
        if not is_kept:
            detail = f"{given.user} was told {answer}, and the log says {commit}"
            raise broken(live, "keeps_what_it_acknowledges", detail, time=given.ended_at)


def _is_held(live: LiveProjections, given: Given) -> bool:
    """Return whether what was handed in must have come into the log: rejections may leave no trace."""
    is_safe = live.given["queue"] == "group" and not live.plan.disks_lost & {*live.plan.handlers}
    return is_safe and live.given["records_rejections"] and "works_again" in live.laws


def _check_demands(live: LiveProjections) -> None:
    for asked in live.questions:
        if asked.position < asked.demanded:
            raise broken(live, "answers_what_was_demanded", str(asked), time=asked.ended_at)


def _check_forward(live: LiveProjections) -> None:
    by_view: dict[tuple[str, int], list[Asked]] = {}
    for asked in live.questions:
        if asked.is_of_one:
            by_view.setdefault((asked.view, asked.life), []).append(asked)
    for questions in by_view.values():
        for later in questions:
            for earlier in questions:
                if earlier.ended_at < later.began_at and earlier.position > later.position:
                    detail = f"{later} after {earlier}"
                    raise broken(live, "positions_go_forward", detail, time=later.ended_at)


def _check_naive(live: LiveProjections) -> None:
    for view in live.views.values():
        counts, chosen = view.projection.counts, view.plan.checkpointing
        if counts.doubled_count and chosen != Checkpointing.AFTER.value:
            raise _of_view(live, view, "naive_alone_doubles_and_loses", f"{counts.doubled_count} are doubled")
        if counts.lost_count and chosen != Checkpointing.BEFORE.value:
            raise _of_view(live, view, "naive_alone_doubles_and_loses", f"{counts.lost_count} are lost")


def _of_view(live: LiveProjections, view: LiveView, law: str, detail: str) -> BrokenInvariant:
    return broken(live, law, f"{view.plan.name} ({view.plan.checkpointing}): {detail}")


def check_folds(live: LiveProjections) -> None:
    """Raise `BrokenInvariant` unless each view that is awake holds what its position says."""
    if "views_are_folds" not in live.laws:
        return
    commits = live.commits()
    for view in live.views.values():
        node = view.projection
        if not (node.is_awake and is_exact(view) and node.position <= len(commits)):
            continue
        if found := differences(node, commits):
            detail = f"at position {node.position} it holds, and should hold, {_text(found)}"
            raise _of_view(live, view, "views_are_folds", detail)


def is_exact(view: LiveView) -> bool:
    """Return whether a view must be right at every instant, by its choice.

    Between the two writes of a naive one its rows and its position are of different commits.
    """
    return view.plan.checkpointing == Checkpointing.TOGETHER.value


def has_harm(node: Projection) -> bool:
    """Return whether something was doubled or lost, as a naive choice may."""
    return bool(node.counts.doubled_count or node.counts.lost_count or node.is_stopped)


def _text(found: Mapping[Any, tuple[Any, Any]]) -> str:
    return "; ".join(f"{key!r}: {held!r}, {should!r}" for key, (held, should) in found.items())


def _looked_at_on_the_way(live: LiveProjections) -> None:
    """See `trial`."""


LAWS: Mapping[str, Check] = {
    "each_command_once": _check_once,
    "decides_by_what_it_changes": _check_decisions,
    "fails_without_effect": _check_failures,
    "keeps_what_it_acknowledges": _check_keeps,
    "answers_what_was_demanded": _check_demands,
    "positions_go_forward": _check_forward,
    "naive_alone_doubles_and_loses": _check_naive,
    "views_are_folds": _looked_at_on_the_way,
    "views_converge": _looked_at_on_the_way,
    "works_again": _looked_at_on_the_way,
}


def check_laws(live: LiveProjections) -> None:
    """Raise `BrokenInvariant` for the first law that a run which is over has broken."""
    for name, check in LAWS.items():
        if name in live.laws:
            check(live)
