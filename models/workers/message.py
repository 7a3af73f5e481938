"""What a backlog hands out: a message with a job in it, and the receipt that stands for having received it.

A job is a `Request`. Each time that a message is received it comes with another receipt, and only the latest
one counts: whoever was given the message before, and was too slow, can neither delete it nor keep it any
longer. Source: Amazon SQS, API reference, `DeleteMessage` (receipt handles).
"""

from __future__ import annotations

from dataclasses import dataclass

from ..request import Request


@dataclass(frozen=True, slots=True)
class Receipt:
    """Stands for one receipt of the message with a `number`, which was its `receive_count`-th."""

    number: int
    receive_count: int


@dataclass(frozen=True, slots=True)
class Message:
    """A `job` that was sent at `sent_at` (s), and the `receipt` with which to delete it or to keep it."""

    job: Request
    receipt: Receipt
    sent_at: float

    @property
    def receive_count(self) -> int:
        """How often it has been received, this time included."""
        return self.receipt.receive_count
