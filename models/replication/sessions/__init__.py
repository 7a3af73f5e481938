"""Sessions: one client that reads its own writes and never goes back, on any store that tells versions.

session   Session: floors by key, and what is done about answers that are behind
floors    Floors: how far a session has seen
"""

from .session import Session, SessionStatistics

__all__ = ["Session", "SessionStatistics"]
