"""The command side: what is wanted is judged by what has happened, and then more has happened.

command           Command, its requests and its answers: Accepted, Declined, Submitted
decider           Decider: the rules of the business, as pure functions
handler           CommandHandler: the process that carries commands out
loaded_streams    what it knows of the streams that it has loaded
queue             CommandQueue: commands that were taken on, and are carried out later
settings          CommandSettings
"""

from .command import (
    COMMAND,
    FATE,
    SUBMIT,
    UNHEARD_OF,
    Accepted,
    Answer,
    Command,
    Declined,
    Submitted,
    ask_fate,
    carry_out,
    submit,
)
from .decider import Decider, Refusal
from .handler import CommandCounts, CommandHandler
from .settings import CommandSettings

__all__ = [
    "COMMAND",
    "FATE",
    "SUBMIT",
    "UNHEARD_OF",
    "Accepted",
    "Answer",
    "Command",
    "CommandCounts",
    "CommandHandler",
    "CommandSettings",
    "Decider",
    "Declined",
    "Refusal",
    "Submitted",
    "ask_fate",
    "carry_out",
    "submit",
]
