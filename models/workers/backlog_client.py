"""Asks a backlog, over the network, with so much patience and no more.

Who receives must wait for longer than the poll does, or a message is handed to somebody who has just hung
up: here the patience comes on top of the poll's own wait. Nothing is tried again; what can be lost by that,
and what is only done twice, is the caller's affair. Source: Amazon SQS Developer Guide, "Setting-up long
polling".
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulator import Environment

from ..endpoint import Endpoint, require_endpoint
from ..request import Request, Response
from .message import Message, Receipt
from .operations import Delete, Extend, Receive, Send


class BacklogClient:
    """Asks the backlog at the other end of `way`: a connection, or whatever stands around one.

    It waits `patience` seconds (> 0, may be infinite) for an answer, and for a poll's as much longer as the
    poll waits. Each method is a generator that raises the `CallFailed` of the way, `TimedOut` where patience
    ended, or `ServerError` where the backlog's rules are against it.

    Example::

        jobs = BacklogClient(env, network.connect(host, backlog))
        for message in (yield from jobs.receive(wait=20.0)):
            ...
            yield from jobs.delete(message.receipt)
    """

    __slots__ = ("_env", "patience", "way")

    def __init__(self, env: Environment, way: Endpoint, *, patience: float = 5.0) -> None:
        """Ask nothing yet."""
        require_endpoint("way", way)
        if not patience > 0.0:
            raise ValueError(f"patience must be > 0 s, got {patience!r}")
        self._env = env
        self.way = way
        self.patience = patience

    def send(self, job: Request, *, delay: float | None = None) -> Generator[Any, Any, None]:
        """Put `job` into the backlog."""
        request = Request(
            "send", job.key, Send(job, delay), job.size_bytes, idempotency_key=job.idempotency_key
        )
        yield from self._ask(request)

    def receive(
        self, count: int = 1, *, wait: float = 0.0, visibility: float | None = None
    ) -> Generator[Any, Any, tuple[Message, ...]]:
        """Return at most `count` messages, none if none came for `wait` seconds."""
        answer = yield from self._ask(Request("receive", value=Receive(count, wait, visibility)), wait)
        messages: tuple[Message, ...] = answer.value
        if not isinstance(messages, tuple):  # somebody on the way answers for the backlog
            raise TypeError(
                f"way must answer a poll with the backlog's messages, got {messages!r} by {self.way!r}"
            )
        return messages

    def delete(self, receipt: Receipt) -> Generator[Any, Any, None]:
        """Delete the message of `receipt`, if that is its latest."""
        yield from self._ask(Request("delete", receipt.number, Delete(receipt)))

    def extend(self, receipt: Receipt, visibility: float | None = None) -> Generator[Any, Any, None]:
        """Keep the message of `receipt` for `visibility` seconds from now; give it back with 0."""
        yield from self._ask(Request("extend", receipt.number, Extend(receipt, visibility)))

    def _ask(self, request: Request, wait: float = 0.0) -> Generator[Any, Any, Response]:
        with self._env.fail_after(self.patience + wait):
            answer = yield from self.way.call(request)
        return answer
