"""What the tests of cache-aside are made of: an origin that takes its time, and cache servers 10 ms away."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models import CallFailed, Request
from models.caching.aside import CacheAside

from ..patterns.origin import Origin
from ..servers.cached import Cached


class Aside(Cached):
    """`Cached`, and beside the cache an origin whose reads and writes take 1 s, with effect half-way.

    `aside_settings` are those of the `CacheAside`, the others those of `Cached`.
    """

    def __init__(self, count: int = 1, *, aside_settings: Any = None, **settings: Any) -> None:
        super().__init__(count, **settings)
        self.origin = Origin(self.env)
        self.origin.values["k"] = "old"
        self.aside = CacheAside(self.env, self.origin, self.client, **(aside_settings or {}))

    def ask_aside(self, time: float, request: Request, aside: CacheAside | None = None) -> list[Any]:
        """Ask for something then; a list that will hold when it ended, how, and its `as_of`."""
        told: list[Any] = []
        asked = aside or self.aside

        def run() -> Generator[Any, Any, None]:
            try:
                response = yield from asked.call(request)
            except CallFailed as failure:
                told.extend([round(self.env.now, 9), type(failure), None])
            else:
                told.extend([round(self.env.now, 9), response.value, response.as_of])

        self.env.call_later(time - self.env.now, lambda: self.web.start(run()))
        return told

    def read(self, time: float, key: str = "k", aside: CacheAside | None = None) -> list[Any]:
        return self.ask_aside(time, Request("read", key), aside)

    def write(
        self, time: float, value: str = "new", key: str = "k", aside: CacheAside | None = None
    ) -> list[Any]:
        return self.ask_aside(time, Request("write", key, value, size_bytes=200), aside)

    @property
    def cached_values(self) -> list[Any]:
        """What each server has now."""
        return [self.held(server) for server in self.servers]
