"""The command `gameday`: list, run, sweep, plot, bench, validate, and what other modules of this folder add.

app                     the program: its commands, and what becomes of errors and Ctrl-C
listing, run, sweep,    one command per module, each with a function `register(app)`
plot, bench, validate
study_options           `--timeout 0.5`: a study's parameters as options
output                  JSON on standard output, figures
exit_codes, checkout    what a shell is told; whether the three packages belong together
"""

from .app import main

__all__ = ["main"]
