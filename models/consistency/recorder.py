"""The recorder of a history: it stands around clients and writes down what they ask and are told.

An answer is `OK`, that to a compare-and-set which found another value too: its `result` is False. A failure
that says that nothing was done (`CallFailed.nothing_done`) is `FAILED`. Everything else, and a call that was
cut short or is not answered yet, is `UNKNOWN`: it may take effect at any later time. So is a change whose
answer is degraded, since something may have answered in the store's place. A read without an answer, for
whatever reason, has changed nothing, and is `FAILED`; a degraded one is what was told.

A process of the history is a client that asks one thing at a time; where a client has several calls under
way, each takes a process of this client that has none, and one whose ending is unknown is never used again.
Processes are not shared among clients, who are sessions: what one of them has seen, another need not see.

Where something inside asks again, as a `Retry` does, the operation is what a user has asked for, and done
twice it is a violation, if anybody sees it. With such a wrapper around the recorder each attempt is an
operation, and a value that is written again is one that only the general search can judge.

What happens at one instant is numbered in the order in which it happens. A list that is told is written down
as it is then, as a tuple: whoever told it may go on changing it.

A scan is recorded as what it tells: one read of each key, by a process of its own, over the whole time of the
scan. Keys that it asks for by name and is not told of are read as `None` (not where it asks for changes
alone, nor where a part of the answer is missing). So every checker of reads judges scans too; that the keys
were read at one instant none does. A scan without an answer is not recorded, as it has changed and told
nothing.

What a store holds at the beginning (`contents`) nobody has written, and a read of it would accuse the store
of having made it up. So a recorder that is given it begins with a write of each, over before all else.

It is an observer: it changes nothing, draws no number and schedules no event.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heappop, heappush
from math import inf
from typing import Any

from simulator import Environment

from ..endpoint import Call, Endpoint, Wrapper
from ..failures import CallFailed
from ..request import Request, Response
from ..validation import require_kind
from .operation import Ending, Operation


class HistoryRecorder:
    """Records the history of a run, on a store that holds `contents` (values by key) when it begins.

    Each of these is an operation of the history. Example::

        recorder = HistoryRecorder(env)
        client = recorder.around(store.client(host), site="zone-a")
        ...
        history = recorder.history()
    """

    def __init__(self, env: Environment, *, contents: Mapping[Any, Any] | None = None) -> None:
        if contents is not None:
            require_kind("contents", contents, Mapping)
        self._env = env
        self._ended: list[Operation] = _written_before(contents or {}, env.now)
        self._under_way: dict[int, _Begun] = {}
        self._process_count = 0
        self._session_count = 0
        self._order = 0

    def around(self, client: Endpoint, *, site: str = "") -> Endpoint:
        """Return an endpoint that does what `client` does, and is recorded; `site` says where it is.

        It is a session of its own.
        """
        session = _Session(self._session_count, site)
        self._session_count += 1
        return _Recorded(self, client, session)

    def history(self) -> tuple[Operation, ...]:
        """Return all operations invoked so far, in that order; the ending of those under way is unknown."""
        under_way = [
            _operation(process, begun, inf, 0, Ending.UNKNOWN, None)
            for process, begun in self._under_way.items()
        ]
        return tuple(sorted(self._ended + under_way, key=lambda each: each.invoked_order))

    # -- for the wrapper

    def begin(self, request: Request, session: _Session) -> int:
        """Note an invocation, and return its process."""
        if session.free:
            process = heappop(session.free)
        else:
            process = self._process_count
            self._process_count += 1
        self._order += 1
        self._under_way[process] = _Begun(request, session, self._env.now, self._order)
        return process

    def end(self, process: int, ending: Ending, result: Any = None) -> None:
        """Note how the operation of `process` has ended."""
        begun = self._under_way.pop(process)
        self._order += 1
        ended_at = inf if ending is Ending.UNKNOWN else self._env.now
        told = tuple(result) if isinstance(result, list) else result
        self._ended.append(_operation(process, begun, ended_at, self._order, ending, told))
        if ending is not Ending.UNKNOWN:
            heappush(begun.session.free, process)

    def invoke(self) -> tuple[float, int]:
        """Return time and order of an invocation now, of which it will be known later what it was."""
        self._order += 1
        return self._env.now, self._order

    def told(
        self, request: Request, session: _Session, invoked: tuple[float, int], response: Response
    ) -> None:
        """Note the reads that a scan, `invoked` at a time, has come to."""
        told = dict(response.value.items)
        if request.value is None and request.key.listed is not None and not response.degraded:
            told = {**dict.fromkeys(request.key.listed), **told}
        self._order += 1
        for process, (key, value) in enumerate(told.items(), self._process_count):
            begun = _Begun(Request("read", key), session, *invoked)
            self._ended.append(_operation(process, begun, self._env.now, self._order, Ending.OK, value))
        self._process_count += len(told)


@dataclass(slots=True)
class _Session:
    """A client: its number and place, and its processes without an operation."""

    number: int
    site: str
    free: list[int] = field(default_factory=list)


@dataclass(slots=True)
class _Begun:
    """An operation under way."""

    request: Request
    session: _Session
    invoked_at: float
    invoked_order: int


def _written_before(contents: Mapping[Any, Any], time: float) -> list[Operation]:
    """Return a write of each value by a process of its own, one after the other, all before order 0."""
    written = [(key, value) for key, value in contents.items() if value is not None]
    return [
        Operation(
            process=-number,
            kind="write",
            key=key,
            value=value,
            result=None,
            invoked_at=time,
            ended_at=time,
            ending=Ending.OK,
            invoked_order=-2 * number,
            ended_order=1 - 2 * number,
        )
        for number, (key, value) in zip(range(len(written), 0, -1), written, strict=True)
    ]


def _operation(
    process: int, begun: _Begun, ended_at: float, ended_order: int, ending: Ending, result: Any
) -> Operation:
    request = begun.request
    return Operation(
        process=process,
        kind=request.operation,
        key=request.key,
        value=request.value,
        result=result,
        invoked_at=begun.invoked_at,
        ended_at=ended_at,
        ending=ending,
        site=begun.session.site,
        invoked_order=begun.invoked_order,
        ended_order=ended_order,
        session=begun.session.number,
    )


class _Recorded(Wrapper):
    """A client whose operations are recorded."""

    def __init__(self, recorder: HistoryRecorder, target: Endpoint, session: _Session) -> None:
        super().__init__(target, name=target.name)
        self._recorder = recorder
        self._session = session

    def call(self, request: Request) -> Call:
        """Call the client, and write down what it asks and is told."""
        if request.operation == "scan":
            return (yield from self._scan(request))
        recorder = self._recorder
        process = recorder.begin(request, self._session)
        is_read = request.operation == "read"
        try:
            response = yield from self.target.call(request)
        except CallFailed as failure:
            recorder.end(process, Ending.FAILED if is_read or failure.nothing_done else Ending.UNKNOWN)
            raise
        except BaseException:
            recorder.end(process, Ending.FAILED if is_read else Ending.UNKNOWN)
            raise
        if response.degraded and not is_read:
            recorder.end(process, Ending.UNKNOWN)
        else:
            recorder.end(process, Ending.OK, response.value)
        return response

    def _scan(self, request: Request) -> Call:
        invoked = self._recorder.invoke()
        response = yield from self.target.call(request)
        self._recorder.told(request, self._session, invoked, response)
        return response
