"""Which studies ship with GameDay: an explicit list, in the order of `gameday list`.

A new study is imported and added here. Folders are not scanned: what a command can run should be readable in
one place, and an unfinished file should not break the others.
"""

from ..study import Study
from .breakers import breakers
from .retries import retries
from .timeouts import timeouts

STUDIES: tuple[Study, ...] = (timeouts, breakers, retries)
"""All of them."""
