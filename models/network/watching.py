"""Who watches a network is told of each message that is sent over it, and of each rule that comes and goes.

A message is told of when it is sent, in one of five roles:

    MESSAGE         one way, by `Network.send`; its content is the first of the arguments, or the function,
                    where there is none or only a number or a text
    REQUEST         there, of a call; its content is the request, as for the following
    ANSWER          back, of a call: a response
    FAILURE         back, of a call: an error, a refusal, or the reset of a connection
    CANCELLATION    there, after a request: nobody waits any more

and its passage ends in one of five ways, or is under way:

    ARRIVED     the target's host was up. An answer arrives whether anybody waits for it or not, and is said
                to have when it is sent, where nothing can stop it any more
    UNHEARD     the target's host was down; or a request was overtaken by what cancels it
    LOST        a datagram was lost, or TCP has given up
    CUT         by a rule, such as a partition
    UNSENT      the source's host crashed before it had sent it, or sent it again

A watcher changes nothing, draws nothing and schedules nothing: a run has the same digest with it. While
nobody watches, what carries messages does what it did before there were watchers; while somebody does, it
takes the longer way round (`Path.is_quick`).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from enum import Enum
from math import inf
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .path import Path
    from .rules import Rule


class Role(Enum):
    """What a message is for."""

    MESSAGE = "message"
    REQUEST = "request"
    ANSWER = "answer"
    FAILURE = "failure"
    CANCELLATION = "cancellation"


class Passage(Enum):
    """What has become of a message."""

    UNDER_WAY = "under way"
    ARRIVED = "arrived"
    UNHEARD = "unheard"
    LOST = "lost"
    CUT = "cut"
    UNSENT = "unsent"


class SentMessage:
    """A message that somebody watches: made by the watcher, told by whoever carries it what becomes of it.

    `kind` is what the watcher calls it; `arrives_at` is when it arrives, or would (s), infinite while that is
    not known; `retransmission_count` is how often it has been sent again; `is_copy` says that the network has
    doubled a datagram.
    """

    __slots__ = (
        "arrives_at",
        "is_copy",
        "kind",
        "passage",
        "retransmission_count",
        "role",
        "sent_at",
        "source",
        "target",
    )

    def __init__(self, path: Path, role: Role, kind: str, sent_at: float, is_copy: bool) -> None:
        self.source = path.source.name
        self.target = path.target.name
        self.role = role
        self.kind = kind
        self.sent_at = sent_at
        self.is_copy = is_copy
        self.arrives_at = inf
        self.passage = Passage.UNDER_WAY
        self.retransmission_count = 0

    def receive(self, function: Callable[..., object], *arguments: Any) -> None:
        """Call `function(*arguments)`, which is what the message is sent for: it has arrived."""
        self.passage = Passage.ARRIVED
        function(*arguments)

    def end(self, passage: Passage) -> None:
        """Be told that it will never arrive."""
        self.passage = passage


class MessageWatcher(ABC):
    """Somebody who watches a network; see `Network.watch`."""

    @abstractmethod
    def sent(self, path: Path, role: Role, content: object, is_copy: bool) -> SentMessage | None:
        """Be told of a message that is sent now, and return what is to be told of it, if it matters."""

    @abstractmethod
    def installed(self, rule: Rule) -> None:
        """Be told that `rule` judges messages from now on, or does already when the watch begins."""

    @abstractmethod
    def healed(self, rule: Rule) -> None:
        """Be told that `rule` does no longer."""


def content_of(function: Callable[..., object], arguments: tuple[Any, ...]) -> object:
    """Return the content of a message that is sent by calling `function(*arguments)`."""
    return arguments[0] if arguments and type(arguments[0]).__module__ != "builtins" else function
