"""A node of the lock service: a Raft node that besides ends leases, and keeps questions of those who wait.

A session that waits asks how far it has got (`await`). The leader keeps the question until the session has
the lock, or for `question_kept` seconds, so that the answer comes as soon as there is one, and nobody has to
ask all the time. Questions are in memory: they end in `NotLeader` with the leadership, and are asked again.
The place in the queue is in the log.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator import PARKED, Process

from ...request import Request
from ..raft import NotLeader, RaftNode
from .flaws import LockFlaws
from .leases import Leases
from .machine import LockMachine
from .operations import AWAIT, KEEP_ALIVE, Answer
from .settings import LockSettings


class LockNode(RaftNode):
    """A node with `lock_settings`; made by `LockService`, from what a `RaftNode` is made from besides."""

    __slots__ = ("_leases", "_questions", "lock_flaws", "lock_settings")

    def __init__(
        self, *arguments: Any, lock_settings: LockSettings, lock_flaws: LockFlaws, **settings: Any
    ) -> None:
        self.lock_settings = lock_settings
        self.lock_flaws = lock_flaws
        super().__init__(*arguments, **settings)

    @property
    def machine(self) -> LockMachine:
        """The sessions and locks, as far as the node has applied the log."""
        machine = self.replica.machine
        assert isinstance(machine, LockMachine)
        return machine

    # -- what a Raft node does, and what comes on top --------------------------------------------------------

    def remember(self) -> None:
        """Know of no lease, and have no question."""
        super().remember()
        self._leases = Leases(self)
        self._questions: dict[Process, tuple[str, int]] = {}

    def lead(self) -> None:
        """Lead, and end leases from now on."""
        super().lead()
        assert self.leadership is not None
        if self.lock_flaws.tokens_not_replicated:
            self.machine.token_last = 0
        self._leases.take_over(self.leadership)

    def step_down(self) -> None:
        """Follow; leases are the next leader's."""
        super().step_down()
        self._leases.retire()
        for process in self._questions:
            self.env.wake(process, None)
        self._questions.clear()

    def commit_to(self, index: int) -> None:
        """Apply what is committed, and see what became of sessions and questions."""
        super().commit_to(index)
        self._leases.note()
        if self._questions:
            self._answer_questions()

    # -- clients --------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Any]:
        """Answer a client."""
        if request.operation == KEEP_ALIVE:
            return self._keep_alive(request)
        if request.operation == AWAIT:
            return self._await(request)
        return super().answer(request)

    def _keep_alive(self, request: Request) -> Generator[Any, Any, bool]:
        yield from self._confirm(is_checked=not self.lock_flaws.renewals_unconfirmed)
        return self._leases.renew(request.key)

    def _await(self, request: Request) -> Generator[Any, Any, int | Answer]:
        yield from self._confirm()
        lock, session = request.key, request.value
        standing = self.machine.standing(lock, session)
        if standing is not Answer.NOT_YET:
            return standing
        process: Any = self.env.active_process
        self._questions[process] = (lock, session)
        try:
            with self.env.move_on_after(self.lock_settings.question_kept / self.host.clock_rate):
                standing = yield PARKED
        finally:
            self._questions.pop(process, None)
        if standing is None:
            raise NotLeader(self.name)
        return standing

    def _confirm(self, *, is_checked: bool = True) -> Generator[Any, Any, None]:
        """Make sure that the node leads, and that its machine is as of now."""
        if self.settings.command_work:
            yield from self.work(self.settings.command_work)
        leadership = self.leadership
        if leadership is None:
            raise NotLeader(self.name, None if self.leader is None else self.leader.name)
        if is_checked:
            yield from leadership.confirm()

    def _answer_questions(self) -> None:
        for process, (lock, session) in list(self._questions.items()):
            standing = self.machine.standing(lock, session)
            if standing is not Answer.NOT_YET:
                del self._questions[process]
                self.env.wake(process, standing)
