"""Recorded traces as visits: what buys, what browses, and what a study says about a bad one."""

import json
from pathlib import Path

import numpy as np
import pytest

from experiments import Misuse, Study, sweep
from experiments.command_line import main
from experiments.studies.breakers import breakers
from experiments.studies.shop_trace import load_visits
from experiments.studies.timeouts import timeouts
from models.storefront import BROWSE, BUY

from .short_runs import CSV_TRACE


def trace_file(folder: Path, text: str = CSV_TRACE) -> Path:
    path = folder / "trace.csv"
    path.write_text(text, encoding="utf-8")
    return path


def rows(*lines: str) -> str:
    return "\n".join(["time,operation,key,size", *lines])


def test_writing_operations_buy(tmp_path: Path) -> None:
    visits = load_visits(trace_file(tmp_path), 0.5)
    assert visits.operations == (BROWSE, BUY)
    assert visits.operation.mean() == 0.25
    assert visits.operation[:5].tolist() == [1, 0, 0, 0, 1]


def test_keys_of_a_till_buy(tmp_path: Path) -> None:
    text = rows("0,get,/home,1", "1,get,/Checkout/pay,1", "2,get,/shop/cart,1", "3,get,/about,1")
    assert load_visits(trace_file(tmp_path, text), 0.5).operation.tolist() == [0, 1, 1, 0]


def test_where_nothing_buys_whole_keys_are_for_sale_up_to_the_share(tmp_path: Path) -> None:
    text = rows(*(f"{index},get,/page/{index % 50},1" for index in range(1000)))
    visits = load_visits(trace_file(tmp_path, text), 0.3)
    assert visits.operation.mean() == pytest.approx(0.3, abs=0.02)
    for key in range(50):
        assert len(np.unique(visits.operation[visits.key == key])) == 1


def test_the_choice_of_keys_is_stable_and_grows_with_the_share(tmp_path: Path) -> None:
    path = trace_file(tmp_path, rows(*(f"{index},get,/page/{index % 50},1" for index in range(1000))))
    few, many = (load_visits(path, share).operation for share in (0.2, 0.6))
    assert np.all(few <= many)


def test_a_file_that_has_changed_is_read_again(tmp_path: Path) -> None:
    first = load_visits(trace_file(tmp_path, rows("0,get,/a,1", "1,post,/a,1")), 0.5)
    second = load_visits(trace_file(tmp_path, rows("0,get,/a,1", "1,post,/a,1", "2,get,/b,1")), 0.5)
    assert (len(first), len(second)) == (2, 3)


@pytest.mark.slow
def test_a_study_replays_the_whole_trace(tmp_path: Path) -> None:
    run = breakers(seed=1, trace=trace_file(tmp_path), speed_up=1.0)
    assert run.detail.requests.issued == 800
    assert run.detail.duration == pytest.approx(19.975)
    assert run.measures["buy_healthy"] > 0.9
    assert run.measures["calls_saved"] > 0


@pytest.mark.slow
def test_a_faster_replay_is_shorter(tmp_path: Path) -> None:
    run = timeouts(seed=1, trace=trace_file(tmp_path), speed_up=2.0)
    assert run.detail.duration == pytest.approx(19.975 / 2)


def test_an_unreadable_trace_is_misuse_of_one_line(tmp_path: Path) -> None:
    with pytest.raises(Misuse, match=r"trace must be an access log or a CSV file, got .*trace.csv") as raised:
        breakers(seed=1, trace=trace_file(tmp_path, "neither\n"))
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize("study", [timeouts, breakers])
def test_a_sweep_over_a_bad_load_stores_nothing(tmp_path: Path, study: Study) -> None:
    bad, good = tmp_path / "bad.csv", trace_file(tmp_path)
    bad.write_text("neither\n", encoding="utf-8")
    for fixed, message in (
        ({"trace": bad}, "trace must be an access log or a CSV file"),
        ({"trace": good, "rate": 5.0}, "rate must be none beside a trace"),
        ({"trace": good, "duration": 500.0}, "duration must be > 0 and at most the trace's"),
        ({"rate": "inf"}, "rate must be finite or none, got inf"),
    ):
        with pytest.raises(Misuse, match=message):
            sweep(study, fixed=fixed, out=tmp_path / "r.sqlite")
    assert not (tmp_path / "r.sqlite").exists()


def test_options_that_could_not_act_are_misuse(tmp_path: Path) -> None:
    path = trace_file(tmp_path)
    with pytest.raises(Misuse, match="rate must be none beside a trace"):
        timeouts(seed=1, trace=path, rate=5.0)
    with pytest.raises(Misuse, match="speed_up must be none without a trace"):
        timeouts(seed=1, speed_up=5.0)
    with pytest.raises(Misuse, match=r"duration must be > 0 and at most the trace's 19.975 s, got 500.0"):
        timeouts(seed=1, trace=path, speed_up=1.0, duration=500.0)


@pytest.mark.slow
@pytest.mark.filterwarnings("always::experiments.misuse.Remark")
@pytest.mark.parametrize("command", ["run", "sweep"])
def test_malformed_lines_are_counted_and_named_on_standard_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    path = trace_file(tmp_path, CSV_TRACE + "20,get,/late\n" + "soon,get,/page/1,5\n")
    words = [command, "timeouts", "--trace", str(path), "--speed_up", "100", "--json"]
    if command == "sweep":
        grid = ["--grid", "fault=silent", "--replications", "1", "--jobs", "1", "--no-figures"]
        words += [*grid, "--out", str(tmp_path / "sweep.sqlite")]
    assert main(words) == 0
    said = capsys.readouterr()
    assert said.err.splitlines()[:3] == [
        "gameday: malformed lines left out: 2, beside 800 requests",
        f"  {path}:802: has 3 fields, the header has 4",
        f"  {path}:803: time must be seconds or ISO 8601, got 'soon'",
    ]
    json.loads(said.out)
