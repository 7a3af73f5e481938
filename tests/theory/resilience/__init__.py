"""Tails, retries, backoff, collapse, breakers; plain_* are programs without an engine, to compare with."""
