"""Every wrapper alone, and every ordered pair of them, over every bad target.

Outcomes, their times, attempts that reached the server and the wrappers' own counts are what the oracle says,
and nothing leaks.
"""

from __future__ import annotations

import pytest

from .bad_targets import BAD_TARGETS, BadTarget
from .catalogue import WRAPPERS, Wrapper, name_of
from .comparison import compare

Chain = tuple[Wrapper, ...]

ALONE: list[Chain] = [(), *((wrapper,) for wrapper in WRAPPERS)]
PAIRS: list[Chain] = [(outer, inner) for outer in WRAPPERS for inner in WRAPPERS]
# One combination in so many is among the fast tests: a prime, so that each wrapper and target has its turn.
SAMPLED_ONE_IN = 97
SAMPLE = [(chain, target) for chain in PAIRS for target in BAD_TARGETS][::SAMPLED_ONE_IN]


@pytest.mark.parametrize(
    ("chain", "target"),
    [
        pytest.param(chain, target, id=f"{name_of(chain) or 'nothing'} over {target}")
        for chain, target in [*((chain, target) for chain in ALONE for target in BAD_TARGETS), *SAMPLE]
    ],
)
def test_chain_does_what_the_oracle_says(chain: Chain, target: BadTarget) -> None:
    compare(chain, target)


@pytest.mark.slow
@pytest.mark.parametrize("chain", PAIRS, ids=name_of)
def test_pair_does_what_the_oracle_says_over_all_targets(chain: Chain) -> None:
    # One test for all targets: twenty thousand would take longer to collect than to run.
    for target in BAD_TARGETS:
        try:
            compare(chain, target)
        except AssertionError as error:
            error.add_note(f"over {target}")
            raise
