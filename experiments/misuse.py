"""Misuse of an experiment: what a user typed or passed cannot be meant, and one line says why.

Simulated failures are not misuse (they are outcomes of the model), nor is a study that raises (that is a
failed run). The command line turns a `Misuse` into that one line on standard error and exit code 2; in a
notebook it is a `ValueError`.
"""

from collections.abc import Iterable
from difflib import get_close_matches


class Misuse(ValueError):
    """A name, value or file that breaks a rule; its text is one line: the name, the rule, the value.

    Example: `raise Misuse("timeout must be > 0, got -1.0")`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(" ".join(message.split()))


class Remark(UserWarning):
    """What a user should know about what he passed, although it can be used: `warnings.warn(Remark(text))`.

    The command line prints its text on standard error.
    """


def unknown_name(kind: str, name: str, known: Iterable[str]) -> Misuse:
    """The error for a `name` that is none of the `known` ones: near misses, and what there is."""
    names = list(known)
    near = get_close_matches(name, names, n=2, cutoff=0.6)
    hint = f" (did you mean {' or '.join(map(repr, near))}?)" if near else ""
    return Misuse(f"{kind} must be one of {', '.join(names) or '(none)'}, got {name!r}{hint}")
