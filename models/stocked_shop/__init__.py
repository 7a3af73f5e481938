"""The stocked shop: catalogue, stock and payments in replicated stores, and a shelf that obeys none of them.

shop           StockedShop: who stands where
settings       StockedShopSettings, and three ways to choose: all_ap, all_cp, mixed
side           Side: the shop in one zone; how an order is taken, and undone
stock_record   what the record of an item says, and what may be asked of it
one_record     AgreedStock, OverwrittenStock: one record for all sides
split_stock    SplitStock: each side writes down what it has sold
shelf          Shelf: what is really there
warehouse      Warehouse: where orders meet the shelf; deliveries, counting, compensation
order          Order, Fate
books          Books: an observer of pages, sales and profit; Costs
"""

from .books import Books, Costs, Entry, Shown
from .one_record import AgreedStock, OverwrittenStock
from .order import Fate, Order
from .settings import Consistency, StockCount, StockedShopSettings, all_ap, all_cp, mixed
from .shelf import Shelf
from .shop import StockedShop
from .side import ORDER, PAGE
from .split_stock import SplitStock
from .stock_record import Count, Delivery, StockRecord
from .warehouse import Warehouse, WarehouseSettings

__all__ = [
    "ORDER",
    "PAGE",
    "AgreedStock",
    "Books",
    "Consistency",
    "Costs",
    "Count",
    "Delivery",
    "Entry",
    "Fate",
    "Order",
    "OverwrittenStock",
    "Shelf",
    "Shown",
    "SplitStock",
    "StockCount",
    "StockRecord",
    "StockedShop",
    "StockedShopSettings",
    "Warehouse",
    "WarehouseSettings",
    "all_ap",
    "all_cp",
    "mixed",
]
