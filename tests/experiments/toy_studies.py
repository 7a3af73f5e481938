"""Small studies for the tests of the experiments: quick, importable by workers, and ill-behaved on demand."""

import os
import signal
from pathlib import Path
from typing import Annotated, Literal

import numpy as np
from pydantic import Field, FilePath

from experiments import Measure, Run, SweepResult, Unit, study


def queue_figures(result: SweepResult):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().plot([result.estimate(point, "wait").mean for point in range(len(result.points))])
    return {"waits": figure}


def run_figures(run: Run):
    from matplotlib.figure import Figure

    figure = Figure()
    figure.add_subplot().hist(run.detail)
    return {"waits_of_run": figure}


@study(
    name="queue",
    question="How long is the wait in front of one server?",
    measures={
        "wait": Measure(description="mean waiting time", unit="s"),
        "wait_max": Measure(description="longest waiting time", unit="s"),
        "idle_wait": Measure(description="mean wait of whoever waited over 10 s; no value if nobody did"),
    },
    sweep={"load": [0.5, 0.9]},
    replications=3,
    figures_of_sweep=queue_figures,
    figures_of_run=run_figures,
)
def queue(
    *,
    seed: int,
    load: Annotated[float, Field(gt=0, lt=1, description="utilisation of the server")] = 0.5,
    service_time: Annotated[float, Field(gt=0, description="mean service time"), Unit("s")] = 1.0,
    customers: Annotated[int, Field(ge=1, description="how many customers are served")] = 200,
    discipline: Annotated[Literal["fcfs", "lcfs"], Field(description="who is next")] = "fcfs",
    deadline: Annotated[float | None, Field(gt=0, description="nobody waits longer"), Unit("s")] = None,
    constant: Annotated[bool, Field(description="constant service times")] = False,
    trace: Annotated[FilePath | None, Field(description="arrivals from a file")] = None,
    label: Annotated[str, Field(description="a text that means nothing")] = "a b",
) -> Run:
    """Lindley's recursion."""
    rng = np.random.default_rng(seed)
    work = np.full(customers, service_time) if constant else rng.exponential(service_time, customers)
    gaps = rng.exponential(service_time / load, customers)
    waits = [0.0]
    for service, gap in zip(work.tolist(), gaps.tolist(), strict=True):
        waits.append(min(max(0.0, waits[-1] + service - gap), deadline or float("inf")))
    long = [wait for wait in waits if wait > 10]
    mean_of_long = sum(long) / len(long) if long else float("nan")
    measures = {"wait": sum(waits) / len(waits), "wait_max": max(waits), "idle_wait": mean_of_long}
    return Run(measures=measures, detail=waits)


@study(
    name="fragile",
    question="What becomes of a sweep whose study misbehaves?",
    measures={"value": Measure(description="point number plus a tenth of the seed")},
    sweep={"point_number": [0, 1, 2]},
    replications=4,
)
def fragile(
    *,
    seed: int,
    point_number: int = 0,
    raise_at: Annotated[str, Field(description="raise at this point/seed")] = "",
    die_at: Annotated[str, Field(description="kill the worker at this point/seed")] = "",
    only_if: Annotated[Path | None, Field(description="misbehave only while this file exists")] = None,
    note: Annotated[str, Field(description="any text")] = "",
    pids: Annotated[Path | None, Field(description="write the worker's process id into this folder")] = None,
    hang_at: Annotated[str, Field(description="never end at this point/seed")] = "",
    interrupt_at: Annotated[str, Field(description="press Ctrl-C at this point/seed")] = "",
) -> Run:
    """A number, or a misfortune."""
    here = f"{point_number}/{seed}"
    if pids is not None:
        (pids / str(os.getpid())).touch()
    if only_if is None or only_if.exists():
        if here in raise_at.split():
            raise ZeroDivisionError(f"as asked, at {here}")
        if here in die_at.split():
            os.kill(os.getpid(), signal.SIGKILL)
        if here in hang_at.split():
            signal.pause()
        if here in interrupt_at.split():
            raise KeyboardInterrupt
    return Run(measures={"value": point_number + seed / 10})
