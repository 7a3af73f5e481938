"""A replica: the state machine of a node, with the sessions of clients, at one position of the log.

A client whose answer is lost asks again, and its command may then stand in the log twice. It is applied once,
since the sessions are a part of the replicated state: for each client the answers to its latest commands,
which are given again instead of applying anything. A client says with each command which ones it will not ask
for any more (`floor`), and their answers are forgotten; a copy of one of those that is late after all is
ignored. Where an earlier command is still open the floor cannot rise, and later ones that were given up are
named one by one (`given_up`), which the thesis does not: so no command is applied after another that its
client has sent when it had given the first one up. Whoever undoes what may have been done relies on that.

Leaves out: sessions never end, where LogCabin's expire after an hour by the leader's clock, which stands in
each entry. Replicas that have forgotten a client must not take it for a new one, or a late copy of its first
command would be applied again; so whoever forgets also needs clients to register, which is a round through
the log before the first command of each, and to be heard of while they are idle. Here nobody registers. What
that costs: 356 bytes for each client that there ever was, on each replica, and 332 in its snapshot (measured
with 100,000 clients, CPython 3.11), besides the answers that it may still ask for; the clients of a study are
thousands at most. On the wire a snapshot weighs what the machine says, without the sessions.

Source: Ongaro 2014, section 6.3.
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
        for given_up in command.given_up:
            answers.setdefault(given_up, None)
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
