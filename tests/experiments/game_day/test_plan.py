"""Game-day files: what is read, and the one line for whatever is wrong with one."""

from __future__ import annotations

from pathlib import Path

import pytest

from experiments import Misuse
from experiments.game_day import read_game_day
from experiments.game_day.trouble import KINDS
from models import System
from simulator import Environment

from .files import HYPOTHESIS, TROUBLES, trouble, written


def test_phases_leave_out_warm_up_and_recovery(tmp_path: Path) -> None:
    day = read_game_day(written(tmp_path, HYPOTHESIS, trouble("power outage"), trouble("errors", end=18.0)))
    assert day.phases == {"before": (1.0, 8.0), "during": (8.0, 18.0), "after": (20.0, 24.0)}
    assert day.shop.settings().rate == 40.0
    assert day.shop.settings().optional == ("cart", "recommendations")


def test_bounds_of_a_phase_replace_the_general_ones(tmp_path: Path) -> None:
    bounds = (
        "[steady_state]\navailability = 0.9\np99 = 1.0\ndurability = 1.0\nof.checkout = { p95 = 2.0 }\n"
        "during = { full = 0.5, of.page = { goodput = 10.0, goodput_within = 0.3 } }\n"
    )
    hypothesis = read_game_day(written(tmp_path, bounds, trouble("errors"))).steady_state
    names = {}
    for phase in ("before", "during", "after"):
        slo = hypothesis.slo(phase)
        assert slo is not None
        names[phase] = [objective.name for objective in slo.objectives]
    assert len(names["before"]) == 3
    assert len(names["during"]) == 2
    assert len(names["after"]) == 4
    assert hypothesis.operations == {"checkout": "of", "page": "during.of"}


def test_every_kind_of_trouble_has_a_table() -> None:
    assert list(TROUBLES) == list(KINDS)


@pytest.mark.parametrize("area", ["rack", "zone", "region"])
def test_an_outage_strikes_a_rack_a_zone_or_a_region(area: str) -> None:
    system = System(Environment())
    zone = system.add_zone("a", system.add_region("r"))
    inside = system.add_host("inside", rack=system.add_rack("a1", zone))
    beside = system.add_host("beside", rack=system.add_rack("a2", zone))
    elsewhere = system.add_host("elsewhere", system.add_zone("b", system.regions["r"]))
    name = {"rack": "a1", "zone": "a", "region": "r"}[area]
    KINDS["power outage"](kind="power outage", **{area: name}).fault(system).inject()  # type: ignore[call-arg]
    down = [host.name for host in (inside, beside, elsewhere) if not host.is_up]
    assert down == ["inside", "beside", "elsewhere"][: ["rack", "zone", "region"].index(area) + 1]


WRONG = [
    (HYPOTHESIS + "[[faults]]\nkind = 3\n", "faults.1.kind must be one of process crash, .*, got '3'"),
    (HYPOTHESIS + "[[faults]]\nstart = 3\n", "faults.1.kind must be given"),
    (HYPOTHESIS + '[faults]\nkind = "errors"\n', r"faults must be a list of tables, \[\[faults\]\], got"),
    (
        HYPOTHESIS + trouble("errors") + trouble("power outge"),
        r"faults.2.kind must be one of .*, got 'power outge' \(did you mean 'power outage'",
    ),
    (HYPOTHESIS + trouble("errors", "colour = 1"), "a key of faults.1 must be one of .*, got 'colour'"),
    (
        HYPOTHESIS + trouble("power outage", 'region = "region"'),
        "faults.1: exactly one of rack, zone and region",
    ),
    (
        HYPOTHESIS + trouble("network outage", 'rack = "r1"'),
        "faults.1: exactly one of rack, zone and region must be given, got r1, None and region",
    ),
    (HYPOTHESIS + trouble("errors", start=16.0, end=8.0), "faults.1: end must be > start = 16.0 s, got 8.0"),
    (HYPOTHESIS + trouble("errors", start=-1.0), "faults.1.start must be >= 0, got -1"),
    (HYPOTHESIS + trouble("errors", end=23.0), "duration must be > 25 s"),
    (HYPOTHESIS + trouble("errors", start=0.5), "warm_up must be < 0.5 s, when the trouble begins, got 1"),
    (
        HYPOTHESIS + trouble("errors", "flapping = { up = 1.0, down = 0.0 }"),
        "faults.1.flapping.down must be >= 0.001, got 0",
    ),
    (
        HYPOTHESIS + trouble("slow answers").replace("delay = 3.0", "delay = { p50 = 2.0, p99 = 1.0 }"),
        "p99 must be > p50 = 2.0, got 1.0",
    ),
    (
        HYPOTHESIS + trouble("dependency outage").replace('"slow"', '"silent"'),
        "faults.1: delay must go with mode slow",
    ),
    (HYPOTHESIS + trouble("clock skew").replace("-30.0", "0.0"), "offset or drift must differ from 0"),
    (HYPOTHESIS + trouble("pool leak", "probability = 0.5"), "exactly one of probability and count"),
    (HYPOTHESIS + trouble("link loss").replace("gap_mean = 2.0", ""), "must be given together"),
    (HYPOTHESIS + trouble("partition").replace('["web in zone-a"]', "[]"), "sources must be at least 1"),
    (HYPOTHESIS, "faults or chaos must be given"),
    (trouble("errors"), "steady_state must be given"),
    ("[steady_state]\n" + trouble("errors"), "steady_state must have at least one bound, got none"),
    ("[steady_state]\navailability = 0.0\n" + trouble("errors"), "steady_state.availability must be > 0"),
    ("[steady_state]\np98 = 1.0\n" + trouble("errors"), "a key of steady_state must be one of .*, got 'p98'"),
    (
        "[steady_state]\nduring = { p99 = -1.0 }\n" + trouble("errors"),
        "steady_state.during.p99 must be > 0, got -1.0",
    ),
    (
        'patience = "long"\n' + HYPOTHESIS + trouble("errors"),
        "shop.patience must be a number, got long",
    ),
    ("cart_share = 0.95\n" + HYPOTHESIS + trouble("errors"), "shop: cart_share and checkout_share"),
    (
        "zone = 3\n" + HYPOTHESIS + trouble("errors"),
        r"a key of shop must be one of .* \(did you mean 'zones'",
    ),
    (
        HYPOTHESIS + trouble("errors") + '[[actions]]\nat = 3.0\nturn_on = "cart"\nturn_off = "cart"\n',
        "actions.1: exactly one of turn_off, turn_on, upgrade, roll_back must be given, got turn_off and",
    ),
    (
        HYPOTHESIS + '[[chaos]]\nkind = "host crash"\nbetween = 0\nrepair = 1\nstart = 5\nend = 9\n',
        "chaos.1.between must be >= 0.001, got 0",
    ),
    (
        HYPOTHESIS + '[[chaos]]\nkind = "errors"\nbetween = 1\nrepair = 1\nstart = 5\nend = 9\n',
        "chaos.1.kind must be one of host crash, ",
    ),
    (HYPOTHESIS + "[[faults\n", "game-day file must be TOML"),
    (HYPOTHESIS + "[[faults]]\nkind = []\n", r"faults.1.kind must be one of .*, got '\[\]'"),
    (HYPOTHESIS + "[[chaos]]\nkind = { a = 1 }\n", "chaos.1.kind must be one of"),
    (HYPOTHESIS + "x = " + "[" * 3_000 + "]" * 3_000, "must not be nested so deeply"),
    (
        HYPOTHESIS + trouble("errors").replace("start = 8.0", "start = true"),
        "faults.1.start must be a number, got True",
    ),
    ("patience = true\n" + HYPOTHESIS + trouble("errors"), "shop.patience must be a number, got True"),
    ('patience = "5.0"\n' + HYPOTHESIS + trouble("errors"), "shop.patience must be a number, got 5.0"),
    ('orders_are_durable = "yes"\n' + HYPOTHESIS + trouble("errors"), "must be true or false, got yes"),
    (HYPOTHESIS + trouble("pool leak").replace("16\n", "true\n"), "count must be a whole number, got True"),
    ('zones = [""]\n' + HYPOTHESIS + trouble("errors"), "shop.zones must be a list of names, each a line of"),
    ('zones = "a"\n' + HYPOTHESIS + trouble("errors"), "shop.zones must be a list of names, got a"),
    (
        HYPOTHESIS + trouble("partition").replace('["zone-b", ', '["zone-c", '),
        r"faults.1.targets must be a list of distinct names, got \['zone-c', 'zone-c'\]",
    ),
    (
        HYPOTHESIS + trouble("link loss").replace("burst_mean = 1.0", "burst_mean = 1e-12"),
        "faults.1.burst_mean must be >= 0.001, got 1e-12",
    ),
    (
        HYPOTHESIS + trouble("slow host").replace("0.1", "1e-300"),
        "faults.1.factor must be >= 0.001, got 1e-300",
    ),
    (
        HYPOTHESIS + trouble("errors", "flapping = { up = 1.0, down = 1.0, x = 1 }"),
        "a key of faults.1.flapping must be one of up, down, got 'x'",
    ),
    (
        HYPOTHESIS + trouble("errors", "flapping = 3"),
        "faults.1.flapping must be a table, got 3",
    ),
    (
        HYPOTHESIS + trouble("slow answers").replace("delay = 3.0", "delay = { p50 = 2.0 }"),
        "faults.1.delay.p99 must be given",
    ),
    (
        HYPOTHESIS + trouble("slow answers").replace("delay = 3.0", "delay = { p50 = 1e-300, p99 = 1e300 }"),
        "faults.1.delay: p50 and p99 must be nearer to each other",
    ),
    (
        "[steady_state]\navailability = 0.9\ngoodput_within = 2.0\n" + trouble("errors"),
        "goodput_within must go with goodput, got 2.0 without it",
    ),
    ("[steady_state]\nof.page = 3\n" + trouble("errors"), "steady_state.of.page must be a table, got 3"),
    (
        "[steady_state]\nof.page = {}\n" + trouble("errors"),
        "steady_state.of.page must have at least one bound",
    ),
    (
        "[steady_state]\nduring.of.page = { x = 1 }\n" + trouble("errors"),
        "a key of steady_state.during.of.page must be one of .*, got 'x'",
    ),
    (
        HYPOTHESIS + trouble("errors") + '[[actions]]\nat = 24.0\nturn_on = "cart"\n',
        "actions.1.at must be < duration = 24 s, got 24",
    ),
    (
        HYPOTHESIS
        + '[[chaos]]\nkind = "power outage"\nzones = []\nbetween = 1\nrepair = 1\nstart = 5\nend = 9\n',
        "chaos.1.zones must be at least 1",
    ),
    (
        HYPOTHESIS
        + '[[chaos]]\nkind = "partition"\nzones = ["zone-a"]\nbetween = 1\nrepair = 1\nstart = 5\nend = 9\n',
        "chaos.1.zones must be at least 2",
    ),
    (
        HYPOTHESIS
        + '[[chaos]]\nkind = "host crash"\nbetween = 1\nrepair = 1\nstart = 5\nend = 9\n'
        + "hours = { start = 2.0, end = 9.0, day = 8.0 }\n",
        r"chaos.1.hours: end must be > start = 2.0 s and <= day = 8.0 s, got 9.0",
    ),
]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('title = " "', "title must be a line of text, got ' '"),
        ('title = "a\\nb"', r"title must be a line of text, got 'a\\nb'"),
        ("duration = 1e308", r"duration must be <= 86400, got 1e\+308"),
        ("duration = true", "duration must be a number, got True"),
        ("seed = true", "seed must be a whole number, got True"),
        ("rate = 1e9", "shop.rate must be <= 10000, got 1000000000.0"),
    ],
)
def test_numbers_and_titles_that_cannot_be_meant_are_refused(tmp_path: Path, line: str, message: str) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    key = line.split(maxsplit=1)[0]
    kept = [each for each in path.read_text().splitlines() if not each.startswith(f"{key} =")]
    place = kept.index("[shop]") + (key == "rate")
    path.write_text("\n".join([*kept[:place], line, *kept[place:]]))
    with pytest.raises(Misuse, match=message):
        read_game_day(path)


def test_file_may_begin_with_the_mark_that_windows_writes(tmp_path: Path) -> None:
    path = written(tmp_path, HYPOTHESIS, trouble("errors"))
    path.write_text(path.read_text(), encoding="utf-8-sig")
    assert read_game_day(path).title == "A short day"


@pytest.mark.parametrize(("text", "message"), WRONG, ids=[message[:50] for _, message in WRONG])
def test_wrong_file_gets_one_line_with_key_value_and_rule(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(Misuse, match=message) as caught:
        read_game_day(written(tmp_path, text))
    assert "\n" not in str(caught.value)
    assert "day.toml" in str(caught.value)


def test_file_that_is_not_there_is_said(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match="game-day file must be a file that can be read"):
        read_game_day(tmp_path / "none.toml")
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(Misuse, match="not UTF-8 text"):
        read_game_day(tmp_path / "binary.toml")


def test_key_that_no_file_has_is_named(tmp_path: Path) -> None:
    path = tmp_path / "day.toml"
    path.write_text('tite = "x"\n')
    with pytest.raises(Misuse, match=r"got 'tite' \(did you mean 'title'"):
        read_game_day(path)
