"""A command handler: loads the state of a stream, lets the decider decide, and appends what happens.

A process on a host, with a client of the event log on the same host. Any number of them may work on the same
streams: what keeps them apart is the version that each append expects. Rules:

1. A command to which the decider objects is `Declined` at once: that is so whenever it comes.
2. The state of a stream is kept in memory once it was needed (see `loaded_streams`), and may be old. If
   another handler has changed the stream, the append is a conflict: what is missing is read, and the command
   decided anew, up to `conflicts_max` times; then it is `Unavailable`. So a decision stands only if it was
   made by the state that it changes.
3. A rejection is decided by a state too. With `records_rejections` it is appended, as a commit without
   events that expects the version, and stands for ever, as an acceptance does. Without, it is decided by a
   state that was read just now, and answered; a copy of the same command that is still on its way may then be
   accepted: whoever asks again without having heard the first answer must not rely on it.
4. A command comes with an id. If it comes again, to whichever handler, the log has its commit, and the answer
   is the first one. So whoever does not know what became of a command asks again.
5. A failure to read means that nothing was done: `Unavailable`. After a failed append nobody knows
   (`TimedOut`): even where the log refused, since what stands between (a retry) may have asked before. An
   answer that is degraded is none of the log's.
6. What is submitted is answered when it is in the queue (see `queue`), carried out later, and tried again
   until it is answered. Its fate is what this handler remembers, or else what the log says. A crash takes
   what was in memory: its fate is then `UNHEARD_OF`, unless the log has it.
7. A read of a stream is answered from the log, as of now: the command side as a remedy for a read model that
   is behind. It costs the log a request.

Leaves out: states and fates that are dropped from memory; snapshots of long streams; commands to several
streams at once (see sagas). Source: Young, "CQRS Documents" (2010), on command handlers; Vernon,
"Implementing Domain-Driven Design" (2013), appendix A, on retrying after a concurrency conflict.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from simulator import CallFailed, Environment, TimedOut

from ...endpoint import Endpoint, require_endpoint
from ...failures import Rejected, ServerError, Unavailable
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...replication import READ
from ...request import Request, Response
from ...storage import Disk
from ...validation import require_kind
from ..flaws import NO_COMMAND_FLAWS, CommandFlaws
from ..log import Commit, Conflict, append_commit, find_command
from ..waiting import WaitingLine
from .command import COMMAND, FATE, SUBMIT, UNHEARD_OF, Answer, Command, Declined, Submitted, answer_of
from .decider import Decider, Refusal
from .loaded_streams import LoadedStream, LoadedStreams
from .queue import CommandQueue
from .settings import CommandSettings

_DEFAULT = CommandSettings()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCounts:
    """What has become of the commands so far.

    Of those carried out, `accepted_count` and `declined_count` were answered so, some of them again;
    `conflict_count` times one was decided anew, and `gave_up_count` times too often. `submitted_count` were
    taken on, `lost_count` of which a crash took before this handler knew that they were done; `pending_count`
    are not done yet.
    """

    accepted_count: int
    declined_count: int
    conflict_count: int
    gave_up_count: int
    submitted_count: int
    lost_count: int
    pending_count: int


class CommandHandler(Node):
    """A handler on `host` of the commands of a `decider`; `log` is a client of the event log there.

    `disk` is for a durable queue (by default a new one). `instance` settings are those of `Node`.

    Example::

        handler = CommandHandler(env, host, network, Timeout(env, log.client(host), 0.5), ItemDecider())
        shop = Timeout(env, network.connect(web, handler), 1.0)
        answer = (yield from shop.call(carry_out(Command("c1", 7, Reserve("order 31", "ann", 2))))).value
    """

    __slots__ = (
        "_accepted_count",
        "_answers",
        "_conflict_count",
        "_decider",
        "_declined_count",
        "_fates",
        "_flaws",
        "_gave_up_count",
        "_idle",
        "_log",
        "_queue",
        "_settings",
        "_streams",
        "_submitted_count",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        log: Endpoint,
        decider: Decider,
        *,
        settings: CommandSettings = _DEFAULT,
        disk: Disk | None = None,
        flaws: CommandFlaws = NO_COMMAND_FLAWS,
        name: str = "commands",
        **instance: Any,
    ) -> None:
        require_endpoint("log", log)
        require_kind("decider", decider, Decider)
        require_kind("settings", settings, CommandSettings)
        require_kind("flaws", flaws, CommandFlaws)
        require_kind("host", host, Host)
        if log.host is not host:
            raise ValueError(f"log must be a client on {host!r} as the handler is, got one on {log.host!r}")
        if disk is not None:
            require_kind("disk", disk, Disk)
        if disk is not None and disk.host is not host:
            raise ValueError(f"disk must be one of host {host.name!r}, got that of {disk.host.name!r}")
        self._log = log
        self._decider = decider
        self._streams = LoadedStreams(log, decider, name)
        self._settings = settings
        self._flaws = flaws
        self._queue = CommandQueue(self, disk or Disk(host), settings.queue_durability)
        self._answers: dict[str, Callable[[Request], Generator[Any, Any, Any]]] = {
            COMMAND: self._answer_command,
            SUBMIT: self._submit,
            FATE: self._tell_fate,
            READ: self._tell_state,
        }
        self._accepted_count = self._declined_count = self._conflict_count = self._gave_up_count = 0
        self._submitted_count = 0
        super().__init__(env, host, network, name=name, **instance)

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Know no stream and no fate, and have no queue."""
        self._streams.forget()
        self._fates: dict[Hashable, Answer] = {}
        self._idle = WaitingLine(self.env)
        self._queue.remember()

    def recover(self) -> Generator[Any, Any, None]:
        """Have again what is left of the queue."""
        return self._queue.recover()

    def wake_up(self) -> None:
        """Let the workers begin."""
        for number in range(self._settings.workers):
            self.run(self._work_off(), f"worker {number + 1}")

    # -- requests -------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a command or a question."""
        answer = self._answers.get(request.operation)
        if answer is None:
            raise ServerError(f"{self.name}: a command handler knows no operation {request.operation!r}")
        if self._settings.work:
            yield from self.work(self._settings.work)
        return (yield from answer(request))

    def _answer_command(self, request: Request) -> Generator[Any, Any, Response]:
        answer = yield from self._carry_out(request.value)
        return Response(answer, version=answer.position)

    def _submit(self, request: Request) -> Generator[Any, Any, Submitted | Declined]:
        command: Command = request.value
        objection = self._decider.objection(command.intent)
        if objection is not None:
            self._declined_count += 1
            return Declined(command.id, objection)
        queue = self._queue
        if command.id not in queue and command.id not in self._fates:
            if len(queue) >= self._settings.queue_max:
                raise Rejected(self.name, "queue full")
            self._submitted_count += 1
        if command.id not in self._fates:
            self._idle.reached(0)  # they begin when this process waits, or has ended
            yield from queue.put(command)
        return Submitted(command.id)

    def _tell_fate(self, request: Request) -> Generator[Any, Any, Any]:
        command: Hashable = request.key
        if command in self._fates:
            return self._fates[command]
        if command in self._queue:
            return Submitted(command)
        found: Commit | None = yield from self._streams.ask(find_command(command))
        return UNHEARD_OF if found is None else answer_of(found)

    def _tell_state(self, request: Request) -> Generator[Any, Any, Response]:
        position = yield from self._streams.refresh(request.key)
        return Response(self._streams[request.key].state, version=position)

    # -- carrying out ---------------------------------------------------------------------------------------

    def _carry_out(self, command: Command) -> Generator[Any, Any, Answer]:
        objection = self._decider.objection(command.intent)
        answer = (yield from self._decide(command)) if objection is None else Declined(command.id, objection)
        if isinstance(answer, Declined):
            self._declined_count += 1
        else:
            self._accepted_count += 1
        return answer

    def _decide(self, command: Command) -> Generator[Any, Any, Answer]:
        streams, stream = self._streams, command.stream
        if stream not in streams:
            yield from streams.refresh(stream)
        for attempt in range(self._settings.conflicts_max + 1):
            if attempt:
                self._conflict_count += 1
                yield from streams.refresh(stream)
            decision = self._decision(command)
            if isinstance(decision, Refusal) and not self._settings.records_rejections:
                yield from streams.refresh(stream)
                decision = self._decision(command)
                if isinstance(decision, Refusal):
                    return (yield from self._refuse(command, decision))
            commit = yield from self._append(command, decision, streams[stream])
            if isinstance(commit, Commit):
                streams.learn(commit)
                return answer_of(commit)
        self._gave_up_count += 1
        streams.drop(stream)  # or whoever asks again would be judged by it again
        raise Unavailable(
            f"{self.name}: command {command.id!r} has met others {self._settings.conflicts_max + 1} times"
        )

    def _decision(self, command: Command) -> Sequence[Any] | Refusal:
        return self._decider.decide(self._streams[command.stream].state, command.intent)

    def _refuse(self, command: Command, refusal: Refusal) -> Generator[Any, Any, Answer]:
        """Turn down what is to be turned down by the state of just now, and leave no trace of it."""
        # It may have been carried out before, and be turned down now for what it has done itself.
        found: Commit | None = yield from self._streams.ask(find_command(command.id))
        return Declined(command.id, refusal.reason) if found is None else answer_of(found)

    def _append(
        self, command: Command, decision: Any, known: LoadedStream
    ) -> Generator[Any, Any, Commit | Conflict]:
        is_refused = isinstance(decision, Refusal)
        request = append_commit(
            command.stream,
            () if is_refused else decision,
            command=None if self._flaws.forgets_ids else command.id,
            expected=None if self._flaws.ignores_versions else known.version,
            expected_epoch=known.epoch,
            rejection=decision.reason if is_refused else None,
            time=self.env.now,
        )
        try:
            answer = yield from self._log.call(request)
        except CallFailed as failure:
            raise TimedOut(f"{self.name}: nobody knows whether the log has {command.id!r}") from failure
        if answer.degraded:  # a stand-in's, or what was told of an earlier commit
            raise TimedOut(f"{self.name}: nobody knows whether the log has {command.id!r}")
        return answer.value  # type: ignore[no-any-return]

    # -- submitted commands ---------------------------------------------------------------------------------

    def _work_off(self) -> Generator[Any, Any, None]:
        queue = self._queue
        while True:
            command = queue.take()
            if command is None:
                yield from self._idle.wait(0)
                continue
            self._fates[command.id] = yield from self._carry_out_at_last(command)
            queue.done(command)

    def _carry_out_at_last(self, command: Command) -> Generator[Any, Any, Answer]:
        while True:
            try:
                return (yield from self._carry_out(command))
            except CallFailed:
                yield self._settings.retry_pause / self.host.clock_rate

    def counts(self) -> CommandCounts:
        """Return what has become of the commands so far."""
        return CommandCounts(
            accepted_count=self._accepted_count,
            declined_count=self._declined_count,
            conflict_count=self._conflict_count,
            gave_up_count=self._gave_up_count,
            submitted_count=self._submitted_count,
            lost_count=self._queue.lost_count,
            pending_count=len(self._queue),
        )
