"""The one idea of the models: everything that answers a request is an endpoint.

A service, a balancer, a network hop, a timeout, a retry, a breaker: all have one method, `call`, and most are
built around another endpoint. Systems are built by nesting, outermost first. Source: Eriksen, "Your Server as
a Function" (PLOS 2013).
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Generator
from typing import TYPE_CHECKING, Any

from simulator import Nominal

from .request import Request, Response

if TYPE_CHECKING:
    from .infrastructure import Host, Share

Call = Generator[Any, Any, Response]
"""What `Endpoint.call` returns: a generator to be run with `yield from` in a process."""


# Those of which a large system has thousands have nothing but slots. Here none is named, as the names below
# have defaults in the class; and not by a literal, as mypy would then allow nobody to set them.
_NONE: tuple[str, ...] = ()


class Endpoint(metaclass=Nominal):
    """Something that answers requests.

    `name` says which one it is in logs, tables and errors; `host` is where it runs, if that matters.
    `is_listening` says whether a process is there to answer: a call over the network to an endpoint whose
    `serving` one does not listen is refused. `has_stopped` says that the process has ended for good.
    `cpu_share` is what all that runs in the process has of the host's cores, if it has a share of its own.
    `on_left`, if there is one, is called whenever a call has left that process: whoever stops it waits for
    the last. `on_stopped`, if there is one, is called with it when its process has ended for good, by itself
    or with its host: a service that it is part of hears of it so.
    """

    __slots__ = _NONE

    name: str = "endpoint"
    host: Host | None = None
    is_listening: bool = True
    has_stopped: bool = False
    cpu_share: Share | None = None
    on_left: Callable[[], object] | None = None
    on_stopped: Callable[[Any], object] | None = None

    @property
    def serving(self) -> Endpoint:
        """The endpoint in whose process a call to this one is worked on: mostly itself."""
        return self

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r})"

    @abstractmethod
    def call(self, request: Request) -> Call:
        """Answer `request`: a generator that returns a `Response` or raises a `CallFailed`.

        What the call has taken (threads, permits, counts) is given back when the generator ends, however it
        ends: returned, raised, cancelled (`Cancelled` is thrown in) or killed (the generator is closed).
        """


class Wrapper(Endpoint):
    """An endpoint around another one, `target`, in the same process: base of timeouts and their like.

    It stands where its target stands. Around a connection that is the caller's side, around an instance of a
    service the server's: there it is reached over the network as the instance is, lives in the instance's
    process, and dies with it.
    """

    def __init__(self, target: Endpoint, *, name: str) -> None:
        require_endpoint("target", target)
        self.target = target
        self.host = target.host
        self.name = name

    @property
    def serving(self) -> Endpoint:
        """What the target is served by."""
        return self.target.serving


class FunctionEndpoint(Endpoint):
    """An endpoint made from a generator function, for the simplest services and for tests.

    `function(request)` is a generator that may yield what a process may yield and returns a `Response`, or
    any other value, which is then wrapped in one.

    Example::

        def handler(request):
            yield 1.0
            return "hello"

        server = FunctionEndpoint(handler, name="server")
    """

    def __init__(
        self,
        function: Callable[[Request], Generator[Any, Any, Any]],
        *,
        host: Host | None = None,
        name: str = "function",
    ) -> None:
        self.function = function
        self.host = host
        self.name = name

    def call(self, request: Request) -> Call:
        """Answer `request` with what the function returns for it."""
        result = yield from self.function(request)
        return result if isinstance(result, Response) else Response(result)


def does_not_run(error: BaseException) -> bool:
    """Return whether `error`, just caught, means that what `yield from` got is no generator.

    Such an error is raised by the catcher's own `yield from`, and not below it.
    """
    traceback = error.__traceback__
    return type(error) is TypeError and traceback is not None and traceback.tb_next is None


def require_endpoint(name: str, value: object) -> None:
    """Raise `TypeError` unless `value` is an endpoint; `name` is the parameter's."""
    if not isinstance(value, Endpoint):
        hint = "; a service is called through its instances" if hasattr(value, "instances") else ""
        raise TypeError(f"{name} must be an Endpoint, got {value!r}{hint}")
