"""`gameday check-history`: the exit code is the verdict, a witness is printed, and a bad file is one line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from math import inf
from pathlib import Path

import pytest

from experiments.command_line import main
from experiments.command_line.check_history import MODELS
from models.consistency import Operation, SearchLimits, history_text
from models.consistency.linearizability import SPECIFICATIONS
from tests.models.consistency.written_histories import append, done, read, write

FINE = [write(0, 0, 1, 1), read(1, 2, 3, 1)]
STALE = [write(0, 0, 1, 1), write(0, 2, 3, 2), read(1, 4, 5, 1)]


def written(folder: Path, history: Sequence[Operation], format_: str = "json") -> str:
    path = folder / f"history.{format_}"
    path.write_text(history_text(history, format_), encoding="utf-8")  # type: ignore[arg-type]  # one of them
    return str(path)


@pytest.mark.parametrize("format_", ["json", "edn"])
def test_exit_code_is_the_verdict(tmp_path: Path, capsys: pytest.CaptureFixture[str], format_: str) -> None:
    assert main(["check-history", written(tmp_path, FINE, format_)]) == 0
    assert capsys.readouterr().out.endswith("as register: linearizable: 2 operations on 1 keys\n")
    assert main(["check-history", written(tmp_path, STALE, format_)]) == 1
    said = capsys.readouterr().out
    assert "not linearizable: 3 operations on 1 keys" in said
    assert "process 1: read 'x' -> 1" in said


def test_search_that_is_given_up_is_undecided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "models.consistency.linearizability.check.SearchLimits", lambda: SearchLimits(steps=200)
    )
    hard = [done(process, "add", 0, 100, 2**process) for process in range(30)]
    hard.append(read(40, 50, 101, 2**30))
    assert main(["check-history", written(tmp_path, hard)]) == 3
    assert "unknown: 31 operations on 1 keys; given up for 'x'" in capsys.readouterr().out


def test_json_has_the_witness(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-history", written(tmp_path, STALE), "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert list(document) == [
        "file",
        "model",
        "verdict",
        "operations",
        "keys",
        "witnesses",
        "undecided_keys",
        "anomalies",
        "equal_writes",
    ]
    assert (document["verdict"], document["model"]) == ("not linearizable", "register")
    (witness,) = document["witnesses"]
    assert witness["key"] == "'x'"
    assert len(witness["operations"]) == 3
    assert witness["breaking"] == witness["operations"][-1]


def test_writes_that_reads_cannot_tell_apart_are_told_of(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = written(tmp_path, [write(0, 0, 1, None), write(0, 2, 3, None), read(1, 4, 5, None)])
    assert main(["check-history", path]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.endswith("as register: linearizable: 3 operations on 1 keys")
    assert second.startswith(
        "on 1 of 1 keys 2 of 2 writes write a value that another writes too: reads do not"
    )
    assert main(["check-history", path, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["equal_writes"] == 2


def test_model_that_is_named_is_the_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, [append(0, 0, 1, "a"), append(0, 2, 3, "b"), read(1, 4, 5, "ab")])
    assert main(["check-history", path]) == 0
    assert main(["check-history", path, "--model", "kv"]) == 0
    assert main(["check-history", path, "--model", "register"]) == 2
    assert (
        "operations of the model register must be one of read, write, got 'append'" in capsys.readouterr().err
    )


def test_models_are_those_that_there_are() -> None:
    assert tuple(SPECIFICATIONS) == MODELS


def test_transactions_are_looked_through_for_anomalies(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, other = (("read", "x", None), ("append", "y", 1)), (("read", "y", None), ("append", "x", 1))
    history = [done(0, "transaction", 0, 5, one, one), done(1, "transaction", 0, 5, other, other)]
    path = written(tmp_path, history, "edn")
    assert main(["check-history", path]) == 1
    assert "G2-item" in capsys.readouterr().out
    assert main(["check-history", path, "--json"]) == 1
    document = json.loads(capsys.readouterr().out)
    assert [each["name"] for each in document["anomalies"]] == ["G2-item"]
    assert main(["check-history", written(tmp_path, history[:1], "edn")]) == 0
    assert "no anomalies in 1" in capsys.readouterr().out
    assert main(["check-history", path, "--model", "kv"]) == 2


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("", "line 1: a history must hold an operation, got none"),
        ("{:process 0, :type :invoke, :f :read}\n}", "line 2: '}' closes nothing"),
        ("INFO  jepsen.util - 0\t:invoke\t:read\tnil\nwhat", "line 2: a line must be of a log"),
        ('{"process": 0}', "line 1: kind must be there"),
    ],
)
def test_file_that_is_no_history_is_one_line_that_names_the_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, what: str
) -> None:
    path = tmp_path / "history"
    path.write_text(text, encoding="utf-8")
    assert main(["check-history", str(path)]) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert str(path) in said.err
    assert what in said.err


def test_file_that_cannot_be_read_and_model_that_is_none_are_misuse(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["check-history", str(tmp_path / "nowhere.edn")]) == 2
    assert "history must be a file that can be read, got" in capsys.readouterr().err
    (tmp_path / "binary").write_bytes(b"{:process 0}\n\xff\xfe\x00")
    assert main(["check-history", str(tmp_path / "binary")]) == 2
    assert "binary: line 2: a history must be a text in UTF-8" in capsys.readouterr().err
    assert main(["check-history", written(tmp_path, FINE), "--model", "registre"]) == 2
    assert "did you mean 'register'" in capsys.readouterr().err


def test_unknown_operations_are_read_as_such(tmp_path: Path) -> None:
    history = [write(0, 0, inf, 1), read(1, 2, 3, None), read(1, 4, 5, 1)]
    assert main(["check-history", written(tmp_path, history)]) == 0
