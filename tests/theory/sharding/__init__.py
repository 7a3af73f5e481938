"""Shares, moves and queries of shards."""
