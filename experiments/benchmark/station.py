"""A station: the plainest server there is, as an endpoint of one's own would be written.

It works for each request on its host's cores, and that is all: what a `Resource` is in a plain SimPy script.
A service's instance has a pool of threads and a bounded queue besides.
"""

from __future__ import annotations

from models import Call, Endpoint, Host, Request, Response
from simulator.randomness import Exponential

_DONE = Response()


class Station(Endpoint):
    """Serves each request for an exponential time on a core of `host`, `work_mean` seconds on average."""

    def __init__(self, host: Host, work_mean: float, name: str = "station") -> None:
        self.host: Host = host
        self.name = name
        self.is_listening = True
        self._demands = host.env.sampler(f"{name}/work", Exponential(work_mean)).values

    def call(self, request: Request) -> Call:
        """Answer when the work is done."""
        yield from self.host.work(next(self._demands))
        return _DONE
