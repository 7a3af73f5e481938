"""A study with a load, a bound that it holds up to, and margins without much chance."""

from typing import Annotated

from pydantic import Field

from experiments import Measure, Run, study


@study(
    name="shares",
    question="Up to which load does it hold?",
    measures={
        "first": Measure(description="margin that ends at the bound"),
        "second": Measure(description="margin that never ends"),
    },
    sweep={"load": [10.0, 20.0, 30.0, 40.0, 50.0]},
    replications=4,
)
def shares(
    *,
    seed: int,
    load: Annotated[float, Field(ge=0, description="requests per second")] = 10.0,
    bound: Annotated[float, Field(gt=0, description="how many it can take")] = 35.0,
) -> Run:
    """Take away the load from the bound."""
    luck = 0.01 * (seed % 3 - 1)
    return Run(measures={"first": bound - load + luck, "second": 1.0 + luck})
