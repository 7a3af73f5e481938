"""Read models against what is known of readers in batches, and of queues.

read_models    how long a commit is not shown yet; and one that is slower than its log, or was away
"""

from .read_models import CHECKS

__all__ = ["CHECKS"]
