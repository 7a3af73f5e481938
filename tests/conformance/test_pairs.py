"""Every wrapper alone, and every ordered pair of them, over every bad target.

Outcomes, their times, attempts that reached the server and the wrappers' own counts are what the oracle says,
and nothing leaks.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable

import pytest

from .bad_targets import BAD_TARGETS, BadTarget
from .catalogue import WRAPPERS, Wrapper, name_of
from .comparison import compare

Chain = tuple[Wrapper, ...]
Case = tuple[Chain, BadTarget]

ALONE: list[Chain] = [(), *((wrapper,) for wrapper in WRAPPERS)]


def cases_of(outer: Wrapper) -> list[Case]:
    """All pairs with this wrapper outside, each over all targets."""
    return [((outer, inner), target) for inner in WRAPPERS for target in BAD_TARGETS]


def compare_all(cases: Iterable[Case]) -> None:
    """Compare case after case, and tell of all in which world and oracle differ.

    One test for many cases: a hundred thousand tests would take longer to collect than to run.
    """
    errors = []
    for chain, target in cases:
        try:
            compare(chain, target)
        except AssertionError as error:
            error.add_note(f"{name_of(chain) or 'nothing'} over {target}")
            errors.append(error)
    if errors:
        raise ExceptionGroup(f"{len(errors)} cases differ", errors)


@pytest.mark.parametrize("chain", ALONE, ids=lambda chain: name_of(chain) or "nothing")
def test_wrapper_does_what_the_oracle_says_over_all_targets(chain: Chain) -> None:
    compare_all((chain, target) for target in BAD_TARGETS)


@pytest.mark.slow
@pytest.mark.unwatched(reason="each comparison ends with the checks")
@pytest.mark.parametrize("outer", WRAPPERS, ids=repr)
def test_pairs_do_what_the_oracle_says_over_all_targets(outer: Wrapper) -> None:
    compare_all(cases_of(outer))


def test_all_cases_that_differ_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def differ(chain: Chain, target: BadTarget) -> None:
        assert target.name != "refused"

    monkeypatch.setattr(sys.modules[__name__], "compare", differ)
    with pytest.raises(ExceptionGroup, match=f"{len(WRAPPERS)} cases differ"):
        compare_all(cases_of(WRAPPERS[0]))
