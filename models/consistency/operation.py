"""One operation of a history: what a client asked, what it was told, and when.

Its outcome is one of three, as in Jepsen's histories:

    OK        it took effect between `invoked_at` and `ended_at`, and `result` is what was told
    FAILED    it did not take effect, and never will
    UNKNOWN   nobody knows: it may take effect at any time after `invoked_at`, or never; `ended_at` is inf

One operation precedes another if it ended before the other was invoked; otherwise the two are concurrent.
Time alone cannot tell at one instant, and in a simulation much happens at one: a client that does not think
asks again at the very instant of its last answer. So each end of an operation has an order too, and (time,
order) is what is compared. Where that is equal, the two are concurrent: nothing is concluded from a doubt.

Source: Kingsbury, Jepsen (`:ok`, `:fail`, `:info`; the index of an event beside its time); Herlihy and Wing,
"Linearizability" (TOPLAS 1990), for histories and precedence.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Any


class Ending(Enum):
    """How an operation ended, as far as its client knows."""

    OK = "ok"
    FAILED = "fail"
    UNKNOWN = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """An operation `kind` (as "read", "write", "compare-and-set", "append") on `key`, by `process`.

    `value` is what it was asked to write, `None` for a read; `result` what it was told. A process has one
    operation at a time, and none after one whose ending is unknown. Times in seconds; `ended_at` is infinite
    where the ending is unknown. `site` says where the client was, if that matters. `invoked_order` and
    `ended_order` put in order what happens at the same instant. `session` numbers the client, which may have
    several processes; `None`: the process is the session.
    """

    process: int
    kind: str
    key: Any
    value: Any
    result: Any
    invoked_at: float
    ended_at: float
    ending: Ending
    site: str = ""
    invoked_order: int = 0
    ended_order: int = 0
    session: int | None = None
