"""What a link, and an instance of a service, must do on a host that may crash, for `expectation`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from models.outcome import Outcome

from .cores_expectation import CoresModel
from .expectation import Clock, Done, Node, Withdraw
from .world import ONE_WAY


class HostModel:
    """A host: when it, or the processes of its instances, crash and start again, who stands there is told.

    Of the proxy, the host between client and server, `web` is the client's, `here` that of the two on which
    what is built next stands, and `cores` are those on which instances there work.
    """

    web: HostModel
    here: HostModel
    cores: CoresModel

    def __init__(self) -> None:
        self.is_up = True
        self.on_crash: list[Callable[[], None]] = []
        self.on_restart: list[Callable[[], None]] = []
        self.on_release: list[Callable[[], None]] = []
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
        for function in self.on_restart:
            function()

    def release(self) -> None:
        """Go for good: present callers are told, later ones meet silence."""
        for function in self.on_release:
            function()
        self.crash()

    def crash_processes(self) -> None:
        """Let the instances' processes crash, and the host stay up."""
        for function in self.on_process_crash:
            function()

    def restart_processes(self) -> None:
        """Let them listen again."""
        for function in self.on_process_restart:
            function()


def is_up(node: Node) -> bool:
    """Whether the process is there that `node` is in."""
    serving, place = node.serving, node.place
    is_listening = not isinstance(serving, InstanceModel) or serving.is_listening
    return is_listening and (place is None or place.is_up)


def at_each_start(node: Node, begin: Callable[[], None]) -> None:
    """Call `begin` whenever the process starts anew that `node` is in, alone or with its host."""
    if node.place is not None:
        node.place.on_restart.append(begin)
    if isinstance(node.serving, InstanceModel):
        node.serving.host.on_process_restart.append(begin)


def at_each_crash(node: Node, end: Callable[[], None]) -> None:
    """Call `end` whenever the process ends that `node` is in, alone or with its host."""
    if node.place is not None:
        node.place.on_crash.append(end)
    if isinstance(node.serving, InstanceModel):
        node.serving.host.on_process_crash.append(end)
        node.serving.host.on_release.append(end)


class HopModel(Node):
    """One more link: the question arrives later, and the answer too.

    Withdrawing reaches nobody unless it `propagates`, one way later.
    """

    def __init__(
        self,
        clock: Clock,
        inner: Node,
        host: HostModel,
        *,
        propagates: bool = False,
        one_way: float = ONE_WAY,
    ) -> None:
        super().__init__(clock)
        self.inner, self.host, self.propagates, self.one_way = inner, host, propagates, one_way
        self._place = host.here
        self.inside: dict[int, tuple[Withdraw, Done]] = {}
        self.call_count = self.answered_count = self.late_count = self.wasted_count = 0
        self.told: float | None = None
        host.on_crash.append(self.crash)
        host.on_release.append(self.reset)
        self.instance = inner.serving
        if isinstance(self.instance, InstanceModel):
            self.instance.hops.append(self)

    @property
    def place(self) -> HostModel:
        return self._place

    @property
    def as_of(self) -> float | None:
        return self.told

    def crash(self) -> None:
        inside, self.inside = self.inside, {}
        for withdraw, _ in inside.values():
            withdraw(True)

    def reset(self) -> None:
        """The process at the other end has ended, with all that stands around the instance there."""
        inside, self.inside = self.inside, {}
        for withdraw, back in inside.values():
            withdraw(True)
            back(Outcome.UNKNOWN)

    def ask(self, done: Done) -> Withdraw:
        self.call_count += 1
        number, is_wanted, is_on_the_way = self.call_count, True, False

        def arrive() -> None:
            if not self.host.is_up:
                return
            if isinstance(self.instance, InstanceModel) and not self.instance.is_listening:
                back(Outcome.REFUSED)
            else:
                self.inside[number] = self.inner.ask(back), back

        def back(outcome: Outcome) -> None:
            nonlocal is_on_the_way
            is_on_the_way = True
            self.inside.pop(number, None)
            self.wasted_count += not is_wanted
            self.late_count += not is_wanted
            self.clock.after(self.one_way, partial(deliver, outcome, self.inner.as_of))

        def deliver(outcome: Outcome, as_of: float | None) -> None:
            nonlocal is_on_the_way
            is_on_the_way = False
            self.told = as_of
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
                self.inside.pop(number)[0](False)

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
    """`threads` questions at a time, `queue` more wait, others are rejected at once.

    What fails inside is a server error.
    """

    def __init__(
        self, clock: Clock, inner: Node, host: HostModel, *, threads: int = 200, queue: int = 100
    ) -> None:
        super().__init__(clock)
        self.inner, self.host, self.free, self.queue = inner, host, threads, queue
        self.is_listening = True
        self.hops: list[HopModel] = []
        self.waiting: list[_Visit] = []
        self.present: dict[int, _Visit] = {}
        self.told: float | None = None
        self.call_count = self.completed_count = self.failed_count = self.rejected_count = (
            self.aborted_count
        ) = 0
        host.on_crash.append(self.crash)
        host.on_process_crash.append(self.crash_process)
        host.on_release.append(self.crash_process)
        host.on_process_restart.append(self.restart_process)

    @property
    def serving(self) -> Node:
        return self

    @property
    def place(self) -> HostModel:
        return self.host

    @property
    def as_of(self) -> float | None:
        return self.told

    def crash(self) -> list[_Visit]:
        """End everything; return who would have been told."""
        visits = list(self.present.values())
        self.present.clear()
        self.waiting.clear()
        for visit in visits:
            visit.abort(True)
        return visits

    def crash_process(self) -> None:
        self.is_listening = False
        for hop in self.hops:
            hop.reset()
        for visit in self.crash():
            # Who has called from elsewhere hears of it after what is due now.
            visit.next = self.clock.after(0.0, partial(visit.done, Outcome.UNKNOWN))

    def restart_process(self) -> None:
        self.is_listening = True

    def ask(self, done: Done) -> Withdraw:
        if not self.host.is_up:
            return lambda killed: None
        if not self.is_listening:
            return self.answer(done, Outcome.REFUSED)
        visit = _Visit(self, done)
        if self.hops:
            self.enter(visit)
        else:
            # From elsewhere: the process here starts when whoever has called it waits for it.
            visit.next = self.clock.after(0.0, partial(self.enter, visit), at_once=True)
        return visit.withdraw

    def enter(self, visit: _Visit) -> None:
        """Count a question, and let it in, or wait, or have none of it."""
        self.call_count += 1
        visit.number = self.call_count
        if not self.free and len(self.waiting) >= self.queue:
            self.rejected_count += 1
            self.tell(visit, Outcome.REJECTED)
            return
        self.present[visit.number] = visit
        if self.free:
            self.free -= 1
            visit.has_thread = True
            visit.begin()
        else:
            self.waiting.append(visit)

    def tell(self, visit: _Visit, outcome: Outcome) -> None:
        """Answer: who calls over a link does so in this process, and hears of it at once.

        Who calls from elsewhere waits for a process here, and goes on after what is due now.
        """
        end = partial(self.hand_over, visit, outcome, self.inner.as_of)
        visit.next = self.clock.after(0.0, end, at_once=bool(self.hops))

    def hand_over(self, visit: _Visit, outcome: Outcome, as_of: float | None) -> None:
        """Let who has asked have the answer, and know as of when it is."""
        self.told = as_of
        visit.done(outcome)

    def leave(self, visit: _Visit) -> None:
        """Count a question that is cut short, and take its place."""
        self.aborted_count += 1
        if visit.has_thread:
            self.release()
        elif visit in self.waiting:
            self.waiting.remove(visit)

    def end(self, number: int, outcome: Outcome) -> None:
        """Pass on the answer to a question."""
        visit = self.present.pop(number, None)
        if visit is None:
            return
        self.completed_count += outcome.is_answer
        self.failed_count += not outcome.is_answer
        self.release()
        if not outcome.is_answer:
            outcome = Outcome.SERVER_ERROR
        if self.hops:
            self.hand_over(visit, outcome, self.inner.as_of)
        else:
            self.tell(visit, outcome)

    def release(self) -> None:
        """Give a thread to the first that waits, or back."""
        if self.waiting:
            self.waiting.pop(0).take_over()
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


class _Visit:
    """One question at an instance; `next` is what takes no time, and is still to come."""

    def __init__(self, instance: InstanceModel, done: Done) -> None:
        self.instance, self.done = instance, done
        self.number = 0
        self.has_thread = False
        self.withdraw_inner: Withdraw | None = None
        self.next: Withdraw | None = None

    def begin(self) -> None:
        if self.number in self.instance.present:
            self.withdraw_inner = self.instance.inner.ask(partial(self.instance.end, self.number))

    def take_over(self) -> None:
        # It goes on after what is due now, and may be gone by then.
        self.has_thread = True
        self.instance.clock.after(0.0, self.begin)

    def abort(self, killed: bool) -> None:
        if self.withdraw_inner is not None:
            self.withdraw_inner(killed)
        self.instance.leave(self)

    def withdraw(self, killed: bool) -> None:
        if killed or self.instance.hops:
            self.go(killed)
        else:
            # The process here is cancelled when whoever has called it from elsewhere has gone on.
            self.done = lambda outcome: None
            self.instance.clock.after(0.0, partial(self.go, False), at_once=True)

    def go(self, killed: bool) -> None:
        if self.instance.present.pop(self.number, None) is not None:
            self.abort(killed)
        elif self.next is not None:
            self.next(killed)


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
        return lambda killed: current(killed)  # noqa: PLW0108 - what is current changes


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
            for index in withdrawals:
                if killed:
                    stop(index, True)
                else:
                    self.clock.after(0.0, partial(stop, index, False), at_once=True)

        def begin(index: int) -> None:
            withdrawals[index] = self.inner[index].ask(partial(end, index))

        def stop(index: int, killed: bool) -> None:
            if index not in outcomes:
                withdrawals[index](killed)

        is_gone = False
        # Each has a process, which starts, and is cancelled, before all else that is due, one by one.
        withdrawals = {
            index: self.clock.after(0.0, partial(begin, index), at_once=True)
            for index in range(len(self.inner))
        }
        return withdraw
