"""The studies that ship with GameDay, one question per file.

catalogue    the explicit list that `gameday list` shows and `gameday run` knows by name
"""

from .catalogue import STUDIES

__all__ = ["STUDIES"]
