"""What the users of a store ask for."""

from models.replication import READ, WRITE
from models.workload import Operation, OperationMix

__all__ = ["mix_of"]


def mix_of(write_share: float) -> OperationMix:
    """Return the mix of reads and writes of which `write_share` in (0, 1) are writes."""
    return OperationMix(
        Operation(name=READ, weight=1.0 - write_share), Operation(name=WRITE, weight=write_share)
    )
