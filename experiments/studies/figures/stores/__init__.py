"""What the studies of stores are drawn as: a file for each study, and what several share."""

__all__: list[str] = []
