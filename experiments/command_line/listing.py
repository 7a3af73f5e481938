"""`gameday list [STUDY]`: which studies there are, and what one of them takes and measures.

JSON: {"studies": [{"name", "question", "parameters": [{"name", "type", "default", "required", "rule", "unit",
"description"}], "measures": [{"name", "unit", "description"}], "points": N, "replications": N}]}.
"""

import inspect
import sys
from dataclasses import asdict
from typing import Annotated, Any

import typer

from ..parameters import Parameter, to_text
from ..registry import find_study, registered_studies
from ..study import Study
from .output import JsonFlag, print_json

WHAT_TO_SEE = "What to see"
"""So begins, in the docstring of a study's module, the paragraph with the numbers of its default sweep."""


def register(app: typer.Typer) -> None:
    """Add the command to the program."""
    app.command("list")(list_studies)


def list_studies(
    study: Annotated[
        str | None,
        typer.Argument(metavar="[STUDY]", help="Describe this study only, in full.", show_default=False),
    ] = None,
    json: JsonFlag = False,
) -> None:
    """List the studies, or describe one: its question, parameters and measures."""
    studies = registered_studies() if study is None else (find_study(study),)
    if json:
        print_json({"studies": [_document(item) for item in studies]})
    elif study is not None:
        typer.echo(describe(studies[0]))
    else:
        width = max((len(item.name) for item in studies), default=0)
        typer.echo("\n".join(f"{item.name:<{width}}  {item.question}" for item in studies) or "no studies")


def describe(study: Study) -> str:
    """A study's question, parameters and measures as text, and what is to be seen, if its module says so."""
    parameters = [(f"--{item.name}", _kind(item), item.description) for item in study.space.describe()]
    measures = [
        (name, f"[{measure.unit}]" if measure.unit else "", measure.description)
        for name, measure in study.measures.items()
    ]
    sections = [f"{study.name}: {study.question}"]
    for title, rows in (("Parameters", parameters), ("Measures", measures)):
        widths = [max((len(row[column]) for row in rows), default=0) for column in (0, 1)]
        lines = [f"  {name:<{widths[0]}}  {kind:<{widths[1]}}  {said}".rstrip() for name, kind, said in rows]
        sections.append("\n".join([f"{title}:", *lines]))
    if seen := what_to_see(study):
        sections.append(seen)
    return "\n\n".join(sections)


def what_to_see(study: Study) -> str:
    """The paragraph of its module that says what its default sweep shows; empty where there is none."""
    text = inspect.getdoc(sys.modules[study.function.__module__]) or ""
    paragraphs = text.split("\n\n")
    return next((paragraph for paragraph in paragraphs if paragraph.startswith(WHAT_TO_SEE)), "")


def _kind(parameter: Parameter) -> str:
    rule = f" {parameter.rule}" if parameter.rule else ""
    unit = f" [{parameter.unit}]" if parameter.unit else ""
    default = "required" if parameter.required else f"default {to_text(parameter.default)}"
    kind = parameter.type.removesuffix(" or none")
    absent = " or none" if kind != parameter.type else ""
    return f"{kind}{rule}{unit}{absent}, {default}"


def _document(study: Study) -> dict[str, Any]:
    complete = not any(parameter.required for parameter in study.space.describe())
    return {
        "name": study.name,
        "question": study.question,
        "parameters": [asdict(parameter) for parameter in study.space.describe()],
        "measures": [{"name": name, **asdict(measure)} for name, measure in study.measures.items()],
        "points": len(study.points()) if complete else None,
        "replications": study.replications,
    }
