from __future__ import annotations

from models.replication.primary_replica import Progress
from models.replication.primary_replica.follower import Follower
from models.replication.primary_replica.messages import Progressed

from .building import Cluster


def follower() -> Follower:
    return Follower(Cluster().b, 1, 0.0, is_in_sync=True)


def said(seen: Follower, written: int, *, flushed: int = 0, incarnation: int = 0) -> Progressed:
    return Progressed(1, seen.member, incarnation, written, flushed, 0, None)


def test_one_that_is_always_a_little_behind_a_busy_primary_is_caught_up_all_the_same() -> None:
    seen = follower()
    seen.hear(said(seen, 5), last_position=8, now=1.0)
    seen.hear(said(seen, 8), last_position=12, now=2.0)
    assert seen.caught_up_at == 1.0  # all that was there then it has now
    seen.hear(said(seen, 11), last_position=16, now=3.0)
    assert seen.caught_up_at == 1.0  # but not what was there a second later
    seen.hear(said(seen, 16), last_position=16, now=4.0)
    assert seen.caught_up_at == 4.0


def test_words_that_come_out_of_order_take_nothing_back() -> None:
    seen = follower()
    seen.hear(said(seen, 5, flushed=4), last_position=8, now=1.0)
    seen.hear(said(seen, 3, flushed=3), last_position=8, now=1.1)
    assert (seen.position(Progress.WRITTEN), seen.position(Progress.FLUSHED)) == (5, 4)


def test_one_that_has_started_again_is_believed_what_it_says_now_and_not_what_it_said() -> None:
    seen = follower()
    seen.hear(said(seen, 5), last_position=8, now=1.0)
    assert seen.hear(said(seen, 2, incarnation=1), last_position=8, now=2.0)
    assert not seen.hear(said(seen, 6), last_position=8, now=2.1)  # late, from the life before
    assert seen.position(Progress.WRITTEN) == 2


def test_none_is_connected_before_it_was_heard() -> None:
    seen = follower()
    assert seen.heard_at == float("-inf")
    seen.hear(said(seen, 0), last_position=0, now=1.0)
    assert seen.heard_at == 1.0
