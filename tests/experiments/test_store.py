"""The results file: what it keeps, what it refuses, and that it never overwrites."""

import math
import sqlite3
from contextlib import closing

import pytest

from experiments import Misuse
from experiments.store import IN_MEMORY, OtherResults, Row, Store

MANIFEST = {"study": {"name": "s"}, "same": {"study": "s", "numpy": "2.0"}}
POINTS = [{"timeout": 0.1, "label": "a"}, {"timeout": 0.5, "label": "a"}]


def opened(path=IN_MEMORY, manifest=MANIFEST, points=POINTS):
    return Store.create_or_resume(str(path), manifest, points, ["wait", "count"])


def done(point, replication, wait=1.0):
    return Row(point=point, replication=replication, seed=replication, measures={"wait": wait, "count": 2.0})


def failed(point, replication):
    return Row(
        point=point, replication=replication, seed=replication, measures={}, error="boom", replay="again"
    )


def test_rows_come_back_by_point_and_replication_whatever_the_order_of_arrival(tmp_path):
    with opened(tmp_path / "r.sqlite") as store:
        store.add([done(1, 0), done(0, 1)])
        store.add([done(0, 0), failed(1, 1)])
    with Store.open_existing(str(tmp_path / "r.sqlite")) as store:
        assert store.rows() == [done(0, 0), done(0, 1), done(1, 0), failed(1, 1)]
        assert store.points() == POINTS
        assert store.manifest()["same"] == MANIFEST["same"]


def test_every_float_survives_to_the_last_bit():
    values = [0.1 + 0.2, 1e-320, 1.7976931348623157e308, -0.0, math.inf]
    with opened() as store:
        store.add(done(0, index, value) for index, value in enumerate(values))
        assert [row.measures["wait"] for row in store.rows()] == values


def test_no_value_is_null_and_comes_back_as_nan():
    with opened() as store:
        store.add([done(0, 0, math.nan)])
        assert math.isnan(store.rows()[0].measures["wait"])


def test_a_finished_row_stays_and_a_failed_one_is_replaced():
    with opened() as store:
        store.add([done(0, 0, 1.0), failed(0, 1)])
        store.add([done(0, 0, 9.0), done(0, 1, 2.0)])
        assert store.rows() == [done(0, 0, 1.0), done(0, 1, 2.0)]


def test_any_sqlite_tool_sees_one_tidy_row_per_replication(tmp_path):
    with opened(tmp_path / "r.sqlite") as store:
        store.add([done(1, 0)])
    with closing(sqlite3.connect(tmp_path / "r.sqlite")) as connection, connection:
        found = connection.execute("SELECT timeout, label, seed, status, wait FROM tidy").fetchall()
    connection.close()
    assert found == [(0.5, "a", 0, "done", 1.0)]


@pytest.mark.parametrize(
    "manifest, points, message",
    [
        ({"same": {"study": "t", "numpy": "2.0"}}, POINTS, "holds results of study s, got study t"),
        ({"same": {"study": "s", "numpy": "2.1"}}, POINTS, r"holds results of numpy 2\.0, got numpy 2\.1"),
        (MANIFEST, POINTS[:1], "holds a design of 2 points, got 1"),
        (
            MANIFEST,
            [POINTS[0], {"timeout": 0.6, "label": "a"}],
            r"timeout = 0\.5 at point 1, got timeout = 0\.6",
        ),
    ],
)
def test_results_of_another_study_version_or_design_are_refused_and_kept(tmp_path, manifest, points, message):
    path = tmp_path / "r.sqlite"
    with opened(path) as store:
        store.add([done(0, 0)])
    before = path.read_bytes()
    with pytest.raises(OtherResults, match=message):
        opened(path, manifest, points)
    assert path.read_bytes() == before


def test_results_of_another_schema_are_refused(tmp_path):
    path = tmp_path / "r.sqlite"
    opened(path).close()
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    for open_again in (opened, lambda path: Store.open_existing(str(path))):
        with pytest.raises(Misuse, match="schema version 1, got 99"):
            open_again(path)


def another_database(path):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE music (title TEXT)")
    connection.commit()
    connection.close()


@pytest.mark.parametrize(
    "make, message",
    [
        (
            lambda path: path.write_text("my thesis, the only copy, " * 50),
            "must be a GameDay results file, got a file",
        ),
        (another_database, "must be a GameDay results file, got another program's database"),
        (lambda path: path.mkdir(), "must be a file that can be written, got: Is a directory"),
    ],
)
def test_what_is_not_ours_is_refused_and_stays_untouched(tmp_path, make, message):
    path = tmp_path / "precious.sqlite"
    make(path)
    before = path.read_bytes() if path.is_file() else None
    with pytest.raises(Misuse, match=message):
        opened(path)
    assert (path.read_bytes() if path.is_file() else None) == before


def test_a_file_that_cannot_be_made_is_named(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(Misuse, match=r"must be in a folder that can be made, got .*file"):
        opened(tmp_path / "file" / "r.sqlite")


def test_two_sweeps_cannot_write_one_file_but_a_reader_may_watch(tmp_path):
    path = tmp_path / "r.sqlite"
    with opened(path) as store:
        store.add([done(0, 0)])
        with pytest.raises(Misuse, match="another sweep is writing"):
            opened(path)
        with Store.open_existing(str(path)) as reader:
            assert reader.rows() == [done(0, 0)]
        store.add([done(0, 1)])
    opened(path).close()


def test_an_empty_file_left_by_a_kill_before_the_first_commit_is_taken(tmp_path):
    (tmp_path / "r.sqlite").touch()
    opened(tmp_path / "r.sqlite").close()
    with opened(tmp_path / "r.sqlite") as store:
        assert store.points() == POINTS


def test_an_empty_file_is_said_to_be_empty(tmp_path):
    (tmp_path / "r.sqlite").touch()
    with pytest.raises(Misuse, match="got an empty one"):
        Store.open_existing(str(tmp_path / "r.sqlite"))


def test_only_results_files_can_be_read(tmp_path):
    with pytest.raises(Misuse, match="results file must exist"):
        Store.open_existing(str(tmp_path / "none.sqlite"))
    another_database(tmp_path / "music.sqlite")
    with pytest.raises(Misuse, match="another program's database"):
        Store.open_existing(str(tmp_path / "music.sqlite"))
