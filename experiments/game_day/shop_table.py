"""The shop of a game day: a preset, and what differs from it."""

from dataclasses import replace
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from models.shop import Deadlines, PayLater, ShopSettings, bare_shop, careful_shop

from .trouble import Seconds, Table

_Share = Annotated[float, Field(ge=0, lt=1, allow_inf_nan=False)]


class ShopTable(Table):
    """Settings of the shop by name; those left out are the `preset`'s. See `models.shop.ShopSettings`."""

    preset: Literal["bare", "careful"] = "careful"
    rate: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    cart_share: _Share | None = None
    checkout_share: _Share | None = None
    patience: Seconds | None = None
    zones: tuple[str, ...] | None = None
    optional: tuple[str, ...] | None = None
    shared_pool: Annotated[int, Field(ge=1)] | None = None
    deadlines: Deadlines | None = None
    pay_later: PayLater | None = None
    orders_are_durable: bool | None = None
    payments_are_idempotent: bool | None = None

    @model_validator(mode="after")
    def _check(self) -> Self:
        self.settings()
        return self

    def settings(self) -> ShopSettings:
        """Return the whole settings. Raises ValueError for those that make no shop."""
        preset = bare_shop() if self.preset == "bare" else careful_shop()
        given = self.model_dump(exclude={"preset"}, exclude_none=True)
        return replace(preset, **given)
