"""Event logs and projections under fire: commands once, and read models that come to be the fold of the log.

    plan                a log with handlers, views and users as a value; parameters: settings, and flaws
    drawing             draws a plan from a seed, with a random half of all kinds of faults
    fault_catalogue     what strikes them, and the order to rebuild
    building            a plan turned into a `live` one; users: what they do
    redelivery          a source that repeats what it has delivered
    promises, laws      what is held of a plan, and what that means
    trial               runs one plan and judges it
    shrinking           cuts a plan that fails down to a small one

`gameday swarm --of projections` is its command. Faults and their targets are those of `stores`.
"""

from .building import build_projections
from .drawing import draw_projections
from .laws import LAWS
from .live import LiveProjections
from .parameters import FLAWS
from .plan import ProjectionsPlan
from .shrinking import shrink_projections
from .trial import run_projections_trial

__all__ = [
    "FLAWS",
    "LAWS",
    "LiveProjections",
    "ProjectionsPlan",
    "build_projections",
    "draw_projections",
    "run_projections_trial",
    "shrink_projections",
]
