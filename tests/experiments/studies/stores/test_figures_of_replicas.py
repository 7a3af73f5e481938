"""The figures of the studies of primary and replicas: complete, from small sweeps too, and what they say.

The small sweeps are parts of the default ones, whose numbers are kept.
"""

from collections.abc import Iterator, Sequence
from statistics import fmean
from typing import Any

import matplotlib as mpl
import pytest
from matplotlib import pyplot as plt

from experiments import InProcess, Points, find_study, sweep
from experiments.summary import estimate
from tests.experiments.studies.figure_checks import assert_complete, texts
from tests.experiments.studies.what_is_said import kept_sweep, means, runs_of

mpl.use("Agg")

pytestmark = pytest.mark.slow

SMALL: Sequence[tuple[str, list[dict[str, Any]], list[str], str]] = (
    (
        "failover",
        [
            *({"commit": "asynchronous", "ttl": ttl} for ttl in (5.0, 10.0)),
            {"commit": "any 1"},
            *({"trouble": "slow network", "ttl": ttl} for ttl in (5.0, 10.0)),
            *({"trouble": "replica crash", "commit": commit} for commit in ("asynchronous", "any 1")),
            *({"trouble": "cut", "ttl": 5.0, "fencing": fencing} for fencing in ("lease", "off")),
        ],
        ["lease", "commit", "fencing"],
        "longest time without an\nacknowledged write (s)",
    ),
    (
        "read_replicas",
        [
            *({"users": 200, "write_share": 0.1, "replicas": count} for count in (0, 1)),
            *({"users": users, "write_share": 0.4} for users in (5, 10, 15)),
            *({"own_writes": own_writes} for own_writes in ("no", "wait", "ask the primary")),
        ],
        ["scaling", "lag", "own_writes"],
        "theory (M/D/1)",
    ),
)


@pytest.fixture(autouse=True)
def close_figures() -> Iterator[None]:
    yield
    plt.close("all")


@pytest.mark.parametrize(("name", "points", "expected", "said"), SMALL, ids=[each[0] for each in SMALL])
def test_a_small_sweep_has_all_figures_and_they_are_complete(
    name: str, points: list[dict[str, Any]], expected: list[str], said: str
) -> None:
    study = find_study(name)
    assert study.figures_of_sweep is not None
    figures = dict(study.figures_of_sweep(kept_sweep(study, points, replications=2)))
    assert list(figures) == expected
    assert_complete(figures)
    assert said in "\n".join(texts(figure) for figure in figures.values())


@pytest.mark.parametrize(
    ("name", "fixed"), [("failover", {"down": 3.0, "ttl": 1.0}), ("read_replicas", {"users": 2})]
)
def test_a_single_point_has_no_figure_of_the_whole(name: str, fixed: dict[str, Any]) -> None:
    study = find_study(name)
    result = sweep(study, Points([{}]), fixed=fixed, replications=2, executor=InProcess())
    assert study.figures_of_sweep is not None
    assert dict(study.figures_of_sweep(result)) == {}


def test_what_asynchronous_failover_loses_is_drawn_of_the_crashes_under_all_leases() -> None:
    """Four runs with one lease are too few, and no lease changes what has not left the primary.

    Runs of one seed have the same writes up to the crash: in the interval they count once.
    """
    study = find_study("failover")
    points: list[dict[str, Any]] = [
        *({"commit": "asynchronous", "ttl": ttl} for ttl in (2.0, 5.0, 10.0, 30.0)),
        {"commit": "any 1"},
        *({"commit": commit, "trouble": "replica crash"} for commit in ("asynchronous", "any 1")),
    ]
    assert study.figures_of_sweep is not None
    figures = dict(study.figures_of_sweep(kept_sweep(study, points)))
    assert list(figures) == ["commit"]
    lost = fmean(means(study, **point)["lost_count"] for point in points[:4])
    assert f"loses {lost:.1f} acknowledged writes in a crash (theory 2.4)" in texts(figures["commit"])
    by_lease = [[each["lost_count"] for each in runs_of(study, **point)] for point in points[:4]]
    expected = estimate([fmean(values) for values in zip(*by_lease, strict=True)])
    ((begin, _), (end, _)) = figures["commit"].axes[1].collections[0].get_segments()[0]
    assert (begin, end) == pytest.approx((expected.low, expected.high))


def test_a_failover_has_its_time_line() -> None:
    study = find_study("failover")
    assert study.figures_of_run is not None
    figures = dict(study.figures_of_run(study(seed=0, down=3.0, ttl=1.0)))
    assert list(figures) == ["availability"]
    assert_complete(figures)
