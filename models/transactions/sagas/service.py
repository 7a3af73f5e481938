"""A service that takes part in sagas: each step a local transaction, each answer for ever.

1. A step is judged, done and remembered in one local transaction: the new values, the marks, and the answer
   by `(saga, step)`. It is answered when that is on the disk. A step that comes again gets the same answer,
   and does nothing.
2. A refusal is remembered too. Else a copy of the request that comes late could be granted when the saga has
   long been compensated.
3. A step that is undone answers `UNDONE` from then on, also one that never came: the compensation may have
   overtaken it, and then it must do nothing when it comes.
4. A pivot has no compensation: asked to undo it, a service that has done it says so (`DONE`), and one that
   has not will never.
5. A mark says which step of which saga has made it. It goes with that step when it is undone, and with the
   others when the saga is over; a key that two steps of a saga change is the first one's.
6. `Marked` is a `Rejected`: nothing was done, nothing remembered, and it may be asked again.

Reads see whatever is there: the service knows nothing of which sagas have ended. Leaves out: answers and
refusals that are forgotten (they are kept for ever). Source: Helland, "Life beyond Distributed Transactions"
(CIDR 2007), on activities that remember their messages.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from typing import Any

from simulator import Environment

from ...failures import ServerError
from ...network import Network
from ...request import Request
from ...storage import Disk
from ...validation import require_kind
from ..changes import Changes, TooLittle, changed
from ..ending import READ
from ..local_store import DATA, INBOX
from ..storing_node import StoringNode
from .flaws import NO_FLAWS, SagaFlaws
from .observer import SagaObserver
from .requests import DO, DONE, REFUSED, RELEASE, UNDO, UNDONE, Marked, StepAnswer, StepWork

MARKS = "marks"
"""The table of semantic locks: by key, which saga has marked it, and with which step."""


class SagaService(StoringNode):
    """A service called `name` with `data` on `disk`; `observer` is told of every step.

    `settings` are those of `StoringNode`.

    Example: `SagaService(env, Disk(host), network, data={"book": 10}, observer=observer, name="stock")`.
    """

    __slots__ = ("_flaws", "_observer")

    def __init__(
        self,
        env: Environment,
        disk: Disk,
        network: Network,
        *,
        data: Mapping[Any, Any] | None = None,
        observer: SagaObserver,
        flaws: SagaFlaws = NO_FLAWS,
        name: str,
        **settings: Any,
    ) -> None:
        require_kind("observer", observer, SagaObserver)
        require_kind("flaws", flaws, SagaFlaws)
        self._observer = observer
        self._flaws = flaws
        super().__init__(env, disk, network, data=data, name=name, **settings)

    def wake_up(self) -> None:
        """Say which steps and marks are there, of those that were: a crash has taken the others."""
        known, marks = self.store[INBOX].items(), self.store[MARKS].items()
        self._observer.restarted(
            self.name,
            done={saga for (saga, _), answer in known if answer.what == DONE},
            marks={key: saga for key, (saga, _) in marks},
        )

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Do, undo, release or read; answer when what the answer rests on is on the disk."""
        yield from self._begin_request()
        if request.operation == READ:
            return (yield from self.read_safely(request.key))
        answer: StepAnswer
        if request.operation == RELEASE:
            self.store.write(self._marks_off(request.key))
            answer = StepAnswer(DONE)
        elif request.operation in {DO, UNDO}:
            known = self.store[INBOX].get(request.key)
            if request.operation == DO:
                answer = self._do(request, known)
            else:
                answer = self._undo(request, known)
        else:
            raise ServerError(f"{self.name} knows no operation {request.operation!r}")
        yield from self.store.safe()
        if request.operation == DO and answer.what == DONE and not request.value.is_undoable:
            self._observer.decided(request.key[0])
        return answer

    def _do(self, request: Request, known: StepAnswer | None) -> StepAnswer:
        if known is not None and not (known.what == DONE and self._flaws.repeats_steps):
            return known
        saga, work = request.key[0], request.value
        require_kind("value of a step", work, StepWork)
        self._heed_marks(saga, work)
        try:
            values = changed(self.store[DATA], work.changes)
        except TooLittle as refusal:
            self._observer.refused(self.name, saga, work.changes, self.store[DATA])
            answer = StepAnswer(REFUSED, str(refusal))
            if not self._flaws.forgets_refusals:
                self.store.write({(INBOX, request.key): answer})
            return answer
        answer = StepAnswer(DONE)
        transaction = {(DATA, key): value for key, value in values.items()}
        if work.marks:
            marks = self.store[MARKS]  # a mark that is there is of this saga: all steps that mark heed marks
            transaction |= {(MARKS, key): marks.get(key, request.key) for key in values}
            self._observer.marked(self.name, saga, values)
        self.store.write({**transaction, (INBOX, request.key): answer})
        self._observer.done(self.name, saga, work.changes, is_undoable=work.is_undoable)
        return answer

    def _heed_marks(self, saga: Any, work: StepWork) -> None:
        """Raise `Marked` where another saga has marked what the step would change."""
        if work.heeds:
            for change in work.changes:
                holder, _ = self.store[MARKS].get(change.key, (saga, None))
                if holder != saga:
                    raise Marked(self.name, change.key, holder)

    def _undo(self, request: Request, known: StepAnswer | None) -> StepAnswer:
        compensation: Changes | None = request.value
        if known is not None and (known.what == UNDONE or (known.what == DONE and compensation is None)):
            return known
        answer = StepAnswer(UNDONE, "undone")
        if known is not None and known.what == DONE:
            assert compensation is not None
            saga = request.key[0]
            # It cannot be refused: see `SagaStep`.
            values = changed(self.store[DATA], compensation)
            transaction = {(DATA, key): value for key, value in values.items()}
            marks_off = self._marks_off(saga, request.key[1])
            self.store.write({**transaction, **marks_off, (INBOX, request.key): answer})
            self._observer.undone(self.name, saga, compensation)
        elif not self._flaws.forgets_undone:
            self.store.write({(INBOX, request.key): answer})
        return answer

    def _marks_off(self, saga: Any, number: int | None = None) -> dict[tuple[str, Any], None]:
        """Return what takes off the marks of one step of a saga, or of all its steps."""
        marks = self.store[MARKS].items()
        keys = [key for key, mark in marks if mark[0] == saga and number in (None, mark[1])]
        self._observer.unmarked(self.name, saga, keys)
        return {(MARKS, key): None for key in keys}
