"""Feeds: what other stores know is brought to a log of events.

change_feed    ChangeFeed: asks a store for what has changed, and appends it; Changes: the event
"""

from .change_feed import ChangeFeed, Changes

__all__ = ["ChangeFeed", "Changes"]
