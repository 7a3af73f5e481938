"""A version of a service: what its instances do, and what else differs."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf

from ..infrastructure import Host
from ..services import Instance, MakeHandler, Service


@dataclass(frozen=True, slots=True, kw_only=True)
class Version:
    """What is deployed: a `name`, and `make_handler` as in `Service`.

    `start_time` (s) is how long an instance takes until it listens; None: as long as those of before.

    Example: `Version(name="2", make_handler=lambda host: Work(0.02), start_time=5.0)`.
    """

    name: str
    make_handler: MakeHandler
    start_time: float | None = None

    def __post_init__(self) -> None:
        """Check what no instance has checked yet."""
        name: object = self.name
        if not isinstance(name, str) or not name:
            raise ValueError(f"name of a version must be a text that is not empty, got {self.name!r}")
        if not callable(self.make_handler):
            raise TypeError(f"make_handler must be a function of a host, got {self.make_handler!r}")
        if self.start_time is not None and not 0.0 <= self.start_time < inf:
            raise ValueError(f"start_time must be finite and >= 0 s or None, got {self.start_time!r}")

    @classmethod
    def of(cls, service: Service) -> Version:
        """Return the version that a service has now."""
        return cls(name=service.version, make_handler=service.make_handler, start_time=service.start_time)

    def become_that_of(self, service: Service) -> None:
        """Let what is added to `service` from now on be of this version."""
        service.version = self.name
        service.make_handler = self.make_handler
        if self.start_time is not None:
            service.start_time = self.start_time

    def start(self, service: Service, host: Host) -> Instance:
        """Start one instance of this version on `host`; others that are added are what they were to be."""
        usual = Version.of(service)
        self.become_that_of(service)
        try:
            return service.add_instance(host)
        finally:
            usual.become_that_of(service)
