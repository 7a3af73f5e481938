"""What a cache keeps under a key: an answer, and until when it may be given."""

from __future__ import annotations

from dataclasses import dataclass

from ...request import Response


@dataclass(slots=True, eq=False)
class Entry:
    """An answer in a cache; treat it as immutable (the store itself moves the expiry of one that slides).

    `response` is what is given, as it is; its `as_of` says how old it is. It came into this cache at
    `stored_at` and is fresh before `expires_at`, both simulated times in seconds. `load_time` is how long the
    origin took for it, in seconds. Each hit lets it be fresh for `slides_by` s from then, if that is not 0.
    """

    response: Response
    stored_at: float
    expires_at: float
    load_time: float = 0.0
    slides_by: float = 0.0

    @property
    def is_negative(self) -> bool:
        """Whether it says that the key has no value."""
        return self.response.value is None
