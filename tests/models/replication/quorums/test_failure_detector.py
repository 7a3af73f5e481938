"""Who is suspected, and when: the detector alone, and what it does in a store."""

from __future__ import annotations

from math import log
from typing import Any

import pytest

from models.replication import write
from models.replication.quorums import Detection, News
from models.replication.quorums.failure_detector import ArrivalWindow, FailureDetector
from models.replication.quorums.membership import SignsOfLife
from tests.models.replication.quorums.building import WRITTEN, World, plain


def test_phi_is_the_silence_over_the_mean_interval_times_log_ten() -> None:
    window = ArrivalWindow(1.0, 1000, 0.0)
    for beat in range(1, 9):
        window.hear(float(beat))
    # The first sample is twice the interval, and stands for what is not known yet.
    assert window.phi(8.0 + 5.0) == pytest.approx(5.0 / ((2.0 + 8.0) / 9.0 * log(10.0)))


def test_phi_says_how_unlikely_the_silence_is() -> None:
    window = ArrivalWindow(1.0, 1, 0.0)
    window.hear(1.0)
    mean = 1.0
    assert window.phi(1.0 + 3 * mean * log(10.0)) == pytest.approx(3.0)  # exp(-t/mean) is 10^-3 then


def test_long_silences_are_not_taken_for_normal() -> None:
    window = ArrivalWindow(1.0, 1000, 0.0)
    window.hear(1.0)
    before = window.phi(2.0)
    window.hear(100.0)
    assert window.phi(101.0) == before


def test_only_the_last_intervals_count() -> None:
    window = ArrivalWindow(1.0, 4, 0.0)
    for beat in range(1, 20):
        window.hear(0.5 * beat)
    assert window.phi(9.5 + 1.0) == pytest.approx(1.0 / (0.5 * log(10.0)))


def test_a_peer_is_suspected_once_and_trusted_at_its_next_sign_of_life() -> None:
    detector: FailureDetector[str] = FailureDetector(
        ["a", "b"], interval=1.0, phi_threshold=8.0, window=10, now=0.0
    )
    for beat in range(1, 60):
        assert detector.hear("a", float(beat)) is False
    assert detector.judge(59.0) == ["b"]
    assert detector.judge(60.0) == []
    assert [detector.is_alive("a"), detector.is_alive("b")] == [True, False]
    assert detector.hear("b", 61.0) is True
    assert detector.is_alive("b")


def log_of(world: World, kind: str) -> list[tuple[float, str, str]]:
    return [
        (record.time, record.subject, record.detail["by"]) for record in world.env.event_log.of_kind(kind)
    ]


@pytest.mark.parametrize("news", News)
def test_a_crashed_node_is_suspected_by_all_and_a_restarted_one_is_trusted(news: News) -> None:
    world = World(plain(detection=Detection(news=news)), count=4, seed=3)
    world.at(100.0, world.hosts[3].crash)
    world.at(200.0, world.hosts[3].restart)
    world.env.run(until=300.0)
    suspicions, returns = log_of(world, "replica.suspected"), log_of(world, "replica.trusted")
    assert sorted(by for _, _, by in suspicions) == [f"store on n{place}" for place in range(3)]
    assert {subject for _, subject, _ in suspicions + returns} == {"store on n3"}
    latest = {News.HEARTBEATS: 121.0, News.GOSSIP: 160.0}[news]
    assert all(110.0 < time < latest for time, _, _ in suspicions)
    assert sorted(by for _, _, by in returns) == [f"store on n{place}" for place in range(3)]
    assert all(200.0 < time < 220.0 for time, _, _ in returns)


def test_at_beats_of_a_second_a_silence_of_eighteen_and_a_half_is_too_long() -> None:
    world = World(plain(detection=Detection()))
    world.at(1000.5, world.hosts[2].crash)
    world.env.run(until=1100.0)
    # Heard last at 1000.125; judged at whole seconds; phi > 8 from 8 ln 10 = 18.42 mean intervals on.
    mean = (2.0 + 0.125 + 1000.0) / 1001
    first = 1000.125 + 8 * log(10.0) * mean
    assert [time for time, _, _ in log_of(world, "replica.suspected")] == [int(first) + 1.0] * 2


@pytest.mark.parametrize(("news", "suspects"), [(News.HEARTBEATS, ["store on n0"]), (News.GOSSIP, [])])
def test_one_direction_cut_is_noticed_by_who_does_not_hear_unless_others_tell(
    news: News, suspects: list[str]
) -> None:
    world = World(plain(detection=Detection(news=news)), seed=2)
    world.at(50.0, world.cut, world.hosts[1], world.hosts[0])
    world.env.run(until=300.0)
    assert sorted({by for _, _, by in log_of(world, "replica.suspected")}) == suspects


def test_gossip_is_answered_with_what_its_sender_does_not_know_and_an_answer_is_not() -> None:
    world = World(plain(detection=Detection(news=News.GOSSIP)), seed=2)
    world.env.run(until=10.5)
    node, other = world.nodes[:2]
    assert node.membership is not None
    for is_answer, sent in ((False, 1), (True, 0)):
        before = node.sent_count
        node.membership.hear(SignsOfLife(other, (), is_answer))
        assert node.sent_count - before == sent


def test_gossip_finds_together_again_those_who_all_suspect_each_other() -> None:
    world = World(plain(detection=Detection(news=News.GOSSIP)), seed=2)
    cut = world.network.partition(world.hosts, world.hosts)
    world.env.run(until=100.0)
    assert len(log_of(world, "replica.suspected")) == 6
    world.network.heal(cut)
    world.env.run(until=120.0)
    assert len(log_of(world, "replica.trusted")) == 6


@pytest.mark.slow
def test_a_clock_that_runs_fast_suspects_early_and_is_forgiven_nothing() -> None:
    """Both the beats that are counted and the silence are of the same clock: the drift cancels."""
    world = World(plain(detection=Detection()))
    world.hosts[0].skew_clock("test", 0.0, drift=0.5)
    world.at(1000.5, world.hosts[2].crash)
    world.env.run(until=1100.0)
    times = {by: time for time, _, by in log_of(world, "replica.suspected")}
    assert 1018.0 < times["store on n0"] < 1020.5
    assert 1018.0 < times["store on n1"] < 1020.5


def test_a_suspected_replica_is_not_written_to() -> None:
    world = World(plain(detection=Detection()))
    world.at(10.0, world.hosts[2].crash)
    told = world.call(world.client(), write("x", 1), at=60.0)
    world.env.run(until=60.9)
    assert told.outcome == WRITTEN
    assert world.held("x") == [1, 1, None]
    # Beats go to all, for ever; besides, one sent its write, and the other its acknowledgement.
    assert world.nodes[0].sent_count == world.nodes[1].sent_count


@pytest.mark.parametrize(
    ("setting", "error"),
    [
        ({"interval": 0.0}, "interval must be finite and > 0 s, got 0.0"),
        ({"phi_threshold": -1.0}, "phi_threshold must be finite and > 0, got -1.0"),
        ({"window": 0}, "window must be a whole number >= 1, got 0"),
    ],
)
def test_impossible_detection_is_refused(setting: dict[str, Any], error: str) -> None:
    with pytest.raises(ValueError, match=error):
        Detection(**setting)
