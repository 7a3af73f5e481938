"""Load, as a shedder may know it: of an instance's threads, or of a host's cores.

Both count those who wait as well as those who work, so that they go on rising beyond 1, where utilisation
stops telling anything. A load is measured in one place; a shedder that stands elsewhere does not take it.

Source: the executor load average of "Site Reliability Engineering", chapter 21 (threads that run or are ready
to, over processors), without its smoothing over time. Any other function without parameters does as well.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

from ...infrastructure import Host
from ...services import Instance


class Load(ABC):
    """A load that is measured on a host: calling it returns what it is now."""

    __slots__ = ()

    @property
    @abstractmethod
    def place(self) -> Host:
        """The host on which it is measured."""

    @abstractmethod
    def __call__(self) -> float:
        """Return the load now (>= 0; 1 where everything is busy and nobody waits)."""


@dataclass(frozen=True, slots=True)
class ThreadLoad(Load):
    """The requests at `instance`, in service and waiting, over its threads."""

    instance: Instance

    def __post_init__(self) -> None:
        """Check the instance."""
        if not isinstance(self.instance, Instance):
            raise TypeError(f"instance must be an Instance, got {self.instance!r}")

    @property
    def place(self) -> Host:
        """The host of the instance."""
        return self.instance.host

    def __call__(self) -> float:
        """Return the load now."""
        instance = self.instance
        return (instance.in_service_count + instance.waiting_count) / instance.thread_count


@dataclass(frozen=True, slots=True)
class CoreLoad(Load):
    """The pieces of work on `host`, running and waiting for a core, over its cores.

    Work of all instances there.
    """

    host: Host

    def __post_init__(self) -> None:
        """Check the host."""
        if not isinstance(self.host, Host):
            raise TypeError(f"host must be a Host, got {self.host!r}")

    @property
    def place(self) -> Host:
        """The host itself."""
        return self.host

    def __call__(self) -> float:
        """Return the load now."""
        work = self.host.statistics()
        return (work.running_count + work.waiting_count) / self.host.cores
