"""CQRS on an event log: commands change what is true, queries ask what was made of it.

log/           the event log: DiskEventLog, RaftEventLog; commits, streams, positions
commands/      the command side: Decider, CommandHandler
projections/   the query side: ReadModel, Projection
items/         a small business: items that are reserved, and three views of it
feeds/         change capture: what changes in a store of another kind is carried to the log
flaws/         bugs to plant, for tests
remedies       what a user sees right after a command: TwoSides and three remedies
observing      fold, differences, lag: what projections should hold, and how old they are
waiting        who waits for a position

To separate the two sides is one thing (two models, each for what it is asked), a log of events as the source
of truth another; each can be had alone. Here they come together, as in most of what is written about them.

Left out: read models that are fed by polling tables; brokers between the log and its readers. Source: Young,
"CQRS Documents" (2010); Fowler, "CQRS" (2011) and "Event Sourcing" (2005); Newman, "Building Microservices"
(1st ed. 2015), chapter 11, "Command-Query Responsibility Segregation".
"""

from .commands import (
    Accepted,
    Command,
    CommandHandler,
    CommandSettings,
    Decider,
    Declined,
    ask_fate,
    carry_out,
    submit,
)
from .log import DiskEventLog, RaftEventLog
from .observing import Lag, differences, fold, has_converged, lag, repeated_commands
from .projections import Projection, ProjectionSettings, ReadModel
from .remedies import FromTheCommandSide, OwnView, TwoSides, UntilItIsThere

__all__ = [
    "Accepted",
    "Command",
    "CommandHandler",
    "CommandSettings",
    "Decider",
    "Declined",
    "DiskEventLog",
    "FromTheCommandSide",
    "Lag",
    "OwnView",
    "Projection",
    "ProjectionSettings",
    "RaftEventLog",
    "ReadModel",
    "TwoSides",
    "UntilItIsThere",
    "ask_fate",
    "carry_out",
    "differences",
    "fold",
    "has_converged",
    "lag",
    "repeated_commands",
    "submit",
]
