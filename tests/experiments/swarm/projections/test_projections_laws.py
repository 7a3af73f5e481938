"""Each law can be broken: by what users were told, by what a log has, by rows that are not the fold."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from experiments.swarm import BrokenInvariant
from experiments.swarm.projections import LAWS, LiveProjections, build_projections
from experiments.swarm.projections.laws import check_folds, check_laws
from experiments.swarm.projections.trial import _run
from models.cqrs import Accepted
from models.cqrs.commands import Submitted

from .plans import plan


def over() -> LiveProjections:
    live = build_projections(plan(attempts=1))
    _run(live)
    return live


def _told_elsewhere(live: LiveProjections) -> None:
    given = next(each for each in live.commands if isinstance(each.answer, Accepted))
    given.answer = replace(given.answer, position=given.answer.position + 1)


def _handed_in_and_gone(live: LiveProjections) -> None:
    given = next(each for each in live.commands if isinstance(each.answer, Submitted))
    given.command = replace(given.command, id="another")


def _told_that_nothing_was_done(live: LiveProjections) -> None:
    given = next(each for each in live.commands if isinstance(each.answer, Accepted))
    given.answer, given.failures = None, ["Unavailable"]


def _made_twice(live: LiveProjections) -> None:
    commits = live.log.nodes[0].streams.commits  # type: ignore[attr-defined]
    live.most_commits = [*commits, commits[-1]]


def _decided_by_another_state(live: LiveProjections) -> None:
    commits = list(live.commits())
    live.most_commits = [*commits[1:], commits[0]]


def _too_old(live: LiveProjections) -> None:
    number = next(at for at, each in enumerate(live.questions) if each.demanded)
    live.questions[number] = replace(live.questions[number], position=0)


def _going_back(live: LiveProjections) -> None:
    number = max(range(len(live.questions)), key=lambda at: live.questions[at].began_at)
    live.questions[number] = replace(live.questions[number], position=0, demanded=0)


def _doubled(live: LiveProjections) -> None:
    live.views["view-1"].projection.counts.doubled_count += 1


BROKEN_BY: dict[str, tuple[Callable[[LiveProjections], None], ...]] = {
    "each_command_once": (_made_twice,),
    "decides_by_what_it_changes": (_decided_by_another_state,),
    "fails_without_effect": (_told_that_nothing_was_done,),
    "keeps_what_it_acknowledges": (_told_elsewhere, _handed_in_and_gone),
    "answers_what_was_demanded": (_too_old,),
    "positions_go_forward": (_going_back,),
    "naive_alone_doubles_and_loses": (_doubled,),
}
BROKEN = [(law, each) for law, ways in BROKEN_BY.items() for each in ways]


@cache
def quiet_run() -> LiveProjections:
    return over()


@pytest.mark.slow
def test_a_run_in_which_nothing_happens_breaks_none() -> None:
    check_laws(quiet_run())
    check_folds(quiet_run())
    assert set(BROKEN_BY) | {"views_are_folds", "views_converge", "works_again"} == set(LAWS)


@pytest.mark.slow
@pytest.mark.parametrize(("law", "spoil"), BROKEN, ids=lambda each: getattr(each, "__name__", each))
def test_a_law_is_broken_by(law: str, spoil: Callable[[LiveProjections], None]) -> None:
    live = over()
    spoil(live)
    live.laws = frozenset({law, "works_again"})
    with pytest.raises(BrokenInvariant) as broken:
        check_laws(live)
    assert broken.value.rule == law


def test_rows_that_are_not_the_fold_are_seen() -> None:
    live = over()
    live.views["view-1"].projection._views.serving.stored._shown.rows[1] = 1_000
    with pytest.raises(BrokenInvariant, match="views_are_folds"):
        check_folds(live)
