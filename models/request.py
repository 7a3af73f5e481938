"""What is asked and what is answered.

One request object travels through all wrappers of a chain, so that they may compare, route and replay it. It
is treated as immutable: a wrapper that wants another request makes another one (`dataclasses.replace`). It is
not frozen only because making a frozen one takes three times as long, on the hottest path there is.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(slots=True)
class Request:
    """One request; treat it as immutable.

    `operation` names what is asked, `key` and `value` what it is asked about; `size_bytes` is what it weighs
    on the wire. `priority`: higher is more important. `deadline` is the simulated time in seconds after which
    nobody wants the answer. Requests with the same `idempotency_key` are the same request, repeated. `origin`
    names who asked.
    """

    operation: str = "get"
    key: Any = None
    value: Any = None
    size_bytes: int = 0
    priority: int = 0
    deadline: float | None = None
    idempotency_key: str | None = None
    origin: str | None = None


@dataclass(slots=True)
class Response:
    """One answer; treat it as immutable.

    `degraded` names the parts that are missing or stand-ins, and is empty for a full answer. `size_bytes` is
    its weight on the wire. `version` says, of what a store that has versions tells or has written, which one
    that is (see `replication.sessions`); what is put together from several answers has none. `as_of` is the
    simulated time in seconds since when nobody has asked the origin about it, where a cache has answered, or
    a part of the answer is a cache's: its age is the time since then. `None`: the origin itself answered.
    """

    value: Any = None
    degraded: tuple[str, ...] = ()
    size_bytes: int = 0
    version: Any = None
    as_of: float | None = None
