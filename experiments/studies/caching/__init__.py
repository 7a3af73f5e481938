"""Studies of caching: where a cache stands, what it may give, what it loses, and what it hides."""

__all__: list[str] = []
