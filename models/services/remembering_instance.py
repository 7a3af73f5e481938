"""An instance with a memory, whose end is noticed at the instant at which it comes.

What most parts keep in memory is made anew at the next restart, and that is soon enough. What a backlog in
memory holds, or a replica has not yet made durable, is lost when its process dies, and is to be counted then,
and its timers stopped. So the memory is a process of its own in the instance's, which does nothing but die
with it.

It is no call, and whoever stops the instance does not wait for it: from the order to stop on it hangs on the
process that sees to that, and ends when that one does, after the last call, or in a crash meanwhile.
"""

from __future__ import annotations

from collections.abc import Callable, Generator
from typing import Any

from simulator import PARKED, Environment, Process

from ..infrastructure import Host
from .instance import Instance
from .step import Handler, Step


class RememberingInstance(Instance):
    """An `Instance` that calls `forget()` when its memory is gone: in each crash, and when it has stopped.

    `settings` are those of `Instance`.
    """

    __slots__ = ("_forget", "_memory")

    def __init__(
        self,
        env: Environment,
        host: Host,
        handler: Step | Handler,
        forget: Callable[[], object],
        **settings: Any,
    ) -> None:
        """Remember nothing yet."""
        super().__init__(env, host, handler, **settings)
        self._forget = forget
        self._memory: Process | None = None
        self.on_restart(self._remember)
        if host.is_up:
            self._remember()

    def _remember(self) -> None:
        memory = self._keep_memory()
        next(memory)  # a crash at this very instant must find it begun, or it would end without a word
        self._memory = self.env.process(memory, f"{self.name} memory")
        self.host.bind(self._memory, self)

    def _keep_memory(self) -> Generator[Any, Any, None]:
        try:
            yield PARKED
            yield PARKED
        finally:
            self._forget()

    def stop(self, **times: float) -> Process:
        """Stop in good order and for good, as any instance; what it remembers is gone when it has stopped."""
        process = super().stop(**times)
        memory = self._memory
        if memory is not None and memory.is_alive:
            self.host.release(memory)
            process.callbacks.append(lambda _: memory.kill())
        return process
