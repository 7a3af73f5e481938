"""All kinds of parts, by name."""

from __future__ import annotations

from ..part_kind import PartKind
from .backlog import BACKLOG
from .balancer_pair import BALANCER_PAIR
from .deployment import DEPLOYMENT
from .name import NAME
from .scaled_group import SCALED_GROUP

PARTS: dict[str, PartKind] = {
    "backlog": BACKLOG,
    "balancer_pair": BALANCER_PAIR,
    "deployment": DEPLOYMENT,
    "name": NAME,
    "scaled_group": SCALED_GROUP,
}
"""By kind."""
