"""Every wrapper alone, and every ordered pair of them, over every bad target: outcomes, times, attempts and counts are what the oracle says, and nothing leaks."""

from __future__ import annotations

import pytest

from .bad_targets import BAD_TARGETS, BadTarget
from .comparison import compare
from .wrappers import WRAPPERS, Wrapper, name_of

ALONE = [(wrapper,) for wrapper in WRAPPERS]
PAIRS = [(outer, inner) for outer in WRAPPERS for inner in WRAPPERS]
# One pair in so many runs among the fast tests: a prime, so that each wrapper, and each target, has its turn in either place.
FAST_SHARE = 11


def _cases() -> list[object]:
    chains = [(), *ALONE, *PAIRS]
    cases = [(chain, target) for chain in chains for target in BAD_TARGETS]
    return [
        pytest.param(
            chain,
            target,
            id=f"{name_of(chain) or 'nothing'} over {target.name}",
            marks=[] if len(chain) < 2 or number % FAST_SHARE == 0 else pytest.mark.slow,
        )
        for number, (chain, target) in enumerate(cases)
    ]


@pytest.mark.parametrize(("chain", "target"), _cases())
def test_chain_does_what_the_oracle_says(chain: tuple[Wrapper, ...], target: BadTarget) -> None:
    compare(chain, target)
