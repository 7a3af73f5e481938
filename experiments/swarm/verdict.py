"""What becomes of a trial: it has passed, or it has failed, and how.

An exception in the run is a failure too, whatever it is.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from simulator import Environment

from .invariants import BrokenInvariant

_THOROUGH_EVERY = 8


@dataclass(frozen=True, slots=True)
class Passed:
    """Everything held; `requests_count` were sent by clients.

    Of the checks that may be given up, as they would take too long, `undecided_count` were.
    """

    requests_count: int
    undecided_count: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """Something did not hold: `what`, about `entity`, at simulated `time` (s).

    `kind` is what failures of one cause have in common: the rule and the class of the entity, or the
    exception and where it came from. `what` says all of it in one line.
    """

    kind: str
    what: str
    entity: str
    time: float


Verdict = Passed | Failed


def is_sampled(seed: int) -> bool:
    """Return whether plans of this seed are run thoroughly: one in eight is."""
    return seed % _THOROUGH_EVERY == 0


def failure_of(env: Environment, play: Callable[[], None]) -> Failed | None:
    """Play with what runs in `env`, and return how that failed, if it did."""
    try:
        play()
    except BrokenInvariant as broken:
        return Failed(kind=broken.kind, what=str(broken), entity=broken.entity, time=broken.time)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # a `Cancelled` that has got away is no Exception
        return _failed_by(error, env)
    return None


def _failed_by(error: BaseException, env: Environment) -> Failed:
    """Describe an exception that has stopped a run: its type, and the function of ours that raised it."""
    cause: BaseException = error
    while isinstance(cause.__cause__, type(cause)):
        cause = cause.__cause__  # the engine raises copies
    frames = traceback.extract_tb(cause.__traceback__)
    where = f"{Path(frames[-1].filename).name}, {frames[-1].name}" if frames else "nowhere"
    name = type(error).__name__
    notes = " ".join(getattr(error, "__notes__", ()))
    entity = notes.rpartition(" in ")[2].rstrip(".") or "the run"
    time = float(env.now)
    return Failed(
        kind=f"{name} in {where}",
        what=f"at {time:.9g} s, {entity}: {name}: {error} (raised in {where})",
        entity=entity,
        time=time,
    )
