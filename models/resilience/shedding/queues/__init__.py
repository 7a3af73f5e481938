"""What becomes of calls beyond a limit: who may wait, how long, and who is next.

discipline        the contract: QueueDiscipline, and WaitingRoom, its state in one limiter
reject_at_once    RejectAtOnce: nobody waits
fifo              Fifo: who came first
lifo              Lifo: who came last, when many wait
by_priority       ByPriority: who matters most
codel             CoDel: another one, with short patience in a standing queue
"""

from .by_priority import ByPriority
from .codel import CoDel
from .discipline import QueueDiscipline, Waiter, WaitingRoom
from .fifo import Fifo
from .lifo import Lifo
from .reject_at_once import RejectAtOnce

__all__ = [
    "ByPriority",
    "CoDel",
    "Fifo",
    "Lifo",
    "QueueDiscipline",
    "RejectAtOnce",
    "Waiter",
    "WaitingRoom",
]
