"""What replications say about a claim: an interval, and whether the expected value lies in it.

Replications are independent, so the Student-t interval of their means is the textbook one. A run tests many
claims at once, and at 99 % each, one in a hundred true ones would be found false. The verdict therefore rests
on wider intervals, Sidak's, which all hold at once with probability 99 % where the claims are independent and
with more where they are not (Sidak, "Rectangular Confidence Regions for the Means of Multivariate Normal
Distributions", JASA 62, 1967).

An interval that is wide enough holds anything. One whose half-width exceeds the claim's precision, as a share
of the expected value, plus its bias, is `imprecise`, which is not `holds`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import inf, isfinite, isnan, nan

from ..summary import Estimate, estimate
from .experiment import Claim

HOLDS = "holds"
DIFFERS = "differs"
IMPRECISE = "imprecise"
FAILED = "failed"
VERDICTS = (HOLDS, DIFFERS, IMPRECISE, FAILED)
"""All verdicts; only the first is a success. `failed`: there were no values to judge."""

CONFIDENCE = 0.99
"""With this probability no true claim of a whole run is found false; also that of the plain interval."""

_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True, kw_only=True)
class Judged:
    """A claim and what became of it.

    `simulated` has the mean of the replications and the plain 99 % interval of this claim alone;
    `half_width` is that of the interval behind the verdict, bias not included. `error` says why there are no
    values, where there are none.
    """

    claim: Claim
    simulated: Estimate
    half_width: float
    verdict: str
    error: str = ""

    @property
    def holds(self) -> bool:
        """Whether theory and simulation agree."""
        return self.verdict == HOLDS


def confidence_per_claim(claims_count: int) -> float:
    """Return the confidence at which each of so many intervals (>= 1) must stand, for `CONFIDENCE` in all."""
    if claims_count < 1:
        raise ValueError(f"claims_count must be >= 1, got {claims_count!r}")
    return float(CONFIDENCE ** (1.0 / claims_count))


def judge(
    claim: Claim, values: Sequence[float], *, claims_count: int = 1, precision_factor: float = 1.0
) -> Judged:
    """Judge one claim by one value per replication (at least 2, finite).

    `claims_count` is how many claims are judged in the same run; `precision_factor` (>= 1) relaxes the
    precision that is asked for, for runs that are short on purpose. Values that do not vary, as those of a
    system without chance, must equal the expected value up to rounding and bias.
    """
    simulated = estimate(values, CONFIDENCE)
    if len(values) < 2 or not all(map(isfinite, values)):
        return failed(claim, f"values must be finite and at least 2, got {_shown(values)}")
    half_width = estimate(values, confidence_per_claim(claims_count)).half_width
    slack = claim.bias + _ROUNDING * abs(claim.expected)
    finest = precision_factor * claim.precision * (abs(claim.expected) or 1.0)
    if abs(simulated.mean - claim.expected) > half_width + slack:
        verdict = DIFFERS
    elif half_width > finest + claim.bias:
        verdict = IMPRECISE
    else:
        verdict = HOLDS
    return Judged(claim=claim, simulated=simulated, half_width=half_width, verdict=verdict)


def failed(claim: Claim, error: str) -> Judged:
    """Return the verdict on a claim for which there are no values, because of `error`."""
    nothing = Estimate(mean=nan, half_width=nan, standard_deviation=nan, count=0, confidence=CONFIDENCE)
    return Judged(claim=claim, simulated=nothing, half_width=nan, verdict=FAILED, error=error)


def _shown(values: Sequence[float]) -> str:
    odd = [value for value in values if isnan(value) or value in (inf, -inf)]
    return f"{odd[0]} among {len(values)}" if odd else f"{len(values)}"
