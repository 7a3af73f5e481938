"""How these tests run a check: a part of its length, in this process, and the verdict on each claim."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from experiments.validation import TheoryCheck, run_checks
from experiments.validation.availability import CHECKS

SEED = 10_000  # another than that of `gameday validate`


def verdicts(check: TheoryCheck, effort: float) -> dict[str, str]:
    (result,) = run_checks([check], seed=SEED, effort=effort, workers=1)
    return {judged.claim.name: judged.verdict for judged in result.judged}


def the(beginning: str) -> TheoryCheck:
    """The one check whose name begins so."""
    (check,) = [check for check in CHECKS if check.name.startswith(beginning)]
    return check


def changed(check: TheoryCheck, **setup: object) -> TheoryCheck:
    """The same claims about another system."""
    assert isinstance(check.simulate, partial)
    unknown = set(setup) - set(check.simulate.keywords)
    assert not unknown, f"{check.name} has no {unknown}"
    return replace(check, simulate=partial(check.simulate, **setup))
