"""How these tests run a check: a part of its length, in this process, and the verdict on each claim."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache, partial

from experiments.validation import TheoryCheck, judge, run_checks
from experiments.validation.campaign import replication_seeds

SEED = 10_000  # another than that of `gameday validate`
_LOOKS = 4


def verdicts(check: TheoryCheck, effort: float) -> dict[str, str]:
    """The verdict on each claim, by its name."""
    (result,) = run_checks([check], seed=SEED, effort=effort, workers=1)
    return {judged.claim.name: judged.verdict for judged in result.judged}


def the(beginning: str, checks: Iterable[TheoryCheck]) -> TheoryCheck:
    """The one check whose name begins so."""
    (check,) = [check for check in checks if check.name.startswith(beginning)]
    return check


def changed(check: TheoryCheck, **setup: object) -> TheoryCheck:
    """The same claims about another system."""
    assert isinstance(check.simulate, partial)
    unknown = set(setup) - set(check.simulate.keywords)
    assert not unknown, f"{check.name} has no {unknown}"
    return replace(check, simulate=partial(check.simulate, **setup))


def remembered(check: TheoryCheck) -> TheoryCheck:
    """The same check, which runs each replication once, however often it is judged."""
    return replace(check, simulate=cache(check.simulate))


def expecting(check: TheoryCheck, *expected: float) -> TheoryCheck:
    """The same system under another theory, that of a neighbour of it: one number for each claim."""
    return replace(
        check,
        claims=tuple(
            replace(claim, expected=number) for claim, number in zip(check.claims, expected, strict=True)
        ),
    )


def is_found_out(
    check: TheoryCheck,
    effort: float,
    *,
    by: str = "",
    seeds: Sequence[int] = (),
    claims_count: int = 0,
) -> bool:
    """Whether a claim differs, the one called `by` if given, by as few replications of `check` as can tell.

    It is looked at after an eighth of the replications, a quarter, a half, and all. What a part of them tells
    all of them would, which know more. Looks are chances to be wrong: the intervals are as wide as if each
    look were at claims of its own, so that a true claim is found false no more often than by one look at all.
    """
    rows: list[Sequence[float]] = []
    looks = {check.replications // 2**halvings for halvings in range(_LOOKS)}
    count_at_once = _LOOKS * (claims_count or len(check.claims))
    for seed in seeds or replication_seeds(SEED, check.name, check.replications):
        rows.append(check.simulate(seed, effort))
        if len(rows) in looks and len(rows) > 1:
            for claim, values in zip(check.claims, zip(*rows, strict=True), strict=True):
                judged = judge(claim, list(map(float, values)), claims_count=count_at_once)
                if judged.verdict == "differs" and by in ("", claim.name):
                    return True
    return False
