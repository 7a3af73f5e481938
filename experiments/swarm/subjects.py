"""What swarms can be of, by name: systems of any parts; stores, of any design or of one; projections."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from os import PathLike

from ..misuse import Misuse, unknown_name
from .building import build
from .campaign import SYSTEMS, Subject
from .plan import Plan, SystemPlan
from .plan_file import checked_plan, plan_text
from .projections import (
    FLAWS,
    ProjectionsPlan,
    build_projections,
    draw_projections,
    run_projections_trial,
    shrink_projections,
)
from .stores import DESIGNS, StorePlan, build_store, draw_store, run_store_trial, shrink_store

STORES = Subject("stores", draw_store, run_store_trial, shrink_store)
"""Stores of any design, asked by clients on hosts of their own."""

PROJECTIONS = Subject("projections", draw_projections, run_projections_trial, shrink_projections)
"""An event log with handlers, projections and users."""

SUBJECTS: Mapping[str, Subject] = {
    subject.name: subject
    for subject in (
        SYSTEMS,
        STORES,
        *(replace(STORES, name=name, draw=partial(draw_store, design=name)) for name in DESIGNS),
        PROJECTIONS,
    )
}


def subject_named(name: str, flaw: str | None = None) -> Subject:
    """Return what is called `name`, but for systems also with a `flaw` planted; raises Misuse for no name."""
    if name not in SUBJECTS:
        raise unknown_name("of", name, SUBJECTS)
    if flaw is None:
        return SUBJECTS[name]
    if name == SYSTEMS.name:
        raise Misuse(f"flaw must be left out for {name}, got {flaw}: it is planted in stores")
    if name == PROJECTIONS.name:
        if flaw not in FLAWS:
            raise unknown_name("flaw", flaw, FLAWS)
        return replace(PROJECTIONS, draw=partial(draw_projections, flaw=flaw))
    designs = DESIGNS.values() if name == STORES.name else [DESIGNS[name]]
    flaws = [each for design in designs for each in design.flaws]
    if flaw not in flaws:
        raise unknown_name("flaw", flaw, flaws)
    return replace(SUBJECTS[name], draw=partial(draw_store, flaw=flaw))


def read_any_plan(path: str | PathLike[str]) -> tuple[Subject, Plan]:
    """Read a plan of anything that can be built, and return what it is a plan of, too.

    Raises Misuse with one line for whatever is wrong with it.
    """
    text = plan_text(path)
    keys = _keys(text)
    if "store" in keys:
        return STORES, checked_plan(text, path, StorePlan, build_store)
    if "log" in keys:
        return PROJECTIONS, checked_plan(text, path, ProjectionsPlan, build_projections)
    return SYSTEMS, checked_plan(text, path, SystemPlan, build)


def _keys(text: str) -> Collection[str]:
    try:
        tree = json.loads(text)
    except ValueError:
        return ()
    return tree if isinstance(tree, dict) else ()
