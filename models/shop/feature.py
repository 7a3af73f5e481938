"""A feature of the shop as its users see it: can be switched off, and what became of the calls to it."""

from __future__ import annotations

from simulator import Environment, Gauge, RequestTable

from ..resilience.feature_switches import FeatureSwitch
from ..workload import request_table


class Feature:
    """One of `FEATURES`: a `switch` for all hosts that show it, and a record of their `calls`.

    `calls` has one row for each call that a page or an order made to it, as its caller saw the end: answered,
    degraded where it was switched off, or failed, within whatever protects the caller. `under_way` is a gauge
    with history of the calls that are being waited for. The switch stands for an operator's flag that all
    hosts hear of at once; how a flag travels is left out.
    """

    def __init__(self, env: Environment, name: str) -> None:
        self.name = name
        self.switch = FeatureSwitch(env, name)
        self.calls: RequestTable = request_table()
        self.under_way = Gauge(env, keep_history=True)

    def __repr__(self) -> str:
        return f"Feature({self.name!r})"
