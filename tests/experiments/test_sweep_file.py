"""Sweep files: what TOML may say, and one line for what it may not."""

import pytest

from experiments import Grid, LatinHypercube, Misuse, Points, Range, Sobol, Until
from experiments.sweep_file import read_sweep_file


def read(tmp_path, text):
    (tmp_path / "s.toml").write_text(text)
    return read_sweep_file(tmp_path / "s.toml")


@pytest.mark.parametrize(
    "text, design",
    [
        ("", None),
        ("[grid]\nload = [0.1, 0.2]", Grid({"load": [0.1, 0.2]})),
        ("[[points]]\nload = 0.1\n[[points]]\nload = 0.2", Points([{"load": 0.1}, {"load": 0.2}])),
        (
            "[latin_hypercube]\ncount = 5\nranges.load = { low = 0.1, high = 0.9 }",
            LatinHypercube(count=5, ranges={"load": Range(0.1, 0.9)}),
        ),
        (
            "sobol.count = 8\nsobol.seed = 3\nsobol.ranges.load = { low = 1, high = 9, whole = true }",
            Sobol(count=8, seed=3, ranges={"load": Range(1, 9, whole=True)}),
        ),
    ],
)
def test_each_design_can_be_written(tmp_path, text, design):
    assert read(tmp_path, f'study = "queue"\n{text}').design == design


def test_replications_fixed_values_and_a_stopping_rule_can_be_written(tmp_path):
    file = read(
        tmp_path,
        'study = "queue"\nreplications = 4\nset.load = 0.5\nuntil = { measure = "wait", half_width = 0.1 }',
    )
    assert (file.replications, file.set) == (4, {"load": 0.5})
    assert file.stopping == Until(measure="wait", half_width=0.1)


@pytest.mark.parametrize(
    "text, message",
    [
        ("", "study must be given"),
        ("study = ", "sweep file must be TOML"),
        ('study = "q"\ngird.load = [1]', "gird must be one of study, replications"),
        ('study = "q"\nreplications = 0', "replications must be > 0 or none, got 0"),
        ('study = "q"\ngrid.load = 1', r"grid\.load must be a valid list, got 1"),
        ('study = "q"\ngrid.a = [1]\npoints = [{}]', "design must be one of .*, got grid and points"),
        ('study = "q"\nsobol = { count = 3, ranges = { a = { low = 0, high = 1 } } }', "power of two, got 3"),
    ],
)
def test_what_cannot_be_meant_is_one_line(tmp_path, text, message):
    with pytest.raises(Misuse, match=message) as caught:
        print(read(tmp_path, text).design)
    assert "\n" not in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(Misuse, match=r"none\.toml: No such file"):
        read_sweep_file(tmp_path / "none.toml")
