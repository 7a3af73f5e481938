"""Who is alive, in the eyes of one node: signs of life, and the failure detector that hears them.

Each node counts its own beats, one every `interval` by its host's clock. Rules:

    heartbeats   it sends its beat to every peer. Who cannot send to me is suspected by me, and nobody else
    gossip       it sends all beats that it knows to one peer that it trusts, at random; and with probability
                 suspected/(trusted + 1) to one that it suspects. Who is sent to answers with what it knows
                 better. A beat that is news is a sign of life, whoever has told it: a peer that I cannot hear
                 is alive to me as long as somebody hears it, and my requests to it time out

A beat is a generation, which grows with each restart, and a number. Source: Cassandra's `Gossiper` (one
random live member each second, an unreachable one with that probability); van Renesse, Minsky, Hayden, "A
Gossip-Style Failure Detection Service" (Middleware 1998). Leaves out: seeds, and Cassandra's echo before a
peer is believed to be back.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING

from ...validation import require_count, require_finite_duration, require_kind, require_positive
from .failure_detector import FailureDetector

if TYPE_CHECKING:
    from .coordinator import Coordinator
    from .replica import QuorumNode

_BEAT_BYTES = 24  # an address, a generation and a number of 8 bytes each


class News(Enum):
    """How signs of life spread."""

    HEARTBEATS = "heartbeats"
    GOSSIP = "gossip"


@dataclass(frozen=True, slots=True, kw_only=True)
class Detection:
    """How nodes find out who is alive: a beat every `interval` seconds (> 0), spread as `news`.

    A peer is suspected at a phi above `phi_threshold` (> 0), over the last `window` (>= 1) intervals.
    """

    news: News = News.HEARTBEATS
    interval: float = 1.0
    phi_threshold: float = 8.0
    window: int = 1000

    def __post_init__(self) -> None:
        """Check the numbers."""
        require_kind("news", self.news, News)
        require_finite_duration("interval", self.interval)
        require_positive("phi_threshold", self.phi_threshold)
        require_count("window", self.window)


Beat = tuple[int, int]
"""Generation and number."""


@dataclass(slots=True, eq=False)
class SignsOfLife:
    """The beats that the sender knows, by the places of nodes in the store; an answer asks for none."""

    sender: QuorumNode
    beats: tuple[tuple[int, Beat], ...]
    is_answer: bool


class Membership:
    """What `owner`, at `place` among all `nodes`, knows of the others; made anew at each restart.

    `draw()` is uniform in [0, 1), for gossip. `on_return(peer)` is called when a suspected peer is heard of.
    """

    def __init__(
        self,
        owner: QuorumNode,
        nodes: Sequence[QuorumNode],
        detection: Detection,
        draw: Callable[[], float] | None,
        on_return: Callable[[QuorumNode], object],
    ) -> None:
        self._owner = owner
        self._nodes = nodes
        self._place = nodes.index(owner)
        self._peers = [node for node in nodes if node is not owner]
        self._detection = detection
        self._draw = draw
        self._on_return = on_return
        self._beats: dict[int, Beat] = {self._place: (owner.incarnation, 0)}
        self._clock = owner.host.monotonic_clock
        self.detector: FailureDetector[Coordinator] = FailureDetector(
            self._peers,
            interval=detection.interval,
            phi_threshold=detection.phi_threshold,
            window=detection.window,
            now=self._clock(),
        )

    def beat(self) -> None:
        """Tell others that the owner is alive, judge who is not, and do so again after the interval."""
        generation, number = self._beats[self._place]
        self._beats[self._place] = (generation, number + 1)
        for peer in self.detector.judge(self._clock()):
            self._owner.env.log("replica.suspected", peer.name, by=self._owner.name)
        beats = self._own_beat() if self._detection.news is News.HEARTBEATS else self._all_beats()
        for peer in self._told():
            self._send(peer, beats, is_answer=False)
        self._owner.after(self._detection.interval, self.beat)

    def _own_beat(self) -> tuple[tuple[int, Beat], ...]:
        return ((self._place, self._beats[self._place]),)

    def _all_beats(self) -> tuple[tuple[int, Beat], ...]:
        return tuple(self._beats.items())

    def _told(self) -> list[QuorumNode]:
        if self._detection.news is News.HEARTBEATS:
            return self._peers
        trusted = [peer for peer in self._peers if self.detector.is_alive(peer)]
        suspected = [peer for peer in self._peers if not self.detector.is_alive(peer)]
        told = [self._one_of(trusted)] if trusted else []
        assert self._draw is not None
        if suspected and self._draw() < len(suspected) / (len(trusted) + 1):
            told.append(self._one_of(suspected))
        return told

    def _one_of(self, peers: Sequence[QuorumNode]) -> QuorumNode:
        assert self._draw is not None
        return peers[int(self._draw() * len(peers))]

    def _send(self, peer: QuorumNode, beats: tuple[tuple[int, Beat], ...], *, is_answer: bool) -> None:
        message = SignsOfLife(self._owner, beats, is_answer)
        self._owner.send(peer, message, size_bytes=_BEAT_BYTES * len(beats))

    def hear(self, message: SignsOfLife) -> None:
        """Take the beats of a message, and answer gossip with those that the sender does not know."""
        told = dict(message.beats)
        for place, beat in message.beats:
            if place != self._place and beat > self._beats.get(place, (-1, -1)):
                self._beats[place] = beat
                self._heard_of(self._nodes[place])
        if self._detection.news is News.GOSSIP and not message.is_answer:
            better = tuple(
                (place, beat) for place, beat in self._beats.items() if beat > told.get(place, (-1, -1))
            )
            if better:
                self._send(message.sender, better, is_answer=True)

    def _heard_of(self, peer: QuorumNode) -> None:
        if self.detector.hear(peer, self._clock()):
            self._owner.env.log("replica.trusted", peer.name, by=self._owner.name)
            self._on_return(peer)
