"""The results file: one SQLite database per sweep: manifest, points, and a row per finished replication.

It is written by one process only, a transaction per batch of finished rows, so that a kill at any instant
leaves a file that holds every committed row and nothing else. Journal: SQLite's default rollback journal, not
a write-ahead log: the file alone is then complete between transactions (it can be copied or mailed), and it
works on network file systems; readers may watch while it is written. What is not ours, not of this study,
design or version is refused and stays untouched.
"""

import json
import math
import os
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from .file_lock import hold, release
from .misuse import Misuse

SCHEMA_VERSION = 1
"""Raised whenever the tables change; a file of another schema is refused."""

APPLICATION_ID = 0x47445321
"""Marks a SQLite file as ours in its header ("GDS!")."""

IN_MEMORY = ":memory:"
"""The path of a store that lives and dies with the process."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One replication at one point: its measures, or the error that ended it and its replay command."""

    point: int
    replication: int
    seed: int
    measures: Mapping[str, float]
    error: str | None = None
    replay: str | None = None

    @property
    def failed(self) -> bool:
        """Whether the run raised."""
        return self.error is not None


class OtherResults(Misuse):
    """The file is a results file, but of another study, design or version than is asked for."""


class Store:
    """An open results file; `create_or_resume` and `open_existing` make one, `close` (or `with`) ends it."""

    def __init__(self, connection: sqlite3.Connection, path: str, lock: int | None = None) -> None:
        self.path = path
        self._connection = connection
        self._lock = lock

    @classmethod
    def create_or_resume(
        cls,
        path: str,
        manifest: Mapping[str, Any],
        points: Sequence[Mapping[str, Any]],
        measures: Sequence[str],
    ) -> "Store":
        """Open `path` to write: a new file gets `manifest` and `points`, an existing one must hold the same.

        `manifest` holds JSON values; its "same" entry is compared, the rest is noted. Raises Misuse if the
        file is another program's, another study's, design's or version's, is in use by another sweep, or
        cannot be written.
        """
        lock = None if path == IN_MEMORY else hold(path)
        try:
            store = cls(_connect(path), path, lock)
        except BaseException:
            release(lock)
            raise
        try:
            if _is_empty(store._connection):
                _create(store._connection, manifest, points, measures)
            else:
                _require_ours(store._connection, path)
                _require_same(path, store.manifest(), manifest, store.points(), list(points))
        except sqlite3.Error as error:
            store.close()
            raise Misuse(_unusable(path, error)) from None
        except BaseException:
            store.close()
            raise
        return store

    @classmethod
    def open_existing(cls, path: str) -> "Store":
        """Open `path` to read, also while a sweep writes to it. Raises Misuse if it is no results file."""
        if not Path(path).is_file():
            raise Misuse(f"results file must exist, got {path}")
        connection = _connect(path)
        try:
            if _is_empty(connection):
                raise Misuse(
                    f"{path} must be a GameDay results file, got an empty one: no row was stored yet"
                )
            _require_ours(connection, path)
        except sqlite3.Error as error:
            connection.close()
            raise Misuse(_unusable(path, error)) from None
        except Misuse:
            connection.close()
            raise
        return cls(connection, path)

    def __enter__(self) -> "Store":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file and let other sweeps write to it."""
        self._connection.close()
        release(self._lock)
        self._lock = None

    def manifest(self) -> dict[str, Any]:
        """What is known about where the rows come from."""
        return {
            key: json.loads(value)
            for key, value in self._connection.execute("SELECT key, value FROM manifest")
        }

    def points(self) -> list[dict[str, Any]]:
        """The parameters of each point, as JSON values, in the order of the design."""
        found = self._connection.execute("SELECT parameters FROM points ORDER BY point")
        return [json.loads(parameters) for (parameters,) in found]

    def rows(self) -> list[Row]:
        """All rows by point and replication, whatever the order in which they finished."""
        found = self._connection.execute("SELECT * FROM rows ORDER BY point, replication")
        names = [column[0] for column in found.description]
        return [_row(dict(zip(names, values, strict=True))) for values in found]

    def add(self, rows: Iterable[Row]) -> None:
        """Write finished rows in one transaction; a row that is there already stays, unless it had failed."""
        with self._connection:
            for row in rows:
                names = ["point", "replication", "seed", "status", "error", "replay", *row.measures]
                status = "failed" if row.failed else "done"
                values = [row.point, row.replication, row.seed, status, row.error, row.replay]
                values += map(_cell, row.measures.values())
                columns = ", ".join(map(_quoted, names))
                updates = ", ".join(f"{_quoted(name)} = excluded.{_quoted(name)}" for name in names[2:])
                self._connection.execute(
                    f"INSERT INTO rows ({columns}) VALUES ({', '.join('?' * len(names))}) "
                    f"ON CONFLICT (point, replication) DO UPDATE SET {updates} WHERE rows.status = 'failed'",
                    values,
                )


def _connect(path: str) -> sqlite3.Connection:
    try:
        connection = sqlite3.connect(path, timeout=30)
        connection.execute("PRAGMA foreign_keys = ON")
    except sqlite3.Error as error:
        raise Misuse(_unusable(path, error)) from None
    return connection


def _is_empty(connection: sqlite3.Connection) -> bool:
    # An empty file is what a kill before the first commit leaves (SQLite rolls a half-written one back to
    # that).
    return bool(connection.execute("SELECT count(*) = 0 FROM sqlite_master").fetchone()[0])


def _create(
    connection: sqlite3.Connection,
    manifest: Mapping[str, Any],
    points: Sequence[Mapping[str, Any]],
    measures: Sequence[str],
) -> None:
    noted = {**manifest, "created": datetime.now(UTC).isoformat(timespec="seconds"), "schema": SCHEMA_VERSION}
    columns = "".join(f", {_quoted(name)} REAL" for name in measures)
    parameters = "".join(
        f", json_extract(parameters, '$.{name}') AS {_quoted(name)}" for name in (points[0] if points else ())
    )
    connection.isolation_level = (
        None  # the driver would commit before CREATE TABLE: here it is all or nothing
    )
    connection.execute("BEGIN IMMEDIATE")
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
    connection.execute("CREATE TABLE manifest (key TEXT PRIMARY KEY, value TEXT NOT NULL)")
    connection.execute("CREATE TABLE points (point INTEGER PRIMARY KEY, parameters TEXT NOT NULL)")
    connection.execute(
        "CREATE TABLE rows (point INTEGER NOT NULL REFERENCES points, replication INTEGER NOT NULL, "
        "seed INTEGER NOT NULL, status TEXT NOT NULL CHECK (status IN ('done', 'failed')), "
        "error TEXT, replay TEXT"
        f"{columns}, PRIMARY KEY (point, replication))"
    )
    measured = "".join(f", {_quoted(name)}" for name in measures)
    connection.execute(
        # For whoever opens the file with another tool: one tidy row per point and replication, names and all.
        f"CREATE VIEW tidy AS SELECT point, replication, seed{parameters}, status, error, replay{measured} "
        "FROM rows JOIN points USING (point) ORDER BY point, replication"
    )
    connection.executemany(
        "INSERT INTO manifest VALUES (?, ?)", [(key, json.dumps(value)) for key, value in noted.items()]
    )
    connection.executemany(
        "INSERT INTO points VALUES (?, ?)", [(index, json.dumps(point)) for index, point in enumerate(points)]
    )
    connection.execute("COMMIT")
    connection.isolation_level = "DEFERRED"


def _require_ours(connection: sqlite3.Connection, path: str) -> None:
    application = connection.execute("PRAGMA application_id").fetchone()[0]
    schema = connection.execute("PRAGMA user_version").fetchone()[0]
    if application != APPLICATION_ID:
        raise Misuse(
            f"{path} must be a GameDay results file, got another program's database: choose another file"
        )
    if schema != SCHEMA_VERSION:
        raise OtherResults(
            f"{path} must have schema version {SCHEMA_VERSION}, got {schema}: another version wrote it; "
            "choose another file"
        )


def _require_same(
    path: str,
    stored: Mapping[str, Any],
    wanted: Mapping[str, Any],
    stored_points: list[dict[str, Any]],
    wanted_points: list[Mapping[str, Any]],
) -> None:
    advice = "choose another --out, or --renew to set this file aside"
    for key, value in wanted["same"].items():
        if (found := stored["same"].get(key)) != value:
            raise OtherResults(f"{path} holds results of {key} {found}, got {key} {value}: {advice}")
    if len(stored_points) != len(wanted_points):
        raise OtherResults(
            f"{path} holds a design of {len(stored_points)} points, got {len(wanted_points)}: {advice}"
        )
    for index, (found, value) in enumerate(zip(stored_points, wanted_points, strict=True)):
        for name in value:
            if found.get(name) != value[name]:
                raise OtherResults(
                    f"{path} holds a design with {name} = {found.get(name)} at point {index}, "
                    f"got {name} = {value[name]}: {advice}"
                )


def _row(cells: dict[str, Any]) -> Row:
    point, replication, seed = (cells.pop(name) for name in ("point", "replication", "seed"))
    failed, error, replay = cells.pop("status") == "failed", cells.pop("error"), cells.pop("replay")
    measures = {} if failed else {name: math.nan if value is None else value for name, value in cells.items()}
    return Row(point=point, replication=replication, seed=seed, measures=measures, error=error, replay=replay)


def _cell(value: float) -> float | None:
    return (
        None if math.isnan(value) else value
    )  # SQLite has no nan and would store NULL anyway; said aloud here


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _unusable(path: str, error: sqlite3.Error) -> str:
    if isinstance(error, sqlite3.DatabaseError) and "not a database" in str(error):
        return f"{path} must be a GameDay results file, got a file that is no database: choose another file"
    reason = "not writable" if not os.access(path, os.W_OK) else str(error)
    return f"{path} must be a results file that can be written, got: {reason}"
