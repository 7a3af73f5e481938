"""What the studies' sweeps and runs are drawn as: a file for each study, and what several share.

Imported late, by whoever draws: matplotlib takes half a second.
"""

__all__: list[str] = []
