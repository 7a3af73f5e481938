"""What the studies of caching are drawn as: a file for each study."""

__all__: list[str] = []
