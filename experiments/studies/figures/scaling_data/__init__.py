"""What the studies of data on many databases are drawn as: a file for each study."""

__all__: list[str] = []
