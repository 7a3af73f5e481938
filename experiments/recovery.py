"""When users are served again after a fault: seconds from the healing, by windows of what they sent."""

import math

from simulator import RequestTable
from simulator.measurement import windowed_share

RECOVERED_SHARE = 0.95
RECOVERED_WINDOWS = 3


def time_to_recover(
    requests: RequestTable, *, healed_at: float, until: float, healthy: float, width: float
) -> float:
    """Return the seconds from `healed_at` until users are served again; infinity if that was not seen.

    Served: in three windows in a row, each `width` s long, at least 95 % of the `healthy` availability, by
    when requests were sent. A window in which nobody came counts as served. `until` is the end of the load.
    Requests that hang are in no window: let the run go on until everybody has an answer or has lost patience.
    """
    sample = requests.sample(healed_at, math.inf, by="start")
    if len(sample) == 0 or until - healed_at < width:
        return math.inf
    series = windowed_share(sample.start, sample.succeeded, width=width, since=healed_at, until=until)
    run = 0
    for index, value in enumerate(series.values.tolist()):
        run = run + 1 if math.isnan(value) or value >= RECOVERED_SHARE * healthy else 0
        if run == RECOVERED_WINDOWS:
            return float(series.starts[index - run + 1] - healed_at)
    return math.inf
