"""`docs/command-line.md`: its JSON keys are those that are printed, and its sweep file can be read."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from experiments.command_line import main
from experiments.sweep_file import read_sweep_file

from .experiments.swarm.mutants import balancer_loses_a_count_where_a_call_fails

PAGE = (Path(__file__).parent.parent / "docs" / "command-line.md").read_text(encoding="utf-8")
QUEUE = "tests.experiments.toy_studies:queue"
FRAGILE = "tests.experiments.toy_studies:fragile"

GAME_DAY = Path(__file__).parent.parent / "game_days" / "payment-out.toml"

# Their keys are a user's names, not ours.
NAMES_OF_A_STUDY = {"parameters", "measures", "units", "detail", "operations", "features"}
# The keys of these are names again: phases of operations.
NAMES_TWICE = {"operations", "features"}


def documented(command: str) -> set[str]:
    (row,) = re.findall(rf"^\| `{command}` \| (.*) \|$", PAGE, flags=re.MULTILINE)
    return set(re.findall(r"`(\w+)`", row)) - {"null"}


def keys_of(value: Any) -> set[str]:
    if isinstance(value, list):
        return set().union(*map(keys_of, value))
    if not isinstance(value, dict):
        return set()
    found = set(value)
    for key, item in value.items():
        if key in NAMES_TWICE:
            found |= {inner for named in item.values() for phase in named.values() for inner in phase}
        elif key in NAMES_OF_A_STUDY and isinstance(item, dict):
            found |= set().union(*map(keys_of, item.values()))
        else:
            found |= keys_of(item)
    return found


@pytest.mark.parametrize(
    "words, code",
    [
        (["list", QUEUE], 0),
        (["run", QUEUE, "--customers", "5"], 0),
        (["sweep", FRAGILE, "--raise_at", "1/1", "--jobs", "1", "--out", "r.sqlite"], 1),
        pytest.param(
            ["validate", "--only", "M/M/10, arrival rate 8", "--quick", "--workers", "1"],
            0,
            marks=pytest.mark.slow,
        ),
        pytest.param(["game-day", str(GAME_DAY)], 0, marks=pytest.mark.slow),
        pytest.param(["bench", "--only", "sleeps", "--quick", "--repeat", "1"], None, marks=pytest.mark.slow),
    ],
    ids=lambda words: words[0] if isinstance(words, list) else "",
)
def test_json_has_the_keys_of_the_page(words, code, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main([*words, "--json"]) in ({0, 1} if code is None else {code})
    assert keys_of(json.loads(capsys.readouterr().out)) == documented(words[0])


@pytest.mark.slow
def test_json_of_plot_has_the_keys_of_the_page(tmp_path, capsys):
    out = str(tmp_path / "r.sqlite")
    main(["sweep", QUEUE, "--customers", "5", "--jobs", "1", "--no-figures", "--out", out])
    capsys.readouterr()
    assert main(["plot", out, "--json"]) == 0
    assert set(json.loads(capsys.readouterr().out)) == documented("plot")


@pytest.mark.slow
def test_json_of_swarm_has_the_keys_of_the_page(tmp_path, monkeypatch, capsys, watch):
    watch.is_on = False  # what is broken on purpose
    balancer_loses_a_count_where_a_call_fails(monkeypatch)
    monkeypatch.chdir(tmp_path)
    assert main(["swarm", "--systems", "3", "--jobs", "1", "--json"]) == 1
    assert keys_of(json.loads(capsys.readouterr().out)) == documented("swarm")


def test_json_of_cache_trace_has_the_keys_of_the_page(tmp_path, capsys):
    (tmp_path / "trace.csv").write_text("1,a,10\n", encoding="utf-8")
    assert (
        main(["cache-trace", str(tmp_path / "trace.csv"), "--policy", "lru", "--size", "64", "--json"]) == 0
    )
    assert keys_of(json.loads(capsys.readouterr().out)) == documented("cache-trace")


def test_the_sweep_file_of_the_page_can_be_read(tmp_path):
    example, _ = re.findall(r"```toml\n(.*?)```", PAGE, flags=re.DOTALL)
    (tmp_path / "sweep.toml").write_text(example, encoding="utf-8")
    file = read_sweep_file(tmp_path / "sweep.toml")
    assert file.study == "timeouts"
    assert file.design is not None
    assert file.stopping is not None


@pytest.mark.slow
def test_the_plan_file_of_the_page_can_be_run(tmp_path, capsys):
    examples = re.findall(r"```json\n(.*?)```", PAGE, flags=re.DOTALL)
    said = (
        "passed: 1 client, 1 service, 2 wrappers, 1 fault",
        "passed: 3 nodes, 2 clients, 3 operations, 1 fault",
    )
    for example, what in zip(examples, said, strict=True):
        (tmp_path / "plan.json").write_text(example, encoding="utf-8")
        assert main(["swarm", "--plan", str(tmp_path / "plan.json")]) == 0
        assert what in capsys.readouterr().out
