"""One example or more of every distribution, for the tests that all of them must pass."""

from __future__ import annotations

from simulator.randomness import (
    Constant,
    Distribution,
    Empirical,
    Erlang,
    Exponential,
    Gamma,
    Hyperexponential,
    LogNormal,
    Mixture,
    Pareto,
    Scaled,
    Shifted,
    Truncated,
    Uniform,
    Weibull,
)

SMOOTH: dict[str, Distribution] = {
    "uniform": Uniform(0.2, 0.7),
    "exponential": Exponential(mean=0.05),
    "erlang": Erlang(shape=3, mean=0.2),
    "gamma, bursty": Gamma(shape=0.4, mean=2.0),
    "gamma, regular": Gamma(shape=900.0, mean=2.0),
    "lognormal": LogNormal(mean=0.05, standard_deviation=0.1),
    "lognormal from percentiles": LogNormal.from_percentiles(p50=0.02, p99=0.2),
    "weibull, falling hazard": Weibull(shape=0.6, scale=3.0),
    "weibull, rising hazard": Weibull(shape=25.0, scale=3.0),
    "pareto": Pareto(shape=5.5, minimum=0.1),
    "pareto, bounded": Pareto(shape=1.2, minimum=0.1, maximum=50.0),
    "pareto, bounded, shape 1": Pareto(shape=1.0, minimum=0.1, maximum=50.0),
    "pareto, bounded, shape 2": Pareto(shape=2.0, minimum=0.1, maximum=50.0),
    "pareto, narrow": Pareto(shape=1.2, minimum=1.0, maximum=1.001),
    "shifted": Shifted(Exponential(mean=0.3), offset=0.5),
    "scaled": Scaled(Gamma(shape=2.5, mean=30.0), factor=0.001),
    "truncated above": Truncated(LogNormal(mean=0.05, standard_deviation=0.1), maximum=0.08),
    "truncated below": Truncated(Gamma(shape=2.0, mean=1.0), minimum=4.0),
    "truncated both": Truncated(Weibull(shape=0.6, scale=3.0), minimum=1.0, maximum=9.0),
    "truncated twice": Truncated(Truncated(Exponential(mean=1.0), maximum=5.0), minimum=2.0),
    "truncated pareto": Truncated(Pareto(shape=1.5, minimum=0.1), minimum=0.2, maximum=7.0),
    "truncated, shifted, scaled": Truncated(Shifted(Scaled(Exponential(1.0), 2.0), 1.0), 2.0, 6.0),
}

COMPOSED: dict[str, Distribution] = {
    "hyperexponential": Hyperexponential.from_mean_and_scv(mean=0.05, scv=6.0),
    "mixture": Mixture(weights=[9, 1], components=[Exponential(mean=0.01), Gamma(shape=4.0, mean=0.5)]),
    "mixture of distant laws": Mixture(weights=[1, 1], components=[Uniform(0.0, 0.1), Uniform(5.0, 5.1)]),
    "truncated mixture": Truncated(
        Mixture(
            weights=[1, 2], components=[Exponential(mean=1.0), LogNormal(mean=1.0, standard_deviation=1.0)]
        ),
        minimum=0.5,
        maximum=3.0,
    ),
    "truncated hyperexponential": Truncated(
        Hyperexponential.from_mean_and_scv(mean=1.0, scv=9.0), minimum=4.0
    ),
}

DISCRETE: dict[str, Distribution] = {
    "constant": Constant(0.05),
    "empirical": Empirical([0.3, 0.1, 0.1, 0.7, 0.2, 0.9, 0.1]),
    "truncated empirical": Truncated(Empirical([0.3, 0.1, 0.1, 0.7, 0.2, 0.9]), minimum=0.2, maximum=0.7),
    "mixture with an atom": Mixture(weights=[3, 1], components=[Constant(0.0), Exponential(mean=1.0)]),
}

CONTINUOUS = SMOOTH | COMPOSED
ALL = CONTINUOUS | DISCRETE
