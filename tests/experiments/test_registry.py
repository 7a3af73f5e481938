"""Names of studies: found, missed, and replayed."""

import sys

import pytest

from experiments import Measure, Misuse, Run, find_study, study
from experiments.registry import reference_of, replay_command
from tests.experiments.toy_studies import queue

REFERENCE = "tests.experiments.toy_studies:queue"


def test_an_importable_study_is_found_by_module_and_function():
    assert find_study(REFERENCE) is queue
    assert reference_of(queue) == REFERENCE


def test_a_study_in_a_file_is_found_by_path(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))
    source = "from tests.experiments.toy_studies import queue\n"
    (tmp_path / "own_studies_of_this_test.py").write_text(source)
    assert find_study(f"{tmp_path}/own_studies_of_this_test.py:queue") is queue


SOURCE = """
from experiments import Measure, Run, study

@study(name="own", question="?", measures={"v": Measure(description="v")})
def own(*, seed: int) -> Run:
    return Run(measures={"v": seed})
"""


def test_a_study_in_a_file_of_another_folder_is_replayed_by_path_and_one_beside_us_by_name(
    tmp_path, monkeypatch
):
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "own_study_replayed.py").write_text(SOURCE)
    monkeypatch.chdir(tmp_path)
    own = find_study("below/own_study_replayed.py:own")
    assert replay_command(own, {}, 3) == "gameday run below/own_study_replayed.py:own --seed 3"
    monkeypatch.chdir(tmp_path / "below")
    assert reference_of(own) == "own_study_replayed:own"
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    assert reference_of(own) == f"{tmp_path}/below/own_study_replayed.py:own"


def test_a_file_with_the_name_of_a_library_is_refused_and_the_library_named(tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "queue.py").write_text(SOURCE)
    with pytest.raises(Misuse, match=r"must have a name that no other module has.*lib.*queue\.py"):
        find_study(f"{tmp_path}/queue.py:own")


@pytest.mark.parametrize(
    "source, said",
    [
        ("def (", "invalid syntax"),
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("raise SystemExit(3)", "SystemExit: 3"),
    ],
)
def test_a_file_that_cannot_be_imported_is_one_line(source, said, tmp_path, monkeypatch):
    monkeypatch.setattr("sys.path", list(sys.path))
    (tmp_path / "broken_study_file.py").write_text(source)
    with pytest.raises(Misuse, match=f"must be in a module that can be imported, got: {said}"):
        find_study(f"{tmp_path}/broken_study_file.py:own")


@pytest.mark.parametrize(
    "reference, message",
    [
        ("no_such_study", "study must be one of .*, got 'no_such_study'"),
        ("no_such_module:queue", "study no_such_module:queue must be in a module that can be imported"),
        (
            "tests.experiments.toy_studies:quue",
            "must be one of queue, fragile, got 'quue' .did you mean 'queue'",
        ),
        ("tests.experiments.toy_studies:queue_figures", "must be one of queue, fragile"),
        (":", "study : must be in a module that can be imported"),
        (".py:queue", "study .py:queue must be in a module that can be imported"),
        ("nowhere/own.py:queue", "study file must exist, got nowhere/own.py"),
    ],
)
def test_a_study_that_is_not_there_is_told_what_is(reference, message):
    with pytest.raises(Misuse, match=message):
        find_study(reference)


def test_replay_command_is_quoted_for_the_shell_and_marks_values_that_look_like_options():
    values = queue.space.values({"label": "--x; rm -rf '$HOME'"})
    command = replay_command(queue, values, 7)
    assert command.startswith(f"gameday run {REFERENCE} --load 0.5 --service_time 1.0 ")
    assert "'--label=--x; rm -rf '\"'\"'$HOME'\"'\"''" in command
    assert command.endswith("--seed 7")


def test_a_notebooks_study_is_replayed_by_a_call():
    @study(name="own", question="?", measures={"v": Measure(description="v")})
    def own(*, seed: int, x: str = "a") -> Run:
        return Run(measures={"v": 1.0})

    assert reference_of(own) is None
    assert replay_command(own, {"x": "it's"}, 3).endswith('own(x="it\'s", seed=3)')
