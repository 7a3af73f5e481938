"""All kinds of parts, by name."""

from __future__ import annotations

from ..part_kind import PartKind
from .backlog import BACKLOG
from .balancer_pair import BALANCER_PAIR
from .deployment import DEPLOYMENT
from .hired_group import HIRED_GROUP
from .localities import LOCALITIES
from .name import NAME
from .placed_group import PLACED_GROUP
from .scaled_group import SCALED_GROUP

PARTS: dict[str, PartKind] = {
    "backlog": BACKLOG,
    "balancer_pair": BALANCER_PAIR,
    "deployment": DEPLOYMENT,
    "hired_group": HIRED_GROUP,
    "localities": LOCALITIES,
    "name": NAME,
    "placed_group": PLACED_GROUP,
    "scaled_group": SCALED_GROUP,
}
"""By kind."""
