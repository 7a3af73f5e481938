"""`python -m experiments.command_line` is `gameday`."""

import sys

from .app import main

sys.exit(main())
