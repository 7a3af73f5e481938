"""Write-behind: a write is acknowledged when the cache has it, and reaches the target later.

rule           WriteBehind: when it is flushed, and how much may wait
queue          WriteBehindQueue: what waits, how it is answered, flushed and lost
dirty_key      one key of it
not_due        those of which the time has not come
records        what is counted, and what is lost
"""

from .queue import WriteBehindQueue
from .records import LostWrite, WriteBehindStatistics
from .rule import WriteBehind

__all__ = ["LostWrite", "WriteBehind", "WriteBehindQueue", "WriteBehindStatistics"]
