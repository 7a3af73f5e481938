"""Outboxes on a host, requests that are numbered, and what must always add up."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from models.endpoint import Endpoint
from models.infrastructure import Host
from models.request import Request
from models.resilience import ConstantBackoff, Outbox
from simulator import Environment

ONE_SECOND = ConstantBackoff(delay=1.0)


def conserves(outbox: Outbox) -> bool:
    """Whether accepted = delivered + dead + lost + backlog."""
    now = outbox.statistics()
    ended_count = now.delivered_count + now.dead_letter_count + now.lost_count
    return now.accepted_count == ended_count + now.backlog.value


def on_a_host(target: Endpoint, env: Environment, **settings: Any) -> tuple[Host, Outbox]:
    host = Host(env, "worker host")
    return host, Outbox(env, target, host=host, backoff=ONE_SECOND, **settings)


def send_at(env: Environment, outbox: Outbox, *times: float) -> None:
    """Send requests whose keys are their numbers."""

    def send(time: float, number: int) -> Generator[Any, Any, None]:
        yield time
        yield from outbox.call(Request(key=number))

    for number, time in enumerate(times):
        env.process(send(time, number))
