"""Meters: what is measured of an instance, over the time since it was last read.

A meter makes a reading function for each instance, which remembers where its counters stood. What a counter
counts is the mean over the window; what has no counter is a sample of the moment, and as noisy as one.

Leaves out: what an instance says of itself under load (it is an observer that reads here), and the share of a
host's cores that one of several instances takes: utilisation is the host's.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass

from ..services import Instance

Read = Callable[[float], float]
"""Returns the value over the window (> 0 s) since it was last called, or made."""


@dataclass(frozen=True, slots=True)
class Meter(ABC):
    """Something that can be measured of every instance, under the `name` of its metric."""

    name: str

    @abstractmethod
    def reader(self, instance: Instance) -> Read:
        """Begin to measure `instance`."""


@dataclass(frozen=True, slots=True)
class Utilisation(Meter):
    """The share of its host's cores that was busy, in [0, 1]."""

    name: str = "utilisation"

    def reader(self, instance: Instance) -> Read:
        """Begin with what the cores have done so far."""
        host = instance.host
        before = host.statistics().busy_time

        def read(window: float) -> float:
            nonlocal before
            busy = host.statistics().busy_time
            share = (busy - before) / (host.cores * window)
            before = busy
            return share

        return read


@dataclass(frozen=True, slots=True)
class RequestRate(Meter):
    """Calls that came to it, per second."""

    name: str = "request_rate"

    def reader(self, instance: Instance) -> Read:
        """Begin with the calls so far."""
        before = instance.statistics().call_count

        def read(window: float) -> float:
            nonlocal before
            count = instance.statistics().call_count
            rate = (count - before) / window
            before = count
            return rate

        return read


@dataclass(frozen=True, slots=True)
class InFlight(Meter):
    """Calls that have a thread or wait for one, at the moment."""

    name: str = "in_flight"

    def reader(self, instance: Instance) -> Read:
        """Look at each reading."""
        return lambda window: float(instance.in_service_count + instance.waiting_count)


@dataclass(frozen=True, slots=True)
class ThreadsInUse(Meter):
    """The share of its threads that have a call, at the moment, in [0, 1]."""

    name: str = "threads_in_use"

    def reader(self, instance: Instance) -> Read:
        """Look at each reading."""
        return lambda window: instance.in_service_count / instance.thread_count
