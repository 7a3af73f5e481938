"""Fallbacks: something else to answer with when the target fails; the answer says that it is degraded.

    fallback            Fallback: a value, a function or another endpoint
    last_good_answer    LastGoodAnswer: what the target has last answered to the same question

Inside a service, `Dependency(required=False, fallback=...)` (`models.services`) is the same idea in short: a
value for a failed call, degraded by the same name. `Fallback` also stands elsewhere, tells failures from each
other, and can ask somebody else.
"""

from .fallback import Fallback, FallbackStatistics
from .last_good_answer import LastGoodAnswer, LastGoodAnswerStatistics

__all__ = ["Fallback", "FallbackStatistics", "LastGoodAnswer", "LastGoodAnswerStatistics"]
