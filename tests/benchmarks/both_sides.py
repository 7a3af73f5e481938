"""What GameDay and a plain script of the same system measure, compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest
from scipy import stats

Latencies = list[float]
"""Of one run."""


def require_alike(
    statistic: Callable[[Latencies], float], ours: Sequence[Latencies], theirs: Sequence[Latencies]
) -> None:
    """Assert that a statistic of runs of both sides is the same, as far as so many runs can tell."""
    one, two = (list(map(statistic, runs)) for runs in (ours, theirs))
    assert stats.ttest_ind(one, two, equal_var=False).pvalue > 0.01
    assert np.mean(one) == pytest.approx(np.mean(two), rel=0.02)
