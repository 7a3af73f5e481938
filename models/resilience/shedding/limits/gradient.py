"""The gradient: by how much the limit should shrink or grow, by how calls last against what they should.

Expected over actual duration: 1 where calls take as long as they should, a half where they take twice that.
It is kept from falling below a half, so that a few slow calls do not shed half of the load and more, and from
rising above what a policy calls its highest. What is expected, and what the policy makes of the gradient, are
the policy's own. Source: the clamp is in Netflix' `Gradient2Limit.java` (to 1) and in Envoy's
`gradient_controller.cc` (to 2).
"""

from __future__ import annotations

_LOWEST = 0.5


def gradient(expected: float, actual: float, highest: float) -> float:
    """Return `expected` / `actual`, both durations, within [0.5, `highest`]; `highest` where `actual` is 0.

    The sources know no duration of 0.
    """
    if not actual > 0:
        return highest
    return max(_LOWEST, min(highest, expected / actual))
