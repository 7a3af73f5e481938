"""Studies of data on many databases: what sharding, moving it, and models of its own for reading cost and buy."""

__all__: list[str] = []
