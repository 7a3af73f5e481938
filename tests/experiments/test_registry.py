"""Names of studies: found, missed, and replayed."""

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
