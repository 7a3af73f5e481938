"""What limits are made of: the defaults of their sources, and nonsense, which is refused by name."""

from __future__ import annotations

from math import inf, nan
from typing import Any

import pytest

from models.resilience.shedding import (
    AimdLimit,
    EnvoyGradientLimit,
    FixedLimit,
    Gradient2Limit,
    VegasLimit,
    WindowedLimit,
)
from tests.in_one_test import in_one_test

FIXED = {"limit": FixedLimit(1)}
DEFAULTS: dict[type[Any], dict[str, Any]] = {
    AimdLimit: {
        "limit_initial": 20,
        "limit_min": 20,
        "limit_max": 200,
        "backoff_ratio": 0.9,
        "timeout": 5.0,
    },
    VegasLimit: {"limit_initial": 20, "limit_max": 1000, "smoothing": 1.0, "probe_multiplier": 30},
    Gradient2Limit: {
        "limit_initial": 20,
        "limit_min": 20,
        "limit_max": 200,
        "smoothing": 0.2,
        "queue_size": 4,
        "long_window": 600,
        "tolerance": 1.5,
    },
    EnvoyGradientLimit: {
        "limit_min": 3,
        "limit_max": 1000,
        "window": 0.1,
        "interval": 60.0,
        "request_count": 50,
        "percentile": 0.5,
        "jitter": 0.15,
        "buffer": 0.25,
    },
    WindowedLimit: {"window_min": 1.0, "window_max": 1.0, "sample_count_min": 10, "duration_min": 100e-6},
}


@pytest.mark.parametrize("kind", DEFAULTS)
def test_the_defaults_are_the_sources(kind: type[Any]) -> None:
    inside = FIXED if kind is WindowedLimit else {}
    assert kind(**inside) == kind(**inside, **DEFAULTS[kind])


@in_one_test(
    ("kind", "wrong", "message"),
    [
        (FixedLimit, {"limit": 0}, r"limit must be a whole number >= 1, got 0"),
        (FixedLimit, {"limit": -1}, r"limit must be a whole number >= 1, got -1"),
        (FixedLimit, {"limit": 1.5}, r"limit must be a whole number >= 1, got 1.5"),
        (FixedLimit, {"limit": True}, r"limit must be a whole number >= 1, got True"),
        (FixedLimit, {"limit": None}, r"limit must be a whole number >= 1, got None"),
        (AimdLimit, {"limit_initial": 10}, r"limit_initial must lie in \[20, 200\], got 10"),
        (AimdLimit, {"limit_initial": 300}, r"limit_initial must lie in \[20, 200\], got 300"),
        (AimdLimit, {"limit_min": 0}, r"limit_min must be a whole number >= 1, got 0"),
        (AimdLimit, {"limit_max": 1.5}, r"limit_max must be a whole number >= 1, got 1.5"),
        (AimdLimit, {"backoff_ratio": 1.0}, r"backoff_ratio must lie in \[0.5, 1\), got 1.0"),
        (AimdLimit, {"backoff_ratio": 0.4}, r"backoff_ratio must lie in \[0.5, 1\), got 0.4"),
        (AimdLimit, {"timeout": 0}, r"timeout must be > 0 s, got 0"),
        (VegasLimit, {"limit_initial": 0}, r"limit_initial must be a whole number >= 1, got 0"),
        (VegasLimit, {"limit_initial": 2000}, r"limit_initial must lie in \[1, 1000\], got 2000"),
        (VegasLimit, {"smoothing": 0.0}, r"smoothing must lie in \(0, 1\], got 0.0"),
        (VegasLimit, {"probe_multiplier": 0}, r"probe_multiplier must be a whole number >= 1, got 0"),
        (Gradient2Limit, {"limit_initial": 10}, r"limit_initial must lie in \[20, 200\], got 10"),
        (Gradient2Limit, {"smoothing": 2.0}, r"smoothing must lie in \(0, 1\], got 2.0"),
        (Gradient2Limit, {"queue_size": 0}, r"queue_size must be a whole number >= 1, got 0"),
        (Gradient2Limit, {"long_window": 0}, r"long_window must be a whole number >= 1, got 0"),
        (Gradient2Limit, {"tolerance": 0.9}, r"tolerance must be >= 1, got 0.9"),
        (Gradient2Limit, {"tolerance": nan}, r"tolerance must be >= 1, got nan"),
        (EnvoyGradientLimit, {"limit_min": 0}, r"limit_min must be a whole number >= 1, got 0"),
        (EnvoyGradientLimit, {"limit_max": 2}, r"limit_max must be >= limit_min \(3\), got 2"),
        (EnvoyGradientLimit, {"window": 0}, r"window must be finite and > 0 s, got 0"),
        (EnvoyGradientLimit, {"interval": inf}, r"interval must be finite and > 0 s, got inf"),
        (EnvoyGradientLimit, {"request_count": 0}, r"request_count must be a whole number >= 1, got 0"),
        (EnvoyGradientLimit, {"percentile": 90}, r"percentile must lie in \(0, 1\], got 90"),
        (EnvoyGradientLimit, {"jitter": -0.1}, r"jitter must lie in \[0, 1\], got -0.1"),
        (EnvoyGradientLimit, {"buffer": -1}, r"buffer must be >= 0, got -1"),
        (WindowedLimit, {**FIXED, "window_min": 0}, r"window_min must be > 0 s, got 0"),
        (
            WindowedLimit,
            {**FIXED, "window_max": 0.5},
            r"window_max must be >= window_min \(1.0 s\), got 0.5",
        ),
        (
            WindowedLimit,
            {**FIXED, "sample_count_min": 0},
            r"sample_count_min must be a whole number >= 1, got 0",
        ),
        (WindowedLimit, {**FIXED, "duration_min": -1}, r"duration_min must be finite and >= 0 s, got -1"),
    ],
)
def test_nonsense_is_refused(kind: type[Any], wrong: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind(**wrong)
