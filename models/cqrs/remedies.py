"""What a user sees right after a command: the read model may not have it yet, and three remedies for that.

One client of both sides. Commands go to a handler, questions to a read model; what it does about its own
commands is the class:

    TwoSides             nothing: what was just ordered may not be there
    UntilItIsThere       each question waits until the read model has come to the last own command
    OwnView              the answer is corrected by what own commands have done, which the client knows
    FromTheCommandSide   where the answer is too old for an own command, the command side is asked

The first remedy costs time, and answers late or not at all where the read model lags or is down. The second
costs nothing and sees what it did itself, applied by the code of the read model to an answer that lacks it;
what others did in between is missing, so that it may be wrong (an item is shown as left that somebody else
has taken). The third is right, and puts load on the side that was to be freed of it; it can answer only what
a stream can.

All know a command by its answer, `Accepted` with its position; of one that was submitted nothing is known
until its fate was asked for. What they remember is in memory, and begins anew with their host. In a log that
loses what it has told another command may come to have that position, and then it passes for one's own.

Source: Young, "CQRS Documents" (2010), on eventual consistency and task-based interfaces; Kleppmann,
"Designing Data-Intensive Applications" (2017), chapters 5 ("Reading Your Own Writes") and 11 ("Concurrency
control"); Terry et al., "Session Guarantees for Weakly Consistent Replicated Data" (1994).
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any

from ..endpoint import Call, Endpoint, Wrapper, require_endpoint
from ..failures import Unavailable
from ..replication import READ
from ..request import Request, Response
from ..validation import require_count, require_delay, require_kind
from .commands import COMMAND, FATE, SUBMIT, Accepted
from .projections import PoisonEvent, ReadModel, Rows, at_least

_OF_THE_COMMAND_SIDE = (COMMAND, SUBMIT, FATE)


@dataclass(frozen=True, slots=True, kw_only=True)
class TwoSidesStatistics:
    """What a client of both sides has asked so far.

    `command_count` commands and questions about them, and `query_count` questions. Of these
    `remedied_count` were asked with a demand, corrected, or asked of the command side; `late_count` demands
    could not be met in time.
    """

    command_count: int
    query_count: int
    remedied_count: int
    late_count: int


class TwoSides(Wrapper):
    """A client of `commands` (handlers) and `queries` (projections), which must be on one host; no remedy.

    Nothing here limits the time of a call: put a `Timeout` around each way, or who asks a host that has
    crashed waits for ever. Example::

        ways = [Timeout(env, network.connect(web, side), 0.5) for side in (handler, stock)]
        shop = TwoSides(*ways)
    """

    def __init__(self, commands: Endpoint, queries: Endpoint, *, name: str = "two sides") -> None:
        super().__init__(commands, name=name)
        require_endpoint("queries", queries)
        if queries.host is not commands.host:
            raise ValueError(f"queries must be on {commands.host!r} as commands are, got {queries.host!r}")
        self.queries = queries
        self._command_count = self._query_count = self._remedied_count = self._late_count = 0
        self._begin_anew()
        if self.host is not None:
            self.host.on_restart(self._begin_anew, endpoint=self.serving)

    def _begin_anew(self) -> None:
        """Remember nothing."""

    def _note(self, accepted: Accepted) -> None:
        """Remember a command of one's own."""

    def _ask(self, request: Request) -> Call:
        return self.queries.call(request)

    def call(self, request: Request) -> Call:
        """Give a command, or ask a question."""
        if request.operation not in _OF_THE_COMMAND_SIDE:
            self._query_count += 1
            return (yield from self._ask(request))
        self._command_count += 1
        response = yield from self.target.call(request)
        if isinstance(response.value, Accepted):
            self._note(response.value)
        return response

    def statistics(self) -> TwoSidesStatistics:
        """Return what has been asked so far."""
        return TwoSidesStatistics(
            command_count=self._command_count,
            query_count=self._query_count,
            remedied_count=self._remedied_count,
            late_count=self._late_count,
        )


class UntilItIsThere(TwoSides):
    """Questions wait, at the read model, up to `patience` s (>= 0) for the last own command.

    Then they fail (`Unavailable`), or with `settles_for_less` are asked again without a demand, and the
    answer is degraded by "own commands". A `Timeout` around the queries must be longer than that, or it ends
    them before.
    """

    def __init__(
        self,
        commands: Endpoint,
        queries: Endpoint,
        *,
        patience: float,
        settles_for_less: bool = False,
        name: str = "until it is there",
    ) -> None:
        require_delay("patience", patience)
        require_kind("settles_for_less", settles_for_less, bool)
        self._patience = patience
        self._settles_for_less = settles_for_less
        super().__init__(commands, queries, name=name)

    def _begin_anew(self) -> None:
        self._position = 0

    def _note(self, accepted: Accepted) -> None:
        self._position = max(self._position, accepted.position)

    def _ask(self, request: Request) -> Call:
        if not self._position:
            return (yield from self.queries.call(request))
        self._remedied_count += 1
        demanding = at_least(request, self._position, wait=self._patience)
        try:
            return (yield from self.queries.call(demanding))
        except Unavailable:
            self._late_count += 1
            if not self._settles_for_less:
                raise
        response = yield from self.queries.call(request)
        return replace(response, degraded=(*response.degraded, "own commands"))


class OwnView(TwoSides):
    """Answers of reads are corrected by the last `memory` (>= 1) own commands that they lack.

    `model` is the read model that is asked, of which a row must follow from its own key alone.
    """

    def __init__(
        self,
        commands: Endpoint,
        queries: Endpoint,
        model: ReadModel,
        *,
        memory: int = 100,
        name: str = "own view",
    ) -> None:
        require_kind("model", model, ReadModel)
        require_count("memory", memory)
        self._model = model
        self._memory = memory
        super().__init__(commands, queries, name=name)

    def _begin_anew(self) -> None:
        self._own: deque[Accepted] = deque(maxlen=self._memory)

    def _note(self, accepted: Accepted) -> None:
        self._own.append(accepted)

    def _ask(self, request: Request) -> Call:
        own = self._own
        response = yield from self.queries.call(request)
        lacking = {each.position: each for each in own if each.position > _age(response)}
        if request.operation != READ or not lacking:
            return response
        held = {} if response.value is None else {request.key: response.value}
        rows = Rows(held)
        for _, accepted in sorted(lacking.items()):
            for event in accepted.events:
                self._apply(event, rows)
        if request.key not in rows.changes:
            return response
        self._remedied_count += 1
        return replace(response, value=rows[request.key])

    def _apply(self, event: Any, rows: Rows) -> None:
        attempt = Rows(rows)
        try:
            self._model.apply(event, attempt)
        except PoisonEvent:  # it builds on what the answer lacks of others
            return
        rows.changes.update(attempt.changes)


class FromTheCommandSide(TwoSides):
    """A read of a stream that the read model has not got an own command of goes to the command side.

    The read model's key is then the stream, and `show(state)` makes its answer from the stream's state.
    """

    def __init__(
        self,
        commands: Endpoint,
        queries: Endpoint,
        show: Callable[[Any], Any],
        *,
        name: str = "from the command side",
    ) -> None:
        if not callable(show):
            raise TypeError(f"show must be a function of a state, got {show!r}")
        self._show = show
        super().__init__(commands, queries, name=name)

    def _begin_anew(self) -> None:
        self._positions: dict[Hashable, int] = {}

    def _note(self, accepted: Accepted) -> None:
        known = self._positions.get(accepted.stream, 0)
        self._positions[accepted.stream] = max(known, accepted.position)

    def _ask(self, request: Request) -> Call:
        wanted = self._positions.get(request.key, 0) if request.operation == READ else 0
        response = yield from self.queries.call(request)
        if _age(response) >= wanted:
            return response
        self._remedied_count += 1
        response = yield from self.target.call(request)
        return replace(response, value=self._show(response.value))


def _age(response: Response) -> int:
    """Return the position that an answer has come to: none, where it does not come from a read model."""
    version = response.version
    return version if isinstance(version, int) else 0
