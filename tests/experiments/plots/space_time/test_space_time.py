"""What a space-time diagram shows of a trace, and that it can be drawn."""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import Any

import pytest
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch
from matplotlib.text import Text

from experiments.plots.palette import figure_of
from experiments.plots.space_time import Fate, SpaceTime, plot_space_time, space_time
from experiments.plots.space_time.labels import labels_of
from models.consistency import Ending, Operation, check_linearizability, staleness_of_reads
from models.network import Passage, Role
from models.observers.messages import Cut, Downtime, Message, SpaceTimeTrace


def message(source: str, target: str, sent_at: float, **settings: Any) -> Message:
    known: dict[str, Any] = {"kind": "Append", "role": Role.MESSAGE, "passage": Passage.ARRIVED}
    known |= {"arrives_at": sent_at + 0.5} | settings
    return Message(source=source, target=target, sent_at=sent_at, **known)


def operation(
    kind: str,
    value: object,
    start: float,
    end: float,
    *,
    process: int = 0,
    ending: Ending = Ending.OK,
    key: object = "x",
    site: str = "web",
) -> Operation:
    return Operation(
        process=process,
        kind=kind,
        key=key,
        value=None if kind == "read" else value,
        result=value if kind == "read" else None,
        invoked_at=start,
        ended_at=end,
        ending=ending,
        site=site,
        session=process,
    )


def trace(*operations: Operation, **settings: Any) -> SpaceTimeTrace:
    known: dict[str, Any] = {"hosts": ("web", "a", "b"), "start": 0.0, "end": 10.0, "homes": {"web": "web"}}
    if "stale_reads" not in settings:
        stale = (each for each in staleness_of_reads(operations) if each.versions_count)
        known["stale_reads"] = tuple(stale)
    return SpaceTimeTrace(operations=operations, **(known | settings))


def both_ways(*pairs: tuple[str, str]) -> frozenset[tuple[str, str]]:
    return frozenset(pairs) | frozenset((other, one) for one, other in pairs)


# -- operations


def test_bars_tell_what_became_of_operations() -> None:
    picture = space_time(
        trace(
            operation("write", 1, 0.0, 1.0),
            operation("write", 2, 1.2, 2.0),
            operation("read", 1, 3.0, 4.0, process=1),
            operation("read", 2, 3.0, 4.0, process=2),
            operation("write", 3, 4.0, inf, ending=Ending.UNKNOWN),
            operation("read", None, 5.0, 6.0, process=3, ending=Ending.FAILED),
        )
    )
    assert [bar.fate for bar in picture.bars] == [
        Fate.ANSWERED,
        Fate.ANSWERED,
        Fate.STALE,
        Fate.ANSWERED,
        Fate.UNKNOWN,
        Fate.FAILED,
    ]
    assert [bar.short for bar in picture.bars] == ["x=1", "x=2", "x→1", "x→2", "x=3", "x→?"]


def test_an_acknowledged_write_that_is_gone_in_the_end_is_lost() -> None:
    history = (operation("write", 1, 0.0, 1.0), operation("write", 2, 1.5, 2.0))
    picture = space_time(trace(*history, lost_writes=history[1:]))
    assert [bar.fate for bar in picture.bars] == [Fate.ANSWERED, Fate.LOST]


def test_labels_name_the_deed_and_shorten_long_values() -> None:
    picture = space_time(
        trace(
            replace(operation("compare-and-set", (1, 2), 0.0, 1.0, key=None), result=False),
            operation("append", "a" * 50, 1.0, 2.0, key=None),
            operation("read", (1, 2, 3), 2.0, 3.0, key=None),
            operation("read", None, 3.0, 4.0, key=None),
            stale_reads=(),
        )
    )
    assert [bar.label for bar in picture.bars] == [
        "cas :1→2 missed",
        "append +=aaaaaaaaaaa…",
        "read →1,2,3",
        "read →∅",
    ]


def test_operations_at_one_time_stand_above_each_other_and_those_without_a_home_on_their_own_lines() -> None:
    picture = space_time(
        trace(
            operation("write", 1, 0.0, 2.0),
            operation("write", 2, 1.0, 3.0, process=1),
            operation("write", 3, 2.0, 3.0, process=2),
            operation("write", 4, 2.0, 3.0, process=3, site="elsewhere"),
        )
    )
    assert [(bar.line, bar.lane) for bar in picture.bars] == [(0, 0), (0, 1), (0, 0), (3, 0)]
    assert [(line.name, line.is_host, line.lane_count) for line in picture.lines] == [
        ("web", True, 2),
        ("a", True, 0),
        ("b", True, 0),
        ("client 3 (elsewhere)", False, 1),
    ]


def test_what_nobody_knows_the_end_of_is_shown_until_the_client_asks_again_or_for_a_while() -> None:
    picture = space_time(
        trace(
            operation("write", 1, 1.0, inf, ending=Ending.UNKNOWN),
            operation("write", 2, 1.5, 2.0),
            operation("write", 3, 4.0, inf, ending=Ending.UNKNOWN),
        )
    )
    assert [bar.end for bar in picture.bars] == pytest.approx([1.5, 2.0, 5.2])


def test_the_operations_of_a_proof_are_numbered_and_the_one_that_breaks_it_is_marked() -> None:
    history = (
        operation("write", 1, 0.0, 1.0),
        operation("write", 2, 1.0, 2.0, process=1),
        operation("read", 2, 3.0, 4.0, process=2),
        operation("read", 1, 5.0, 6.0, process=3),
    )
    (witness,) = check_linearizability(history).witnesses
    picture = space_time(trace(*history, witness=witness))
    assert [each.proof for each in picture.bars if each.is_breaking] == [len(witness.operations)]
    assert sorted(bar.proof for bar in picture.bars if bar.proof) == list(
        range(1, len(witness.operations) + 1)
    )
    assert picture.why.startswith("'x' is not linearizable: ")


def test_labels_stand_in_bars_or_above_them_and_what_went_wrong_is_labelled_first() -> None:
    picture = space_time(
        trace(
            operation("write", 1, 0.0, 5.0),
            operation("write", 2, 6.0, 6.01),
            operation("read", 1, 6.02, 6.03, process=1),
            operation("write", 3, 9.0, 9.5),
        )
    )
    labels = labels_of(picture.bars, 1.0, (0.0, 10.0))
    assert {(label.text, label.is_above) for label in labels} == {
        ("write x=1", False),
        ("x→1", True),
        ("x=3", False),
    }


def test_slanting_labels_stand_above_the_bars_that_they_would_cross_and_texts_stay_in_the_window() -> None:
    picture = space_time(
        trace(
            operation("write", 1, 1.0, 1.2),
            operation("write", 2, 1.1, 1.3, process=1),
            operation("write", 3, 5.0, 5.1),
            operation("write", 4, 9.9, 10.0, process=1),
        ),
        end=9.95,
    )
    labels = labels_of(picture.bars, 1.0, (picture.start, picture.end))
    assert [(label.text, label.is_above, label.lane) for label in labels] == [
        ("x=1", True, 1),
        ("x=3", True, 0),
        ("x=4", True, 0),
    ]


def test_a_long_label_stands_above_all_bars_that_it_reaches_over() -> None:
    history = (
        operation("write", "a long one", 1.0, 1.01, key="a long key"),
        operation("write", 2, 1.5, 3.0, process=1),
        operation("write", 3, 1.6, 3.0, process=2),
    )
    (label, *_) = labels_of(space_time(trace(*history)).bars, 1.0, (0.0, 10.0))
    assert (label.text, label.lane) == ("a long key=a long one", 1)


# -- messages, cuts, crashes


def test_arrows_go_from_line_to_line_and_what_is_lost_stops_on_the_way() -> None:
    picture = space_time(
        trace(
            messages=(
                message("web", "b", 0.0),
                message("a", "b", 1.0, passage=Passage.LOST, arrives_at=inf),
                message("a", "a", 1.0),
                message("a", "unseen", 1.0),
                message("b", "a", 9.9),
            )
        )
    )
    assert [(arrow.source, arrow.target, arrow.end, arrow.share) for arrow in picture.arrows] == [
        (0, 2, 0.5, 1.0),
        (1, 2, 1.5, 0.37),
        (2, 1, 10.4, 1.0),
    ]


def test_kinds_of_messages_can_be_left_out() -> None:
    messages = (message("a", "b", 1.0), message("a", "b", 2.0, kind="Heartbeat"))
    picture = space_time(trace(messages=messages), without={"Heartbeat"})
    assert [arrow.message.kind for arrow in picture.arrows] == ["Append"]
    assert picture.hidden_count == 1


def test_a_cut_is_a_gap_between_neighbours_who_cannot_reach_each_other() -> None:
    cut = Cut(start=2.0, end=3.0, pairs=both_ways(("web", "b"), ("a", "b")))
    one_way = Cut(start=4.0, end=inf, pairs=frozenset({("web", "a")}))
    apart = Cut(start=5.0, end=6.0, pairs=both_ways(("web", "b")))
    gaps = space_time(trace(cuts=(cut, one_way, apart))).gaps
    assert [(gap.upper, gap.lower, gap.is_one_way) for gap in gaps] == [
        (1, 2, False),
        (0, 1, True),
        (0, 2, False),
    ]


def test_a_window_must_lie_in_the_trace_and_shows_only_what_is_in_it() -> None:
    whole = trace(
        operation("write", 1, 0.0, 1.0),
        operation("write", 2, 4.0, 6.0),
        operation("write", 3, 7.0, 8.0),
        messages=(message("a", "b", 1.0), message("a", "b", 4.8), message("a", "b", 7.0)),
        cuts=(Cut(start=0.0, end=2.0, pairs=both_ways(("a", "b"))),),
        downtimes=(Downtime(host="a", start=8.0, end=inf),),
    )
    picture = space_time(whole, start=5.0, end=6.0)
    assert [bar.start for bar in picture.bars] == [4.0]
    assert [arrow.message.sent_at for arrow in picture.arrows] == [4.8]
    assert (picture.gaps, picture.down) == ((), ())
    with pytest.raises(ValueError, match=r"start and end must be within 0.0 to 10.0 s, got 5.0 and 11.0"):
        space_time(whole, start=5.0, end=11.0)


# -- drawing


@pytest.fixture
def full() -> SpaceTime:
    history = (
        operation("write", 1, 0.0, 1.0),
        operation("write", 2, 1.2, 2.0, process=1),
        operation("read", 1, 3.0, 3.01, process=2),
        operation("write", 3, 4.0, inf, ending=Ending.UNKNOWN),
    )
    return space_time(
        trace(
            *history,
            witness=check_linearizability(history).witnesses[0],
            messages=(
                message("web", "b", 0.0, role=Role.REQUEST),
                message("a", "b", 1.0, passage=Passage.CUT, arrives_at=inf),
            ),
            cuts=(Cut(start=0.5, end=2.0, pairs=both_ways(("a", "b"))),),
            downtimes=(Downtime(host="a", start=8.0, end=inf, process="store"),),
        )
    )


def test_a_message_that_is_cut_off_ends_in_the_gap(full: SpaceTime) -> None:
    ax = plot_space_time(full)
    (cross,) = [line for line in ax.lines if line.get_marker() == "x"]
    (_, upper, lower) = ax.get_yticks()
    assert cross.get_ydata()[0] == pytest.approx((upper + lower) / 2)  # type: ignore[index]
    plt.close("all")


def test_the_title_is_what_is_proved_unless_another_is_given(full: SpaceTime) -> None:
    assert "not linearizable" in plot_space_time(full).get_title(loc="left")
    ax = plot_space_time(full, title="Stale")
    assert ax.get_title(loc="left") == "Stale"
    assert any("not linearizable" in text.get_text() for text in ax.texts)
    assert [tick.get_text() for tick in ax.get_yticklabels()] == ["web", "a", "b"]
    plt.close("all")


def test_times_are_told_as_exactly_as_they_are_to_be_seen() -> None:
    history = (
        operation("write", 1, 0.0, 0.012345678),
        operation("write", 2, 0.02, 0.031234567),
        operation("read", 1, 0.041234567, 0.05),
        operation("read", 2, 0.0612345678, 0.07),
    )
    (witness,) = check_linearizability(history).witnesses
    known = trace(*history, witness=witness, end=20.0)
    beginning = "'x' is not linearizable: 1 was the value by "
    assert space_time(known).why.startswith(f"{beginning}0.01 s and after 0.04 s, and 2 ")
    assert space_time(known, end=1.0).why.startswith(f"{beginning}0.012 s and after 0.041 s, and 2 ")
    assert space_time(known, end=0.2).why.startswith(f"{beginning}12.3 ms and after 41.2 ms, and 2 ")


def _texts_overlap(ax: Axes, one: str, other: str) -> bool:
    """Whether the texts that begin like these overlap, when all is laid out."""
    figure = figure_of(ax)
    figure.draw_without_rendering()
    first, second = (
        next(text for text in figure.findobj(Text) if text.get_text().startswith(each))
        for each in (one, other)
    )
    return bool(first.get_window_extent().overlaps(second.get_window_extent()))


@pytest.mark.slow
def test_long_texts_have_room_and_arrows_end_at_the_edges_of_the_window() -> None:
    history = (
        operation("write", 1, 0.0, 1.0, key="a long key"),
        operation("write", 2, 1.2, 2.0, process=1, key="a long key"),
        operation("compare-and-set", ("some value", "another"), 3.0, 3.01, process=2, key="a long key"),
    )
    known = trace(*history, stale_reads=(), messages=(message("b", "web", 4.0), message("web", "b", 5.9)))
    picture = replace(space_time(known, start=3.0, end=6.0), why="proved, and " * 30)
    ax = plot_space_time(picture, title="a title, and " * 20)
    assert not _texts_overlap(ax, "proved", "a title")
    assert not _texts_overlap(ax, "proved", "a long key:")
    arrows = ax.findobj(FancyArrowPatch)
    assert [arrow.get_clip_box() is not None for arrow in arrows] == [True, True]
    plt.close("all")


@pytest.mark.slow
def test_axes_of_ones_own_have_a_legend_each(full: SpaceTime) -> None:
    figure, both = plt.subplots(2, 1, figsize=(8, 8), layout="constrained")
    for ax in both:
        plot_space_time(full, ax=ax, title="a title, and " * 10)
    figure.draw_without_rendering()
    legends = [ax.get_legend().get_window_extent() for ax in both]
    assert not figure.legends
    assert not legends[0].overlaps(legends[1])
    assert all(each.x0 >= 0.0 and each.x1 <= figure.bbox.x1 for each in legends)
    plt.close("all")


def test_an_empty_trace_can_be_drawn_on_axes_of_ones_own_in_milliseconds() -> None:
    ax = plt.subplots()[1]
    picture = space_time(SpaceTimeTrace(hosts=("a",), start=0.0, end=0.1))
    assert plot_space_time(picture, ax=ax, title="Nothing") is ax
    assert ax.get_xlabel() == "time (ms)"
    plt.close("all")
