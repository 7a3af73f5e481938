"""`gameday swarm [--of stores] [--systems N] [--seed FIRST] [--plan FILE]`: random systems, held to laws.

With `--of stores` they are stores under fire, with `--of raft`, or another name in `stores/designs`, those of
that design; a bug can be planted in them by `--flaw`. A plan file says by itself what it is of.

JSON: {"of", "first_seed", "systems", "passed", "failed", "requests", "undecided", "failures": [{"seed",
"kind", "what", "entity", "time", "replay", "like", "plan", "shrunk": {"what", "entity", "time", "trials",
"replay"}}]}. `requests` is the number that clients sent in the systems that passed, `undecided` how many
checks of those were given up, since they would take too long. `like` is the seed of an earlier failure of the
same `kind`; then `plan`, the file of the shrunk plan, and `shrunk` are null. With --plan there is one system
and nothing is shrunk; `plan` is the given file. After Ctrl-C it is all of the systems that were run by then.
"""

import shlex
import sys
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ..misuse import Misuse
from .exit_codes import DONE, FAILED, INTERRUPTED, UNDECIDED
from .output import JsonFlag, is_watched, note, print_json
from .study_options import read_whole_number

if TYPE_CHECKING:
    from ..swarm import Failed, Finding, SwarmResult, SystemPlan
    from ..swarm.projections import ProjectionsPlan
    from ..swarm.stores import StorePlan

PLANS = Path("results/swarm")
"""Where shrunk plans go unless --out says otherwise; git-ignored."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("swarm")(swarm)


def swarm(
    systems: Annotated[
        str | None, typer.Option(metavar="N", help="How many systems to draw; 100 if not given.")
    ] = None,
    seed: Annotated[
        str | None, typer.Option(metavar="FIRST", help="Seed of the first system; 0 if not given.")
    ] = None,
    jobs: Annotated[
        str | None, typer.Option(metavar="N", help="Worker processes; all cores if not given.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Run the system of this file instead.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(metavar="DIR", help=f"Where plans that fail are written; {PLANS} if not given."),
    ] = None,
    of: Annotated[
        str,
        typer.Option(
            metavar="WHAT",
            help="What to draw: systems, stores under fire, those of one design, or projections.",
        ),
    ] = "systems",
    flaw: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="Not of systems: a bug to plant, to see it caught. A wrong name lists all."
        ),
    ] = None,
    json: JsonFlag = False,
) -> int:
    """Draw random systems, wrappers, load and faults, run them, and check what must hold for any of them.

    Or stores (--of stores, or raft, sharded, locks and so on), with clients and faults of many kinds: what a
    store claims must hold whatever happens. Or event logs with projections (--of projections).

    A failure is cut down to a small system that fails in the same way; that is written to a file, and run
    again with --plan FILE. Exit code 1 if any system fails, 3 if none does and a check was given up. Ctrl-C
    keeps what was found.
    """
    if plan is not None:
        given = {"--systems": systems, "--seed": seed, "--jobs": jobs, "--out": out, "--flaw": flaw}
        for name, value in given.items():
            if value is not None:
                raise Misuse(f"{name} must be left out where --plan says what to run, got {value}")
        return _replay(plan, json=json)
    first = 0 if seed is None else read_whole_number("seed", seed, 0)
    count = 100 if systems is None else read_whole_number("systems", systems, 1)
    workers = None if jobs is None else read_whole_number("jobs", jobs, 1)
    # They import the models, which must wait for `checkout` to have looked.
    from ..swarm.campaign import SwarmInterrupted, run_swarm
    from ..swarm.subjects import subject_named

    subject, run = subject_named(of, flaw), _Words(of, flaw)
    tell, is_whole = partial(_tell, run), True
    try:
        result = run_swarm(first, count, of=subject, jobs=workers, progress=is_watched(), on_failure=tell)
    except SwarmInterrupted as interrupted:
        result, is_whole = interrupted.result, False
    files = _write(result, PLANS if out is None else out, run)
    if json:
        print_json(_document(result, files, run))
    elif is_whole or result.findings:
        typer.echo(_report(result, files, run, is_whole=is_whole))
    if not is_whole:
        done = f"interrupted after {result.systems_count} of {count} {run.things}"
        note(f"gameday: {done}; to run it again: {run.command} --seed {first} --systems {count}")
        return INTERRUPTED
    return _exit_code(result)


@dataclass(frozen=True, slots=True)
class _Words:
    """What a run is called in commands and files: what it is `of`, and with which `flaw`."""

    of: str = "systems"
    flaw: str | None = None

    @property
    def command(self) -> str:
        of = "" if self.of == "systems" else f" --of {self.of}"
        return f"gameday swarm{of}" + ("" if self.flaw is None else f" --flaw {self.flaw}")

    @property
    def things(self) -> str:
        return self.of if self.of in ("systems", "stores", "projections") else f"{self.of} stores"

    @property
    def file_stem(self) -> str:
        of = "" if self.of == "systems" else f"{self.of}-"
        return of + ("" if self.flaw is None else f"{self.flaw}-") + "seed"

    def of_seed(self, seed: int) -> str:
        return f"{self.command} --seed {seed} --systems 1"


def _exit_code(result: "SwarmResult") -> int:
    if result.findings:
        return FAILED
    return UNDECIDED if result.undecided_count else DONE


def _tell(run: _Words, seed: int, failed: "Failed") -> None:
    """Say at once, above the progress bar, that a system has failed: shrinking comes at the end."""
    from tqdm import tqdm

    told = f"gameday: the system of seed {seed} failed: {failed.kind}; replay: {run.of_seed(seed)}"
    tqdm.write(told, file=sys.stderr)


def _write(result: "SwarmResult", folder: Path, run: _Words) -> dict[int, Path]:
    """Write the shrunk plans; one that cannot be written costs no results."""
    from ..swarm import write_plan

    files = {}
    for finding in result.findings:
        if finding.shrunk is not None:
            try:
                path = folder / f"{run.file_stem}-{finding.seed}.json"
                files[finding.seed] = write_plan(finding.shrunk.plan, path)
            except Misuse as error:
                note(f"gameday: {error}")
    return files


# -- one plan


def _replay(path: Path, *, json: bool) -> int:
    from ..swarm import Failed, Finding, SwarmResult, SystemPlan, run_trial
    from ..swarm.projections import ProjectionsPlan, run_projections_trial
    from ..swarm.stores import StorePlan, run_store_trial
    from ..swarm.subjects import read_any_plan

    subject, plan = read_any_plan(path)
    try:
        if isinstance(plan, StorePlan):
            verdict = run_store_trial(plan, thorough=True)
        elif isinstance(plan, ProjectionsPlan):
            verdict = run_projections_trial(plan, thorough=True)
        else:
            assert isinstance(plan, SystemPlan)
            verdict = run_trial(plan, thorough=True)
    except KeyboardInterrupt:
        note(f"gameday: interrupted; to run it again: {_plan_command(path)}")
        return INTERRUPTED
    failed = verdict if isinstance(verdict, Failed) else None
    result = SwarmResult(
        first_seed=plan.seed,
        systems_count=1,
        requests_count=0 if isinstance(verdict, Failed) else verdict.requests_count,
        findings=() if failed is None else (Finding(seed=plan.seed, failed=failed),),
        undecided_count=0 if isinstance(verdict, Failed) else verdict.undecided_count,
    )
    if json:
        document = _document(result, {plan.seed: path}, _Words(subject.name), replay=_plan_command(path))
        print_json(document)
    elif failed is None:
        given_up = f"; {result.undecided_count} checks were given up" if result.undecided_count else ""
        typer.echo(f"the system of {path} passed: {_size(plan)}{given_up}")
    else:
        typer.echo(f"the system of {path} failed, {failed.what}\n  replay: {_plan_command(path)}")
    return _exit_code(result)


def _plan_command(path: Path) -> str:
    return f"gameday swarm --plan {shlex.quote(str(path))}"


# -- reports


def _report(result: "SwarmResult", files: dict[int, Path], run: _Words, *, is_whole: bool) -> str:
    """A paragraph for each failure, then how many systems passed."""
    last = result.first_seed + result.systems_count - 1
    passed = result.systems_count - len(result.findings)
    seeds = f"seeds {result.first_seed} to {last}" if is_whole else f"seeds from {result.first_seed} on"
    total = (
        f"{result.systems_count} {run.things} ({seeds}): {passed} passed with "
        f"{result.requests_count} requests, {len(result.findings)} failed"
    )
    if result.undecided_count:
        total += f"; {result.undecided_count} checks were given up"
    return "\n\n".join([*(_paragraph(finding, files, run) for finding in result.findings), total])


def _paragraph(finding: "Finding", files: dict[int, Path], run: _Words) -> str:
    lines = [f"seed {finding.seed} failed, {finding.failed.what}", f"  replay: {run.of_seed(finding.seed)}"]
    if finding.like is not None:
        lines.append(f"  of the same kind as the failure of seed {finding.like}")
    elif finding.shrunk is None:
        lines.append("  was not shrunk")
    else:
        shrunk = finding.shrunk
        lines.append(
            f"  shrunk in {shrunk.trials_count} trials to {_size(shrunk.plan)}; fails {shrunk.failed.what}"
        )
        if finding.seed in files:
            lines.append(f"  replay: {_plan_command(files[finding.seed])}")
    return "\n".join(lines)


def _size(plan: "SystemPlan | StorePlan | ProjectionsPlan") -> str:
    from ..swarm.projections import ProjectionsPlan
    from ..swarm.stores import StorePlan

    if isinstance(plan, ProjectionsPlan):
        asks = sum(len(user.asks) for user in plan.users)
        counts = {
            "handler": len(plan.handlers),
            "view": len(plan.views),
            "user": len(plan.users),
            "ask": asks,
        }
    elif isinstance(plan, StorePlan):
        operations = sum(len(client.operations) for client in plan.clients)
        counts = {"node": len(plan.hosts), "client": len(plan.clients), "operation": operations}
    else:
        counts = {
            "client": len(plan.clients),
            "service": len(plan.services),
            "wrapper": len(plan.wrappers()),
        }
    counts["fault"] = len(plan.faults)
    return ", ".join(f"{count} {name}{'' if count == 1 else 's'}" for name, count in counts.items())


def _document(
    result: "SwarmResult", files: dict[int, Path], run: _Words, *, replay: str | None = None
) -> dict[str, Any]:
    return {
        "of": run.of,
        "first_seed": result.first_seed,
        "systems": result.systems_count,
        "passed": result.systems_count - len(result.findings),
        "failed": len(result.findings),
        "requests": result.requests_count,
        "undecided": result.undecided_count,
        "failures": [
            {
                "seed": finding.seed,
                **_failure(finding.failed),
                "kind": finding.failed.kind,
                "replay": replay or run.of_seed(finding.seed),
                "like": finding.like,
                "plan": files.get(finding.seed),
                "shrunk": finding.shrunk
                and {
                    **_failure(finding.shrunk.failed),
                    "trials": finding.shrunk.trials_count,
                    "replay": _plan_command(files[finding.seed]) if finding.seed in files else None,
                },
            }
            for finding in result.findings
        ],
    }


def _failure(failed: "Failed") -> dict[str, Any]:
    return {"what": failed.what, "entity": failed.entity, "time": failed.time}
