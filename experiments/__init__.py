"""Questions asked of the models: studies, sweeps, statistics, results files, figures, command line.

    study, parameters, rules    a question, its typed parameters and measures; what a bad value is told
    design, sweep_file          which points a sweep visits: grid, list, Latin hypercube, Sobol; TOML files
    runner, workers, schedule   points x replications on processes or any executor; sequential stopping
    replication                 one run, as a worker does it
    store, file_lock            one SQLite file per sweep, resumed by the same call
    provenance, registry        which code made a result; how a study is named outside Python
    summary, result             means with 95 % intervals, paired comparisons; what `sweep` returns
    frames, table, figures      pandas frames and their files; text tables; PNG files
    recovery                    when users are served again after a fault
    game_day/                   game days: from a file to a judged report
    capacity/                   the highest load that holds an objective, by bisection
    swarm/                      random systems under random faults, held to the invariants
    studies/                    the questions themselves, one per file
    plots/                      the figures' parts
    validation/                 what theory says, against what is simulated
    benchmark/                  what it all costs, against plain SimPy
    command_line/               `gameday`

A study is a function with typed parameters under the `study` decorator; `sweep(it, {"timeout": [0.1, 0.5]})`
runs it.
"""

from .design import Design, Grid, LatinHypercube, Points, Range, Sobol
from .figures import write_figures
from .frames import request_frame, write_frame
from .misuse import Misuse
from .parameters import Unit
from .registry import find_study
from .result import SweepResult, load_sweep
from .runner import sweep
from .schedule import Until
from .study import Measure, Run, Study, study
from .summary import Comparison, Estimate, compare_paired, estimate
from .workers import InProcess

__all__ = [
    "Comparison",
    "Design",
    "Estimate",
    "Grid",
    "InProcess",
    "LatinHypercube",
    "Measure",
    "Misuse",
    "Points",
    "Range",
    "Run",
    "Sobol",
    "Study",
    "SweepResult",
    "Unit",
    "Until",
    "compare_paired",
    "estimate",
    "find_study",
    "load_sweep",
    "request_frame",
    "study",
    "sweep",
    "write_figures",
    "write_frame",
]
