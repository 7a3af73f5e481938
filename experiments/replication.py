"""One replication, as any worker runs it: unpack the study, run it, send back numbers or why there are none.

What crosses between processes is small: the study by name where the worker can import it, by value
(cloudpickle) where it was defined in a notebook or script; back come floats. A study that raises is data
here, never an error of the sweep.
"""

import pickle
import traceback
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # ships no types

from .study import Study


def packed(study: Study) -> bytes:
    """The study as bytes that `replicate` understands in another process or on another machine."""
    return bytes(cloudpickle.dumps(study))


def replicate(study: bytes, parameters: Mapping[str, Any], seed: int) -> dict[str, float] | str:
    """Run once; return the measures, or one line of text that says how the run failed.

    KeyboardInterrupt passes through: whoever pressed Ctrl-C wants the sweep to end, not one run.
    """
    try:
        return dict(_unpacked(study).run_checked(parameters, seed).measures)
    except (Exception, SystemExit) as error:
        return failure_text(error)


def failure_text(error: BaseException) -> str:
    """An exception on one line: type, message, notes (the engine adds seed and time), where it was raised."""
    frames = traceback.extract_tb(error.__traceback__)
    place = f" ({Path(frames[-1].filename).name}:{frames[-1].lineno})" if frames else ""
    said = "; ".join([str(error), *getattr(error, "__notes__", [])]).strip("; ")
    return " ".join(f"{type(error).__name__}: {said}{place}".split())


@lru_cache(maxsize=8)
def _unpacked(study: bytes) -> Study:
    found = pickle.loads(study)
    assert isinstance(found, Study), f"a packed study must unpack to a Study, got {type(found).__name__}"
    return found
