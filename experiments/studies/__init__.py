"""The studies that ship with GameDay, one question per file.

`STUDIES` is the explicit list that `gameday list` shows and `gameday run` knows by name; a new study is
imported and added here.
"""

from experiments import Study

STUDIES: tuple[Study, ...] = ()

__all__ = ["STUDIES"]
