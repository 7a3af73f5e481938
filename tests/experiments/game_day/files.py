"""Game-day files for tests: a short day on a small shop, with whatever is to be broken."""

from __future__ import annotations

from pathlib import Path

HEAD = """
title = "A short day"
duration = 24.0
warm_up = 1.0
recovery = 2.0
seed = 3

[shop]
preset = "careful"
rate = 40.0
"""

HYPOTHESIS = """
[steady_state]
availability = 0.95
durability = 1.0
"""

TROUBLES = {
    "process crash": 'instance = "catalogue-1"',
    "host crash": 'host = "cart in zone-a"\nresets = true',
    "power outage": 'zone = "zone-b"',
    "network outage": 'region = "region"',
    "partition": 'sources = ["web in zone-a"]\ntargets = ["zone-b", "zone-c"]\none_way = true',
    "link delay": 'sources = ["region"]\ntargets = ["zone-a"]\ndelay = { p50 = 0.05, p99 = 0.5 }',
    "link loss": (
        'sources = ["zone-a"]\ntargets = ["zone-b"]\nprobability = 0.5\nburst_mean = 1.0\ngap_mean = 2.0'
    ),
    "slow host": 'host = "recommendations in zone-c"\nfactor = 0.1',
    "clock skew": 'host = "web in zone-a"\noffset = -30.0',
    "errors": 'service = "payment"\nprobability = 0.5',
    "slow answers": 'instance = "payment-2"\ndelay = 3.0',
    "dependency outage": 'service = "recommendations"\nmode = "slow"\ndelay = 2.0',
    "pool leak": 'pool = "web in zone-a to cart"\ncount = 16',
}
"""One table of each kind, without its times."""


def trouble(kind: str, more: str = "", start: float = 8.0, end: float = 16.0) -> str:
    """Return the table of a kind, with times."""
    return f'\n[[faults]]\nkind = "{kind}"\nstart = {start}\nend = {end}\n{TROUBLES.get(kind, "")}\n{more}\n'


def written(folder: Path, *parts: str) -> Path:
    """Write a file of the usual head and these parts."""
    path = folder / "day.toml"
    path.write_text(HEAD + "".join(parts), encoding="utf-8")
    return path
