"""Users of a store: each write writes another value, so that each read names its write."""

from collections.abc import Iterator
from dataclasses import replace

from models import Call, Endpoint, Request, Wrapper
from models.replication import READ, WRITE
from models.workload import Operation, OperationMix

__all__ = ["UniqueWrites", "mix_of"]


class UniqueWrites(Wrapper):
    """Gives each write the next of the values in `numbers`, which users of one store share."""

    def __init__(self, target: Endpoint, numbers: Iterator[int]) -> None:
        super().__init__(target, name=target.name)
        self._numbers = numbers

    def call(self, request: Request) -> Call:
        """Call the target, with a value if it is a write."""
        if request.operation == WRITE:
            request = replace(request, value=next(self._numbers))
        return self.target.call(request)


def mix_of(write_share: float) -> OperationMix:
    """Return the mix of reads and writes of which `write_share` in (0, 1) are writes."""
    return OperationMix(
        Operation(name=READ, weight=1.0 - write_share), Operation(name=WRITE, weight=write_share)
    )
