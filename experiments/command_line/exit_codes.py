"""What the command line tells the shell."""

DONE = 0
"""Everything ran and every verdict held."""

FAILED = 1
"""A run failed, a verdict did not hold, or results could not be written."""

MISUSE = 2
"""What was asked for cannot be meant; nothing ran and nothing was written."""

UNDECIDED = 3
"""A verdict could be reached neither way."""

INTERRUPTED = 130
"""Ctrl-C (128 + SIGINT, as shells have it); finished rows are kept."""
