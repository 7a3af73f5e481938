"""Redundancy, zones and loss of data."""
