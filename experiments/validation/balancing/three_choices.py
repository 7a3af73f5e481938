"""Three choices among a hundred queues, drawn without replacement, so that three are compared.

What the third choice adds is small where two have done their work, and smaller than what a hundred queues
differ from infinitely many: the interval has to be narrow enough to tell. Corrected as two choices are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

from models.balancing import PowerOfTwoChoices

from ..closed_forms import few_choices_sojourn, power_of_choices_sojourn, two_choices_sojourn
from ..experiment import Claim, TheoryCheck
from ..queueing.choices import balanced
from ..queueing.stations import Window

LOAD, QUEUES, CHOICES = 0.8, 100, 3
# Within 0.07 % of the steady state after 30 s (fluid limit, from empty).
_WINDOW = Window(warm_up=30.0, duration=600.0)


def simulate_three_choices(seed: int, effort: float) -> Sequence[float]:
    """The mean sojourn, corrected for the requests and the work that happened to come; the rate."""
    policy = PowerOfTwoChoices(choices_count=CHOICES)
    found = balanced(seed, effort, queues_count=QUEUES, load=LOAD, policy=policy, window=_WINDOW)
    expected, slope = _expected_and_slope()
    surplus = slope * (found.rate - LOAD) + (expected + slope * LOAD) * (found.work_mean - 1.0)
    return found.sojourn_mean - surplus, found.rate


@cache
def _expected_and_slope() -> tuple[float, float]:
    step = 0.01
    expected, further = (
        few_choices_sojourn(load, QUEUES, CHOICES, replacement=False) for load in (LOAD, LOAD + step)
    )
    return expected, (further - expected) / step


CHECKS = (
    TheoryCheck(
        name=f"three choices among {QUEUES} queues, drawn without replacement, load {LOAD:g}",
        group="balancing",
        source="Mitzenmacher 1996 for n to infinity; Gast and Van Houdt 2018 for its 1/n correction",
        claims=(
            Claim(
                "mean sojourn",
                few_choices_sojourn(LOAD, QUEUES, CHOICES, replacement=False),
                bias=0.002,
                note=(
                    f"{power_of_choices_sojourn(LOAD, CHOICES):.4f} for n to infinity and "
                    f"{two_choices_sojourn(LOAD, QUEUES, replacement=False):.4f} with two choices; what the "
                    "expansion in 1/n leaves out is of order 1/n^2"
                ),
                precision=0.01,
            ),
            Claim("requests per queue and second", LOAD, precision=0.02),
        ),
        simulate=simulate_three_choices,
    ),
)
"""Three choices."""
