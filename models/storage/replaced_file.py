"""A file that is replaced as a whole: a snapshot, a control file, the vote of a Raft node.

The new content is written beside the old one, synced, and takes its name: whatever crashes, and whenever, one
of the two is there afterwards, and never a part. Until the sync has ended it is the old one.

Source: the write, sync, rename idiom (Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014);
PostgreSQL's `pg_control` and Redis' RDB file are kept so.
"""

from __future__ import annotations

from collections.abc import Generator
from typing import Any, Generic, TypeVar

from .disk import Disk

_Content = TypeVar("_Content")


class ReplacedFile(Generic[_Content]):
    """A file on `disk`, with some `content` to begin with, if any; none after the disk was destroyed.

    Example::

        yield from vote.replace((term, candidate))
        ... vote.content
    """

    __slots__ = ("_content", "_destroyed_count", "_disk")

    def __init__(self, disk: Disk, content: _Content | None = None) -> None:
        self._disk = disk
        self._content = content
        self._destroyed_count = disk.destroyed_count

    @property
    def content(self) -> _Content | None:
        """What is in it: what survives any crash from now on. `None` where there is no such file."""
        return self._content if self._destroyed_count == self._disk.destroyed_count else None

    def replace(self, content: _Content) -> Generator[Any, Any, None]:
        """Wait for a sync, and let `content`, which nobody may change any more, be what is in it."""
        yield from self._disk.sync()
        self._content = content
        self._destroyed_count = self._disk.destroyed_count
