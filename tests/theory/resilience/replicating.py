"""How these tests run a check: replications in this process, and the verdict on each claim."""

from __future__ import annotations

from collections.abc import Iterable

from experiments.validation.experiment import TheoryCheck
from experiments.validation.resilience import CHECKS
from experiments.validation.verdict import judge
from tests.theory import running

# So many claims are judged in one run of all of these tests; the intervals are widened for that.
CLAIMS_COUNT = 2 * sum(len(check.claims) for check in CHECKS)
SEED = 10_000  # others than those of `gameday validate`


def verdicts(check: TheoryCheck, effort: float, *, precision_factor: float = 4.0) -> list[str]:
    """The verdict on each claim, after as many replications as the check wants."""
    runs = [check.simulate(SEED + number, effort) for number in range(check.replications)]
    return [
        judge(
            claim,
            [float(run[index]) for run in runs],
            claims_count=CLAIMS_COUNT,
            precision_factor=precision_factor,
        ).verdict
        for index, claim in enumerate(check.claims)
    ]


def is_found_out(check: TheoryCheck, effort: float) -> bool:
    """Whether a claim differs, by as few of these replications as can tell."""
    seeds = range(SEED, SEED + check.replications)
    return running.is_found_out(check, effort, seeds=seeds, claims_count=CLAIMS_COUNT)


def named(*beginnings: str) -> Iterable[TheoryCheck]:
    """The checks whose names begin with one of these, each of which must be there."""
    found = [check for check in CHECKS if check.name.startswith(beginnings)]
    assert all(any(check.name.startswith(beginning) for check in found) for beginning in beginnings)
    return found


def the(beginning: str) -> TheoryCheck:
    """The one check whose name begins so."""
    (check,) = named(beginning)
    return check
