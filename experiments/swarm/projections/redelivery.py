"""A source that delivers at least once: with each batch come commits that its reader has had before."""

from __future__ import annotations

from dataclasses import replace

from models import Call, Endpoint, Request, Wrapper
from models.cqrs.log import READ_COMMITS, Batch, Commit


class DeliveredAgain(Wrapper):
    """Around a client of a log: with what is read come the last `count` (>= 1) commits before it, once more.

    As from a broker whose reader had not said in time that it has them.
    """

    def __init__(self, target: Endpoint, count: int) -> None:
        super().__init__(target, name="delivered again")
        self._count = count
        self._last: tuple[Commit, ...] = ()

    def call(self, request: Request) -> Call:
        """Read on, and put before it what was brought last, if it ends there."""
        response = yield from self.target.call(request)
        if request.operation != READ_COMMITS:
            return response
        batch: Batch = response.value
        asked = request.value
        again = self._last[-self._count :]
        fits = again and (again[-1].position, again[-1].epoch) == (asked.after, asked.epoch)
        if batch.commits:
            self._last = batch.commits
        if not batch.commits or not fits:
            return response
        return replace(response, value=replace(batch, commits=(*again, *batch.commits)))
