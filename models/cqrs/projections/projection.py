"""A projection: a process that makes a read model from the event log, and answers questions from it.

Each is a copy of its own: as many as one likes follow one log, for other questions, or for more of the same
(a replica of the read side), and none knows of the others. Rules:

1. It follows the log (see `view`) through its own client. Its rows and how far they have come are on its
   disk; a crash keeps what the durability policy says, and the restart goes on from there. While it is down
   it answers nobody, and the log does not notice.
2. A question is answered from the rows as they are, with the position that they have come to as `version`. It
   may demand a position: then it waits, holding a thread, and is `Unavailable` when its time is over.
3. `rebuild(model)` makes a second view from the beginning of the log, by the same read model or a mended one,
   while the first one goes on and answers. When the second has come as far, it takes over: that is one write,
   and the first one stands still for it, so that no reader goes back. A crash on the way continues it, a
   destroyed disk begins with the model that was given last. Both share the host's cores and disk. One that
   stops before an event that it cannot apply never takes over, and another one may be built in its place.

Leaves out: events that are pushed (a reader that waits at the log is told as soon); several processes that
share one read model's events by stream (Kafka's consumer groups); tables on another host.

Source: Young, "CQRS Documents" (2010); Kleppmann, "Designing Data-Intensive Applications" (2017), chapter 11,
"State, Streams, and Immutability", on deriving several views from one log and building new ones beside the
old; Fowler, "CQRS" (2011).
"""

from __future__ import annotations

from collections.abc import Generator, Hashable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from simulator import Environment, Process

from ...endpoint import Endpoint, require_endpoint
from ...failures import Unavailable
from ...infrastructure import Host
from ...network import Network
from ...nodes import Node
from ...request import Request, Response
from ...storage import Disk, ReplacedFile
from ...validation import require_kind
from ..flaws import NO_PROJECTION_FLAWS, ProjectionFlaws
from ..waiting import WaitingLine
from .read_model import ReadModel
from .requests import AtLeast
from .settings import ProjectionSettings
from .view import View, ViewCounts

_DEFAULT = ProjectionSettings()


@dataclass(frozen=True, slots=True)
class _Views:
    """Which view answers, and which is being built, if any: what stands on the disk."""

    serving: View
    building: View | None = None


class Projection(Node):
    """A projection on `host` by `model`, which reads the log through `source`, a client on the same host.

    `disk` is where its rows are (by default a new one). `instance` settings are those of `Node`. `counts` is
    what has happened so far, an observer's; `rebuilt_count` times a second view has taken over;
    `behind_count` questions waited in vain.

    Example::

        stock = Projection(env, host, network, log.client(host), StockPerItem(), name="stock")
        answer = yield from network.connect(web, stock).call(read(7))
    """

    __slots__ = (
        "_disk",
        "_file",
        "_flaws",
        "_following",
        "_made_count",
        "_model",
        "_settings",
        "_source",
        "_views",
        "_waiting",
        "behind_count",
        "counts",
        "rebuilt_count",
    )

    def __init__(
        self,
        env: Environment,
        host: Host,
        network: Network,
        source: Endpoint,
        model: ReadModel,
        *,
        settings: ProjectionSettings = _DEFAULT,
        disk: Disk | None = None,
        flaws: ProjectionFlaws = NO_PROJECTION_FLAWS,
        name: str = "projection",
        **instance: Any,
    ) -> None:
        require_kind("host", host, Host)
        require_endpoint("source", source)
        require_kind("model", model, ReadModel)
        require_kind("settings", settings, ProjectionSettings)
        require_kind("flaws", flaws, ProjectionFlaws)
        if source.host is not host:
            raise ValueError(
                f"source must be a client on {host!r} as the projection is, got one on {source.host!r}"
            )
        if disk is not None:
            require_kind("disk", disk, Disk)
        if disk is not None and disk.host is not host:
            raise ValueError(f"disk must be one of host {host.name!r}, got that of {disk.host.name!r}")
        self._source = source
        self._model = model
        self._settings = settings
        self._flaws = flaws
        self._disk = disk or Disk(host)
        self._made_count = 0
        self.counts = ViewCounts()
        self.rebuilt_count = 0
        self.behind_count = 0
        self.name = name
        self._views = _Views(self._new_view())
        self._file = ReplacedFile(self._disk, self._views)
        super().__init__(env, host, network, name=name, **instance)

    def _new_view(self) -> View:
        self._made_count += 1
        return View(
            self._made_count,
            self,
            self._source,
            self._disk,
            self._model,
            self._settings,
            self._flaws,
            self.counts,
            self._come_further,
        )

    # -- life -----------------------------------------------------------------------------------------------

    def remember(self) -> None:
        """Have no rows in memory, until the disk is read."""
        self._waiting = WaitingLine(self.env)
        self._following: dict[View, Process] = {}
        for view in self._all_views():
            view.stored.forget()

    def recover(self) -> Generator[Any, Any, None]:
        """Read which views there are, and their rows."""
        if self._file.content is None:  # the disk was destroyed
            yield from self._file.replace(_Views(self._new_view()))
        content = self._file.content
        assert content is not None
        self._views = content
        for view in self._all_views():
            yield from view.recover()

    def wake_up(self) -> None:
        """Let the views follow the log."""
        for view in self._all_views():
            self._follow(view)

    def _all_views(self) -> list[View]:
        views = self._views
        return [views.serving] if views.building is None else [views.serving, views.building]

    def _follow(self, view: View) -> None:
        self._following[view] = self.run(view.follow(), f"view {view.number}")

    def _come_further(self, view: View) -> Generator[Any, Any, None]:
        views = self._views
        if view is views.serving:
            self._waiting.reached(view.position)
        elif view.position >= views.serving.position and not view.is_stopped:
            yield from self._take_over(view)

    # -- questions ------------------------------------------------------------------------------------------

    def answer(self, request: Request) -> Generator[Any, Any, Response]:
        """Answer a question from the rows, when they have come as far as it demands."""
        while isinstance(demand := request.value, AtLeast):
            request = replace(request, value=demand.value)
            if self.position < demand.position:
                yield from self._waiting.wait(demand.position, demand.wait / self.host.clock_rate)
            if self.position < demand.position:
                self.behind_count += 1
                raise Unavailable(f"{self.name}: has come to {self.position}, not to {demand.position}")
        if self._settings.query_work:
            yield from self.work(self._settings.query_work)
        serving = self._views.serving
        return Response(serving.model.answer(request, serving.stored.rows), version=serving.position)

    # -- rebuilding -----------------------------------------------------------------------------------------

    def rebuild(self, model: ReadModel | None = None) -> None:
        """Begin to build a second view, by `model` (by default the same as before), which then takes over.

        A second view that has stopped is given up. Raises `RuntimeError` where one is being built, or the
        process is not there to do it.
        """
        if model is not None:
            require_kind("model", model, ReadModel)
        if self.is_rebuilding:
            raise RuntimeError(f"{self.name} must not be rebuilding, but is")
        if not self.is_awake:
            raise RuntimeError(f"{self.name} must be awake to be rebuilt, but is not")
        self._model = model or self._model
        if self._views.building is not None:
            del self._following[self._views.building]
        self._views = replace(self._views, building=self._new_view())
        self.run(self._begin_building(), "rebuilding")

    def _begin_building(self) -> Generator[Any, Any, None]:
        views = self._views
        assert views.building is not None
        yield from self._file.replace(views)
        self._follow(views.building)

    def _take_over(self, view: View) -> Generator[Any, Any, None]:
        # What the first one writes from now on would be taken back from its readers.
        old = self._views.serving
        following = self._following.pop(old)
        if following.is_alive:
            following.kill()
        yield from self._file.replace(_Views(view))
        self._views = _Views(view)
        self.rebuilt_count += 1
        self._waiting.reached(view.position)

    # -- what is seen of it ---------------------------------------------------------------------------------

    @property
    def position(self) -> int:
        """How far the rows have come that questions are answered from."""
        return self._views.serving.position

    @property
    def epoch(self) -> int:
        """The epoch of the log's commit at that position."""
        return self._views.serving.stored.checkpoint.epoch

    @property
    def model(self) -> ReadModel:
        """The read model of the rows that questions are answered from."""
        return self._views.serving.model

    @property
    def settings(self) -> ProjectionSettings:
        """How it is set."""
        return self._settings

    @property
    def is_rebuilding(self) -> bool:
        """Whether a second view is being built, and has not stopped."""
        building = self._views.building
        return building is not None and not building.is_stopped

    @property
    def is_stopped(self) -> bool:
        """Whether it stands before an event that it cannot apply."""
        return self._views.serving.is_stopped

    def rows(self) -> Mapping[Hashable, Any]:
        """Return the rows that questions are answered from; while it is down, those on its disk."""
        stored = self._views.serving.stored
        return dict(stored.rows) if self.is_awake else stored.surviving()
