"""Messages, seen: what went over a network in a run, and the trace that a space-time diagram is drawn from.

message     Message, Cut, Downtime: what is seen
watch       MessageWatch: sees every message of a network and every cut, in a window of time
trace       SpaceTimeTrace: what happened between hosts, as a value; space_time_trace makes one
"""

from .message import Cut, Downtime, Message
from .trace import SpaceTimeTrace, space_time_trace
from .watch import MessageWatch

__all__ = ["Cut", "Downtime", "Message", "MessageWatch", "SpaceTimeTrace", "space_time_trace"]
