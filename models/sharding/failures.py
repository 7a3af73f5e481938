"""How a shard server turns a router away whose table is not right for it, or not right any more."""

from __future__ import annotations

from ..failures import Rejected


class Moved(Rejected):
    """The range is not this server's under that epoch, or is frozen, and nothing was done.

    By the server's table, which is of `version`. Where it `is_frozen` it will be somebody's soon.
    """

    def __init__(self, by: str, version: int, is_frozen: bool = False) -> None:
        what = "is frozen while it moves" if is_frozen else "is another's"
        super().__init__(by, f"the range {what}, by table {version}")
        self.version = version
        self.is_frozen = is_frozen
        self.args = (by, version, is_frozen)
