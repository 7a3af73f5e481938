"""A replica: the state machine of a node, with the sessions of clients, at one position of the log.

A client whose answer is lost asks again, and its command may then stand in the log twice. It is applied once,
since the sessions are a part of the replicated state: for each client the answers to its latest commands,
which are given again instead of applying anything. A client says with each command which ones it will not ask
for any more (`floor`), and their answers are forgotten; a copy of one of those that is late after all is
ignored.

Leaves out: sessions end never, where LogCabin's expire after an hour; so nobody has to register. Source:
Ongaro 2014, section 6.3.
"""

from __future__ import annotations

from typing import Any

from .entries import Command, Entry, Snapshot
from .state_machine import StateMachine


class Session:
    """What is remembered of one client: `answers` by sequence number, from `floor` on."""

    __slots__ = ("answers", "floor")

    def __init__(self, floor: int, answers: dict[int, Any]) -> None:
        self.floor = floor
        self.answers = answers

    def raise_floor(self, floor: int) -> None:
        """Forget the answers below `floor`."""
        self.floor = floor
        answers = self.answers
        for sequence in [each for each in answers if each < floor]:
            del answers[sequence]


class Replica:
    """A `machine` and the sessions of its clients, after the first `index` entries of the log."""

    __slots__ = ("_ignores_sessions", "_sessions", "index", "machine", "term")

    def __init__(self, machine: StateMachine, *, ignores_sessions: bool = False) -> None:
        self.machine = machine
        self.index = 0
        self.term = 0
        self._sessions: dict[int, Session] = {}
        self._ignores_sessions = ignores_sessions

    def apply(self, entry: Entry) -> Any:
        """Apply the next entry, and return the answer to its command."""
        self.index += 1
        self.term = entry.term
        command = entry.command
        if command is None:
            return None
        if command.client is None or self._ignores_sessions:
            return self.machine.apply(command.request)
        return self._apply_once(command.client, command)

    def _apply_once(self, client: int, command: Command) -> Any:
        session = self._sessions.get(client)
        if session is None:
            session = self._sessions[client] = Session(0, {})
        sequence = command.sequence
        if sequence < session.floor:
            return None
        answers = session.answers
        if sequence in answers:
            return answers[sequence]
        if command.floor > session.floor:
            session.raise_floor(command.floor)
        answer = answers[sequence] = self.machine.apply(command.request)
        return answer

    def snapshot(self) -> Snapshot:
        """Return all of it as a value."""
        return Snapshot(
            index=self.index,
            term=self.term,
            state=self.machine.snapshot(),
            sessions={
                client: (session.floor, dict(session.answers)) for client, session in self._sessions.items()
            },
            size_bytes=self.machine.size_bytes,
        )

    def restore(self, snapshot: Snapshot) -> None:
        """Be what `snapshot` holds."""
        self.index = snapshot.index
        self.term = snapshot.term
        self.machine.restore(snapshot.state)
        self._sessions = {
            client: Session(floor, dict(answers)) for client, (floor, answers) in snapshot.sessions.items()
        }
