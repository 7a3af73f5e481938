"""Named random streams, samplers, and the distributions they draw from.

- `streams`: one independent generator per name, all derived from the root seed of the run.
- `sampler`: one distribution bound to one stream; a draw costs tens of nanoseconds.
- `distribution`: what every distribution knows: mean, variance, cdf, quantiles, how to sample itself.
- One file per law: `constant`, `uniform`, `exponential`, `gamma` (and Erlang), `lognormal`, `weibull`,
  `pareto`, `hyperexponential`, `empirical` (measured data, a CSV column).
- One file per way to build a law from others: `mixture`, `shifted`, `scaled`, `truncated`.

Distributions are values: frozen, comparable, free of any state. What a draw consumes is the state of its
stream.

Example:
    >>> streams = Streams(seed=7)
    >>> service_time = Sampler(streams.stream("service"), LogNormal.from_percentiles(p50=0.02, p99=0.2))
    >>> 0.0 < service_time()
    True
"""

from .constant import Constant
from .distribution import Distribution
from .empirical import Empirical
from .exponential import Exponential
from .gamma import Erlang, Gamma
from .hyperexponential import Hyperexponential
from .lognormal import LogNormal
from .mixture import Mixture
from .moments import Moments
from .pareto import Pareto
from .sampler import Sampler
from .scaled import Scaled
from .shifted import Shifted
from .streams import Streams
from .truncated import Truncated
from .uniform import Uniform
from .weibull import Weibull

__all__ = [
    "Constant",
    "Distribution",
    "Empirical",
    "Erlang",
    "Exponential",
    "Gamma",
    "Hyperexponential",
    "LogNormal",
    "Mixture",
    "Moments",
    "Pareto",
    "Sampler",
    "Scaled",
    "Shifted",
    "Streams",
    "Truncated",
    "Uniform",
    "Weibull",
]
