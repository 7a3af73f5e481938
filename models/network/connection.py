"""A call across the network, as an endpoint around the one at the other end.

Rules, in order:

1. The request is carried to the target's host. If it is lost for good, nobody answers; if TCP gives up, the
caller gets `ConnectionLost`.
2. On a host that is down nobody answers. On a host that is up, an endpoint that does not listen refuses: the
caller gets `Refused` when the refusal has been carried back, after one round trip.
3. The endpoint works on the call, in a process of its own that is bound to the host and dies with it. A crash
of the endpoint's process resets the connection: the caller gets `ConnectionLost` after one way back. A crash
of the
   host says nothing.
4. The answer, a response or a failure, is carried back. If nobody waits for it any more it is counted as
late, and so is the work that was done for it. An endpoint that raises `MessageGone` sends none.

Callers that should die with the source host run on it (`Host.start`, or within a call that came over the
network). A caller that is bound to no host, such as a workload, is not stopped by its crash.

A caller that has given up (deadline, cancellation, crash) does not stop the work at the other end, unless
`propagate_cancellation` is set; then a message that cancels it is sent after the request.

One process carries the whole call: the way there, the work, and the way back. Source: the failure cases are
those of TCP sockets (RFC 9293: resets, refusals, silence).
"""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import dataclass
from math import inf
from typing import Any

from simulator import Cancelled, Environment, Process

from ..endpoint import Call, Endpoint
from ..failures import CallFailed, ConnectionLost, Refused
from ..request import Request, Response
from .path import MessageGone, Path
from .watching import Passage, Role, SentMessage


@dataclass(frozen=True, slots=True, kw_only=True)
class ConnectionStatistics:
    """What has become of the calls over a connection so far.

    Of `call_count` calls, `answered_count` answers (failures included) reached a caller that was waiting, and
    `late_count` one that had gone. `wasted_count` calls were worked on to the end although the caller had
    gone; `wasted_time` is the time in seconds that they spent at the target, queueing included.
    """

    call_count: int
    answered_count: int
    late_count: int
    wasted_count: int
    wasted_time: float


class Connection(Endpoint):
    """Calls `target`, on another host or the same, over the network; made by `Network.connect`."""

    __slots__ = (
        "_answered_count",
        "_back",
        "_call_count",
        "_env",
        "_is_quick_back",
        "_is_quick_there",
        "_late_count",
        "_latencies_back",
        "_latencies_there",
        "_serving",
        "_target_host",
        "_there",
        "_transport",
        "_wasted_count",
        "_wasted_time",
        "cpu_share",
        "has_stopped",
        "host",
        "is_listening",
        "name",
        "on_left",
        "on_stopped",
        "propagate_cancellation",
        "target",
    )

    def __init__(
        self,
        env: Environment,
        there: Path,
        back: Path,
        target: Endpoint,
        *,
        transport: str,
        propagate_cancellation: bool,
        name: str,
    ) -> None:
        self.name = name
        self.target = target
        self.host = there.source
        self.propagate_cancellation = propagate_cancellation
        self._env = env
        self._there = there
        self._target_host = there.target
        self._serving = target.serving
        self._back = back
        self._transport = transport
        self._call_count = 0
        self._answered_count = 0
        self._late_count = 0
        self._wasted_count = 0
        self._wasted_time = 0.0
        # What wraps it on its own host may be called from elsewhere, and then it is the process that serves.
        self.is_listening = True
        self.has_stopped = False
        self.cpu_share = None
        self.on_left = None
        self.on_stopped = None
        there.follow(self._follow_there)
        back.follow(self._follow_back)

    # What a call on the hot path has to know of both ways, kept here: with thousands of hosts it costs to
    # look at two more objects.

    def _follow_there(self) -> None:
        self._is_quick_there = self._there.is_quick
        self._latencies_there = self._there.latencies

    def _follow_back(self) -> None:
        self._is_quick_back = self._back.is_quick
        self._latencies_back = self._back.latencies

    def call(self, request: Request) -> Call:
        """Send `request` to the target and wait for its answer."""
        self._call_count += 1
        if self._is_quick_there:
            # The process begins its life when the request arrives: nothing has to wake up only to go to
            # sleep.
            latency = self._latencies_there.pop()
            if latency == inf:
                latency = self._there.draw_latency()
            carrier = Process(self._env, self._arrive(request), self, latency)
        elif self._there.is_plain:
            carrier = self._send_seen(request)
        else:
            carrier = self._env.process(self._carry(request), self)
        try:
            answer = yield carrier
        except BaseException as end:
            if carrier.triggered:
                # Either the answer was on its way, or there never will be one.
                self._late_count += carrier.ok and carrier.value is not None
            elif self.propagate_cancellation and isinstance(end, Cancelled):
                self._send_cancellation(carrier, request)
            raise
        self._answered_count += 1
        if type(answer) is not Response and isinstance(answer, CallFailed):
            try:
                raise answer
            finally:
                # The failure's traceback holds this frame: without this, each that fails is garbage in a
                # circle, and to find it was a fifth of a run's time where most calls fail.
                del answer, carrier
        return answer

    # What follows runs in the process that carries the call. Its value is the answer, a failure included: an
    # exception would have to be copied, and would stop the run where the caller has gone. Where there will be
    # no answer the process ends all the same, and lets its caller wait for ever.

    def _send_seen(self, request: Request) -> Process:
        """Send the request a plain way while somebody watches: to the engine, as if nobody did."""
        sent = self._there.sent(Role.REQUEST, request)
        latency = self._there.next_latency()
        if sent is None:
            return Process(self._env, self._arrive(request), self, latency)
        sent.arrives_at = self._env.now + latency
        return Process(self._env, self._arrive_seen(request, sent), self, latency)

    def _arrive_seen(
        self, request: Request, sent: SentMessage
    ) -> Generator[Any, Any, Response | CallFailed | None]:
        sent.passage = Passage.ARRIVED if self._target_host.is_up else Passage.UNHEARD
        return (yield from self._arrive(request))

    def _carry(self, request: Request) -> Generator[Any, Any, Response | CallFailed | None]:
        """Carry the request where there is more to it than latency."""
        sent = self._there.sent(Role.REQUEST, request)
        try:
            yield from self._there.carry(request.size_bytes, self._transport, sent)
        except MessageGone:
            self._silence()
            return None
        except ConnectionLost as lost:
            return lost
        return (yield from self._arrive(request))

    def _arrive(self, request: Request) -> Generator[Any, Any, Response | CallFailed | None]:
        """Let the target answer, in this process, bound to its host meanwhile; then send the answer back."""
        host, serving, env = self._target_host, self._serving, self._env
        process: Any = env.active_process
        answer: Response | CallFailed
        if not host.is_up:
            self._silence()
            return None
        if serving.is_listening:
            start = env.now
            running = host.running
            running[process] = serving
            try:
                answer = yield from self.target.call(request)
            except CallFailed as failure:
                answer = failure.with_traceback(None)  # its frames are the server's, and do not travel
            except MessageGone:
                self._silence()
                return None
            except GeneratorExit:
                self._crashed(process, request)
                raise
            finally:
                where = running.pop(process, None)
                if serving.on_left is not None:
                    serving.on_left()
            if where is None:
                # It has crashed its own host or process, and then come to its end without waiting again.
                self._crashed(process, request)
                return None
            if process.waiter is None:
                self._wasted_count += 1
                self._wasted_time += env.now - start
        else:
            answer = Refused(f"{serving.name} is not listening")
        if self._is_quick_back:
            if process.waiter is None:
                self._late_count += 1
            latency = self._latencies_back.pop()
            process.answer(answer, self._back.draw_latency() if latency == inf else latency)
            return None
        return (yield from self._carry_back(answer, request))

    def _carry_back(
        self, answer: Response | CallFailed, request: Request
    ) -> Generator[Any, Any, Response | CallFailed | None]:
        """Carry the answer where there is more to it than latency, or somebody watches."""
        is_response = isinstance(answer, Response)
        sent = self._back.sent(Role.ANSWER if is_response else Role.FAILURE, request)
        if self._back.is_plain:
            self._answer_seen(answer, sent)
            return None
        try:
            yield from self._back.carry(
                answer.size_bytes if isinstance(answer, Response) else 0, self._transport, sent
            )
        except MessageGone:
            self._silence()
            return None
        except ConnectionLost as lost:
            return lost
        process: Any = self._env.active_process
        if process.waiter is None:
            self._late_count += 1
        return answer

    def _answer_seen(self, answer: Response | CallFailed, sent: SentMessage | None) -> None:
        """Send the answer a plain way while somebody watches: to the engine, as if nobody did."""
        process: Any = self._env.active_process
        if process.waiter is None:
            self._late_count += 1
        latency = self._back.next_latency()
        if sent is not None:
            sent.arrives_at = self._env.now + latency
            sent.passage = Passage.ARRIVED
        process.answer(answer, latency)

    def _silence(self) -> None:
        process: Any = self._env.active_process
        process.leave_unanswered()

    def _crashed(self, process: Process, request: Request) -> None:
        """Reset the connection of a call whose process is killed, if the host is still there to do so."""
        if self._target_host.is_up:
            process.hand_over(self._env.process(self._reset(request), self.name))
        else:
            process.leave_unanswered()

    def _reset(self, request: Request) -> Generator[Any, Any, CallFailed | None]:
        sent = self._back.sent(Role.FAILURE, request)
        try:
            yield from self._back.carry(0, self._transport, sent)
        except MessageGone:
            self._silence()
            return None
        except ConnectionLost as lost:
            return lost
        process: Any = self._env.active_process
        if process.waiter is None:
            self._late_count += 1
        return ConnectionLost(f"{self._serving.name} crashed: connection reset")

    def _send_cancellation(self, carrier: Process, request: Request) -> None:
        """Tell the target that nobody waits any more.

        On its way now, as `Network.send` does it: what the caller asks next, at this very instant, must not
        overtake it.
        """
        sent = self._there.sent(Role.CANCELLATION, request)
        carrying = self._there.carry(0, self._transport, sent)
        try:
            delay = next(carrying)
        except MessageGone:
            return
        self._env.launch(self._cancel(carrying, carrier), self.name, delay)

    def _cancel(self, carrying: Generator[Any, Any, None], carrier: Process) -> Generator[Any, Any, None]:
        """Go on carrying a cancellation whose first delay is over, and end the call when it is there."""
        try:
            yield from carrying
        except (MessageGone, ConnectionLost):
            return
        carrier.cancel()

    def statistics(self) -> ConnectionStatistics:
        """Return what has become of the calls so far."""
        return ConnectionStatistics(
            call_count=self._call_count,
            answered_count=self._answered_count,
            late_count=self._late_count,
            wasted_count=self._wasted_count,
            wasted_time=self._wasted_time,
        )
