"""The shop: a whole system to break, in one region and as many zones as one likes.

    shop            Shop: who stands where, and who calls whom
    settings        ShopSettings, and two sets of them: bare_shop, careful_shop
    protection      Protection: what stands around the calls to one feature
    feature         Feature: a part that users see; its switch, and what became of the calls to it

The storefront (`models.storefront`) is its little sister: two operations, one dependency in trouble.
"""

from .feature import Feature
from .protection import Protection
from .settings import (
    CART,
    CHECKOUT,
    FEATURES,
    OPERATIONS,
    PAGE,
    Deadlines,
    PayLater,
    ServiceSize,
    ShopSettings,
    bare_shop,
    careful_shop,
)
from .shop import BE_BACK_SOON, Shop

__all__ = [
    "BE_BACK_SOON",
    "CART",
    "CHECKOUT",
    "FEATURES",
    "OPERATIONS",
    "PAGE",
    "Deadlines",
    "Feature",
    "PayLater",
    "Protection",
    "ServiceSize",
    "Shop",
    "ShopSettings",
    "bare_shop",
    "careful_shop",
]
