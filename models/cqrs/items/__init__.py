"""A small business to keep in an event log: items in stock that customers reserve; a stream is an item.

intents   Restock, Reserve, Cancel: what is wanted
events    Restocked, Reserved, Cancelled: what happens
decider   ItemDecider: the rules
views     StockPerItem, OrdersPerCustomer, BestSellers: what is asked
"""

from .decider import ItemDecider, ItemState
from .events import Cancelled, Reserved, Restocked
from .intents import Cancel, Reserve, Restock
from .views import BEST_SELLERS, BestSellers, OrdersPerCustomer, StockPerItem, best_sellers

__all__ = [
    "BEST_SELLERS",
    "BestSellers",
    "Cancel",
    "Cancelled",
    "ItemDecider",
    "ItemState",
    "OrdersPerCustomer",
    "Reserve",
    "Reserved",
    "Restock",
    "Restocked",
    "StockPerItem",
    "best_sellers",
]
