"""Studies of data on many databases: what sharding, moving, and separate models for reading cost and buy."""

__all__: list[str] = []
