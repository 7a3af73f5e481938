"""The shop of a game day: a preset, and what differs from it."""

from dataclasses import replace
from typing import Literal, Self

from pydantic import model_validator

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

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.settings()
        return self

    def settings(self) -> ShopSettings:
        """Return the whole settings. Raises ValueError for those that make no shop."""
        preset = bare_shop() if self.preset == "bare" else careful_shop()
        given = self.model_dump(exclude={"preset"}, exclude_none=True)
        return replace(preset, **given)
