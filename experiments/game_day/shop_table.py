"""The shop of a game day: a preset, and what differs from it."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Literal, Self

from pydantic import model_validator

from models.balancing import LeastOutstanding, PowerOfTwoChoices, Random, RoundRobin, Weighted
from models.balancing.health_checks import haproxy, kubernetes
from models.balancing.outlier_ejection import envoy_outlier
from models.shop import Deadlines, PayLater, ShopSettings, bare_shop, careful_shop

from .values import Count, Flag, Names, NamesOrNone, Rate, Seconds, ShareOfMix, Table


class ShopTable(Table):
    """Settings of the shop by name; those left out are the `preset`'s. See `models.shop.ShopSettings`."""

    preset: Literal["bare", "careful"] = "careful"
    rate: Rate | None = None
    cart_share: ShareOfMix | None = None
    checkout_share: ShareOfMix | None = None
    patience: Seconds | None = None
    zones: Names | None = None
    optional: NamesOrNone | None = None
    shared_pool: Count | None = None
    deadlines: Deadlines | None = None
    pay_later: PayLater | None = None
    orders_are_durable: Flag | None = None
    payments_are_idempotent: Flag | None = None
    policy: Literal["two choices", "round robin", "random", "least outstanding", "weighted"] | None = None
    health_checks: Literal["haproxy", "kubernetes"] | None = None
    outlier_ejection: Flag | None = None
    has_second_edge: Flag | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.settings()
        return self

    def settings(self) -> ShopSettings:
        """Return the whole settings. Raises ValueError for those that make no shop."""
        preset = bare_shop() if self.preset == "bare" else careful_shop()
        given = self.model_dump(exclude={"preset"}, exclude_none=True)
        for name, meant in _MEANT.items():
            if name in given:
                given[name] = meant[given[name]]
        return replace(preset, **given)


_MEANT: Mapping[str, Mapping[Any, object]] = {
    "policy": {
        "two choices": PowerOfTwoChoices(),
        "round robin": RoundRobin(),
        "random": Random(),
        "least outstanding": LeastOutstanding(),
        "weighted": Weighted(),
    },
    "health_checks": {"haproxy": haproxy(), "kubernetes": kubernetes()},
    "outlier_ejection": {True: envoy_outlier(), False: None},
}
"""What the words of a file stand for."""
