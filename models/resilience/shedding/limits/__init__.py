"""How many calls may be in flight: limits, fixed or found out from how calls end.

limit             the contract: ConcurrencyLimit, and LimitEstimator, its state in one limiter
fixed             FixedLimit: a number
aimd              AimdLimit: by loss                                              (Netflix)
vegas             VegasLimit: by delay against the shortest seen                  (Netflix; TCP Vegas)
gradient2         Gradient2Limit: by delay against a long average                 (Netflix)
envoy_gradient    EnvoyGradientLimit: by delay against what is measured apart     (Envoy)
windowed          WindowedLimit: another one, told about averages                 (Netflix)
"""

from .aimd import AimdLimit
from .envoy_gradient import EnvoyGradientLimit
from .fixed import FixedLimit
from .gradient2 import Gradient2Limit
from .limit import ConcurrencyLimit, LimitEstimator, limit_randomness
from .vegas import VegasLimit
from .windowed import WindowedLimit

__all__ = [
    "AimdLimit",
    "ConcurrencyLimit",
    "EnvoyGradientLimit",
    "FixedLimit",
    "Gradient2Limit",
    "LimitEstimator",
    "VegasLimit",
    "WindowedLimit",
    "limit_randomness",
]
