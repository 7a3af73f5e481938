"""`gameday bench [--only NAME] [--repeat N] [--quick]`: measure this machine against the targets.

JSON: {"quick", "load_before", "cores", "python", "platform", "benchmarks": [{"name", "question", "unit",
"target", "rule", "value", "verdict", "reason", "detail": {name: number}}], "held"}. "value" is null and
"reason" says why where "verdict" is "skipped"; "held" is false where one is "missed". "load_before" is the
machine's load average (null where there is none).

Exit codes: 0 no target was missed, 1 one was, 2 misuse, 130 Ctrl-C. A target is missed on a busy machine as
by a slow program: look at the interval beside it, and repeat.
"""

import os
import platform
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..misuse import Misuse
from ..workers import cores_count
from .exit_codes import DONE, FAILED, INTERRUPTED
from .output import JsonFlag, note, print_json
from .study_options import read_whole_number

if TYPE_CHECKING:
    from ..benchmark import Benchmark, Result

NAMES = (
    "sleeps",
    "mm1",
    "reference-path",
    "service-path",
    "quorum-path",
    "raft-path",
    "cached-read",
    "large-system",
    "memory",
    "sharded-keys",
    "placements",
    "text-placements",
    "cache-trace",
    "sweep",
)
"""The catalogue's names once more: it imports the models, which must wait for `checkout` to have looked."""

_LOAD_MAX = 0.25  # per core


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("bench")(bench)


def bench(
    only: Annotated[
        list[str],
        typer.Option(metavar="NAME", help=f"Measure this; repeat for more. One of: {', '.join(NAMES)}."),
    ] = [],  # noqa: B006  # Typer reads it, nobody writes to it
    repeat: Annotated[
        str | None,
        typer.Option(metavar="N", help="Time each side N times; if not given, as often as each needs."),
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Shorter timings, and fewer: less to rely on.")
    ] = False,
    json: JsonFlag = False,
) -> int:
    """Measure speed and memory against their targets: speed as a ratio to plain SimPy scripts.

    Exit code 1 if a target is missed. Leave the machine alone meanwhile.
    """
    from ..benchmark import Effort, Verdict

    chosen = _chosen(only)
    pairs = None if repeat is None else read_whole_number("repeat", repeat, 1)
    if not any(benchmark.is_timed for benchmark in chosen) and (repeat is not None or quick):
        names = ", ".join(benchmark.name for benchmark in chosen)
        raise Misuse(f"--repeat and --quick must be left out where nothing is timed, got them for {names}")
    effort = Effort(pairs=pairs, is_quick=quick)
    load = _load()
    if load is not None and load > _LOAD_MAX * (os.cpu_count() or 1):
        note(
            f"gameday: the machine was busy just now (load average {load:.2f}): rely on nothing that follows"
        )
    results = []
    for benchmark in chosen:
        note(f"gameday: measuring {benchmark.name}: {benchmark.question}")
        try:
            results.append(benchmark.run(effort))
        except KeyboardInterrupt:
            note(f"gameday: interrupted while measuring {benchmark.name}")
            return INTERRUPTED
        if not json:
            typer.echo(_line(results[-1]))
    held = all(result.verdict is not Verdict.MISSED for result in results)
    if json:
        print_json(_document(results, quick=quick, load=load, held=held))
    return DONE if held else FAILED


def _chosen(names: list[str]) -> "list[Benchmark]":
    """Those that were named, in the catalogue's order; all if none was."""
    from ..benchmark import BENCHMARKS, find_benchmark

    wanted = [find_benchmark(name) for name in names]
    if len(set(names)) != len(names):
        raise Misuse(f"--only must name a benchmark once, got {', '.join(names)}")
    return [benchmark for benchmark in BENCHMARKS if not wanted or benchmark in wanted]


def _load() -> float | None:
    """How many processes wanted a core in the last minute, on average; None where nobody tells."""
    return os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _line(result: "Result") -> str:
    benchmark, measured = result.benchmark, result.measurement
    width = max(map(len, NAMES))
    if measured is None:
        return f"{benchmark.name:<{width}}  {result.verdict}: {result.reason}"
    value = f"{measured.value:.2f}" if benchmark.unit == "x" else f"{measured.value:.0f}"
    judged = f"{value:>6} {benchmark.unit}, target {benchmark.rule}: {result.verdict}"
    return f"{benchmark.name:<{width}}  {judged}\n{'':<{width}}  {measured.text}"


def _document(results: "list[Result]", *, quick: bool, load: float | None, held: bool) -> dict[str, Any]:
    return {
        "quick": quick,
        "load_before": load,
        "cores": cores_count(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "benchmarks": [_entry(result) for result in results],
        "held": held,
    }


def _entry(result: "Result") -> dict[str, Any]:
    benchmark, measured = result.benchmark, result.measurement
    return {
        "name": benchmark.name,
        "question": benchmark.question,
        "unit": benchmark.unit,
        "target": benchmark.target,
        "rule": benchmark.rule,
        "value": None if measured is None else measured.value,
        "verdict": str(result.verdict),
        "reason": result.reason or None,
        "detail": {} if measured is None else dict(measured.detail),
    }
