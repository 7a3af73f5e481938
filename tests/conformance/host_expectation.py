"""What a link, and an instance of a service, must do on a host that may crash, for `expectation`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from models.outcome import Outcome

from .expectation import Clock, Done, Node, Withdraw
from .world import ONE_WAY


class HostModel:
    """The host between client and server: when it crashes, all who stand on it are told."""

    def __init__(self) -> None:
        self.is_up = True
        self.on_crash: list[Callable[[], None]] = []
        self.on_process_crash: list[Callable[[], None]] = []
        self.on_process_restart: list[Callable[[], None]] = []

    def crash(self) -> None:
        """Forget everything; say nothing."""
        self.is_up = False
        for function in self.on_crash:
            function()

    def restart(self) -> None:
        """Be up again."""
        self.is_up = True


class HopModel(Node):
    """One more link: the question arrives later, and the answer too; withdrawing reaches nobody unless it `propagates`, one way later."""

    def __init__(
        self, clock: Clock, inner: Node, host: HostModel, *, propagates: bool = False, one_way: float = ONE_WAY
    ) -> None:
        super().__init__(clock)
        self.inner, self.host, self.propagates, self.one_way = inner, host, propagates, one_way
        self.inside: dict[int, Withdraw] = {}
        self.call_count = self.answered_count = self.late_count = self.wasted_count = 0
        host.on_crash.append(self.crash)

    def crash(self) -> None:
        inside, self.inside = self.inside, {}
        for withdraw in inside.values():
            withdraw(True)

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        number, is_wanted, is_on_the_way = self.call_count, True, False

        def arrive() -> None:
            if self.host.is_up:
                self.inside[number] = self.inner.ask(back)

        def back(outcome: Outcome) -> None:
            nonlocal is_on_the_way
            is_on_the_way = True
            del self.inside[number]
            self.wasted_count += not is_wanted
            self.late_count += not is_wanted
            self.clock.after(self.one_way, lambda: deliver(outcome))

        def deliver(outcome: Outcome) -> None:
            nonlocal is_on_the_way
            is_on_the_way = False
            if is_wanted:
                self.answered_count += 1
                done(outcome)

        def withdraw(killed: bool) -> None:
            nonlocal is_wanted
            is_wanted = False
            self.late_count += is_on_the_way
            if self.propagates and not killed:
                self.clock.after(self.one_way, cancel)

        def cancel() -> None:
            if number in self.inside:
                self.inside.pop(number)(False)

        self.clock.after(self.one_way, arrive)
        return withdraw

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.call_count,
            "answered_count": self.answered_count,
            "late_count": self.late_count,
            "wasted_count": self.wasted_count,
        }


class InstanceModel(Node):
    """`threads` questions at a time, `queue` more wait, others are rejected at once; what fails inside is a server error."""

    def __init__(
        self, clock: Clock, inner: Node, host: HostModel, *, threads: int = 200, queue: int = 100
    ) -> None:
        super().__init__(clock)
        self.inner, self.host, self.free, self.queue = inner, host, threads, queue
        self.is_listening = True
        self.waiting: list[Callable[[], None]] = []
        self.present: dict[int, tuple[Done, Callable[[bool], None]]] = {}
        self.resets: dict[int, Withdraw] = {}
        self.call_count = self.completed_count = self.failed_count = self.rejected_count = self.aborted_count = 0
        host.on_crash.append(self.crash)
        host.on_process_crash.append(self.crash_process)
        host.on_process_restart.append(self.restart_process)

    def crash(self) -> dict[int, Done]:
        """End everything; return who would have been told."""
        present, self.present = self.present, {}
        self.waiting.clear()
        for _, withdraw in present.values():
            withdraw(True)
        return {number: done for number, (done, _) in present.items()}

    def crash_process(self) -> None:
        self.is_listening = False
        for number, done in self.crash().items():
            self.resets[number] = self.answer(done, Outcome.UNKNOWN)

    def restart_process(self) -> None:
        self.is_listening = True

    def ask(self, done: Done) -> Withdraw:
        if not self.host.is_up:
            return lambda killed: None
        if not self.is_listening:
            return self.answer(done, Outcome.REFUSED)
        self.call_count += 1
        if not self.free and len(self.waiting) >= self.queue:
            self.rejected_count += 1
            return self.answer(done, Outcome.REJECTED)
        return self._take(self.call_count, done)

    def _take(self, number: int, done: Done) -> Withdraw:
        withdraw_inner: list[Withdraw] = []
        has_thread = bool(self.free)

        def begin() -> None:
            withdraw_inner.append(self.inner.ask(end))

        def take_over() -> None:
            nonlocal has_thread
            has_thread = True
            # It goes on after what is due now, and may be gone by then.
            self.clock.after(0.0, lambda: begin() if number in self.present else None)

        def end(outcome: Outcome) -> None:
            if self.present.pop(number, None) is None:
                return
            self.completed_count += outcome.is_answer
            self.failed_count += not outcome.is_answer
            self._release()
            done(outcome if outcome.is_answer else Outcome.SERVER_ERROR)

        def leave(killed: bool) -> None:
            self.aborted_count += 1
            for withdraw_it in withdraw_inner:
                withdraw_it(killed)
            if has_thread:
                self._release()
            elif take_over in self.waiting:
                self.waiting.remove(take_over)

        def withdraw(killed: bool) -> None:
            if self.present.pop(number, None) is not None:
                leave(killed)
            elif number in self.resets:
                self.resets[number](killed)

        self.present[number] = (done, leave)
        if has_thread:
            self.free -= 1
            begin()
        else:
            self.waiting.append(take_over)
        return withdraw

    def _release(self) -> None:
        if self.waiting:
            self.waiting.pop(0)()
        else:
            self.free += 1

    def counts(self) -> dict[str, Any]:
        return {
            "call_count": self.call_count,
            "completed_count": self.completed_count,
            "failed_count": self.failed_count,
            "rejected_count": self.rejected_count,
            "aborted_count": self.aborted_count,
        }


class OptionalModel(Node):
    """What fails is answered all the same, degraded."""

    def __init__(self, clock: Clock, inner: Node) -> None:
        super().__init__(clock)
        self.inner = inner

    def ask(self, done: Done) -> Withdraw:
        return self.inner.ask(lambda outcome: done(outcome if outcome.is_answer else Outcome.DEGRADED))


class SequenceModel(Node):
    """A pause, the question, and after an answer another pause."""

    def __init__(self, clock: Clock, inner: Node, before: float, after: float) -> None:
        super().__init__(clock)
        self.inner, self.before, self.after = inner, before, after

    def ask(self, done: Done) -> Withdraw:
        def begin() -> None:
            nonlocal current
            current = self.inner.ask(end)

        def end(outcome: Outcome) -> None:
            nonlocal current
            if outcome.is_answer and self.after:
                current = self.clock.after(self.after, lambda: done(outcome))
            else:
                done(outcome)

        current = self.clock.after(self.before, begin)
        return lambda killed: current(killed)


class ParallelModel(Node):
    """Asks all at once: the last answer, or the first failure, which withdraws the others."""

    def __init__(self, clock: Clock, inner: list[Node]) -> None:
        super().__init__(clock)
        self.inner = inner

    def ask(self, done: Done) -> Withdraw:
        outcomes: dict[int, Outcome] = {}
        is_over = False

        def end(index: int, outcome: Outcome) -> None:
            nonlocal is_over
            outcomes[index] = outcome
            if not is_over and (not outcome.is_answer or len(outcomes) == len(self.inner)):
                # Whoever ends at the same instant does so before the rest hears of it.
                is_over = True
                worst = max(outcomes.values()) if outcome.is_answer else outcome
                self.clock.after(0.0, lambda: finish(worst))

        def finish(outcome: Outcome) -> None:
            if not is_gone:
                withdraw(False)
                done(outcome)

        def withdraw(killed: bool) -> None:
            nonlocal is_gone
            is_gone = True
            for index, each in withdrawals.items():
                if index not in outcomes:
                    each(killed)

        def begin(index: int) -> None:
            # One after the other: what the first does in no time is done before the second begins.
            if not is_gone and index < len(self.inner):
                withdrawals[index] = self.inner[index].ask(partial(end, index))
                self.clock.after(0.0, lambda: begin(index + 1), at_once=True)

        is_gone = False
        withdrawals: dict[int, Withdraw] = {}
        begin(0)
        return withdraw
