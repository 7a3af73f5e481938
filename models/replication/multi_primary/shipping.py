"""How updates get from node to node: pushed when they are committed, and asked for by vectors.

Rules, of a node:

1. An update that it has taken from a client is sent to each peer as soon as it is committed, as long as fewer
   than `window` updates are on their way to that peer. What it has from others it leaves to them.
2. It acknowledges updates when they are committed: it says how many of each origin it has (`Have`). Having n
   of an origin is having the first n.
3. Every `exchange_interval` it says the same to all peers, unasked.
4. Whoever is told so, unasked, and sees that the peer lacks what it should have by now, sends that, up to a
   window, and goes on with each acknowledgement. "By now": it is at least an interval ago that an update of
   its own was sent, or that one of another origin came here. So what is merely on its way is not sent twice,
   and what its origin cannot deliver (a cut, a crash, a disk that is gone) comes by others, a little later.
5. A node that starts again has another incarnation; what its peers know of its vector is then what it says,
   less perhaps than before, and they send the rest.

So any two nodes that can reach each other both ways, directly or through others, for long enough, have the
same updates, whatever was lost, doubled, late or overtaken: the vector is the retransmission timer, the gap
detector and the anti-entropy in one. Where one direction alone is cut, updates still go the other way, for a
window: after that many without an acknowledgement the sender waits.

The interval should be longer than a round trip and a commit, or what is on its way is sent again; that costs
messages and nothing else. Source: Petersen et al., "Flexible Update Propagation for Weakly Consistent
Replication" (SOSP 1997), Bayou's anti-entropy; Golding, "Weak-consistency Group Communication and
Membership" (1992), the timestamped anti-entropy that it comes from. Leaves out: dropping what all have.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from .messages import Have, Update, Updates

if TYPE_CHECKING:
    from .node import PrimaryNode

_NEVER_HEARD = -1


class Peer:
    """What is known of a peer: all of it by messages, and so as of some time ago.

    `has` is how many updates of each origin it said that it has, `sent` how many were sent to it besides.
    `sent_before` and `had_before` are what was sent to it, and what was here, an interval ago or earlier;
    `had_lately` is what was here when that was last looked at.
    `is_waiting` says whether there was more to send than its window had room for.
    """

    __slots__ = (
        "_sent_lately",
        "had_before",
        "had_lately",
        "has",
        "incarnation",
        "is_waiting",
        "node",
        "sent",
        "sent_before",
    )

    def __init__(self, node: PrimaryNode) -> None:
        self.node = node
        self.incarnation = _NEVER_HEARD
        self.is_waiting = False
        self.has: dict[str, int] = {}
        self.sent: dict[str, int] = {}
        self._sent_lately: dict[str, int] = {}
        self.had_lately: dict[str, int] = {}
        self.sent_before: dict[str, int] = {}
        self.had_before: dict[str, int] = {}

    @property
    def under_way_count(self) -> int:
        """How many updates were sent and not acknowledged."""
        has = self.has
        return sum(number - has.get(origin, 0) for origin, number in self.sent.items())

    def hear(self, message: Have) -> None:
        """Take note of what it says that it has, unless it was said in an earlier life."""
        if message.incarnation < self.incarnation:
            return
        if message.incarnation > self.incarnation:
            # It has started again, or this node has: what was sent, and said, before counts no more.
            self.incarnation = message.incarnation
            self.has = dict(message.vector)
            self.sent = dict(message.vector)
            self.sent_before, self._sent_lately = {}, {}
            return
        for origin, number in message.vector.items():
            self.has[origin] = max(number, self.has.get(origin, 0))
            self.sent[origin] = max(number, self.sent.get(origin, 0))

    def let_an_interval_go_by(self, had: dict[str, int]) -> None:
        """Note what was sent by now, and what this node `had` by now; called once in each interval."""
        self.sent_before, self._sent_lately = self._sent_lately, dict(self.sent)
        self.had_before, self.had_lately = self.had_lately, had

    def give_up_what_is_lost(self) -> None:
        """Take what was sent long enough ago, and has not come, for lost."""
        for origin, number in self.sent_before.items():
            has = self.has.get(origin, 0)
            if has < number:
                self.sent[origin] = has


class Shipping:
    """The traffic of `owner` with its peers, made anew at each restart."""

    __slots__ = ("_owner", "_peers")

    def __init__(self, owner: PrimaryNode, peers: Sequence[PrimaryNode]) -> None:
        self._owner = owner
        self._peers = {peer: Peer(peer) for peer in peers}

    def begin(self) -> None:
        """Say what there is, now and every so often: the nodes one after the other, and not all at once."""
        owner = self._owner
        for node, peer in self._peers.items():
            # What it has after a restart came before the crash.
            peer.had_before = peer.had_lately = dict(owner.holdings.committed)
            self.say(node, is_periodic=True)
        offset = (owner.index + 1) / (len(self._peers) + 1)
        owner.after(owner.settings.exchange_interval * offset, self._exchange)

    def _exchange(self) -> None:
        for node, peer in self._peers.items():
            self.say(node, is_periodic=True)
            peer.let_an_interval_go_by(dict(self._owner.holdings.committed))
        self._owner.after(self._owner.settings.exchange_interval, self._exchange)

    def say(self, peer: PrimaryNode, *, is_periodic: bool = False) -> None:
        """Tell `peer` how many updates of each origin are committed here."""
        owner = self._owner
        message = Have(owner, owner.incarnation, dict(owner.holdings.committed), is_periodic)
        owner.send(peer, message, size_bytes=message.weight())

    def hear(self, message: Have) -> None:
        """Take note of what a peer has, and send what it should have."""
        peer = self._peers[message.sender]
        is_new = message.incarnation > peer.incarnation
        peer.hear(message)
        if message.is_periodic:
            peer.give_up_what_is_lost()
        if message.is_periodic or is_new or peer.is_waiting:
            self._ship(peer)
        if is_new:
            # One of the two has started again, and the other may wait for a word.
            self.say(peer.node)

    def push(self) -> None:
        """Send each peer what has been committed of this node's own."""
        own = self._owner.writer.name
        committed = self._owner.holdings.committed.get(own, 0)
        for peer in self._peers.values():
            if committed > peer.sent.get(own, 0) and not peer.is_waiting:
                self._ship(peer)

    def _ship(self, peer: Peer) -> None:
        owner = self._owner
        room = owner.settings.window - peer.under_way_count
        batch: list[Update] = []
        peer.is_waiting = False
        for origin, last in self._offered_to(peer):
            sent = peer.sent.get(origin, 0)
            until = min(last, sent + room)
            peer.is_waiting = peer.is_waiting or until < last
            if until > sent:
                room -= until - sent
                peer.sent[origin] = until
                owner.ledger.shipped(until - sent, peer.sent_before.get(origin, 0) - sent)
                updates = owner.holdings.by_origin[origin]
                batch.extend(updates[number] for number in range(sent + 1, until + 1) if number in updates)
        batch_max = owner.settings.batch_max
        for start in range(0, len(batch), batch_max):
            message = Updates(owner, batch[start : start + batch_max])
            owner.send(peer.node, message, size_bytes=message.weight())

    def _offered_to(self, peer: Peer) -> Iterator[tuple[str, int]]:
        """Yield each origin, and up to which of its updates the peer may be sent some."""
        owner = self._owner
        for origin, committed in owner.holdings.committed.items():
            if origin == owner.writer.name:
                yield origin, committed
            elif origin in peer.had_before and not owner.keeps_to_itself(origin):
                yield origin, peer.had_before[origin]
