"""Load shedding: turn some requests away early, so that the others are answered in time.

    concurrency_limiter    ConcurrencyLimiter: so many in flight, some more waiting, the rest rejected
    limits                 how many: FixedLimit, AimdLimit, VegasLimit, Gradient2Limit, EnvoyGradientLimit,
                           WindowedLimit
    queues                 what becomes of the others: RejectAtOnce, Fifo, Lifo, ByPriority, CoDel
    load_shedder           LoadShedder: turned away on arrival, by a rule
    shedding_rule          the contract of rules; its members:
                           utilisation (UtilisationShedding), queue_length (QueueLength)
    load                   what utilisation is of: ThreadLoad, CoreLoad

The limiter decides by what it has let in itself, the shedder by the load of something else: two mechanisms,
to be nested where both are wanted. Both stand on the server's side around an instance, or on the caller's
around a connection.
"""

from .concurrency_limiter import ConcurrencyLimiter, ConcurrencyLimiterStatistics
from .limits import (
    AimdLimit,
    ConcurrencyLimit,
    EnvoyGradientLimit,
    FixedLimit,
    Gradient2Limit,
    VegasLimit,
    WindowedLimit,
)
from .load import CoreLoad, Load, ThreadLoad
from .load_shedder import LoadShedder, LoadShedderStatistics
from .queue_length import QueueLength
from .queues import ByPriority, CoDel, Fifo, Lifo, QueueDiscipline, RejectAtOnce
from .shedding_rule import SheddingRule
from .utilisation import UtilisationShedding

__all__ = [
    "AimdLimit",
    "ByPriority",
    "CoDel",
    "ConcurrencyLimit",
    "ConcurrencyLimiter",
    "ConcurrencyLimiterStatistics",
    "CoreLoad",
    "EnvoyGradientLimit",
    "Fifo",
    "FixedLimit",
    "Gradient2Limit",
    "Lifo",
    "Load",
    "LoadShedder",
    "LoadShedderStatistics",
    "QueueDiscipline",
    "QueueLength",
    "RejectAtOnce",
    "SheddingRule",
    "ThreadLoad",
    "UtilisationShedding",
    "VegasLimit",
    "WindowedLimit",
]
