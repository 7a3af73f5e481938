"""The figures of `locks` and `elections`: complete from parts of the default sweeps, and what they say."""

from collections.abc import Iterator

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Points, find_study, sweep
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep

mpl.use("Agg")

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


def test_figures_of_locks() -> None:
    study = find_study("locks")
    points = [
        {"lock": "no lock", "trouble": "none"},
        *({"lock": lock, "trouble": "none"} for lock in ("key", "service, fenced")),
        *({"lock": lock, "pause": pause} for lock in ("key", "service, fenced") for pause in (2.0, 10.0)),
    ]
    figures = study.figures_of_sweep(kept_sweep(study, points, replications=2))
    assert sorted(figures) == ["pauses", "troubles"]
    assert_complete(dict(figures))
    assert "lease: 5 s" in texts(figures["pauses"])
    assert "updates lost, of a thousand" in texts(figures["troubles"])
    run = study(seed=1, lock="key", duration=60.0)
    of_run = study.figures_of_run(run)
    assert_complete(dict(of_run))
    assert "while another had not let go of it" in texts(of_run["stays"])


def test_figures_of_elections() -> None:
    study = find_study("elections")
    points = [
        *({"failed": failed, "spread": spread} for failed in (0, 2) for spread in (0.025, 0.15)),
        *({"scene": "leader crash", "timeout": time, "spread": time} for time in (0.1, 0.15)),
    ]
    figures = study.figures_of_sweep(kept_sweep(study, points, replications=2))
    assert sorted(figures) == ["spread", "timeout"]
    assert_complete(dict(figures))
    assert "two of five down" in texts(figures["spread"])
    assert "until a client is answered" in texts(figures["timeout"])


def test_sweeps_without_the_points_have_no_such_figures() -> None:
    locks, elections = find_study("locks"), find_study("elections")
    one = sweep(
        locks, Points([{"trouble": "none"}]), replications=2, fixed={"duration": 60.0}, executor=InProcess()
    )
    assert locks.figures_of_sweep(one) == {}
    crash = Points([{"scene": "leader crash"}])
    alone = sweep(elections, crash, replications=2, fixed={"count": 4}, executor=InProcess())
    assert elections.figures_of_sweep(alone) == {}
