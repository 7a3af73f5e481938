"""Whatever is mistyped: exit code 2, an empty standard output, and one line with name, value and rule."""

import pytest

from experiments.command_line import main

QUEUE = "tests.experiments.toy_studies:queue"
SWEEP = ["sweep", QUEUE]
RUN = ["run", QUEUE]


@pytest.mark.parametrize(
    "words, name, value, rule",
    [
        ([], "command", "", "issing"),
        (["swep", QUEUE], "swep", "swep", "o such command"),
        (["run"], "STUDY", "none", "must come first"),
        (["run", "--load", "0.5", QUEUE], "STUDY", "--load", "must come first"),
        (["run", "brakers"], "study", "brakers", "must be one of"),
        (["run", "tests.experiments.toy_studies:quue"], "study", "quue", "did you mean 'queue'"),
        (["run", "nowhere:queue"], "study", "nowhere:queue", "must be in a module that can be imported"),
        ([*RUN, "--laod", "0.5"], "parameter of queue", "laod", "did you mean 'load'"),
        ([*RUN, "--load", "much"], "load", "much", "must be a number"),
        ([*RUN, "--load", "1.5"], "load", "1.5", "must be < 1"),
        ([*RUN, "--load", "-1"], "load", "-1", "must be > 0"),
        ([*RUN, "--load"], "load", "none", "must have a value"),
        ([*RUN, "--load", "0.1", "--load", "0.2"], "load", "twice", "must be given once"),
        ([*RUN, "--customers", "2.5"], "customers", "2.5", "must be a whole number"),
        ([*RUN, "--discipline", "random"], "discipline", "random", "must be 'fcfs' or 'lcfs'"),
        ([*RUN, "--constant", "perhaps"], "constant", "perhaps", "must be true or false"),
        ([*RUN, "--trace", "nowhere.csv"], "trace", "nowhere.csv", "must be an existing file or none"),
        ([*RUN, "extra"], "options", "extra", "must be written --name value"),
        ([*RUN, "--seed", "x"], "seed", "x", "must be a whole number >= 0"),
        ([*RUN, "--seed", "-1"], "seed", "-1", "must be a whole number >= 0"),
        ([*SWEEP, "--grid", "load"], "--grid", "load", "must be written name=a,b,c"),
        ([*SWEEP, "--grid", "load="], "--grid load", "load=", "must have at least one value"),
        ([*SWEEP, "--grid", "load=0.1,,0.2"], "load", "''", "must be a number"),
        ([*SWEEP, "--grid", "load=0.1,0.1"], "grid of load", "0.1,0.1", "must have values that differ"),
        ([*SWEEP, "--grid", "laod=0.1"], "parameter of queue", "laod", "did you mean 'load'"),
        ([*SWEEP, "--grid", "load=0.1,7"], "load", "7", "must be < 1"),
        ([*SWEEP, "--grid", "load=0.1", "--grid", "load=0.2"], "grid of load", "twice", "must be given once"),
        (
            [*SWEEP, "--grid", "load=0.1", "--set", "load=0.2"],
            "load",
            "0.2",
            "must be swept or set, not both",
        ),
        ([*SWEEP, "--set", "load=0.1", "--load", "0.2"], "load", "twice", "must be set once"),
        ([*SWEEP, "--until", "wait=1", "--replications", "1"], "replications", "1", "must be >= 2"),
        ([*SWEEP, "--set", "customers"], "--set", "customers", "must be written name=value"),
        ([*SWEEP, "--replications", "0"], "replications", "0", "must be a whole number >= 1"),
        ([*SWEEP, "--jobs", "0"], "jobs", "0", "must be a whole number >= 1"),
        ([*SWEEP, "--jobs", "many"], "jobs", "many", "must be a whole number >= 1"),
        ([*SWEEP, "--until", "wait"], "--until", "wait", "must be written measure=half_width"),
        ([*SWEEP, "--until", "weight=1"], "measure of queue", "weight", "must be one of"),
        ([*SWEEP, "--until", "wait=-1"], "half_width", "-1", "must be > 0"),
        (["sweep", "nowhere.toml"], "sweep file", "nowhere.toml", "must be a file that can be read"),
        (["plot", "nowhere.sqlite"], "results file", "nowhere.sqlite", "must exist"),
        (["plot", __file__], "test_misuse.py", "no database", "must be a GameDay results file"),
        ([*SWEEP, "--out", __file__], "test_misuse.py", "no database", "must be a GameDay results file"),
        (
            [*SWEEP, "--out", "/dev/null/r.sqlite"],
            "r.sqlite",
            "/dev/null",
            "must be in a folder that can be made",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_misuse_is_one_line_and_exit_code_2(words, name, value, rule, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert main(words) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert len(said.err.splitlines()) == 1, said.err
    assert all(part in said.err for part in (name, value, rule)), said.err
    assert list(tmp_path.iterdir()) == []
