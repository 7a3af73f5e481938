"""What replications say about one load: the SLO holds, fails, or it cannot be told yet.

What is decided: a load *holds* if the mean margin of every objective is >= 0, mean over all runs there could
be. With shares as margins that is the long-run share of good requests against the one promised, which is what
an error budget measures. The alternative, "a run holds with probability >= 1/2", needs no mean and no finite
margins, but its answer moves with the length of a run; how many runs held is reported beside (`held_count`).

How: replications are independent, so the sign of the mean is that of a Student-t test, one-sided (Law,
"Simulation Modeling and Analysis", 5th ed. 2015, 9.4). Four things are added.

- *Bad runs.* Near capacity most runs are fair and some are very bad. A t test believes the fair ones too
  soon: with runs skewed like an exponential it errs twenty times as often as it says. The statistic is
  therefore freed of skewness (Hall, "On the Removal of Skewness by Transformation", JRSS B 54, 1992).
- *Rare errors.* Where errors are few, most runs are alike, and their spread says that the mean is known
  exactly. The spread is therefore taken to be at least what independent requests would have where the
  objective is just met: the variance of the null hypothesis, as in Wilson's score interval (JASA 22, 1927).
  Margins given as bare numbers have no such floor.
- *All objectives.* To hold, each must hold at the full error; to fail, one must fail at its share of it
  (Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling", Technometrics 24, 1982; Bonferroni).
- *Calm.* Queues that are seldom long are long for a while: errors come in spells, most runs are good and some
  very bad. What these cost is not known before some were seen, and no statistic of the good ones tells. A
  search therefore believes no load at which fewer than `BAD_RUNS_MIN` runs fell below the bound before
  `CALM_RUNS` runs. Without that, an M/M/1 queue held to a p99 of 50 service times, which it holds up to a
  utilisation of 0.908, was given a wrong bracket in 60 of 300 searches that claimed 95 %, with runs of 2000
  requests: there 82 runs of 100 have no error at all.
- *Infinite margins* need no test: a mean with -inf in it is negative.

Only one of the two mistakes is possible at any one load, so each test has the whole error of the decision.
Left out: spells so rare that next to no run shows one; n runs rule out only those of probability above 3/n.
Make runs so long that near capacity every fifth is bad.
"""

import math
from collections.abc import Mapping, Sequence

import numpy as np
import scipy  # SciPy loads its parts when they are first used, and most runs use none
from numpy.typing import NDArray

from .trial import Margin

HOLDS, FAILS, UNDECIDED = "holds", "fails", "undecided"

BAD_RUNS_MIN = 5
CALM_RUNS = 40

_ROUNDING = 1e-12


def decide(margins: Mapping[str, Sequence[Margin]], error: float) -> str:
    """Return HOLDS, FAILS or UNDECIDED; a wrong HOLDS or FAILS has about the probability `error` at most.

    `margins` has one per run for each objective; nan ones are left out, and two must be left. `error` lies in
    (0, 1/2].
    """
    if any(sign_of_mean(values, error / len(margins)) < 0 for values in margins.values()):
        return FAILS
    if all(sign_of_mean(values, error) > 0 for values in margins.values()):
        return HOLDS
    return UNDECIDED


def is_calm(margins: Mapping[str, Sequence[Margin]]) -> bool:
    """Return whether too few runs were bad, for some objective, to know what such runs cost."""
    return any(sum(margin.value < 0.0 for margin in values) < BAD_RUNS_MIN for values in margins.values())


def sign_of_mean(margins: Sequence[Margin], error: float) -> int:
    """Return 1 if the mean of such margins is surely >= 0, -1 if it is surely < 0, 0 if that is not clear."""
    known = [margin for margin in margins if not math.isnan(margin.value)]
    values = np.array([margin.value for margin in known])
    if np.isneginf(values).any() != np.isposinf(values).any():
        return -1 if np.isneginf(values).any() else 1
    if len(values) < 2 or not np.isfinite(values).all():
        return 0
    mean = float(values.mean())
    variance = max(float(values.var(ddof=1)), float(np.mean([margin.noise**2 for margin in known])))
    # Below that, what varies is the last binary digit.
    if variance <= (_ROUNDING * abs(mean)) ** 2:
        return 1 if mean >= 0.0 else -1
    statistic = _without_skewness(values, mean, math.sqrt(variance))
    if abs(statistic) < float(scipy.special.stdtrit(len(values) - 1, 1.0 - error)):
        return 0
    return 1 if statistic > 0.0 else -1


def _without_skewness(values: NDArray[np.float64], mean: float, deviation: float) -> float:
    """Return Hall's cubic transformation of the t statistic of `mean` against 0; monotone in the mean."""
    count = len(values)
    skewness = float(((values - mean) ** 3).mean()) / deviation**3
    ratio = mean / deviation
    cubic = ratio + skewness * ratio**2 / 3.0 + skewness**2 * ratio**3 / 27.0 + skewness / (6.0 * count)
    return math.sqrt(count) * cubic


def look_counts(replications_min: int, replications_max: int) -> list[int]:
    """Return after how many runs to look: the minimum, doubled as often as it goes, and the maximum.

    Few looks, since each takes its part of the error (Bonferroni, as the looks depend on each other).
    """
    counts = [replications_min]
    while counts[-1] < replications_max:
        counts.append(min(2 * counts[-1], replications_max))
    return counts
